"""Writes `docs/performance.md` of a run."""

import statistics
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import floors
from bench.measuring import MOST_NOISE, Row, growth
from bench.results import Measured, Run
from bench.servers import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
_MB: Final = 1e6
_FIRST: Final = "SQLite"
_INTRODUCTION: Final = """\
# Performance

Made by `python3 run.py bench --save` on {on}: {machine}.
The people are invented; the server is one worker with keys, visibility, limits and headers on.

Every operation is measured against a bare uvicorn on the same machine that answers fixed bytes of the same size, a
slice of one and a slice of the other in turn, over 16 connections that each wait for their answer; over one, where an
answer takes the server's whole time: facets, and lists of another day. **Ratio** is the rate of the one divided by the
rate of the other; it carries over to other machines, the rates do not. **CPU** is the same of the processor time that
the server spends on an answer: client and server share the machine here, so it tells more where the client is what
limits. Times are from request to whole answer, in milliseconds. *Ready* is an answer that is kept in memory, *from the
database* one with `VESTKA_HOT_CACHE_MB=0`.

**Noise** is by how much the ratio may differ in another run, three standard errors of the difference of two; a
difference within it says nothing. Where it says *more*, others used the machine so much that the ratio says nothing,
and CPU is what is left to read. `python3 run.py bench` says what got slower than here beyond the noise of both.

**Bare** is the rate of the reference beside it. Where it is far from that of rows with about as many bytes, something
happened to the reference and not to the register: there the rates are what to compare, not the ratios.
"""


def write(run: Run, page: Path = PAGE) -> None:
    """Write the page."""
    parts = [_INTRODUCTION.format(on=run.on, machine=run.machine)]
    if run.again:
        parts.append(textwrap.fill(run.again, 120, break_on_hyphens=False) + "\n")
    parts += _demands(run)
    parts += [part for one in run.measured for part in (_register(one), *_beside(run, one))]
    parts += _growths(run)
    page.write_text("\n".join(parts), encoding="utf-8")


def _demands(run: Run) -> Iterator[str]:
    head, rows = floors.rows(run)
    if rows:
        yield "## What is demanded of 100,000 people on SQLite\n"
        yield "Runs on other days met other machines and neighbours; what is below the demand is written **so**.\n"
        yield table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown; every column but the first stands to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _register(measured: Measured) -> str:
    rows = [*measured.rows, *([measured.export.row] if measured.export else [])]
    head = ("", "bytes", "a second", "bare", "ratio", "noise", "CPU", "p50", "p95", "p99")
    parts = [f"## {measured.people:,} people, {measured.database}\n"]
    if measured.on:
        parts.append(f"Measured on {measured.on}.\n")
    parts.append(table(head, [_cells(row) for row in rows]))
    if measured.export:
        parts.append(_exported(measured))
    if measured.writes:
        parts.append(_writes(measured))
    if measured.disturbed:
        parts.append(_disturbed(measured))
    return "\n".join(parts)


def _beside(run: Run, measured: Measured) -> Iterator[str]:
    """Say how far another database comes with the cases of the same register on SQLite."""
    other = run.of(_FIRST, measured.people)
    if other is None or measured.database == _FIRST:
        return
    rows = [(row, other.row(row.case)) for row in (*measured.rows, *([measured.export.row] if measured.export else []))]
    shares = {row.case: row.requests / there.requests for row, there in rows if there}
    if shares:
        least = min(shares, key=shares.__getitem__)
        half = statistics.median(shares.values())
        said = f"{shares[least]:.2f} ({least}), and {half:.2f} or more in half of the cases."
        yield f"Of the rate on {_FIRST}, {measured.database} has at least {said}\n"


def _cells(row: Row) -> tuple[str, ...]:
    times = (f"{one:.2f}" if one < 100 else f"{one:,.0f}" for one in (row.p50, row.p95, row.p99))  # noqa: PLR2004 - digits
    rates = (
        f"{rate:,.0f}" if rate > 10 else f"{rate:.2g}"  # noqa: PLR2004 - a few are told with a digit more
        for rate in (row.requests, row.requests / row.ratio)
    )
    ratio = f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.2g}"  # noqa: PLR2004 - digits
    cpu = "–" if not row.cpu else f"{row.cpu:.2f}" if row.cpu >= 0.1 else f"{row.cpu:.2g}"  # noqa: PLR2004 - digits
    return (row.case, f"{row.size:,}", *rates, ratio, _noise(row.noise), cpu, *times)


def _noise(noise: float) -> str:
    return f"±{noise:.0%}" if noise < MOST_NOISE else "more"


def _exported(measured: Measured) -> str:
    found = measured.export
    if found is None:
        return ""
    return (
        f"The export held {found.records:,} records and {found.row.size / _MB:,.0f} MB; it took {found.seconds:.2f} s, "
        f"{found.records / found.seconds:,.0f} records a second, and at most {found.memory / _MB:.1f} MB of private "
        f"memory more. The first one, behind which the server makes blocks of lines, took {found.first:.2f} s. The "
        f"same rows read one by one by the driver and nothing else took {found.raw:.2f} s: the export reaches "
        f"{found.raw / found.seconds:.2f} of that.\n"
    )


def _writes(measured: Measured) -> str:
    base = measured.writes[0].records
    rows = [(one.way, f"{one.records:,.0f}", f"{one.records / base:.1f}") for one in measured.writes]
    return "Writes, one client that waits for each answer:\n\n" + table(
        ("", "records a second", f"against {measured.writes[0].way}"), rows
    )


def _disturbed(measured: Measured) -> str:
    rows = [
        (f"{one.read}, {one.way}", f"{one.writes:.0f}", f"{one.left:.0%}", _noise(one.noise))
        for one in measured.disturbed
    ]
    return "What is left of the rate of ready answers while somebody writes ten times a second:\n\n" + table(
        ("read, write", "writes a second", "left", "noise"), rows
    )


def _growths(run: Run) -> Iterator[str]:
    for database in dict.fromkeys(one.database for one in run.measured):
        small, *larger = sorted((one for one in run.measured if one.database == database), key=lambda one: one.people)
        for large in larger:
            yield f"## Growth from {small.people:,} to {large.people:,} people, {database}\n"
            apart = "" if small.on == large.on else f" They were measured in two runs: {small.on}; {large.on}."
            yield f"What an answer costs, as a multiple of what it costs in the smaller register.{apart}\n"
            rows = [(case, f"{cost:.2f}", _noise(noise)) for case, cost, noise in growth(small.rows, large.rows)]
            if small.export and large.export:
                each = [one.seconds / one.records for one in (small.export, large.export)]
                rows.append(("export, a record", f"{each[1] / each[0]:.2f}", _noise(large.export.row.noise)))
            yield table(("", "cost", "noise"), rows)
