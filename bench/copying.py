"""The export of everything: how fast it comes, against a stream of as many bytes and against its rows read raw."""

import asyncio
import contextlib
import socket
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # its makers give no types
from sqlalchemy.engine import make_url

from app.core.record import Tier
from app.parts import open_database
from app.register import KINDS
from app.sync.filling import fill
from bench import load
from bench.measuring import Effort, Row, noise_of
from bench.servers import Server, Servers

_ROOM = 1 << 20
_EVERY = 0.05  # seconds between looks at the server's memory
_ROUNDS: Final = 15  # at least: the reference has two speeds, as its bytes stay in the processor's cache or not
_SLICES: Final = 20  # in the time of so many others as many more as there is room for


@dataclass(frozen=True, slots=True)
class Stream:
    """What came of a stream: its size, how long it took, and by how much the server's private memory grew.

    ``cpu`` is the processor time that the server spent, in seconds.
    """

    size: int
    seconds: float
    cpu: float
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
    raw: float = 0.0  # seconds that its rows take to be read from the database and nothing else
    first: float = 0.0  # seconds that the first one took, which may have found no blocks


def export(servers: Servers, url: str, effort: Effort) -> Exported:
    """Measure the export, the reference with as many bytes, and the same rows from the database at ``url``, in turn."""
    first = _stream(servers.cold, "/v1/export")
    size = first.size
    asyncio.run(_filled(url))  # the server does it by itself behind the first export; here it is waited for
    pairs: list[tuple[Stream, Stream]] = []
    raw: list[tuple[int, float]] = []
    until = time.perf_counter() + _SLICES * effort.seconds * effort.rounds
    while len(pairs) < max(effort.rounds, _ROUNDS) or time.perf_counter() < until:
        pairs.append((_stream(servers.bare, f"/stream/{size}"), _stream(servers.cold, "/v1/export")))
        raw.append(_raw(url))
    ratios = [mine.rate / reference.rate for reference, mine in pairs]
    seconds = statistics.median(mine.seconds for _, mine in pairs)
    spent = sum(mine.cpu for _, mine in pairs)
    cpu = sum(reference.cpu for reference, _ in pairs) / spent if spent else 0.0
    found = (statistics.median(ratios), noise_of(ratios), seconds * 1000, seconds * 1000, seconds * 1000, cpu)
    row = Row("export of everything", size, 1 / seconds, *found)
    count, memory = _count(pairs[0][1].last), max(mine.memory for _, mine in pairs)
    if {rows for rows, _ in raw} != {count}:
        raise RuntimeError("what was read raw is not what was exported")
    return Exported(row, count, seconds, memory, statistics.median(took for _, took in raw), first.seconds)


async def _filled(url: str) -> None:
    """Have the blocks made that an export is read from."""
    database = open_database(url)
    for kind in KINDS:
        await fill(database, Tier.PUBLIC, kind)
    await database.close()


_RAW: Final = "SELECT body FROM documents WHERE tier = 0 AND kind = {} AND body IS NOT NULL ORDER BY created_at, id"
_KINDS: Final = "SELECT DISTINCT kind FROM documents"
_AT_ONCE: Final = 200


def _raw(url: str) -> tuple[int, float]:
    """Read the rows of an export with the driver alone; give how many they are, and the seconds that it took."""
    started = time.perf_counter()
    rows = _raw_of_file(url) if url.startswith("sqlite") else asyncio.run(_raw_of_server(url))
    return rows, time.perf_counter() - started


def _raw_of_file(url: str) -> int:
    with contextlib.closing(sqlite3.connect(url.partition(":///")[2])) as connection:
        kinds, count = [kind for (kind,) in connection.execute(_KINDS)], 0
        for kind in kinds:
            cursor = connection.execute(_RAW.format("?"), (kind,))
            while rows := cursor.fetchmany(_AT_ONCE):
                count += len(rows)
        return count


async def _raw_of_server(url: str) -> int:
    said: dict[str, Any] = dict(make_url(url).get_dialect()().create_connect_args(make_url(url))[1])
    connection, count = await asyncpg.connect(**said), 0
    try:
        async with connection.transaction(readonly=True):
            for (kind,) in await connection.fetch(_KINDS):
                cursor = await connection.cursor(_RAW.format("$1"), kind)
                while rows := await cursor.fetch(_AT_ONCE):
                    count += len(rows)
        return count
    finally:
        await connection.close()


def _count(tail: bytes) -> int:
    """Give the number of records that the last line tells."""
    found = tail.rpartition(b'"count":')[2]
    return int(found.partition(b",")[0])


def _stream(server: Server, path: str) -> Stream:
    with _connected(server) as connection:
        before, spent, started = load.private_memory(server.process), load.spent(server.process), time.perf_counter()
        connection.sendall(load.request(path, {"Connection": "close"}))
        size, most, last = 0, 0, b""
        looked, room = started, bytearray(_ROOM)
        while count := connection.recv_into(room):
            size += count
            last = (last + bytes(room[max(0, count - 400) : count]))[-400:]
            if (now := time.perf_counter()) - looked > _EVERY:
                most, looked = max(most, load.private_memory(server.process)), now
        took, spent = time.perf_counter() - started, load.spent(server.process) - spent
        return Stream(size, took, spent, max(0, most - before), last)


@contextmanager
def _connected(server: Server) -> Iterator[socket.socket]:
    place = urlsplit(server.base)
    with socket.create_connection((place.hostname or "", place.port or 80), 120) as connection:
        yield connection
