"""The table of a run, on the terminal and as `docs/trust.md`."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.results import machine
from bench.servers import ROOT
from bench.trust.checks import Check, Row

PAGE: Final = ROOT / "docs" / "trust.md"
_INTRODUCTION: Final = """\
# Trust

What SECURITY.md promises, tried by `python3 run.py trust --write` on {on}: {machine}, SQLite {sqlite}{postgres}.
The registers are invented. Each row is something that was tried, how much of it, and how much of that went wrong.
What of it protects against which risk, and which test shows it on every change, says [security.md](security.md).
"""
Told = Sequence[tuple[Check, Sequence[Row]]]


def printed(check: Check, rows: Sequence[Row]) -> str:
    """Write a check's rows for a terminal."""
    lines = [f"\n{check.name}: {check.promise}"]
    for row in rows:
        mark = "!!" if row.wrong else "ok"
        counts = f"{row.tried:>9,} {row.unit}, {row.wrong:,} {row.fault}"
        lines.append(f"  {mark} {row.what:44.44} {row.on:11}{counts}" + (f"  ({row.note})" if row.note else ""))
    return "\n".join(lines)


def write(told: Told, postgres: str | None, page: Path = PAGE) -> None:
    """Write the page of a run."""
    said = {"on": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "sqlite": sqlite3.sqlite_version}
    head = _INTRODUCTION.format(**said, postgres=f", PostgreSQL {postgres}" if postgres else "")
    page.write_text("\n".join([head, *_sections(told)]), encoding="utf-8")


def _sections(told: Told) -> Iterator[str]:
    for check, rows in told:
        yield f"## {check.name[0].upper()}{check.name[1:]}\n\n{check.promise}\n"
        yield "| | on | tried | went wrong | |\n|---|---|---:|---:|---|"
        for row in rows:
            counts = f"{row.tried:,} {row.unit} | {row.wrong:,} {row.fault}"
            yield f"| {row.what} | {row.on} | {counts} | {row.note} |"
        yield ""
