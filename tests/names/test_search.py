import gc
from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.names.fold import words
from app.names.index import MemoryIndex
from app.names.keys import Entry
from app.names.match import Hit
from app.names.vocabulary import Vocabulary
from bench.names_people import SCHEMES, people, slip
from tests.names.conftest import CHEKINA, LOIKA, POVALISHEV, SEEDED, ZOLATAVA, index_of

SPELLINGS = {
    CHEKINA: """
        Liudmila Chekina|Lyudmila Chekina|Людміла Чэкіна|Людмила Чекина|Людмила Чекіна|Liudmila Chekina|Ludmiła Czekina
        Ludmila Tschekina|Ljudmila Tschekina|Lioudmila Tchekina|Ludmila Čekina|Ludmiła Čekina|Liudmila Čekina
        Чэкіна Людміла Юр'еўна|Чекина Людмила Юрьевна|Чекіна Людмила Юріївна|Lyudmila Yuryevna Chekina
    """,
    ZOLATAVA: """
        Marina Zolotova|Maryna Zolatava|Марына Золатава|Марина Золотова|Marina Solotowa|Maryna Zołatava|Maryna Zołatawa
        Marina Zołotowa|Maryna Zolatava|M. Золатава|Золатава М. В.|Золатава Марына Васільеўна|Zolatova Marina
        Золотова Марина Васильевна|Золотова Марина Василівна|Maryna Vasilyeuna Zolatava|Marina Zolotovová
    """,
    LOIKA: """
        Nasta Loika|Nasta Lojka|Лойка|Лойко|Лойка Наста|Лойко Анастасия|Настя Лойко|Анастасія Лойка|Nasta Łojka
        Anastasia Loiko|Nastassia Loyka|Anastasija Lojka|Настасся Лойка|Anastazja Łojka|Anastassia Loïko
        Анастасия Юрьевна Лойко|Лойка Анастасія Юр'еўна
    """,
    POVALISHEV: """
        Sergey Povalishev|Сяргей Павалішаў|Сергей Повалишев|Сергій Повалішев|Siarhei Pavalishau|Siarhiej Pavališaŭ
        Sergei Powalischew|Serguei Povalichev|Siergiej Powaliszew|Sergej Povališev|Sergejus Povališevas|Povalishev S.
    """,
}
CASES = [
    (owner, spelling.strip())
    for owner, block in SPELLINGS.items()
    for line in block.strip().splitlines()
    for spelling in line.split("|")
]


def first(index: MemoryIndex, text: str) -> object:
    hits = index.search(text)
    return hits[0].owner if hits else None


@pytest.mark.parametrize(("owner", "spelling"), CASES)
def test_a_seeded_person_is_first_in_every_spelling(
    seeds: MemoryIndex, crowd: MemoryIndex, owner: str, spelling: str
) -> None:
    assert first(seeds, spelling) == owner
    assert first(crowd, spelling) == owner


@pytest.mark.parametrize(("owner", "spelling"), CASES)
def test_the_order_of_parts_does_not_matter(crowd: MemoryIndex, owner: str, spelling: str) -> None:
    assert first(crowd, " ".join(reversed(spelling.split()))) == owner


@pytest.mark.parametrize(("owner", "spelling"), [case for case in CASES if "." not in case[1] and " " in case[1]])
def test_a_slip_does_not_matter(seeds: MemoryIndex, owner: str, spelling: str) -> None:
    random = Random(spelling)  # noqa: S311 - typing errors, not secrets
    for _ in range(5):
        slipped = slip(spelling, random)
        assert first(seeds, slipped) == owner, slipped


@pytest.mark.parametrize(
    "name",
    [
        "Ігар Шчурок",
        "Wanda Quibble",
        "Марина Петрова",
        "Sergey Ivanov",
        "Nasta Kupreva",
        "Юрий Гагаринский",
        "Anastasiya Leskina",
        "Povarov Sergey",
        "Анна Золотова",
        "Людмила Лойка",
        "Mustafa Demir",
        "王小明",
    ],
)
def test_a_name_that_is_nobodys_finds_nobody(seeds: MemoryIndex, name: str) -> None:
    assert seeds.search(name) == []


