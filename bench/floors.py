"""What is demanded of 100,000 people on SQLite, and what a run reached of it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from bench.results import Measured, Reached, Run

_OF: Final = ("SQLite", 100_000)
_MB: Final = 1e6
_Figure = tuple[float, float]  # and its noise


class _Demand(NamedTuple):
    """What is demanded: at least so much of the reference or of a rate, or at most so many of something."""

    what: str
    bound: float
    found: Callable[[Measured], _Figure | None]
    most: bool = False

    def holds(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound


def _ratio(case: str, measured: Measured) -> _Figure | None:
    row = measured.row(case)
    return (row.ratio, row.noise) if row else None


def _milliseconds(quantile: str, measured: Measured) -> _Figure | None:
    row = measured.row("different names, one by one")
    return (getattr(row, quantile), 0.0) if row else None


def _memory(measured: Measured) -> _Figure | None:
    return (measured.export.memory / _MB, 0.0) if measured.export else None


def _left(measured: Measured) -> _Figure | None:
    return min(((one.left, one.noise) for one in measured.disturbed), default=None)


_RATIOS: Final = {
    "one person, ready": 0.60,
    "different persons, from the database": 0.30,
    "one person, 304": 0.70,
    "list of 50, ready": 0.60,
    "list of 50, from the database": 0.20,
    "a name again": 0.60,
    "feed page of 500, from the start": 0.12,
    "export of everything": 0.35,
}
_DEMANDS: Final = (
    *(_Demand(case, bound, partial(_ratio, case)) for case, bound in _RATIOS.items()),
    _Demand("different names, one by one: p50, ms", 15, partial(_milliseconds, "p50"), most=True),
    _Demand("different names, one by one: p95, ms", 45, partial(_milliseconds, "p95"), most=True),
    _Demand("export of everything: memory more, MB", 16, _memory, most=True),
    _Demand("the least that ten writes a second leave", 0.5, _left),
)


def reached(run: Run) -> tuple[Reached, ...]:
    """Give what a run reached, if it measured that register."""
    measured = run.of(*_OF)
    if measured is None:
        return ()
    found = {demand.what: figure for demand in _DEMANDS if (figure := demand.found(measured)) is not None}
    return (Reached(measured.on or run.on, found),)


def missed(run: Run) -> Iterator[str]:
    """Say which demands a run did not meet."""
    for one in reached(run):
        for demand in _DEMANDS:
            value, _ = one.figures.get(demand.what, (demand.bound, 0.0))
            if not demand.holds(value):
                yield f"{demand.what}: {value:.3g}, {_bound(demand)} is demanded"


def rows(run: Run) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Give the head and the rows of a table of what this run reached, and others beside it; none without any."""
    runs = [*reached(run), *run.reached]
    head = ("", "demanded", *(one.on for one in runs))
    return head, [_row(demand, runs) for demand in _DEMANDS if any(demand.what in one.figures for one in runs)]


def _row(demand: _Demand, runs: Sequence[Reached]) -> Sequence[str]:
    return demand.what, _bound(demand), *(_cell(demand, one) for one in runs)


def _cell(demand: _Demand, one: Reached) -> str:
    if demand.what not in one.figures:
        return "–"
    value, noise = one.figures[demand.what]
    said = f"{value:.3g}" + (f" ±{noise:.0%}" if noise else "")
    return said if demand.holds(value) else f"**{said}**"


def _bound(demand: _Demand) -> str:
    return f"at {'most' if demand.most else 'least'} {demand.bound:g}"
