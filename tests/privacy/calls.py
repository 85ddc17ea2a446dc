"""How each route is called, read off its description: a new route, parameter or format is called on arrival."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote, urlencode

from app.core.record import Tier
from app.register import KINDS
from tests.privacy.asking import Asked
from tests.privacy.story import Story
from tests.privacy.values import Query, Schema, UnknownCall, Values

NOBODY: Final = "c0ffee00-0000-4000-8000-ffffffffffff"
JSON: Final = (("content-type", "application/json"),)
_FORM: Final = (("content-type", "application/x-www-form-urlencoded"),)
_MATCHES: Final = ((), (("if-match", "*"),), (("if-match", '"1-0000000000000000"'),))
# They take the filters of the list of persons, about which all is asked there.
_OF_PERSONS: Final = {"/v1/persons/facets", "/v1/stats", "/v1/addressees", "/v1/calendar.ics"}
_FEW: Final = 2


@dataclass(frozen=True)
class Walk:
    """All that is asked of a register by somebody: every route, with every parameter and every format."""

    document: Schema
    story: Story
    tier: Tier
    brief: bool = False  # of what can be sent, what is hidden only

    @cached_property
    def values(self) -> Values:
        """What is sent."""
        return Values(self.document, self.story, self.tier)

    def requests(self) -> Iterator[Asked]:
        """Ask about what is there, by everything that can be sent; also about what nobody has."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield from self._operation(method.upper(), path, operation)
        yield from (Asked("GET", target) for target in ("/docs", "/nope"))

    def about(self, kind: str, record_id: str) -> Iterator[Asked]:
        """Ask about one record by every route that takes an id of its kind, in every way."""
        for path, operations in self.document["paths"].items():
            if "{id}" in path and _kind(path) == kind:
                target = path.replace("{id}", record_id)
                for method in operations:
                    yield from self._about(method.upper(), path, target)
                yield from (Asked(method, target) for method in ("HEAD", "OPTIONS"))

    def _about(self, method: str, path: str, target: str) -> Iterator[Asked]:
        if method == "GET":
            yield from (Asked("GET", f"{target}{query}") for query in ("", "?version=1", "?as_of=2023-11-09"))
        elif (method, path) in BODIES:
            yield from (Asked(method, target, *sent) for sent in BODIES[method, path](self.values))
        else:
            for match in _MATCHES:
                yield from (Asked(method, target, (*JSON, *match), body) for body in (b"{}", b"{"))

    def _operation(self, method: str, path: str, operation: Schema) -> Iterator[Asked]:
        if method == "GET":
            yield from self._reads(path, operation)
        elif (method, path) in BODIES:
            for target in self._targets(path):
                yield from (Asked(method, target, *sent) for sent in BODIES[method, path](self.values))
        elif {} not in operation["security"]:  # needs a key that those who only read do not have
            yield Asked(method, next(self._targets(path)), (*JSON, ("if-match", "*")), b'{"nope": 1}')
        else:
            raise UnknownCall(f"{method} {path}")

    def _reads(self, path: str, operation: Schema) -> Iterator[Asked]:
        parameters = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
        targets = list(self._targets(path))
        needed = tuple((one["name"], "x") for one in parameters if one.get("required"))
        yield from (Asked("GET", _with(target, needed)) for target in targets)
        if not self.brief:
            yield from (Asked(method, _with(targets[0], needed)) for method in ("HEAD", "OPTIONS"))
            yield Asked("GET", _with(targets[0], (*needed, ("nope", "1"))))
        for one in parameters:
            told = [both for both in needed if both[0] != one["name"]]
            # What is asked about many records is varied for a few of them.
            for query in self._queries(path, one):
                yield from (Asked("GET", _with(target, (*told, *query))) for target in targets[:_FEW])
        for media_type in _media_types(operation):
            yield from (Asked("GET", _with(target, needed), (("accept", media_type),)) for target in targets[:_FEW])
        if path == "/v1/export":
            yield from (Asked("GET", path, (("accept-encoding", name),)) for name in ("gzip", "zstd"))

    def _queries(self, path: str, parameter: Schema) -> list[Query]:
        name = parameter["name"]
        queries = list(self.values.of(name, parameter["schema"], f"{path} with {name}"))
        again = path in _OF_PERSONS and name in self._filters
        return queries[-1:] if (again or self.brief) and name != "format" else queries

    @cached_property
    def _filters(self) -> set[str]:
        return {one["name"] for one in self.document["paths"]["/v1/persons"]["get"]["parameters"]}

    def _targets(self, path: str) -> Iterator[str]:
        if "{" not in path:
            yield path
        elif path == "/problems/{slug}":
            yield from ("/problems/gone", "/problems/nope")
        elif path.count("{") == 1 and "{id}" in path:
            ids = [*self.story.ids.get(_kind(path) or "", ()), NOBODY]
            yield from (path.replace("{id}", record_id) for record_id in ids)
        else:
            raise UnknownCall(path)


def _kind(path: str) -> str | None:
    """Give the kind of record that a path is about."""
    if path.startswith("/v1/reconcile/preview"):
        return "persons"
    return next((part for part in path.split("/") if part in KINDS), None)


def _with(target: str, query: Iterable[tuple[str, str]]) -> str:
    pairs = tuple(query)
    return f"{target}?{urlencode(pairs, quote_via=quote)}" if pairs else target


def _media_types(operation: Schema) -> list[str]:
    content = next(answer for status, answer in operation["responses"].items() if status[0] == "2").get("content", {})
    return [name for name in content if name != "application/json"] if "application/json" in content else []


def _reconciled(values: Values) -> Iterator[tuple[Query, bytes]]:
    yield _FORM, urlencode({"queries": json.dumps(values.questions())}).encode()


def _matched(values: Values) -> Iterator[tuple[Query, bytes]]:
    queries = []
    for one in values.questions().values():
        said = {known["pid"]: known["v"] for known in one.get("properties", ())}
        scheme, _, value = said.pop("identifier", "").partition(":")
        ids = {"identifiers": [{"scheme": scheme, "value": value}]} if scheme else {}
        queries.append({"name": one["query"], **said, **ids})
    yield JSON, json.dumps({"queries": queries}).encode()


def _envelopes(_: Values) -> Iterator[tuple[Query, bytes]]:
    yield JSON, json.dumps({"size": "C6", "sender": ["Nobody"]}).encode()


BODIES: Final[Mapping[tuple[str, str], Callable[[Values], Iterator[tuple[Query, bytes]]]]] = {
    ("POST", "/v1/match"): _matched,
    ("POST", "/v1/reconcile"): _reconciled,
    ("POST", "/v1/persons/{id}/envelope.pdf"): _envelopes,
}
