"""The table of a run, on the terminal and as `docs/trust.md`."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.results import machine
from bench.servers import ROOT
from bench.trust.checks import REGISTRY, Check, Row

PAGE: Final = ROOT / "docs" / "trust.md"
_INTRODUCTION: Final = """\
# Trust

What SECURITY.md promises, tried by `python3 run.py trust --write`: {machine}, SQLite {sqlite}{postgres}. The registers
are invented. Each row is something that was tried, how much of it, and how much of that went wrong.
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
    """Write the page of a run; where not everything was tried, what else the page holds stays."""
    said = {"machine": machine(), "sqlite": sqlite3.sqlite_version}
    head = _INTRODUCTION.format(**said, postgres=f", PostgreSQL {postgres}" if postgres else "")
    names = dict.fromkeys(_title(one) for one in (*REGISTRY, *(check for check, _ in told)))
    sections = _sections(page.read_text(encoding="utf-8")) if page.exists() else {}
    sections |= {_title(check): _section(check, rows) for check, rows in told}
    page.write_text("\n".join([head, *(sections[name] for name in names if name in sections)]), encoding="utf-8")


def _title(check: Check) -> str:
    return check.name[0].upper() + check.name[1:]


def _sections(text: str) -> dict[str, str]:
    """Give the sections that a page has, by their titles."""
    _, *found = text.split("\n## ")
    return {section.partition("\n")[0]: f"## {section.rstrip()}\n" for section in found}


def _section(check: Check, rows: Sequence[Row]) -> str:
    lines = [f"## {_title(check)}", "", f"{check.promise} (Tried on {datetime.now(UTC):%Y-%m-%d}.)", ""]
    lines += ["| | on | tried | went wrong | |", "|---|---|---:|---:|---|"]
    for row in rows:
        counts = f"{row.tried:,} {row.unit} | {row.wrong:,} {row.fault}"
        lines.append(f"| {row.what} | {row.on} | {counts} | {row.note} |")
    return "\n".join([*lines, ""])
