import pytest

from app.names.fold import words
from app.names.given import fathers, given_names, is_daughter, misspelt_given_names, table
from app.names.keys import keys
from app.names.roles import Role, roles
from app.names.sound import readings

EQUIVALENT = [
    "Аляксандр Александр Олександр Aliaksandr Alexander Aleksandr Alaksandr Ales Алесь Саша",
    "Мікіта Никита Микита Mikita Nikita Mykyta",
    "Сяргей Сергей Сергій Siarhei Sergey Serhii Siarhiej Serge Sergej Syarhey",
    "Наста Анастасія Анастасия Nasta Anastasiya Nastassia Anastazja Настя",
    "Людміла Людмила Liudmila Lyudmila Ludmiła Lioudmila Ljudmila Люся",
    "Мікалай Николай Микола Mikalai Nikolaj Mykola Nicolas Mikałaj Коля",
    "Уладзімір Владимир Володимир Uladzimir Vladimir Volodymyr Uładzimir Wladimir Uladsimir",
    "Зміцер Дмитрий Дмитро Zmicier Dmitry Dzmitry Dmytro Dimitri",
    "Вольга Ольга Volha Olga Olha Olya",
    "Ганна Анна Hanna Anna Аня",
    "Генадзь Геннадий Hienadź Gennady Hienadz Guennadi",
    "Яўген Евгений Євген Yauhen Evgeny Jewgeni Yevgeny Jaŭhien",
]


def ids(word: str) -> set[int]:
    return set(given_names(words(word)[0]))


@pytest.mark.parametrize("forms", EQUIVALENT)
def test_forms_of_one_given_name_share_an_id(forms: str) -> None:
    first, *others = (ids(form) for form in forms.split())

    for form, other in zip(forms.split()[1:], others, strict=True):
        assert first & other, form


def test_every_form_of_the_table_is_found_by_itself() -> None:
    for number, name in enumerate(table()):
        for form in (*name.full, *name.short):
            sounds = [sound for word in words(form) for sound in readings(word)]
            if len(words(form)) == 1 and len(sounds[0].raw) > 1:
                assert number in ids(form) | set(misspelt_given_names(words(form)[0])), form


def test_different_given_names_stay_apart() -> None:
    assert not ids("Яна") & ids("Жанна")
    assert not ids("Марыя") & ids("Марына")
    assert not ids("Маша") & ids("Мойша")


def test_a_short_form_names_less_surely_than_a_full_one() -> None:
    assert max(given_names("nasta").values()) < max(given_names("anastasiya").values())


def test_a_slip_in_a_given_name_still_finds_it() -> None:
    assert set(misspelt_given_names("aliaksadnr")) & ids("Аляксандр")


PATRONYMICS = [
    "Мікалаевіч Николаевич Миколайович Mikalaevich Nikolaevich Mykolaiovych Nikolajewitsch Nikolaïevitch",
    "Мікалаеўна Николаевна Миколаївна Mikalaeuna Nikolayevna Mikałajeŭna Nikolajewna",
    "Юр'еўна Юрьевна Юріївна Yuryevna Yurievna Jurjeŭna Iourievna",
    "Васільеўна Васильевна Василівна Vasilievna Wasiljewna Vasileuna",
    "Паўлавіч Павлович Paulavich Pavlovich Pawłowicz Paŭłavič",
    "Ільіч Ильич Ілліч Ilyich Iljitsch",
    "Якаўлевіч Яковлевич Yakaulevich Yakovlevich Jakowlewitsch",
    "Уладзіміравіч Владимирович Володимирович Uladzimiravich Vladimirovitch",
]


@pytest.mark.parametrize("forms", PATRONYMICS)
def test_patronymics_name_one_father_in_every_spelling(forms: str) -> None:
    first, *others = (fathers(words(form)[0]) for form in forms.split())

    for form, other in zip(forms.split()[1:], others, strict=True):
        assert first & other, form


def test_sons_and_daughters_have_one_father() -> None:
    assert fathers("иванович") == fathers("іванаўна")
    assert is_daughter("іванаўна")
    assert not is_daughter("иванович")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Багдановіч Ларыса Мікалаеўна", "surname given patronymic"),
        ("Багдановіч Ларыса", "surname given"),
        ("Петрэнка Пётр Багданавіч", "surname given patronymic"),
        ("Іван Пятровіч Адамовіч", "given patronymic surname"),
        ("Адамовіч Іван Пятровіч", "surname given patronymic"),
        ("Хацкевіч Л. М.", "surname initial initial"),
        ("Шапаль Наста", "surname given"),
        ("Давід Ян", "surname given"),
    ],
)
def test_words_have_the_role_that_their_name_gives_them(name: str, expected: str) -> None:
    found = [role.value for role in roles([keys(word) for word in words(name)])]

    if name == "Давід Ян":  # both are given names: either may be the surname, but one is
        assert sorted(found) == ["given", "surname"]
    else:
        assert found == expected.split()


def test_a_name_without_words_has_no_roles() -> None:
    assert roles([]) == []
    assert roles([keys("м")]) == [Role.INITIAL]
