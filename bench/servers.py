"""The servers that are measured, each a process of its own on a port of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_PATIENCE: Final = 300.0  # a large register may have to be brought to today first
_NO_LIMIT: Final = "1000000000"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers at an address."""

    base: str
    process: int


@dataclass(frozen=True, slots=True)
class Servers:
    """The reference, and the register twice: with ready answers and without."""

    bare: Server
    hot: Server
    cold: Server


@contextlib.contextmanager
def served(command: Sequence[str], port: int, path: str, **settings: str) -> Iterator[Server]:
    """Run a server while the block runs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
    words = [sys.executable, "-P", "-m", *command]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(words, env=environment, cwd=ROOT, **quiet)  # type: ignore[call-overload]  # noqa: S603 - our own
    server = Server(f"http://127.0.0.1:{port}", process.pid)
    try:
        _await(server.base + path, process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def bare() -> contextlib.AbstractContextManager[Server]:
    """Run the reference: the same server program, an application that answers fixed bytes."""
    port = free_port()
    command = ["uvicorn", "bench.bare:app", "--port", str(port), "--no-access-log", "--log-level", "error"]
    return served(command, port, "/1")


def register(url: str, **settings: str) -> contextlib.AbstractContextManager[Server]:
    """Run the register: limits on, but set so that nobody is told to wait."""
    port = free_port()
    limits = {"VESTKA_RATE_LIMIT_PUBLIC": _NO_LIMIT, "VESTKA_RATE_LIMIT_KEY": _NO_LIMIT}
    said = {"VESTKA_DATABASE_URL": url, "VESTKA_SEED": "false", **limits, **settings}
    return served(["app", "serve", "--port", str(port)], port, "/readyz", **said)


@contextlib.contextmanager
def running(url: str) -> Iterator[Servers]:
    """Run the reference and two servers of one register."""
    with bare() as reference, register(url) as hot, register(url, VESTKA_HOT_CACHE_MB="0") as cold:
        yield Servers(reference, hot, cold)


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def new_key(url: str, *scopes: str) -> dict[str, str]:
    """Make a key as an operator does, and give the header that sends it."""
    asked = [word for scope in scopes for word in ("--scope", scope)]
    command = [sys.executable, "-P", "-m", "app", "key", "create", "--owner", "bench", *asked]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url}
    made = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own
        except OSError:
            if process.poll() is not None:
                sys.exit(f"bench: the server for {url} stopped with {process.returncode}")
            time.sleep(0.1)
        else:
            return
    sys.exit(f"bench: nothing answers at {url}")
