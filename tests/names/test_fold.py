import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.names.fold import MAX_WORD, MAX_WORDS, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zolatava, Maryna", ("zolatava", "maryna")),
        ("М.В.Золатава", ("м", "в", "золатава")),
        ("Sakalova-Kryvic", ("sakalova", "kryvic")),
        ("Дар'я ДАР’Я Даръя", ("даря", "даря", "даря")),
        ("Лу́чкін", ("лучкін",)),
        ("и\u0306од", ("йод",)),
        ("  \t\n", ()),
        ("12 34 %_", ()),
        ("ＺＯＬＡＴＡＶＡ", ("zolatava",)),
        ("Търново", ("тарново",)),
    ],
)
def test_text_is_folded_to_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_look_alike_letters_become_those_of_the_word() -> None:
    assert words("Золoтoвa") == words("Золотова")
    assert words("Zоlаtаvа") == words("Zolatava")


def test_syllabic_scripts_are_romanized_syllable_by_syllable() -> None:
    assert words("김정은") == ("김", "정", "은")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("राम मोहन", ("ram", "mohn")),
        ("रोमा मेहन", ("roma", "mehn")),
        ("राहुल गांधी", ("rahul", "gamdhi")),
        ("क्षितिज", ("ksitij",)),
        ("क़ाज़ी", ("kaji",)),
        ("ਪੰਜਾਬ", ("pmjab",)),
        ("শেখ মুজিবুর", ("sekh", "mujibur")),
        ("སྤྱི", ("spyi",)),
        ("བསྟན་འཛིན", ("bstn", "dzin")),
        ("အောင်ဆန်း", ("eanchn",)),
        ("މޯލްޑިވްސް", ("moaldivs",)),
        ("𑀅𑀲𑁄𑀓", ("asok",)),
        ("\u093e\u094d", ()),
    ],
)
def test_signs_that_are_vowels_are_part_of_a_word(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Лу́чкін Ёрш Її", "Лучкін Ёрш Її"),
        ("Vu\u0323, a\u1ab0b", "Vụ ab"),
        ("Ζωή", "Ζωη"),
        ("כָּבוֹד", "כבוד"),
        ("مُحَمَّد", "محمد"),
        ("राहुल गांधी क़ाज़ी", "राहुल गांधी क़ाज़ी"),
        ("가나", "가나"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_accents_come_and_go_and_every_normal_form_is_one(
    text: str, bare: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]
) -> None:
    assert words(unicodedata.normalize(form, text)) == words(bare)


@pytest.mark.parametrize("text", ["\ud800", "\0", "́̂", "🙂🙂", '"OR 1=1;--', "*:^()", "a" * 10_000, "ﷺ" * 5_000])
def test_anything_typed_is_bounded(text: str) -> None:
    found = words(text)

    assert len(found) <= MAX_WORDS
    assert all(0 < len(word) <= MAX_WORD for word in found)


@pytest.mark.parametrize("apostrophe", "'’‘‛ʼʽʻʾʿʹ′`´\ua78b\ua78c\uff07")
def test_an_apostrophe_of_any_kind_is_no_part_of_a_word(apostrophe: str) -> None:
    assert words(f"Mar{apostrophe}Jana Дар{apostrophe}я") == ("marjana", "даря")


@given(st.text(max_size=300))
def test_words_are_letters_only_and_stay_as_they_are(text: str) -> None:
    for word in words(text):
        assert word.isalpha()
        assert word == word.lower()
