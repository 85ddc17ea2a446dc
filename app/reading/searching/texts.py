"""What records are found by: their texts, and words that go without saying for their kind."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.core.kinds import Fields
from app.core.record import Tier
from app.reading.searching.tokens import tokens

RULES: Final = 3
"""Raised with every change of what is indexed, and how: an index of other rules is made again."""

UNSAID: Final = "kind"  # the field of words that go without saying; they say nothing alone
# The field by which records are called in answers, and the others that they are found by.
CALLED: Final[Mapping[str, str]] = {
    "facilities": "name",
    "organizations": "name",
    "cases": "title",
    "articles": "number",
    "sources": "title",
}
_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "facilities": ("short_name", "number"),
    "articles": ("title",),
    "cases": ("identifiers",),
}
_OF_ADDRESSES: Final = ("locality", "district", "region", "street", "postal_code")


class Text(NamedTuple):
    """A text of a record: from which tier on it is seen, which field it stands in, and the words it is found by."""

    tier: int
    field: str
    language: str | None
    text: str
    words: str


def texts(kind: str, fields: Fields | None, addresses: Iterable[Fields] = ()) -> list[Text]:
    """Give what a record is found by; ``addresses`` are those of a facility, seen where both are."""
    if fields is None:
        return []
    tier = _tier(fields)
    found = [_text(tier, *one) for name in (CALLED[kind], *_BESIDE.get(kind, ())) for one in _said(name, fields[name])]
    unsaid = " ".join(dict.fromkeys(word for text in _unsaid(kind, fields) for word in tokens(text)))
    for address in addresses:
        both = max(tier, _tier(address))
        found += [_text(both, *one) for name in _OF_ADDRESSES for one in _said(name, address.get(name))]
    told = [text for text in dict.fromkeys(found) if text.words]
    return [*told, Text(tier, UNSAID, None, "", unsaid)] if told and unsaid else told


def _tier(fields: Fields) -> int:
    return int(Tier.named(fields["visibility"]))


def _text(tier: int, field: str, language: str | None, text: str) -> Text:
    return Text(tier, field, language, text, " ".join(tokens(text)))


def _said(name: str, value: Any) -> Iterator[tuple[str, str | None, str]]:  # noqa: ANN401 - JSON
    """Give each text of a field, with its language where it has one."""
    if isinstance(value, str):
        yield name, None, value
    elif isinstance(value, dict):
        yield from ((name, language, text) for language, text in value.items())
    elif isinstance(value, list):
        yield from ((name, None, one["value"]) for one in value)


def _unsaid(kind: str, fields: Fields) -> Iterator[str]:
    known = _words().get(kind, {})
    yield from known.get("", ())
    for name in ("kind", "code"):
        yield from known.get(fields.get(name) or "", ())


def goes_without_saying(word: str) -> bool:
    """Tell whether a word goes without saying for some kind of record."""
    return word in _all_unsaid()


@cache
def _all_unsaid() -> frozenset[str]:
    said = (text for kinds in _words().values() for texts in kinds.values() for text in texts)
    return frozenset(word for text in said for word in tokens(text))


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads((Path(__file__).parent / "unsaid.json").read_text("utf-8"))
    return found
