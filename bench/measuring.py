"""Measures operations against the reference, a slice of each in turn: what disturbs one disturbs the other."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench import load
from bench.cases import Case, Reader
from bench.servers import Server, Servers

_LEAST_NOISE: Final = 0.08
MOST_NOISE: Final = 1.0  # beyond this a ratio says nothing
_DEVIATIONS: Final = 3.0  # how far apart the medians of two runs may lie, in standard errors
_TO_DEVIATION: Final = 1.4826  # from the median absolute deviation to the standard deviation
_MEDIANS: Final = 1.2533  # the standard error of a median in that of a mean


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: slices of so many seconds, so often."""

    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Row:
    """What a case reached; ``ratio`` and ``cpu`` are its rate and its processor time against the reference's.

    ``noise`` is the part by which ``ratio`` may differ in another run, as the slices tell.
    """

    case: str
    size: int
    requests: float
    ratio: float
    noise: float
    p50: float
    p95: float
    p99: float
    cpu: float


def measure(servers: Servers, cases: Sequence[Case], effort: Effort, told: Callable[[Row], None]) -> list[Row]:
    """Measure every case."""
    rows = []
    for case in cases:
        rows.append(_measured(servers.bare, servers.hot if case.hot else servers.cold, case, effort))
        told(rows[-1])
    return rows


def _measured(bare: Server, server: Server, case: Case, effort: Effort) -> Row:
    size = _size(server, case)
    path = b"/304" if case.status == 304 else b"/%d" % size  # noqa: PLR2004 - the HTTP status
    reference = [b" ".join((method, path, rest)) for method, _, rest in (case.requests[0].split(b" ", 2),)]
    pairs = [
        (_run(bare, reference, case, effort), _run(server, case.requests, case, effort)) for _ in range(effort.rounds)
    ]
    rate = load.median([ours for _, ours in pairs])
    ratios = [ours.requests / base.requests for base, ours in pairs]
    spent = [base.cpu / ours.cpu if ours.cpu else 0.0 for base, ours in pairs]
    found = (statistics.median(ratios), noise_of(ratios), rate.p50, rate.p95, rate.p99, statistics.median(spent))
    return Row(case.name, size, rate.requests, *found)


def _run(server: Server, asked: Sequence[bytes], case: Case, effort: Effort) -> load.Rate:
    said = {"expected": case.status, "connections": case.connections, "process": server.process}
    return load.run(server.base, asked, effort.seconds, **said)


def _size(server: Server, case: Case) -> int:
    """Give the size of an answer, the mean of some; asked before, so that what is ready is ready."""
    reader = Reader(server.base)
    paths = [asked.split(b" ", 2)[1].decode() for asked in case.requests[:20]]
    return round(statistics.mean(len(reader.get(path).read()) for path in paths))


def noise_of(ratios: Sequence[float]) -> float:
    """Give the part by which the median of such ratios may differ between two runs."""
    logs = [math.log(ratio) for ratio in ratios]
    middle = statistics.median(logs)
    deviation = _TO_DEVIATION * statistics.median([abs(one - middle) for one in logs])
    error = math.sqrt(2) * _MEDIANS * deviation / math.sqrt(len(logs))
    return max(_LEAST_NOISE, math.expm1(_DEVIATIONS * error))


def growth(small: Sequence[Row], large: Sequence[Row]) -> Iterator[tuple[str, float, float]]:
    """Give what each case costs in a larger register, as a multiple of the smaller one's; and how sure that is."""
    before = {row.case: row for row in small}
    for row in large:
        if row.case in before:
            was = before[row.case]
            yield row.case, was.ratio / row.ratio, was.noise + row.noise
