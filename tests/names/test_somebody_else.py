"""Names that agree in all but a word or an initial, which makes them somebody else's."""

import pytest

from app.names.index import MemoryIndex
from app.names.plan import plan
from app.names.verdict import NO_EVIDENCE, Verdict, judged
from tests.names.conftest import index_of


def named(*names: str) -> MemoryIndex:
    return index_of(**{name: name for name in names})


def said(index: MemoryIndex, query: str) -> Verdict:
    return judged([(hit.score, NO_EVIDENCE) for hit in index.search(query)])[0]


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("Петров Алексей Борисович", "Петров А. А."),
        ("Сидоров Павел Николаевич", "Сидоров П. П."),
        ("Hussein Ali", "Hussein Hussein Ali"),
        ("Hussein Ali", "Hussein Ali Ali"),
        ("Mohammed", "Mohammed Mohammed"),
        ("Ковалёва Мария", "Ковалёва Мария Мария"),
        ("Ян Янович", "Ян Ян Янович"),
    ],
)
def test_a_word_typed_twice_is_two_words_of_a_name(known: str, typed: str) -> None:
    index = named(known, "Лойка Наста")

    assert index.search(typed)[0].owner == known
    assert said(index, typed) is Verdict.POSSIBLE


@pytest.mark.parametrize(
    "name",
    ["Ли Ли", "Вольга Вольга", "Ян Ян Янович", "Kim Kim", "Mohammed Mohammed", "Mohammed Mohammed Mohammed"],
)
def test_who_has_a_word_twice_comes_before_who_has_it_once(name: str) -> None:
    once = " ".join(dict.fromkeys(name.split()))
    for index in (named(once, name), named(name, once)):
        first, second = index.search(name)

        assert (first.owner, first.score, second.owner) == (name, 1.0, once)
        assert said(index, name) is Verdict.MATCH


def test_a_name_pasted_twice_is_found_and_costs_no_more_to_look_for() -> None:
    index = named("Шчурок Ігар", "Шчурок Ігар Алегавіч")
    once, often = (plan("Шчурок Ігар " * times, index.vocabulary) for times in (1, 1000))

    assert index.search("Шчурок Ігар " * 1000)[0].owner == "Шчурок Ігар"
    assert (often.drivers, often.needed) == (once.drivers, once.needed)


def test_one_word_typed_twice_is_still_too_little_for_an_initial() -> None:
    index = named("Kharytonava Xenia", "Petrova X.")

    assert [hit.owner for hit in index.search("Xenia Xenia")] == ["Kharytonava Xenia"]


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("Залескі М.", "Залескі К."),
        ("Сидоров П. В.", "Сидоров К. В."),
        ("Петров А. А.", "Петров А. Б."),
        ("Жданко В. П.", "Жданко В. К."),
        ("Кавалёў Янка М.", "Кавалёў Янка К."),
        ("Кавалёў Янка М.", "Кавалёў Янка Кузьміч"),
        ("Рудин А. С.", "Рудин С. А."),
        ("Рудин А. С.", "С. А. Рудин"),
        ("Рудин А. С.", "Рудин С."),
        ("Рудин Алексей Сергеевич", "Рудин С. А."),
        ("Рудин Алексей Сергеевич", "Рудин С."),
        ("Рудин Алексей Сергеевич", "Рудин А. К."),
        ("Залескі Радзім", "Залескі К."),
    ],
)
def test_other_initials_are_somebody_elses_however_large_the_register(known: str, typed: str) -> None:
    index = named(known)
    assert index.search(typed)[0].owner == known
    assert said(index, typed) is Verdict.POSSIBLE

    index.vocabulary.names = 200_000  # the rarer a surname, the less an initial weighs beside it
    assert said(index, typed) is Verdict.POSSIBLE


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("Чижик", "Чижик А."),
        ("Чижик", "Чижик А. Б."),
        ("Залескі М.", "Залескі М. К."),
        ("Кавалёў Янка", "Кавалёў Янка К."),
        ("Рудин А. С.", "А. С. Рудин"),
        ("Рудин А. С.", "Рудин А."),
        ("Рудин Алексей Сергеевич", "Рудин А. С."),
        ("Козлов Ж. Е.", "Kozlov J. Ye."),
        ("Козлов Ж. Е.", "Kozlov Zh. E."),
        ("Козлов Ж. Е.", "Козлов Ж. Э."),
        ("Залескі Радзім", "Р. Залескі"),
        ("Кавалёў Янка М.", "Кавалёў Янка Міхайлавіч"),
    ],
)
def test_initials_that_agree_or_that_a_name_lacks_do_no_harm(known: str, typed: str) -> None:
    assert said(named(known, "Лойка Наста"), typed) is Verdict.MATCH


def test_a_name_stored_with_its_initials_comes_before_one_that_they_may_stand_for() -> None:
    names = ("Петров Алексей Андреевич", "Петров А. А.", "Петров Алексей Борисович")

    assert [hit.owner for hit in named(*names).search("Петров А. А.")] == [names[1], names[0], names[2]]


@pytest.mark.parametrize(
    ("names", "typed"),
    [
        (("Жданко Людміла Юр'еўна", "Людміла Жданко"), "Жданко Л. Л."),
        (("Жданко Людміла Юр'еўна", "Людміла Жданко"), "Жданко Людміла Пятроўна"),
        (("Жданко Л. Ю.", "Людміла Жданко"), "Жданко Л. Л."),
        (("Рудин Алексей Сергеевич", "Рудин"), "Рудин К. С."),
        (("Рудин Алексей Сергеевич", "Рудин Алёша"), "Рудин А. К."),
        (("Рудин Алексей Сергеевич", "Алексей Рудин", "Aliaksei Rudzin"), "Рудин Алексей Петрович"),
    ],
)
def test_a_name_without_patronymic_does_not_vouch_against_the_persons_other_one(
    names: tuple[str, ...], typed: str
) -> None:
    for order in (names, names[::-1]):
        index = index_of()
        index.add("other", "Лойка Наста")
        for name in order:
            index.add("meant", name)

        assert index.search(typed)[0].owner == "meant"
        assert said(index, typed) is Verdict.POSSIBLE


@pytest.mark.parametrize(
    ("names", "typed"),
    [
        (("Жданко Людміла Юр'еўна", "Людміла Жданко"), "Жданко Л. Ю."),
        (("Жданко Людміла Юр'еўна", "Людміла Жданко"), "Жданко Людміла Юрьевна"),
        (("Рудин Алексей Сергеевич", "Алексей Рудин"), "Alexey Rudin"),
        (("Рудин Алексей Сергеевич", "Рудин Алексей Петрович", "Алексей Рудин"), "Рудин А. П."),
        (("Алексей Рудин", "Лёша Рудин"), "Рудин А. С."),
    ],
)
def test_a_persons_names_that_agree_or_are_all_silent_are_one_match(names: tuple[str, ...], typed: str) -> None:
    index = index_of()
    index.add("other", "Лойка Наста")
    for name in names:
        index.add("meant", name)

    assert said(index, typed) is Verdict.MATCH
