"""What is asked of a register to measure it: each operation, with ids and names that the register has."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from bench.load import CONNECTIONS, request

_MANY: Final = 1_000  # different requests, so that nothing is asked twice in a moment
_PAGES: Final = 3
_WORKED_OUT: Final = "another day"


@dataclass(frozen=True, slots=True)
class Case:
    """One operation: what is asked, and of which server, the one with ready answers or the one without."""

    name: str
    requests: Sequence[bytes]
    hot: bool = False
    status: int = 200
    connections: int = CONNECTIONS


class Reader:
    """Reads from a server, one thing after the other."""

    def __init__(self, base: str) -> None:
        place = urlsplit(base)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=600)

    def get(self, path: str) -> http.client.HTTPResponse:
        """Ask; the body has to be read before the next question."""
        self._connection.request("GET", path)
        return self._connection.getresponse()

    def json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read JSON."""
        answer = self.get(path)
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status} {answer.read()[:300]!r}")
        return json.load(answer)

    def pages(self, path: str, most: int) -> Iterator[dict[str, Any]]:
        """Give the records of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None and most > 0:
            page = self.json(path + (f"&cursor={cursor}" if cursor else ""))
            yield from page["items"][:most]
            most -= len(page["items"])
            cursor = page["next_cursor"]

    def cursor(self, path: str, pages: int) -> str:
        """Give the cursor behind some pages."""
        cursor = ""
        for _ in range(pages):
            cursor = self.json(path + (f"&cursor={cursor}" if cursor else ""))["next_cursor"] or cursor
        return cursor


def cases_of(base: str) -> list[Case]:
    """Give the cases for the register that a server has."""
    reader = Reader(base)
    people = list(reader.pages("/v1/persons?limit=200", _MANY))
    answer = reader.get(f"/v1/persons/{people[0]['id']}")
    answer.read()
    return [
        *_of_one(people, answer.headers["ETag"]),
        *_of_lists(reader),
        *_of_filters(people),
        *_of_names(people),
        *_of_the_rest(reader, people),
    ]


def _get(*paths: str, **headers: str) -> list[bytes]:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return [request(path, said) for path in paths]


def _of_one(people: Sequence[Mapping[str, Any]], tag: str) -> Iterator[Case]:
    paths = [f"/v1/persons/{person['id']}" for person in people]
    yield Case("one person, ready", _get(paths[0]), hot=True)
    yield Case("different persons, ready", _get(*paths), hot=True)
    yield Case("one person, 304", _get(paths[0], If_None_Match=tag), hot=True, status=304)
    yield Case("different persons, from the database", _get(*paths))


def _of_lists(reader: Reader) -> Iterator[Case]:
    listed = "/v1/persons?limit=50"
    yield Case("list of 50, ready", _get(listed), hot=True)
    yield Case("list of 50, from the database", _get(listed))
    yield Case("list of 50, page 4", _get(f"{listed}&cursor={reader.cursor(listed, _PAGES)}"))


def _of_filters(people: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    article = next(number for person in people for number in person["situation"]["articles"])
    place = next(person["situation"]["facility_id"] for person in people if person["situation"].get("facility_id"))
    asked = {
        "article": f"article={article}",
        "facility": f"facility={place}",
        "status": "status=imprisoned",
        "article and status": f"article={article}&status=imprisoned",
        "category": "category=journalist",
        "country": "country=BY",
        "sex": "sex=female",
        "birth month": "birth_month=5",
        "born in a year": "born_from=1980&born_to=1980",
        "detained in a month": "detained_from=2021-05&detained_to=2021-05",
        "mail": "can_receive_mail=true",
        "updated since": "updated_since=2020-01-01T00:00:00Z",
        _WORKED_OUT: "as_of=2022-01-01&status=imprisoned",
    }
    for name, query in asked.items():
        yield Case(
            f"list by {name}", _get(f"/v1/persons?{query}"), connections=1 if name == _WORKED_OUT else CONNECTIONS
        )
    # What is worked out over many people takes the server's whole time: others behind it would only wait.
    yield Case("facets", _get("/v1/persons/facets"), connections=1)
    yield Case("facets of an article", _get(f"/v1/persons/facets?article={article}"), connections=1)


def _of_names(people: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    names = [quote(person["names"][0]["full"]) for person in people]
    yield Case("a name again", _get(f"/v1/persons?q={names[0]}"), hot=True)
    different = _get(*(f"/v1/persons?q={name}" for name in names))
    yield Case("different names, one by one", different, connections=1)
    yield Case("different names", different)


def _of_the_rest(reader: Reader, people: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    paths = [f"/v1/persons/{person['id']}" for person in people]
    known = reader.json("/openapi.json")["paths"]
    if "/v1/persons/{id}/file" in known:
        yield Case("case file, ready", _get(f"{paths[0]}/file"), hot=True)
        yield Case("case file, from the database", _get(*(f"{path}/file" for path in paths)))
    cursor = reader.json("/v1/changes?limit=1000")["cursor"]
    yield Case("feed page of 500, from the start", _get("/v1/changes?limit=500"))
    yield Case("feed page of 500, further on", _get(f"/v1/changes?limit=500&after={cursor}"))
    written = [person["id"] for person in people if person["situation"]["mail"]["reachable"]]
    envelopes = _get(*(f"/v1/persons/{one}/envelope.pdf" for one in written[:100]))
    yield Case("envelope as PDF", envelopes, connections=2)