@pytest.mark.parametrize("text", ["", " ", "...", "'", '"', "%", "_", "🙂", "\0", "\ud83d", "12", "́"])
def test_what_is_not_a_name_finds_nobody(seeds: MemoryIndex, text: str) -> None:
    assert seeds.search(text, prefix=True) == []


@pytest.mark.parametrize(
    ("typed", "owner"),
    [("Z", ZOLATAVA), ("Zo", ZOLATAVA), ("зол", ZOLATAVA), ("че", CHEKINA), ("ло", LOIKA), ("Sergey Pov", POVALISHEV)],
)
def test_the_beginning_of_a_name_finds_it_while_it_is_typed(seeds: MemoryIndex, typed: str, owner: str) -> None:
    assert owner in {hit.owner for hit in seeds.search(typed, prefix=True)}


@pytest.mark.parametrize("typed", ["zzzz", "ЗЗЗ", "aaaa", "шшшш", "xxxxxxxx", "qqqq", "hhhh"])
def test_one_letter_again_and_again_is_nobodys_name(typed: str) -> None:
    index = index_of(**SEEDED, x="Petrova M. X.", kh="Kharytonava Xenia")
    assert index.search(typed) == index.search(typed, prefix=True) == []


def test_an_initial_is_too_little_for_who_typed_one_name() -> None:
    index = index_of(whole="Kharytonava Xenia", initial="Petrova X.")
    assert [hit.owner for hit in index.search("Xenia")] == ["whole"]
    assert {hit.owner for hit in index.search("Xenia Petrova")} == {"initial"}


def test_without_prefix_a_beginning_is_no_name(seeds: MemoryIndex) -> None:
    assert seeds.search("Zol") == []


# The failures of names.md section 2, with invented names.
@pytest.mark.parametrize(
    ("query", "wanted", "others"),
    [
        ("Аляксандр Уладзіміравіч Цацурка", "Tsetsurko Aleksandr", ["Tsytovich Aleksandr Vladimirovich"]),
        ("Рузанкін Владимир Александрович", "Рузанкин Владимир", ["Тузанов Владимир Александрович"]),
        ("Сяргей Ярмухін", "Ермухин Сергей", ["Ярмоленка Сяргей", "Ермаков Сергей"]),
        ("Anna Lopuchina", "Ганна Лапухіна", ["Anna Lopatkina", "Anna Lopukhova"]),
        ("Багдановічус, Ларыса Мікалаеўна", "Багдановічус Ларыса", ["Лукіна Ларыса Мікалаеўна"]),
        ("Радановіч, Ларыса Мікалаеўна", "Радановіч Ларыса", ["Петрык Ларыса Мікалаеўна"]),
        ("Няхайчынка", "Нехайченко Пётр", ["Михайченко Пётр", "Няхай Пётр"]),
        ("Zhoigun", "Жойгун Иван", ["Зайкун Иван"]),
        ("Choigun", "Шойгун Иван", ["Зайкун Иван"]),
        ("JURPALKIN", "Юрпалкин Олег", ["Урпалов Олег"]),
        ("Liza Kupraeva", "Купраева Елизавета", ["Купраева Анна"]),
        ("Бай Мухамедаў", "Баймухамедов Рустам", ["Мухаметшин Рустам"]),
        ("Baymukhamedov", "Бай-Мухамедов Рустам", ["Мухаметшин Рустам"]),
        ("Хораш", "Horaš Jan", ["Gorazd Jan"]),
    ],
)
def test_failures_of_known_methods_are_found_first(query: str, wanted: str, others: list[str]) -> None:
    index = index_of(wanted=wanted, **{f"other {place}": other for place, other in enumerate(others)})

    assert first(index, query) == "wanted"


