"""Measures searches for names through the API: `python -m bench.names_served [--people 20000]`.

A register of the people of `bench.names`, one worker without ready answers; every name is asked once.
"""

import argparse
import asyncio
import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5

from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.access import Caller, granted
from app.core.bulk import insert_rows
from app.core.desk import Desk
from app.core.documents import documents
from app.core.migrating import migrate
from app.parts import open_database, prepare
from app.reading.finding.keeping import keep
from app.reading.finding.tables import person_names
from app.reading.kept import situations
from app.register import KINDS, RESOURCES
from bench.load import private_memory, spent
from bench.names import Query, built
from bench.registers import address, cache, mark
from bench.servers import Server, register

_SPACE: Final = UUID("b0b5c0de-0000-4000-8000-000000000001")
_MAKERS: Final = ("bench/names_served.py", "bench/names_people.py", "bench/names_schemes.py", "bench/names_stock.txt")
_PORTION: Final = 1_000
_SOURCE: Final = uuid5(_SPACE, "source")
_LISTED: Final = 100
_TYPED: Final = 60
_COPIED: Final[Sequence[tuple[Table, str]]] = (
    (KINDS["persons"].record.__table__, "id"),  # type: ignore[attr-defined]  # table classes have it
    (documents, "id"),
    (situations, "person_id"),
)
"""What a list of people reads, and the column that says whose it is."""


def made(people: int, forms: Sequence[tuple[int, str]]) -> Path:
    """Give the file of a register with these names; it is made the first time."""
    file = cache() / f"names-{people}-{mark(_MAKERS)}.db"
    if not file.exists():
        draft = file.with_suffix(".draft")
        for left in cache().glob(f"names-{people}-*"):
            left.unlink()
        migrate(address(draft))
        asyncio.run(_fill(address(draft), forms))
        draft.rename(file)
    return file


async def _fill(url: str, forms: Sequence[tuple[int, str]]) -> None:
    """Write the first people as everybody does; the others as copies of one of them, with names of their own."""
    database = open_database(url)
    await prepare(database)
    async with database.write("bench") as session:
        await _write(session, forms[:_PORTION])
    for first in range(_PORTION, len(forms), _PORTION * 10):
        async with database.write("bench") as session:
            await session.run_sync(_copy, forms[first : first + _PORTION * 10])
    await database.close()


async def _write(session: AsyncSession, forms: Sequence[tuple[int, str]]) -> None:
    rules = {resource.kind.name: resource.rules for resource in RESOURCES}
    desk = Desk(session, KINDS, Caller(granted(["admin"]), "bench"), rules)
    source = {"kind": "news", "title": "An Invented Bulletin", "language": "en", "published_on": "2024-01-01"}
    await desk.create(KINDS["sources"], {"visibility": "public", **source}, _SOURCE)
    cited = [{"source_id": str(_SOURCE), "quote": "as invented"}]
    for number, full in forms:
        person = {"visibility": "public", "names": _named(full), "citations": cited}
        await desk.create(KINDS["persons"], person, _id(number))
    await desk.settle()


def _copy(session: Session, forms: Sequence[tuple[int, str]]) -> None:
    first = _id(1)
    known = session.execute(select(person_names.c.text).where(person_names.c.person_id == first)).scalar_one()
    for table, column in _COPIED:
        found = session.execute(select(table).where(table.c[column] == first)).mappings().all()
        rows = [
            {**one, column: _id(number), **_renamed(one, {str(first): str(_id(number)), known: full}, full)}
            for number, full in forms
            for one in found
        ]
        insert_rows(session, table, rows)
    keep(session, {_id(number): {"visibility": "public", "names": _named(full)} for number, full in forms})


def _renamed(row: RowMapping, instead: Mapping[str, str], full: str) -> dict[str, Any]:
    """Give what is another in the row of another person: the names, and what is answered."""
    said = {name: row[name] for name in ("body", "answer") if name in row}
    for old, new in instead.items():
        said = {name: text.replace(old.encode(), new.encode()) for name, text in said.items()}
    return {**said, **({"names": _named(full)} if "names" in row else {})}


def _named(full: str) -> list[dict[str, str]]:
    return [{"kind": "legal", "full": full}]


def _id(number: int) -> UUID:
    return uuid5(_SPACE, str(number))


class Asking:
    """A connection to a server that times what it asks."""

    def __init__(self, server: Server) -> None:
        place = urlsplit(server.base)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=600)

    def ask(self, path: str, body: object = None) -> float:
        """Ask, and give the milliseconds until the whole answer was here."""
        method, sent = ("GET", None) if body is None else ("POST", json.dumps(body))
        start = time.perf_counter()
        self._connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status}")
        return (time.perf_counter() - start) * 1000


def _measure(name: str, server: Server, paths: Sequence[str]) -> None:
    asking, took, cpu = Asking(server), [], []
    for path in paths:
        before = spent(server.process)
        took.append(asking.ask(path))
        cpu.append((spent(server.process) - before) * 1000)
    _print(name, took, "")
    _print("  processor time", cpu, f"mean {statistics.mean(cpu):.1f}")


def _print(name: str, took: Sequence[float], beside: str) -> None:
    cut = statistics.quantiles(took, n=100)
    figures = "  ".join(f"p{place} {cut[place - 1]:.1f}" for place in (50, 95, 99))
    print(f"{name:28} {len(took):5} asked  ms {figures}  max {max(took):.1f}  {beside}", flush=True)


def _typed(asked: Sequence[Query]) -> Iterator[str]:
    """Yield what a search box asks while names are typed."""
    for query in asked[:_TYPED]:
        for length in range(1, len(query.text) + 1):
            if query.text[length - 1] != " ":
                yield query.text[:length]


def _disturbed(server: Server, asked: Sequence[Query]) -> None:
    """Measure how long others wait while a list is compared."""
    queries, took = [{"name": query.text} for query in asked[:_LISTED]], list[float]()
    comparing = threading.Thread(
        target=lambda: took.append(Asking(server).ask("/v1/match", {"queries": queries})), daemon=True
    )
    path, others = f"/v1/persons/{_id(1)}", Asking(server)
    alone = [others.ask(path) for _ in range(200)]
    comparing.start()
    waited = []
    while comparing.is_alive():
        waited.append(others.ask(path))
        time.sleep(0.005)
    _print("one person, alone", alone, "")
    _print("one person, beside a match", waited, f"the match of {len(queries)} took {took[0]:.0f} ms")


def main() -> None:
    """Make the register, serve it, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="distractors")
    parser.add_argument("--queries", type=int, default=1_000)
    options = parser.parse_args()
    forms, asked, _ = built(options.people, 1_000)
    file = made(options.people, forms)
    step = max(1, len(asked) // options.queries)
    with register(address(file), VESTKA_HOT_CACHE_MB="0") as server:
        asking = Asking(server)
        asking.ask("/v1/persons?limit=1")
        before = private_memory(server.process)
        first = asking.ask(f"/v1/persons?q={quote(asked[-1].text)}")
        held = private_memory(server.process) - before
        print(f"{len(forms):,} names; the first search took {first:.0f} ms, and {held / 2**20:.0f} MB are held for it")
        _measure("different names", server, [f"/v1/persons?q={quote(query.text)}" for query in asked[::step]])
        _measure("while names are typed", server, [f"/v1/persons?q={quote(text)}" for text in _typed(asked)])
        _disturbed(server, asked[1::step])


if __name__ == "__main__":
    main()
