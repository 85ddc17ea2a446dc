"""What is sent as a parameter: what is there, what is hidden, and the words that it takes, read off its description."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.core.record import Tier
from tests.privacy.marks import MARKS, Marks, hidden_from
from tests.privacy.story import Story

Schema = dict[str, Any]
Query = tuple[tuple[str, str], ...]
# Parameters that mean nothing alone, or that another test asks about.
_ASIDE: Final = {"cursor", "after"}
_SHORT: Final = 6
# Of the words of a long enumeration: some that all may see, and those that hidden content holds.
_SEEN: Final = {*"BY colony imprisoned criminal news convicted imprisonment".split()}
_HIDDEN: Final = {
    *"coalition testimony administrative security_service prison special athlete supervision".split(),
    *(marks.country for marks in MARKS.values()),
}


class UnknownCall(Exception):  # noqa: N818 - what a test says
    """A route or a parameter of which nobody has said how it is called."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The canary does not know how to call {what}: tell it in tests/privacy.")


@dataclass(frozen=True)
class Words:
    """What a parameter takes: some of what all may see, and all that is hidden."""

    seen: list[str]
    hidden: list[str]


@dataclass(frozen=True)
class Values:
    """What somebody of a tier sends."""

    document: Schema
    story: Story
    tier: Tier

    @property
    def marks(self) -> tuple[Marks, ...]:
        """What marks anything that is hidden from this tier."""
        return hidden_from(self.tier)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The records that this tier never saw, as kind and id."""
        tiers = [kinds for tier, kinds in self.story.hidden.items() if tier > self.tier]
        return [(kind, record_id) for kinds in tiers for kind, ids in kinds.items() for record_id in ids]

    def of(self, name: str, schema: Schema, what: str) -> Iterator[Query]:
        """Give what is sent as a parameter; what is hidden comes last, in one query where that can be."""
        if name in _ASIDE:
            return
        shape = plain(schema, self.document)
        several = shape.get("type") == "array"
        words = self._words(name, plain(shape["items"], self.document) if several else shape, what)
        yield from (((name, word),) for word in words.seen)
        if several and words.hidden:
            yield tuple((name, word) for word in words.hidden[:200])
        elif not several:
            yield from (((name, word),) for word in words.hidden)

    def _words(self, name: str, shape: Schema, what: str) -> Words:
        if "enum" in shape:
            return _enumerated(name, shape["enum"])
        by_format: dict[str, Callable[[], Words]] = {
            "uuid": lambda: Words([ids[0] for ids in self.story.ids.values()][:3], [one for _, one in self.hidden]),
            "date": lambda: Words(["2023-11-09"], ["2023-12-25"]),
            "date-time": lambda: Words(["2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"], []),
        }
        if shape.get("format") in by_format:
            return by_format[shape["format"]]()
        by_type: dict[str, Callable[[], Words]] = {
            "boolean": lambda: Words(["true"], []),
            "integer": lambda: Words(["0" if name == "wait" else "1"], []),
            "string": lambda: self._texts(name, shape.get("pattern", "")),
        }
        if shape.get("type") not in by_type:
            raise UnknownCall(what)
        return by_type[shape["type"]]()

    def _texts(self, name: str, pattern: str) -> Words:
        if "-02-29" in pattern:  # dates
            return Words(["2023"], [marks.month for marks in self.marks])
        if pattern.startswith("^P"):  # terms
            return Words(["P5Y"], ["P19Y"])
        if "[.-]" in pattern:  # numbers of articles
            return Words(["361"], [f"{marks.number}-1" for marks in self.marks])
        if pattern.startswith("^[a-z]{2,3}"):  # languages
            return Words(["be"], [marks.tag for marks in self.marks])
        if ":" in pattern:  # identifiers
            return Words([], [f"{scheme}:{value}" for scheme, value in self.story.identifiers])
        return Words([], list(_FREE.get(name, Values.names)(self)))

    def names(self) -> list[str]:
        """Give texts that somebody looks for: names that all see, hidden ones in some spellings, a name of nobody."""
        hidden = [f"{marks.cyrillic}ова Анна" for marks in self.marks]
        hidden += [f"{marks.stem[:5]}" for marks in self.marks] + [f"{marks.stem}aa1".upper() for marks in self.marks]
        return ["Vydumana Anna", "Выдуманы", "Vydumany Boris", "Anna", "Qwertz Nemo", *self.story.names, *hidden]

    def questions(self) -> dict[str, Any]:
        """Give people who are looked for, as reconciliation queries."""
        places = [ids[0] for tier in self.story.hidden.values() for kind, ids in tier.items() if kind == "facilities"]
        told = [{"pid": "facility", "v": place} for place in places]
        told += [{"pid": "birth_date", "v": "1980-02"}, {"pid": "country", "v": "BY"}]
        told += [{"pid": "country", "v": marks.country} for marks in self.marks]
        told += [{"pid": "identifier", "v": f"{scheme}:{value}"} for scheme, value in self.story.identifiers]
        people: list[dict[str, Any]] = [{"query": name} for name in self.names()]
        people += [{"query": "Vydumany Boris", "properties": [one]} for one in told]
        people += [{"query": record_id} for kind, record_id in self.hidden if kind == "persons"]
        return {f"q{number}": one for number, one in enumerate(people)}


def plain(schema: Schema, document: Schema) -> Schema:
    """Follow references and look through ``| None``."""
    if "$ref" in schema:
        return plain(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    arms = [arm for arm in schema.get("anyOf", ()) if arm.get("type") != "null"]
    return plain(arms[0], document) if len(arms) == 1 else schema


def _enumerated(name: str, words: list[str]) -> Words:
    if name == "sort":
        return Words([word for word in words if word.startswith("-")], [])
    if len(words) <= _SHORT:
        return Words(words, [])
    chosen = Words([word for word in words if word in _SEEN], [word for word in words if word in _HIDDEN])
    return chosen if chosen.seen or chosen.hidden else Words(words[:3], [])


# Texts that are no names.
_FREE: Final[Mapping[str, Callable[[Values], list[str]]]] = {
    "queries": lambda values: [json.dumps(values.questions())],
    "sheet": lambda _: ["L7160", "cards"],
    "type": lambda _: ["person", "nothing"],
}
