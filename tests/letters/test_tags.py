"""Languages asked for with a region, a script or a variant find what is kept in the language."""

import pytest

from app.letters.country import country_line
from app.letters.lines import lay_out
from app.letters.tags import base, found, script_named
from app.letters.writing import in_words
from tests.letters.test_lines import BILINGUAL, RUSSIAN

BELARUSIAN = "225295, ст. Даманава"


def _words(warnings: list[str]) -> list[str]:
    return [warning.partition(":")[0] for warning in warnings]


@pytest.mark.parametrize(
    ("wish", "known", "order"),
    [
        ("be", ["be", "en", "ru"], ["be"]),
        ("be-BY", ["be", "en", "ru"], ["be"]),
        ("be-BY", ["be", "be-BY"], ["be-BY", "be"]),
        ("be-BY", ["be", "be-BY-tarask"], ["be-BY-tarask", "be"]),
        ("be", ["be-Latn", "be-tarask", "be"], ["be", "be-tarask", "be-Latn"]),
        ("be-BY", ["be-Latn", "be-tarask"], ["be-tarask", "be-Latn"]),
        ("be-Latn-BY", ["be", "be-BY", "be-Latn"], ["be-Latn", "be", "be-BY"]),
        ("EN-gb", ["en-US", "en-GB"], ["en-GB", "en-US"]),
        ("es", ["est", "en"], []),
    ],
)
def test_a_language_is_looked_up_from_the_wish_to_its_language(wish: str, known: list[str], order: list[str]) -> None:
    assert found(wish, known) == order


def test_a_tag_is_taken_apart() -> None:
    assert (base("zh-Hant-TW"), script_named("zh-Hant-TW")) == ("zh", "Hant")
    assert (base("BE"), script_named("be-1994"), script_named("be-tarask"), script_named("be")) == ("be", *[None] * 3)


@pytest.mark.parametrize("wish", ["be-BY", "be-tarask", "be-Cyrl"])
def test_an_address_is_written_in_the_language_without_the_region(wish: str) -> None:
    laid = lay_out(RUSSIAN, None, BILINGUAL, language=wish)
    assert (laid.lines[2], laid.language, _words(laid.warnings)) == (BELARUSIAN, "be", [])
    assert lay_out(RUSSIAN, None, BILINGUAL, language="en-GB").language == "en"


def test_the_tag_that_was_asked_for_wins_over_its_language() -> None:
    address = BILINGUAL | {"locality": {"be": "ст. Даманава", "be-tarask": "ст. Дамановаўка"}}
    assert lay_out(RUSSIAN, None, address, language="be-tarask").language == "be-tarask"
    assert lay_out(RUSSIAN, None, address, language="be-BY").language == "be"


def test_what_is_not_in_the_tag_comes_from_its_language_before_another_one() -> None:
    address = BILINGUAL | {"street": {"be-tarask": "вул. Першая, 1"}}
    laid = lay_out(RUSSIAN, None, address, language="be-tarask")
    assert laid.parts["locality"] == "ст. Даманава"


def test_a_script_that_was_asked_for_and_is_not_known_is_said() -> None:
    laid = lay_out(RUSSIAN, None, BILINGUAL, language="be-Latn")
    assert laid.language == "be"
    assert "other_language: the address is not known in the language asked for, but in be" in laid.warnings
    latin = BILINGUAL | {"locality": {"be-Latn": "Damanava", "ru": "Доманово"}, "region": None, "district": None}
    assert "other_language" not in _words(lay_out(RUSSIAN, None, latin, language="be-Latn").warnings)


def test_the_country_and_notes_are_in_the_language_of_a_variant_too() -> None:
    assert country_line("BY", "BY", "ru-BY", lambda _: True) == "БЕЛАРУСЬ"
    assert country_line("CH", "CH", "it-CH", lambda _: True) == "SVIZZERA"
    assert in_words({"ru": "Да", "be-tarask": "Так"}, "be") == "Так"
    assert in_words({"be": "Так", "en-GB": "Yes"}, "lt") == "Yes"
