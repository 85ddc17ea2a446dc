"""The last line of an address: the destination country as the sender's post and those in between read it.

Rule: UPU Letter Post Regulations, article RL 123.3.3 (numbering of 2013): the country of destination in capital
letters, preferably in the language of the country of origin, and also in an internationally known language so that
transit is sure; the capitals stand there since 1947 (62 Stat. 3, art. 107). Deutsche Post (quoted at
help.octoflex.de/geschaeftspartner/richtig_adressieren) and the USPS (Publication 28, A1) say the same of the last
line. The international language here is English.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from app.letters.scripts import clean, script_of
from app.letters.tags import base, found

Printable = Callable[[str], bool]

# Babel's names are those of maps and menus; these are the ones a sorter knows.
_ENGLISH: Final = {
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
}
_BRACKETS_SAY_NOTHING: Final = frozenset({"HK", "MM", "MO"})
_BICAMERAL: Final = frozenset({"Latn", "Cyrl", "Grek", "Armn"})  # Georgian capitals exist, fonts lack them
_DOTTED_I: Final = str.maketrans({"i": "İ", "ı": "I"})
SEPARATOR: Final = " / "


@lru_cache(maxsize=512)
def postal_languages(country: str | None) -> tuple[str, ...]:
    """Give the languages that a country's post speaks, the first preferred, as Babel's CLDR data lists them."""
    if not country:
        return ()
    official = get_official_languages(country, regional=False) or get_official_languages(
        country, regional=False, de_facto=True
    )
    return tuple(tag.replace("_", "-") for tag in official)


def country_line(country: str, origin: str | None, address_language: str, printable: Printable) -> str:
    """Write the country line, never empty.

    Without an origin it is English. Mail that stays in its country carries the name in the language of the address
    where that is one of its official ones, and no second name: the line is redundant there, but harmless, and it
    keeps the promise that the last line is the country.
    """
    english = _capitals(_ENGLISH.get(country) or _name(country, "en") or country, "en")
    local = _local_name(country, origin, address_language, printable)
    if origin == country and local:
        return local
    return english if local in (None, english) else f"{local}{SEPARATOR}{english}"


def _local_name(country: str, origin: str | None, address_language: str, printable: Printable) -> str | None:
    languages: Sequence[str] = postal_languages(origin)
    if origin == country:
        languages = [*found(address_language, languages)[:1], *languages]
    names = ((_name(country, language), language) for language in languages)
    capitals = (_capitals(name, language) for name, language in names if name)
    return next(filter(printable, capitals), None)


@lru_cache(maxsize=4096)
def _name(country: str, language: str) -> str | None:
    try:
        name = clean(Locale.parse(language, sep="-").territories.get(country))
    except (UnknownLocaleError, ValueError):
        return None
    return name.split(" (")[0] if country in _BRACKETS_SAY_NOTHING else name


def _capitals(name: str, language: str) -> str:
    if script_of(name) not in _BICAMERAL:
        return name
    if base(language) in {"tr", "az"}:
        name = name.translate(_DOTTED_I)
    return name.upper()