@pytest.mark.parametrize(
    ("query", "wanted", "others"),
    [
        ("Астапковіч Алена", "Elena Ostapkovich", ["Alina Ostapkovich"]),
        ("Виктория Тимощук", "Viktoryja Cimaszczuk", ["Viktar Cimashchuk"]),
        ("Galina Griitskova", "Halina Ryhorauna Hryckowa", ["Alina Griczkova"]),
        ("Тимофеев Белов", "Belou Tsimafei", ["Беляев Тимофей"]),
        ("Kurylau", "Курилов Денис", ["Курыляеў Дзяніс"]),
        ("Вапцевіч Канстанцін", "Konstantin Waptiewicz", ["Konstantin Vaptovič"]),
        ("Viktoriya Antonona Gulevova", "Wiktoryja Hulewowa", ["Antanina Hulewawa"]),
        ("Mikhali Ivanovich Petritsenko", "Mikhail Petritsenka", ["Mikalai Petritsenka"]),
        ("Olag Silkova", "Ольга Степановна Силкова", ["Алег Слівакоў"]),
    ],
)
def test_who_is_meant_comes_before_who_sounds_nearly_so(
    crowd: MemoryIndex, query: str, wanted: str, others: list[str]
) -> None:
    index = deepcopy(crowd)
    for place, text in enumerate([*others, wanted]):
        index.add(f"asked {place}", text)

    assert first(index, query) == f"asked {len(others)}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Leonfhik", "Леончик"),
        ("Vorocbhenko", "Воробченко"),
        ("Lacewizc", "Лацевич"),
        ("Tscahldow", "Чалдов"),
        ("Skorobogatevitzh", "Скоробогатевич"),
    ],
)
def test_one_slip_within_the_letters_of_one_sound_is_one_slip(crowd: MemoryIndex, typed: str, meant: str) -> None:
    index = deepcopy(crowd)
    index.add("meant", f"{meant} Раман")

    assert index.search(f"{typed} Roman")[0].owner == "meant"
    assert index.search(f"{typed} Roman")[0].score > 0.7


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("Ганна Забацька", ["Ihar Zabatska"]),
        ("Вера Посукава", ["Vladimir Ilich Posukov", "Вера Мазілава"]),
        ("Sviatlana Truconak", ["Svetlana Truvinok", "Алег Труцонак"]),
        ("Artjom Ilkovič", ["Артем Якович Цигопохо"]),
        ("Alena Wiktarauna Trulkewitsch", ["Alla Trulkovič"]),
        ("Юлия Максимовна Вустохо", ["Julija Romanowna Łustocho"]),
    ],
)
def test_namesakes_of_half_a_name_are_not_shown(crowd: MemoryIndex, query: str, there: list[str]) -> None:
    index = deepcopy(crowd)
    for text in there:
        index.add(text, text)

    assert [hit.on for hit in index.search(query) if hit.on in there] == []


def test_two_who_share_a_rare_surname_are_told_apart_by_the_given_name() -> None:
    index = index_of(brother="Шчурок Ігар", sister="Шчурок Ганна")

    assert first(index, "Anna Shchurok") == "sister"
    assert first(index, "Igor Shchurok") == "brother"


def test_a_patronymic_that_contradicts_costs_more_than_one_that_is_missing() -> None:
    index = index_of(other="Шчурок Ігар Пятровіч", silent="Шчурок Ігар")
    hits = index.search("Шчурок Ігар Алегавіч")

    assert [hit.owner for hit in hits] == ["silent", "other"]
    assert hits[0].score > hits[1].score


def test_the_exact_spelling_is_above_equal_keys() -> None:
    index = index_of(latin="Shchurok Ihar", cyrillic="Шчурок Ігар", russian="Щурок Игорь")

    assert first(index, "Шчурок Ігар") == "cyrillic"
    assert first(index, "Щурок Игорь") == "russian"
    assert first(index, "Shchurok Ihar") == "latin"


def test_a_hit_says_which_name_matched() -> None:
    index = MemoryIndex()
    index.add("person", "Shchurok Ihar")
    index.add("person", "Залескі Радзім")

    assert index.search("Zaleski Radim")[0].on == "Залескі Радзім"
    assert [hit.owner for hit in index.search("Zaleski Radim")] == ["person"]


