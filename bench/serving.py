"""How fast requests are answered: each operation against a bare server that answers as many bytes, in one run.

Runs are interleaved and medians taken, as a shared machine is never quiet; only ratios carry over to another one.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import load

_ROOT: Final = Path(__file__).parents[1]
_NOISE: Final = 1.3  # runs of one case differ by this much on a shared machine
_MANY: Final = 2_000  # different requests, so that nothing is asked twice in a moment


@dataclass(frozen=True, slots=True)
class Case:
    """One operation: what is asked, and of which server, the one with ready answers or the one without."""

    name: str
    paths: Sequence[str]
    hot: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    bare: str | None = None  # what the bare server is asked for instead of as many bytes


@dataclass(frozen=True, slots=True)
class Row:
    """What a case reached."""

    case: str
    size: int
    rate: load.Rate
    ratio: float
    spread: float


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the servers that are measured."""

    bare: str
    hot: str
    cold: str

    def of(self, case: Case) -> str:
        return self.hot if case.hot else self.cold


def get(url: str, **headers: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:  # noqa: S310 - our own
        return json.load(answer)


def measure(servers: Servers, cases: Sequence[Case], seconds: float, rounds: int) -> list[Row]:
    """Measure every case, a run of it and one of the bare server in turn."""
    rows = []
    for case in cases:
        size = _size(servers.of(case) + case.paths[0])
        pairs = []
        for _ in range(rounds):
            bare = load.run(servers.bare, [case.bare or f"/{size}"], seconds)
            pairs.append((bare, load.run(servers.of(case), case.paths, seconds, case.headers)))
        ours = [pair[1] for pair in pairs]
        reference = load.median([pair[0] for pair in pairs]).requests
        rate = load.median(ours)
        rows.append(Row(case.name, size, rate, rate.requests / reference, load.spread(ours)))
        _print(rows[-1])
    return rows


def _size(url: str) -> int:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
        return len(answer.read())


def _print(row: Row) -> None:
    rate = row.rate
    print(
        f"{row.case:34}{row.size:>9,}{rate.requests:>10,.0f}{row.ratio:>8.2f}{rate.p50:>9.2f}{rate.p99:>9.2f}"
        f"{row.spread:>8.1f}",
        flush=True,
    )


def cases_of(base: str) -> list[Case]:
    """Give the cases for the register that a server has, with ids and names taken from it."""
    people = _everybody(base)
    ids = [person["id"] for person in people]
    person = f"/v1/persons/{ids[0]}"
    with urllib.request.urlopen(base + person, timeout=60) as answer:  # noqa: S310 - our own
        tag = answer.headers["ETag"]
    article = next(n for p in people for n in p["situation"]["articles"])
    place = next(p["situation"]["facility_id"] for p in people if p["situation"].get("facility_id"))
    cursor = _cursor(base, pages=3)
    names = [p["names"][0]["full"].replace(" ", "+") for p in people]
    return [
        Case("person, ready", [person], hot=True),
        Case("person, from the database", [f"/v1/persons/{i}" for i in ids]),
        Case("person, 304", [person], hot=True, headers={"If-None-Match": tag}, bare="/304"),
        Case("list of 50, ready", ["/v1/persons?limit=50"], hot=True),
        Case("list of 50, from the database", ["/v1/persons?limit=50"]),
        Case("list of 50, page 4", [f"/v1/persons?limit=50&cursor={cursor}"]),
        *(Case(f"list by {name}", [f"/v1/persons?{query}"]) for name, query in _filters(article, place)),
        Case("facets by article", [f"/v1/persons/facets?article={article}"]),
        Case("name, ready", [f"/v1/persons?q={_quoted(names[0])}"], hot=True),
        Case("names, all different", [f"/v1/persons?q={_quoted(name)}" for name in names]),
        Case("case file", [f"/v1/persons/{i}/file" for i in ids]),
        Case("feed page of 500", ["/v1/changes?limit=500"]),
    ]


def _filters(article: str, place: str) -> Iterator[tuple[str, str]]:
    yield "article", f"article={article}"
    yield "facility", f"facility={place}"
    yield "status", "status=imprisoned"
    yield "article and status", f"article={article}&status=imprisoned"
    yield "birth month", "birth_month=5"
    yield "country", "country=BY"


def _quoted(name: str) -> str:
    return urllib.request.quote(name, safe="+")  # type: ignore[attr-defined,no-any-return]  # re-exported by urllib


def _everybody(base: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    url = "/v1/persons?limit=200"
    while len(found) < _MANY:
        page = get(base + url)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        url = f"/v1/persons?limit=200&cursor={page['next_cursor']}"
    return found


def _cursor(base: str, pages: int) -> str:
    cursor = ""
    for _ in range(pages):
        cursor = get(f"{base}/v1/persons?limit=50" + (f"&cursor={cursor}" if cursor else ""))["next_cursor"] or cursor
    return cursor


@contextmanager
def served(command: Sequence[str], port: int, path: str, **settings: str) -> Iterator[str]:
    """Run a server while the block runs."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), **settings}
    process = subprocess.Popen([sys.executable, "-P", "-m", *command], env=environment, cwd=_ROOT, **quiet)  # type: ignore[call-overload]  # noqa: S603 - our own
    base = f"http://127.0.0.1:{port}"
    try:
        _await(base + path, process)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own
        except OSError:
            if process.poll() is not None:
                sys.exit(f"bench: the server for {url} stopped with {process.returncode}")
            time.sleep(0.1)
        else:
            return
    sys.exit(f"bench: nothing answers at {url}")


@contextmanager
def running(url: str) -> Iterator[Servers]:
    """Run the bare server and two of the register's: limits on, but set so that nobody is told to wait."""
    many = "1000000000"
    said = {"VESTKA_DATABASE_URL": url, "VESTKA_RATE_LIMIT_PUBLIC": many, "VESTKA_SEED": "false"}
    with ExitStack() as stack:
        bare = ["uvicorn", "bench.bare:app", "--port", "8191", "--no-access-log", "--log-level", "error"]
        serve = ["app.cli", "serve", "--port"]
        yield Servers(
            stack.enter_context(served(bare, 8191, "/1")),
            stack.enter_context(served([*serve, "8192"], 8192, "/healthz", **said)),
            stack.enter_context(served([*serve, "8193"], 8193, "/healthz", **said, VESTKA_HOT_CACHE_MB="0")),
        )


def made(people: int, url: str) -> None:
    """Fill a database with invented people, if it is empty."""
    subprocess.run([sys.executable, "-P", "-m", "bench.people", str(people), "--url", url], cwd=_ROOT, check=True)  # noqa: S603 - our own


def compared(rows: Sequence[Row], file: Path) -> Iterator[str]:
    """Say which cases got slower than in a saved run, by more than such runs differ anyway."""
    before = {row["case"]: row["ratio"] for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    for row in rows:
        was = before.get(row.case)
        if was and row.ratio * _NOISE < was:
            yield f"{row.case}: {was:.2f} before, {row.ratio:.2f} now"


def main() -> int:
    """Make a register, measure it, print the table."""
    parser = argparse.ArgumentParser(prog="bench serving", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000, help="the size of the register")
    parser.add_argument("--url", help="the database to use (default: a temporary SQLite file)")
    parser.add_argument("--seconds", type=float, default=2, help="how long a run takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is run")
    parser.add_argument("--only", default="", help="cases that hold this text")
    parser.add_argument("--save", type=Path, help="keep the figures in this file")
    parser.add_argument("--against", type=Path, help="say what is slower than in this file")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vestka-bench-") as folder:
        url = said.url or f"sqlite+aiosqlite:///{folder}/bench.db"
        made(said.people, url)
        today = datetime.now(UTC).date()
        print(f"\n{said.people:,} people, {url.partition('+')[0]}, one worker, {platform.machine()}, {today}")
        print(f"{'':34}{'bytes':>9}{'req/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'spread':>8}")
        with running(url) as servers:
            cases = [case for case in cases_of(servers.cold) if said.only in case.name]
            rows = measure(servers, cases, said.seconds, said.rounds)
    if said.save:
        kept = [{"case": row.case, "ratio": row.ratio} for row in rows]
        said.save.write_text(json.dumps({"people": said.people, "rows": kept}, indent=1) + "\n", encoding="utf-8")
    slower = list(compared(rows, said.against)) if said.against else []
    print("\n".join(["", "slower than before:", *slower]) if slower else "")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
