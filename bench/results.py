"""What was measured, as it is kept, and what got slower since."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.copying import Exported
from bench.measuring import Row
from bench.servers import ROOT
from bench.writing import Disturbed, Written

KEPT: Final = Path(__file__).parent / "results" / "performance.json"


@dataclass(slots=True)
class Measured:
    """All that was measured of one register."""

    database: str
    people: int
    rows: list[Row] = field(default_factory=list)
    export: Exported | None = None
    writes: list[Written] = field(default_factory=list)
    disturbed: list[Disturbed] = field(default_factory=list)
    on: str = ""  # when, and of which code

    def row(self, case: str) -> Row | None:
        """Give the row of a case."""
        rows = [*self.rows, *([self.export.row] if self.export else [])]
        return next((row for row in rows if row.case == case), None)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a run reached of what is demanded: when and of which code, and each figure with its noise."""

    on: str
    figures: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run: when, on what, and what came of it."""

    on: str
    machine: str
    measured: Sequence[Measured]
    again: str = ""  # how far another run agreed
    reached: tuple[Reached, ...] = ()  # what other runs reached

    def of(self, database: str, people: int) -> Measured | None:
        """Give what was measured of a register."""
        return next((one for one in self.measured if (one.database, one.people) == (database, people)), None)


def this_run(measured: Sequence[Measured]) -> Run:
    """Give the run that was just made."""
    said = f"{machine()}, load average {os.getloadavg()[2]:.0f}"
    return Run(datetime.now(UTC).date().isoformat(), said, measured)


def now() -> str:
    """Give the day, and the commit of the code where it is known."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    try:
        commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - as written
    except (OSError, subprocess.CalledProcessError):
        return datetime.now(UTC).date().isoformat()
    return f"{datetime.now(UTC).date().isoformat()}, code of {commit}"


def together(kept: Run, now: Run) -> Run:
    """Give a run with what was measured now, and what is kept of other registers.

    What other runs of it came to is no matter any more.
    """
    others = [one for one in kept.measured if now.of(one.database, one.people) is None]
    for one in others:
        one.on = one.on or kept.on
    databases = list(dict.fromkeys(one.database for one in (*kept.measured, *now.measured)))
    measured = sorted([*others, *now.measured], key=lambda one: (databases.index(one.database), one.people))
    if others != kept.measured:
        return replace(now, measured=measured)
    return replace(now, measured=measured, again=kept.again, reached=kept.reached)


def machine() -> str:
    """Say what kind of machine this is, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    said = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors, {memory:.0f} GB"
    return f"{said}, Python {platform.python_version()}"


def save(run: Run, file: Path) -> None:
    """Keep a run, its figures without digits that say nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_short(asdict(run)), indent=1) + "\n", encoding="utf-8")


def _short(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def load(file: Path) -> Run:
    """Read a run that was kept."""
    said = json.loads(file.read_text(encoding="utf-8"))
    reached = tuple(
        Reached(one["on"], {what: (value, noise) for what, (value, noise) in one["figures"].items()})
        for one in said.get("reached", ())
    )
    measured = [_measured(one) for one in said["measured"]]
    return Run(said["on"], said["machine"], measured, said.get("again", ""), reached)


def _measured(said: Mapping[str, Any]) -> Measured:
    export = said["export"]
    return Measured(
        said["database"],
        said["people"],
        [Row(**row) for row in said["rows"]],
        Exported(**{**export, "row": Row(**export["row"])}) if export else None,
        [Written(**one) for one in said["writes"]],
        [Disturbed(**one) for one in said["disturbed"]],
        said.get("on", ""),
    )


def compared(now: Run, before: Run) -> Iterator[tuple[str, Row, Row]]:
    """Give each case that is in both runs: of which register, as it was, as it is."""
    for measured in now.measured:
        known = before.of(measured.database, measured.people)
        for row in [*measured.rows, *([measured.export.row] if measured.export else [])]:
            was = known.row(row.case) if known else None
            if was is not None:
                yield f"{measured.database}, {measured.people:,}", was, row


def agreement(now: Run, before: Run) -> str:
    """Say in how many cases two runs agree within the noise of both, and how far apart the others are."""
    cases = list(compared(now, before))
    others = [
        f"{register} people, {row.case} ({was.ratio:.3g} and {row.ratio:.3g})"
        for register, was, row in cases
        if max(row.ratio, was.ratio) > min(row.ratio, was.ratio) * (1 + row.noise) * (1 + was.noise)
    ]
    said = f"agrees in {len(cases) - len(others)} of {len(cases)} cases within the noise of both"
    return f"{said}; not in {', '.join(others)}." if others else f"{said}."


def slower(now: Run, before: Run) -> Iterator[str]:
    """Say which cases got slower than in an earlier run, by more than the noise of both."""
    for register, was, row in compared(now, before):
        if row.ratio * (1 + row.noise) * (1 + was.noise) < was.ratio:
            yield f"{register}: {row.case}: {was.ratio:.3g} of the reference before, {row.ratio:.3g} now"
