"""The few words that letters, cards and calendars say themselves, and dates in the same language."""

import json
from collections.abc import Iterable
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton

from app.core.edtf import Parts, parse
from app.letters.tags import base

_FALLBACK: Final = "en"
_LEAP_YEAR: Final = 2000


@cache
def _table() -> dict[str, dict[str, str]]:
    return dict(json.loads(files("app.letters").joinpath("phrases.json").read_text(encoding="utf-8")))


def spoken() -> list[str]:
    """List the languages that there are phrases in."""
    return sorted(_table())


def speech(language: str | None) -> str:
    """Give the language to speak for a language tag: the same, or English."""
    return first_spoken([language] if language else [])


def first_spoken(languages: Iterable[str]) -> str:
    """Give the first of several languages that there are phrases in, or English."""
    return next((tag for tag in map(base, languages) if tag in _table()), _FALLBACK)


def phrase(key: str, language: str | None, **values: str) -> str:
    """Give a phrase, with its values put in."""
    return _table()[speech(language)][key].format(**values)


def day_in_words(day: date, language: str | None) -> str:
    """Write a whole date: “9 November 2023”."""
    # Babel's plain English is American; the register's English names the day first.
    spoken_in = "en-GB" if speech(language) == _FALLBACK else speech(language)
    return format_date(day, "long", locale=Locale.parse(spoken_in, sep="-")).replace("\u202f", " ")


def partial_in_words(text: str, language: str | None) -> str:
    """Write a partial date (EDTF) with no more than it says: “July 1973”, “13 July”, “about 1973”."""
    parts = parse(text)
    words = _words(parts, language)
    if parts.mark:
        return phrase("about" if parts.mark == "~" else "unsure", language, date=words)
    return words


def _words(parts: Parts, language: str | None) -> str:
    locale = Locale.parse("en-GB" if speech(language) == _FALLBACK else speech(language), sep="-")
    if parts.month is None:
        return str(parts.year)
    if parts.day is None:
        return format_skeleton("yMMMM", date(parts.year or _LEAP_YEAR, parts.month, 1), locale=locale)
    day = date(parts.year or _LEAP_YEAR, parts.month, parts.day)
    return day_in_words(day, language) if parts.year else format_skeleton("MMMMd", day, locale=locale)


@lru_cache(maxsize=1024)
def age_in_words(confirmed: str | None, language: str | None, *, stale: bool = False) -> str:
    """Say how old an address is, by a partial date: “address last confirmed 9 November 2023; it may be out of date”."""
    if confirmed is None:
        return phrase("unconfirmed", language)
    parts = parse(confirmed)
    whole = parts.year is not None and parts.day is not None and not parts.mark
    # A month alone has no case that fits into the sentence in every language.
    key = "confirmed" if whole else "confirmed_partly"
    said = phrase(key, language, date=partial_in_words(confirmed, language))
    return f"{said}; {phrase('stale', language)}" if stale else said
