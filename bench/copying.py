"""The export of everything: how fast it comes, and what memory it takes, against a stream of as many bytes."""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench import load
from bench.measuring import Row, noise_of
from bench.servers import Server, Servers

_ROOM = 1 << 20
_EVERY = 0.05  # seconds between looks at the server's memory


@dataclass(frozen=True, slots=True)
class Stream:
    """What came of a stream: its size, how long it took, and by how much the server's private memory grew."""

    size: int
    seconds: float
    memory: int
    last: bytes

    @property
    def rate(self) -> float:
        return self.size / self.seconds


@dataclass(frozen=True, slots=True)
class Exported:
    """The export of a whole register."""

    row: Row
    records: int
    seconds: float
    memory: int


def export(servers: Servers, rounds: int) -> Exported:
    """Measure the export, and the reference with as many bytes, in turn."""
    size = _stream(servers.cold, "/v1/export").size
    asked = [(servers.bare, f"/stream/{size}"), (servers.cold, "/v1/export")]
    pairs = [tuple(_stream(*one) for one in asked) for _ in range(rounds)]
    ratios = [mine.rate / reference.rate for reference, mine in pairs]
    seconds = statistics.median(mine.seconds for _, mine in pairs)
    found = (statistics.median(ratios), noise_of(ratios), seconds * 1000, seconds * 1000, seconds * 1000, 0.0)
    row = Row("export of everything", size, 1 / seconds, *found)
    return Exported(row, _count(pairs[0][1].last), seconds, max(mine.memory for _, mine in pairs))


def _count(tail: bytes) -> int:
    """Give the number of records that the last line tells."""
    found = tail.rpartition(b'"count":')[2]
    return int(found.partition(b",")[0])


def _stream(server: Server, path: str) -> Stream:
    with _connected(server) as connection:
        before, started = load.private_memory(server.process), time.perf_counter()
        connection.sendall(load.request(path, {"Connection": "close"}))
        size, most, last = 0, 0, b""
        looked, room = started, bytearray(_ROOM)
        while count := connection.recv_into(room):
            size += count
            last = (last + bytes(room[max(0, count - 400) : count]))[-400:]
            if (now := time.perf_counter()) - looked > _EVERY:
                most, looked = max(most, load.private_memory(server.process)), now
        return Stream(size, time.perf_counter() - started, max(0, most - before), last)


@contextmanager
def _connected(server: Server) -> Iterator[socket.socket]:
    place = urlsplit(server.base)
    with socket.create_connection((place.hostname or "", place.port or 80), 120) as connection:
        yield connection
