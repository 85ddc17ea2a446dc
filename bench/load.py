"""Sends requests as fast as they are answered, and tells how fast that was."""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONNECTIONS: Final = 16
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """What a run reached: requests a second, and times to answer in milliseconds."""

    requests: float
    p50: float
    p99: float


def median(rates: Sequence[Rate]) -> Rate:
    """Give the medians over several runs."""
    return Rate(*(statistics.median(getattr(rate, name) for rate in rates) for name in ("requests", "p50", "p99")))


def spread(rates: Sequence[Rate]) -> float:
    """Give how far the runs lie apart: the largest rate over the smallest."""
    return max(rate.requests for rate in rates) / min(rate.requests for rate in rates)


def run(base: str, paths: Sequence[str], seconds: float, headers: Mapping[str, str] | None = None) -> Rate:
    """Ask for the paths in turn over 16 connections; raises ``RuntimeError`` when an answer is a problem."""
    if shutil.which("wrk") is None:
        sys.exit("bench: install wrk (Debian: apt-get install wrk); a client in Python would be the limit itself.")
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(_lua(paths, headers or {}))
        script.flush()
        command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script.name, base]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    wrong = re.search(r"WRONG (\d+)", said)
    if wrong and int(wrong[1]):
        raise RuntimeError(f"{wrong[1]} answers of {paths[0]} were problems")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    return Rate(float(found[1]) if found else 0.0, _latency(said, 50), _latency(said, 99))


def _lua(paths: Sequence[str], headers: Mapping[str, str]) -> str:
    listed = ",".join(f'"{path}"' for path in paths)
    said = "".join(f'wrk.headers["{name}"] = {json.dumps(value)}\n' for name, value in headers.items())
    return f"""{said}local paths = {{{listed}}}
local ready, i = {{}}, 0
init = function() for k, path in ipairs(paths) do ready[k] = wrk.format("GET", path) end end
request = function() i = i % #ready + 1; return ready[i] end
done = function(summary) io.write(string.format("WRONG %d\\n", summary.errors.status)) end
"""


def _latency(said: str, percent: int) -> float:
    found = re.search(rf"{percent}%\s+([0-9.]+)(us|ms|s)", said)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0


def resident(pid: int) -> int:
    """Give the private memory of a process in bytes (Linux: RssAnon)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
