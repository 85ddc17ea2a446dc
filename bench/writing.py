"""What writes cost, and what they do to those who read meanwhile; on a copy that is thrown away."""

import contextlib
import http.client
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from bench import load
from bench.cases import Reader
from bench.measuring import Effort, noise_of
from bench.servers import Server

A_SECOND: Final = 10  # writes, while others read
_BATCH: Final = 500
_SLICE: Final = 1.0  # seconds at least, so that there are ten writes in each
_STOCK: Final = 1_000  # people who are made before they are purged, when half as many are left
_SMALL_BATCH: Final = 20  # as an editor's import of a list
_BEGINS: Final = 5.0  # seconds in which the process that writes has begun, after the first write
_OK: Final = {200, 201, 204}
Send = Callable[[str, str, object], Any]


@dataclass(frozen=True, slots=True)
class Written:
    """How many records a second a way to write reaches, one client that waits for each answer."""

    way: str
    records: float


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What is left of the rate of reads while somebody writes ten times a second."""

    read: str
    way: str
    left: float
    noise: float
    writes: float  # how many a second there were


class Writer:
    """An editor with a key."""

    def __init__(self, base: str, key: Mapping[str, str]) -> None:
        self._place = urlsplit(base)
        self._headers = {**key, "Content-Type": "application/json", "If-Match": "*"}
        self._connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=120)
        self._made: list[str] = []

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send a write; one that is refused ends the measurement."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status not in _OK:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")
        return json.loads(said) if said else None

    def post(self) -> int:
        """Create a person."""
        self._made.append(self.send("POST", "/v1/persons", _person())["id"])
        return 1

    def patch(self) -> int:
        """Change a person."""
        if not self._made:
            self.post()
        self.send("PATCH", f"/v1/persons/{self._made[-1]}", {"occupation": {"en": f"invented {uuid4().hex[:8]}"}})
        return 1

    def batch(self, size: int = _SMALL_BATCH) -> int:
        """Create people at once."""
        self._create(size)
        return size

    def _create(self, size: int) -> list[str]:
        operations = [{"op": "create", "kind": "persons", "id": str(uuid4()), "record": _person()} for _ in range(size)]
        self.send("POST", "/v1/batch", {"operations": operations})
        return [str(operation["id"]) for operation in operations]

    def stock(self, way: str) -> None:
        """Make beforehand what a way to write takes away, so that nothing else is measured."""
        if way == "purge" and len(self._made) < _STOCK // 2:
            self._made += self._create(_STOCK)

    def large_batch(self) -> int:
        """Create many people at once."""
        return self.batch(_BATCH)

    def purge(self) -> int:
        """Erase a person who was made here before."""
        self.send("DELETE", f"/v1/persons/{self._made.pop()}?purge=true")
        return 1


def _person() -> dict[str, Any]:
    number = uuid4()
    said = {"kind": "legal", "language": "en", "full": f"Invented {_word(number)}"}
    return {"visibility": "public", "names": [said], "sex": "female", "birth_date": "1980-05"}


def _word(number: UUID) -> str:
    """Give a name that nobody else has."""
    return "".join(chr(ord("a") + digit % 26) for digit in number.bytes[:7]).capitalize()


def ways_of(server: Server, writer: Writer) -> dict[str, Callable[[], int]]:
    """Give the ways to write that a server has."""
    known = Reader(server.base).json("/openapi.json")["paths"]
    ways = {"POST": writer.post, "PATCH": writer.patch}
    if "/v1/batch" in known:
        ways["batch"] = writer.batch
    return ways | {"purge": writer.purge}


def rates(server: Server, key: Mapping[str, str], seconds: float) -> Iterator[Written]:
    """Measure every way to write."""
    writer = Writer(server.base, key)
    writer.post()
    time.sleep(_BEGINS)
    ways = ways_of(server, writer)
    if "batch" in ways:
        ways["batch"] = writer.large_batch
    for name, write in ways.items():
        writer.stock(name)
        write()  # what the first one needs is made for all
        started, records = time.perf_counter(), 0
        while time.perf_counter() - started < seconds or not records:
            records += write()
        yield Written(f"batch of {_BATCH}" if name == "batch" else name, records / (time.perf_counter() - started))


def disturbed(server: Server, key: Mapping[str, str], effort: Effort) -> Iterator[Disturbed]:
    """Measure hot reads with and without writes beside them, in turn."""
    reader = Reader(server.base)
    people = list(reader.pages("/v1/persons?limit=200", 1_000))
    reads = {
        "one person": ["/v1/persons/" + people[0]["id"]],
        "different persons": ["/v1/persons/" + person["id"] for person in people],
        "list of 50": ["/v1/persons?limit=50"],
    }
    for way in ways_of(server, Writer(server.base, key)):
        for name, paths in reads.items():
            yield _disturbed(server, key, (name, way), [load.request(path) for path in paths], effort)


def _disturbed(
    server: Server, key: Mapping[str, str], named: tuple[str, str], asked: Sequence[bytes], effort: Effort
) -> Disturbed:
    left, done = [], []
    seconds = max(effort.seconds, _SLICE)
    with _editor(server, key, named[1]) as editor:
        for _ in range(effort.rounds):
            alone = load.run(server.base, asked, seconds)
            editor.send("write")
            beside = load.run(server.base, asked, seconds)
            editor.send("rest")
            done.append(editor.recv() / seconds)
            left.append(beside.requests / alone.requests)
    return Disturbed(named[0], named[1], statistics.median(left), noise_of(left), statistics.median(done))


@contextmanager
def _editor(server: Server, key: Mapping[str, str], way: str) -> Iterator["Connection[str, int]"]:
    """Give an editor in a process of its own, who takes no time from the reader, and writes when told to."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_write, args=(server, dict(key), way, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()  # ready
        yield ours
    finally:
        ours.close()
        process.join(10)
        process.kill()


def _write(server: Server, key: Mapping[str, str], way: str, told: "Connection[int, str]") -> None:
    """Write ten times a second from one word to the next, and tell how often; until nobody says anything more."""
    writer = Writer(server.base, key)
    write = ways_of(server, writer)[way]
    writer.stock(way)
    write()
    told.send(0)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while told.recv():
            count, due = 0, time.perf_counter()
            while not told.poll(max(0.0, due - time.perf_counter())):
                write()
                count += 1
                due += 1 / A_SECOND
            told.recv()
            told.send(count)
            writer.stock(way)
