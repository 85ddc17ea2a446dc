import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.names.fold import words
from app.names.sound import MAX_READINGS, readings, skeleton

# Invented surnames, each in the spellings that schemes and newspapers would give it.
SAME_K1 = [
    "Жукашэнка Жукашенко Zhukashenko Žukašenka Żukaszenka Joukachenko Zhukashenka",
    "Цацоха Цецохо Tsatsokha Cacocha Tsetsokho Zazocha",
    "Шчарбіцкі Щербицкий Shcherbitsky Szczerbicki Ščarbicki Chtcherbitski Schtscherbizki",
    "Няхайка Нехайко Niakhaika Nyekhayko Niachajka Nechajko Nekhaïko",
    "Курлоў Курлов Kurlou Kurlow Kurłoŭ Kurlov Kourlov",
    "Пакроўская Покровская Pakrouskaya Pokrovskaya Pakroŭskaja Pokrowska Pokrovskaïa",
    "Хораш Khorash Chorasz Xorash Horaš",
    "Вячорка Вечёрко Viachorka Vyachorka Wiaczorka Wjatschorka Viatchorka",
    "Юцкевіч Юцкевич Yutskevich Juckievič Juckiewicz Jutskevič Ioutskevitch Juzkewitsch",
    "Рупчынін Рупчинин Rupchynin Rupčynin Rupczynin Ruptchinine Ruptschinin",
    "Гаўрусь Haurus Гавруcь Gavrus Haŭruś Hawruś",
]


@pytest.mark.parametrize("spellings", SAME_K1)
def test_spellings_of_one_surname_share_a_key(spellings: str) -> None:
    first, *others = [{sound.k1 for sound in readings(word)} for word in words_of(spellings)]

    for other in others:
        assert first & other, spellings


def words_of(spellings: str) -> list[str]:
    return [words(spelling)[0] for spelling in spellings.split()]


@pytest.mark.parametrize(
    ("german", "russian"), [("Solotuchin", "Золотухин"), ("Schilin", "Жилин"), ("Zepkin", "Цепкин")]
)
def test_german_letters_are_read_as_in_german(german: str, russian: str) -> None:
    assert {s.raw for s in readings(words(german)[0])} & {s.raw for s in readings(words(russian)[0])}


@pytest.mark.parametrize(
    ("baltic", "bare"), [("Kurlovas", "Курлов"), ("Kurlovs", "Курлов"), ("Pakrovskis", "Покровский")]
)
def test_baltic_endings_come_off(baltic: str, bare: str) -> None:
    assert {s.k1 for s in readings(words(baltic)[0])} & {s.k1 for s in readings(words(bare)[0])}


@pytest.mark.parametrize(
    ("one", "other"), [("Кавалёў", "Каваленка"), ("Жук", "Чук"), ("Лапатін", "Лапаткін"), ("Рыбак", "Рыбін")]
)
def test_different_surnames_keep_different_keys(one: str, other: str) -> None:
    first, second = ({s.k1 for s in readings(words(name)[0])} for name in (one, other))

    assert not first & second


@pytest.mark.parametrize(
    ("other", "latin"),
    [("გიორგაძე", "Giorgadze"), ("Սարոյան", "Saroyan"), ("Əliyev", "Aliyev"), ("Çağlar", "Chaglar")],
)
def test_neighbouring_alphabets_share_keys_with_their_romanization(other: str, latin: str) -> None:
    first, second = ({s.k2 for s in readings(words(name)[0])} for name in (other, latin))

    assert first & second


def test_arabic_is_known_by_its_consonants() -> None:
    arabic, latin = ({skeleton(s.k2) for s in readings(words(name)[0])} for name in ("رحیمی", "Rahimi"))

    assert arabic & latin


@given(st.text(max_size=60))
def test_readings_are_total_bounded_and_plain(text: str) -> None:
    for word in words(text):
        found = readings(word)
        assert len(found) <= MAX_READINGS
        assert all(sound.raw.isascii() and sound.raw for sound in found)
