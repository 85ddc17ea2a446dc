import json
import string
from datetime import date
from importlib.resources import files

import pytest

from app.letters.coverage import uncovered
from app.letters.phrases import age_in_words, day_in_words, partial_in_words, phrase, spoken

DAY = "2023-11-09"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "address last confirmed 9 November 2023"),
        ("be", "адрас апошні раз пацверджаны 9 лістапада 2023 г."),
        ("ru", "адрес последний раз подтверждён 9 ноября 2023 г."),
        ("uk", "адресу востаннє підтверджено 9 листопада 2023 р."),
        ("pl", "adres ostatnio potwierdzony 9 listopada 2023"),
        ("de", "Adresse zuletzt bestätigt am 9. November 2023"),
        ("fr", "adresse confirmée pour la dernière fois le 9 novembre 2023"),
        ("lt", "adresas paskutinį kartą patvirtintas 2023 m. lapkričio 9 d."),
        ("be-tarask", "адрас апошні раз пацверджаны 9 лістапада 2023 г."),
        ("sw", "address last confirmed 9 November 2023"),
        (None, "address last confirmed 9 November 2023"),
    ],
)
def test_the_age_of_an_address_is_said_in_words(language: str | None, words: str) -> None:
    assert age_in_words(DAY, language) == words


def test_an_age_known_to_the_month_is_said_as_a_month() -> None:
    assert age_in_words("2023-11", "en") == "address last confirmed: November 2023"
    assert age_in_words("2023-11", "be") == "адрас апошні раз пацверджаны: лістапад 2023"
    assert age_in_words("2023-11-09~", "en") == "address last confirmed: about 9 November 2023"


def test_a_stale_address_and_one_never_confirmed_are_called_so() -> None:
    assert age_in_words(DAY, "en", stale=True).endswith("; it may be out of date")
    assert age_in_words(None, "en") == "it is not known when this address was last confirmed"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ("1973-07-13", "13 July 1973"),
        ("1973-07", "July 1973"),
        ("1973", "1973"),
        ("XXXX-02-29", "29 February"),
        ("1973~", "about 1973"),
        ("1973-07?", "July 1973 (unsure)"),
    ],
)
def test_a_partial_date_says_no_more_than_is_known(known: str, words: str) -> None:
    assert partial_in_words(known, "en") == words


def test_every_language_has_every_phrase_with_the_same_gaps_in_printable_letters() -> None:
    table = json.loads(files("app.letters").joinpath("phrases.json").read_text(encoding="utf-8"))
    assert set(table) == set(spoken()) >= {"en", "be", "ru", "uk", "pl", "de", "fr", "lt"}
    for phrases in table.values():
        assert phrases.keys() == table["en"].keys()
        for key, words in phrases.items():
            assert _gaps(words) == _gaps(table["en"][key])
            assert not uncovered(words)


def _gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_braces_in_a_name_stay_braces() -> None:
    assert phrase("birthday_of", "en", name="{0} {name}") == "Birthday: {0} {name}"


@pytest.mark.parametrize("language", spoken())
def test_dates_are_printable_in_every_language(language: str) -> None:
    assert not any(uncovered(day_in_words(date(2023, month, 9), language)) for month in range(1, 13))
