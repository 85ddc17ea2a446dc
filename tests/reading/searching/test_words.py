"""What texts and questions are taken apart into, and which words mean each other."""

import pytest

from app.reading.searching.keys import NEAR, alike, begun, entered, likeness
from app.reading.searching.texts import UNSAID, goes_without_saying, texts
from app.reading.searching.tokens import MOST_TYPED, tokens, typed

COLONY = {
    "visibility": "public",
    "kind": "colony",
    "name": {"en": "Invented colony №4", "be": "Выдуманая калонія № 4"},
    "short_name": None,
    "number": "4",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Correctional colony №4", ("correctional", "colony", "4")),
        ("ИК-4, г. Выдуманый", ("ик", "4", "выдуманый")),
        ("No. 12 (nr 13, # 14)", ("12", "13", "14")),
        ("No Dialogue Behind Bars", ("no", "dialogue", "behind", "bars")),
        ("ст. 361-4", ("ст", "361-4")),
        ("361⁴ / 228.1 / 361–4", ("361-4", "228-1")),
        ("٣٦١ ３６１", ("361",)),
        ("L’Association d'Exemple", ("lassociation", "dexemple")),
        ("#KeepItOn: open, secure!", ("keepiton", "open", "secure")),
        ("in in IN", ("in",)),
        ("कारागार ४, ਪੰਜਾਬ", ("karagar", "4", "pmjab")),
        ("a ў 🙂 \"' -- %", ()),
        ("", ()),
    ],
)
def test_a_text_is_its_words_and_numbers(text: str, said: tuple[str, ...]) -> None:
    assert tokens(text) == said


def test_what_is_typed_may_go_on_unless_something_stands_behind_it() -> None:
    assert typed("invented col").unfinished
    assert typed("राहु").unfinished
    assert not typed("invented col ").unfinished
    assert not typed("invented col.").unfinished
    assert not typed("").unfinished
    assert len(typed(" ".join(f"word{number}x" for number in range(50))).tokens) == MOST_TYPED


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("гомель", "gomel"),
        ("homiel", "гомель"),
        ("gomle", "gomel"),
        ("калонія", "колония"),
        ("colny", "colony"),
        ("colonyy", "colony"),
        ("colnoy", "colony"),
        ("coloni", "colony"),
        ("ik", "ик"),
        ("დიალოგი", "dialogi"),
        ("361", "361"),
    ],
)
def test_a_word_is_found_by_another_spelling_and_with_one_slip(asked: str, word: str) -> None:
    assert likeness(asked, word, unfinished=False) >= NEAR
    assert alike(asked) & entered(word)


@pytest.mark.parametrize(
    ("asked", "word"), [("bars", "cars"), ("ik", "is"), ("361", "362"), ("4", "41"), ("361", "3614"), ("cat", "cart")]
)
def test_another_word_is_not_found(asked: str, word: str) -> None:
    assert likeness(asked, word, unfinished=False) < NEAR


@pytest.mark.parametrize(
    ("asked", "word"), [("gom", "gomel"), ("гом", "gomel"), ("corr", "correctional"), ("36", "361"), ("361", "361-4")]
)
def test_a_word_is_found_by_its_beginning(asked: str, word: str) -> None:
    assert 1 > likeness(asked, word, unfinished=True) >= NEAR
    assert any(first <= key < last for key in entered(word) for first, last in begun(asked, unfinished=True))


def test_a_number_has_parts_but_no_beginnings_of_one_digit() -> None:
    assert likeness("361", "361-4", unfinished=False) >= NEAR
    assert likeness("3", "361", unfinished=True) < NEAR
    assert likeness("4", "41", unfinished=True) < NEAR
    assert not any(first <= "#41" < last for first, last in begun("4", unfinished=True))


def test_a_place_is_found_by_its_name_its_number_its_kind_and_its_addresses() -> None:
    post = {"visibility": "partners", "locality": {"en": "Invented Town"}, "postal_code": "246035", "street": None}
    found = {(text.tier, text.field, text.words) for text in texts("facilities", COLONY, [post])}
    assert {(0, "name", "invented colony 4"), (0, "name", "выдуманая калонія 4"), (0, "number", "4")} <= found
    assert {(1, "locality", "invented town"), (1, "postal_code", "246035")} <= found
    (kind,) = [words for tier, field, words in found if (tier, field) == (0, UNSAID)]
    assert {"colony", "колония", "ик", "пк"} <= set(kind.split())


def test_an_address_is_seen_by_who_sees_the_place_too() -> None:
    post = {"visibility": "public", "locality": {"en": "Invented Town"}}
    hidden = COLONY | {"visibility": "private"}
    assert {text.tier for text in texts("facilities", hidden, [post])} == {2}


def test_words_that_go_without_saying_are_known() -> None:
    assert all(map(goes_without_saying, ("ст", "art", "article", "colony", "сизо")))
    assert not any(map(goes_without_saying, ("361", "invented", "")))


def test_what_is_gone_has_no_texts() -> None:
    assert texts("facilities", None) == []