def test_a_removed_name_is_gone_and_leaves_no_trace() -> None:
    index, untouched = index_of(kept="Шчурок Ігар"), index_of(kept="Шчурок Ігар")
    index.add("gone", "Залескі Радзім Ігаравіч")
    index.remove("gone")
    index.remove("never was")

    assert index.search("Залескі") == []
    assert index.search("Залескі", prefix=True) == []
    assert index.search("Shchurok") == untouched.search("Shchurok")
    assert len(index.vocabulary) == len(untouched.vocabulary)


def test_the_collector_of_garbage_has_no_more_to_walk_over_for_more_words(crowd: MemoryIndex) -> None:
    for name in SEEDED.values():
        crowd.search(name)  # tables that are made once
    entries = [(word, Entry.of(word).written()) for person in people(900, seed=8) for word in words(person.spelt("be"))]
    vocabulary = Vocabulary()
    gc.collect()
    before = len(gc.get_objects())
    for number, (word, written) in enumerate(dict(entries).items()):
        vocabulary.put(number, word, written, 1)
    gc.collect()

    assert len(vocabulary) > 500
    assert len(gc.get_objects()) - before < len(vocabulary) / 10


def test_equal_scores_are_ordered_by_owner_whatever_the_order_of_entry() -> None:
    forward, backward = MemoryIndex(), MemoryIndex()
    for owner in "abc":
        forward.add(owner, "Шчурок Ігар")
    for owner in "cba":
        backward.add(owner, "Шчурок Ігар")

    assert [hit.owner for hit in forward.search("Shchurok")] == ["a", "b", "c"]
    assert [hit.owner for hit in backward.search("Shchurok")] == ["a", "b", "c"]


def test_every_name_is_wholly_itself_in_each_way_of_writing() -> None:
    names = [
        person.spelt(SCHEMES[person.number % len(SCHEMES)], patronymic=True) for person in people(200, seed=11)
    ] + ["Zoja Jaroslavovna Tolstina", "Зоя Ярославовна Толстина", "Zoja Ryhorauna Kavalinskaja"]
    index = index_of(**{name: name for name in names})

    assert [name for name in names if Hit(name, 1.0, name) not in index.search(name)] == []


@pytest.mark.parametrize("name", ["Ли Сен Хун", "Гусейнов Эльчин", "გიორგი ლომიძე", "Արամ Սարոյան", "رضا رحیمی"])
@pytest.mark.parametrize("query", ["Lee Sen Hun", "Hüseynov Elçin", "Giorgi Lomidze", "Aram Saroyan", "Reza Rahimi"])
def test_names_beyond_slavic_are_found_by_their_romanization(name: str, query: str) -> None:
    names = ["Ли Сен Хун", "Гусейнов Эльчин", "გიორგი ლომიძე", "Արամ Սարոյան", "رضا رحیمی"]
    queries = ["Lee Sen Hun", "Hüseynov Elçin", "Giorgi Lomidze", "Aram Saroyan", "Reza Rahimi"]
    index = index_of(**{other: other for other in names})

    assert (first(index, query) == name) == (names.index(name) == queries.index(query))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_search_is_total_and_deterministic(seeds: MemoryIndex, text: str) -> None:
    hits = seeds.search(text, prefix=True)

    assert hits == seeds.search(text, prefix=True)
    assert all(0 < hit.score <= 1 and hit.on in SEEDED.values() for hit in hits)


@settings(max_examples=60, deadline=None)
@given(st.permutations(["Золатава", "Марына", "Васільеўна"]))
def test_any_order_gives_the_same_answer(crowd: MemoryIndex, parts: list[str]) -> None:
    assert crowd.search(" ".join(parts)) == crowd.search("Золатава Марына Васільеўна")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="абвгдеіўшчьяabcdšžł'- .", min_size=1, max_size=40))
def test_a_stored_name_is_found_by_itself(text: str) -> None:
    index = index_of(it=text)

    assert [hit.owner for hit in index.search(text)] == (["it"] if index.vocabulary.names else [])


def test_ten_kilobytes_are_answered() -> None:
    index = index_of(it="Шчурок Ігар")

    assert index.search("Шчурок Ігар " * 1000)
    assert index.search("щ" * 10_000, prefix=True) == []
