"""How fast requests are answered: each operation against a bare server that answers as many bytes, in one run.

Makes registers of invented people, once, in a cache folder; measures each on SQLite and, where there is one, on
PostgreSQL; prints a table; says what is slower than in the run that is kept in `bench/results`.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import copying, floors, postgres, registers, report, results, writing
from bench.cases import Reader, cases_of
from bench.measuring import Effort, Row, measure
from bench.results import Measured
from bench.servers import new_key, register, running

_SMALL: Final = 1_000
_LARGE: Final = 100_000
_LARGEST: Final = 1_000_000
_WHOLE: Final = Effort(0.3, 9)
_QUICK: Final = Effort(0.12, 3)
_MOST_NOISE: Final = 9.99  # that is printed; more says no more
_ROOM: Final = 1.2  # of its size, that a copy of a file needs
_ROOM_ON_SERVER: Final = 2.0  # the same of a copy on a server, with what it writes beside


def main() -> int:
    """Make the registers, measure them, print the tables."""
    said = _parser().parse_args()
    effort = Effort(said.seconds, said.rounds) if said.seconds else _QUICK if said.quick else _WHOLE
    sizes = said.people or ([_SMALL] if said.quick else [_SMALL, _LARGE, *([_LARGEST] if said.million else [])])
    databases = ["sqlite"] if said.quick and not said.database else said.database or ["sqlite", "postgresql"]
    print(results.machine(), flush=True)
    measured = [one for database in databases for one in _database(database, sizes, effort, said)]
    run = results.this_run(measured)
    _say("below what is demanded:", list(floors.missed(run)) if not said.only else [])
    before = results.load(said.against) if said.against.exists() else None
    slower = list(results.slower(run, before)) if before else []
    if before:
        print(f"\nThis run {results.agreement(run, before)}")
    _say(f"slower than in {said.against.name}:", slower)
    if said.keep:
        results.save(run, said.keep)
    if said.save:
        _keep(results.together(before, run) if said.add and before else run)
    elif said.confirm and before:
        of = " and ".join(f"{one.people:,} people on {one.database}" for one in run.measured)
        told = f"Another run, on {run.on}, of {of}, {results.agreement(run, before)}"
        reached = (*before.reached, *floors.reached(run))
        _keep(replace(before, again=f"{before.again} {told}".strip(), reached=reached))
    return 1 if slower else 0


def _keep(run: results.Run) -> None:
    results.save(run, results.KEPT)
    report.write(run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute: 1,000 people on SQLite, short slices")
    parser.add_argument(
        "--million", action="store_true", help="1,000,000 people too: an hour and 60 GB of disk at first"
    )
    parser.add_argument("--people", type=int, action="append", help="a register of this size; repeat for several")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append", help="this one only")
    parser.add_argument("--only", default="", help="cases that hold this text, and neither exports nor writes")
    parser.add_argument("--seconds", type=float, help="how long a slice takes")
    parser.add_argument("--rounds", type=int, default=_WHOLE.rounds, help="how many slices of each")
    parser.add_argument("--against", type=Path, default=results.KEPT, help="say what is slower than in this file")
    parser.add_argument("--keep", type=Path, help="keep the figures in this file")
    parser.add_argument("--save", action="store_true", help="keep them in bench/results and write docs/performance.md")
    parser.add_argument("--add", action="store_true", help="with --save: what is kept of other registers stays")
    parser.add_argument("--confirm", action="store_true", help="write beside the kept figures how far these agree")
    return parser


def _database(database: str, sizes: Sequence[int], effort: Effort, said: argparse.Namespace) -> Iterator[Measured]:
    if database == "sqlite":
        for people in sizes:
            yield _measured("SQLite", people, registers.address(registers.made(people)), effort, said)
        return
    with postgres.served() as server:
        if server is None:
            print("\nThere is no PostgreSQL here; install it, or name a server in VESTKA_TEST_POSTGRES_URL.")
            return
        for people in sizes:
            file = registers.made(people)
            if registers.room() < file.stat().st_size * _ROOM_ON_SERVER:
                print(f"There is no room for {people:,} people on PostgreSQL.", flush=True)
                continue
            with postgres.copied(file, server) as url:
                yield _measured("PostgreSQL", people, url, effort, said)


def _measured(database: str, people: int, url: str, effort: Effort, said: argparse.Namespace) -> Measured:
    print(f"\n{people:,} people, {database}, one worker", flush=True)
    print(f"{'':38}{'bytes':>9}{'req/s':>9}{'ratio':>8}{'noise':>7}{'CPU':>7}{'p50 ms':>9}{'p95':>8}{'p99':>8}")
    found = Measured(database, people, on=results.now())
    with running(url) as servers:
        for server in (servers.hot, servers.cold):  # what a start does behind it is over before anything is measured
            Reader(server.base).json("/v1/persons?q=Annastassijja")
        cases = [case for case in cases_of(servers.cold.base) if said.only in case.name]
        found.rows = measure(servers, cases, effort, _print)
        if not said.only:
            found.export = copying.export(servers, url, effort)
            _print(found.export.row)
            print(f"{'':38}{found.export.records:,} records, {found.export.memory / 1e6:.1f} MB of memory more")
            print(f"{'':38}{found.export.raw / found.export.seconds:.2f} of the rate at which its rows are read raw")
    if not said.only:
        _write(found, url, effort)
    return found


def _write(found: Measured, url: str, effort: Effort) -> None:
    """Measure writes, on a copy that is thrown away."""
    file = Path(url.partition("///")[2])
    if url.startswith("sqlite") and registers.room() < file.stat().st_size * _ROOM:
        print("There is no room for a copy to write to.", flush=True)
        return
    with _copy(url) as copy, register(copy) as server:
        key = new_key(copy, "admin")
        for one in writing.rates(server, key, effort.seconds * effort.rounds):
            found.writes.append(one)
            print(f"{one.way:38}{one.records:>18,.0f} records a second", flush=True)
        for beside in writing.disturbed(server, key, effort):
            found.disturbed.append(beside)
            words = f"{beside.read}, {beside.way} ten times a second"
            noise = min(beside.noise, _MOST_NOISE)
            print(f"{words:56}{beside.left:>8.0%} left, ±{noise:.0%}, {beside.writes:.0f} writes", flush=True)


@contextmanager
def _copy(url: str) -> Iterator[str]:
    """Give what may be written to: a copy of a file; a database on a server is one already."""
    if url.startswith("sqlite"):
        with registers.copied(Path(url.partition("///")[2])) as copy:
            yield copy
    else:
        yield url


def _print(row: Row) -> None:
    noise = min(row.noise, _MOST_NOISE)
    print(
        f"{row.case:38}{row.size:>9,}{row.requests:>9,.0f}{row.ratio:>8.3g}{noise:>7.0%}{row.cpu:>7.2f}"
        f"{row.p50:>9.2f}{row.p95:>8.2f}{row.p99:>8.2f}",
        flush=True,
    )


def _say(words: str, lines: Sequence[str]) -> None:
    if lines:
        print("\n".join(["", words, *lines]))


if __name__ == "__main__":
    sys.exit(main())
