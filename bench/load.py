"""Sends requests as fast as they are answered, and tells how fast that was.

One thread, sockets and `poll`, nothing in between: an answer costs this client about 10 µs, a fraction of what the
fastest server here needs for it. An event loop would cost more than the server.
"""

import gc
import re
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

CONNECTIONS: Final = 16
_PATIENCE: Final = 60.0  # seconds without any answer after which a server counts as stuck
_LENGTH: Final = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)
_BODILESS: Final = {b"204", b"304"}


class WrongAnswer(Exception):  # noqa: N818 - what is said to whoever measures
    """A server answered something else than what was measured."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a run reached: requests a second, times to answer in milliseconds, processor time in microseconds.

    ``cpu`` is what the server spent on an answer; on a machine that others use too, it tells more than the rate.
    """

    requests: float
    p50: float
    p95: float
    p99: float
    cpu: float


def median(rates: Sequence[Rate]) -> Rate:
    """Give the medians over several runs."""
    return Rate(*(statistics.median(getattr(rate, name) for rate in rates) for name in Rate.__slots__))


def request(path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request as it is sent."""
    said = {"Host": "bench", **(headers or {}), **({"Content-Length": str(len(body))} if body else {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Connection:
    """One connection, with one request under way."""

    __slots__ = ("_left", "begun", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, _PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = 0
        self.begun = 0.0

    def ask(self, asked: bytes) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(asked)

    def take(self, room: bytearray, expected: bytes) -> bool:
        """Take what has arrived; tell whether the answer is whole."""
        count = self.socket.recv_into(room)
        if not count:
            raise WrongAnswer("the server hung up")
        if self._left:
            self._left -= count
            return not self._left
        # A head comes in one piece: servers write it at once, and it is small.
        end = room.find(b"\r\n\r\n", 0, count) + 4
        status = bytes(room[9:12])
        if status != expected:
            raise WrongAnswer(f"{status.decode(errors='replace')}: {bytes(room[end:count])[:300]!r}")
        length = _LENGTH.search(room, 0, end)
        if length is None and status not in _BODILESS:
            raise WrongAnswer("an answer of unknown length")
        self._left = (int(length[1]) if length else 0) - (count - end)
        return not self._left


def run(
    base: str,
    asked: Sequence[bytes],
    seconds: float,
    *,
    expected: int = 200,
    connections: int = CONNECTIONS,
    process: int | None = None,
) -> Rate:
    """Ask in turn over a few connections for so long; raises ``WrongAnswer`` for another status."""
    place = urlsplit(base)
    address = (place.hostname or "", place.port or 80)
    following, status = cycle(asked), str(expected).encode()
    with _opened(address, connections) as opened, _undisturbed():
        before, started = spent(process), time.perf_counter()
        times = _asked(opened, lambda: next(following), status, started + seconds)
        took, cpu = time.perf_counter() - started, spent(process) - before
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
    p50, p95, p99 = (cuts[place] * 1000 for place in (49, 94, 98))
    return Rate(len(times) / took, p50, p95, p99, cpu / len(times) * 1e6)


def _asked(
    opened: Mapping[int, _Connection], following: Callable[[], bytes], status: bytes, until: float
) -> list[float]:
    poll, room, now = select.poll(), bytearray(1 << 20), time.perf_counter
    for number, connection in opened.items():
        poll.register(number, select.POLLIN)
        connection.ask(following())
    times: list[float] = []
    while opened:
        ready = poll.poll(_PATIENCE * 1000)
        if not ready:
            raise WrongAnswer(f"no answer within {_PATIENCE:.0f} s")
        for number, _ in ready:
            connection = opened[number]
            if connection.take(room, status):
                at = now()
                times.append(at - connection.begun)
                if at >= until:
                    return times
                connection.ask(following())
    return times


@contextmanager
def _opened(address: tuple[str, int], count: int) -> Iterator[dict[int, _Connection]]:
    opened = [_Connection(address) for _ in range(count)]
    try:
        yield {connection.socket.fileno(): connection for connection in opened}
    finally:
        for connection in opened:
            connection.socket.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def spent(process: int | None) -> float:
    """Give the processor time of a process's threads so far in seconds (Linux; 0 elsewhere)."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    try:
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9
    except OSError:
        return 0.0


def private_memory(process: int) -> int:
    """Give the private memory of a process in bytes (Linux: RssAnon; 0 elsewhere)."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
