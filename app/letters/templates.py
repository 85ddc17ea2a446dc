"""The rules of ``templates.json``: which parts of an address stand on which line, and in which language."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from app.letters.tags import base

_PIECE: Final = re.compile(r"\{(\w+)\}")
_NATIVE_OTHER_THAN_LATIN: Final = "Latn"


@dataclass(frozen=True, slots=True)
class Template:
    """How the post of one country wants the lines between the name and the country."""

    languages: tuple[str, ...]
    latin: tuple[str, ...]
    native: tuple[str, ...]
    upper_in_latin: frozenset[str]
    postal_prefix: str
    postal_code: str
    family_name_first: bool
    source: str

    def lines(self, parts: Mapping[str, str], script: str | None) -> list[str]:
        """Fill in the lines; a part that is missing takes the punctuation beside it along."""
        shown = dict(parts)
        if code := parts.get("postal_code"):
            shown["postal_code"] = self.postal_prefix + code if code.isdecimal() else code
        if script == _NATIVE_OTHER_THAN_LATIN:
            shown |= {name: shown[name].upper() for name in self.upper_in_latin & shown.keys()}
            return [line for line in (_fill(line, shown) for line in self.latin) if line]
        return [line for line in (_fill(line, shown) for line in self.native) if line]

    def accepts(self, code: str) -> bool:
        """Tell whether a postal code has the country's form; a country without a form accepts everything."""
        return not self.postal_code or re.fullmatch(self.postal_code, code) is not None


def _fill(line: str, parts: Mapping[str, str]) -> str:
    pieces = _PIECE.split(line)  # literal, name, literal, name, …, literal
    filled = ""
    for literal, name in zip(pieces[::2], pieces[1::2], strict=False):
        if value := parts.get(name):
            filled += (literal if filled else "") + value
    return filled


@cache
def _data() -> dict[str, Any]:
    text = files("app.letters").joinpath("templates.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def template(country: str) -> Template:
    """Give the rule for a country (ISO 3166-1 alpha-2), or the default for one that has none."""
    data = _data()
    rule = data["countries"].get(country) or data["default"]
    return Template(
        languages=tuple(rule["languages"]),
        latin=tuple(rule["lines"]),
        native=tuple(rule.get("native_lines", rule["lines"])),
        upper_in_latin=frozenset(rule.get("upper_in_latin", ())),
        postal_prefix=rule.get("postal_prefix", ""),
        postal_code=rule.get("postal_code", ""),
        family_name_first=rule.get("family_name_first", False),
        source=rule["source"],
    )


def covered_countries() -> list[str]:
    """List the countries that have a rule of their own."""
    return sorted(_data()["countries"])


def box(number: str, language: str) -> str:
    """Write a post office box: the number alone gets the word for it, anything with letters stays as it is."""
    if any(char.isalpha() for char in number):
        return number
    words = _data()["po_box"]
    return str(words.get(base(language), words["en"])).format(number)
