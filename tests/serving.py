"""A register as users run it: a process of its own, on a port of its own, that can be killed."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from app.core.access import make_key
from app.core.migrating import migrate
from app.parts import open_database

ROOT = Path(__file__).parents[1]
_PATIENCE = 60.0
_UNLIMITED = {"VESTKA_RATE_LIMIT_PUBLIC": "0", "VESTKA_RATE_LIMIT_KEY": "0"}  # tests hurry


@dataclass
class Served:
    """A server process and the address at which it answers."""

    process: "subprocess.Popen[bytes]"
    base: str

    @property
    def address(self) -> tuple[str, int]:
        place = urlsplit(self.base)
        return str(place.hostname), int(place.port or 0)

    def kill(self) -> None:
        """Kill it and its workers as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def served(
    url: str, *arguments: str, said: str = os.devnull, ready: str = "/readyz", **settings: str
) -> Iterator[Served]:
    """Run `vestka serve` on a database until the block ends; the file ``said`` takes what it says.

    It has begun when it answers at ``ready``.
    """
    port = free_port()
    command = [sys.executable, "-P", "-m", "app", "serve", "--port", str(port), "--no-seed", *arguments]
    environment = {**os.environ, **_UNLIMITED, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url, **settings}
    with Path(said).open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    running = Served(process, f"http://127.0.0.1:{port}")
    try:
        _await(running, ready)
        yield running
    finally:
        running.kill()


def _await(running: Served, path: str) -> None:
    until = time.monotonic() + _PATIENCE
    with httpx2.Client() as client:  # one for each question costs more than the server's start
        while time.monotonic() < until:
            with contextlib.suppress(httpx2.TransportError):
                if client.get(running.base + path).status_code == 200:
                    return
            assert running.process.poll() is None, "the server has stopped"
            time.sleep(0.05)
    raise TimeoutError("the server does not answer")


def run(url: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a `vestka` command on a database."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url, **settings}
    command = [sys.executable, "-P", "-m", "app", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)


def new_key(url: str, *scopes: str) -> dict[str, str]:
    """Make a key in a database that is migrated if need be, and give the header that sends it."""
    key, token = make_key("an invented owner", list(scopes))

    async def keep() -> None:
        database = open_database(url)
        async with database.write("tests") as session:
            session.add(key)
        await database.close()

    # In a thread, as there may be an event loop here.
    with ThreadPoolExecutor(max_workers=1) as aside:
        aside.submit(migrate, url).result()
        aside.submit(lambda: asyncio.run(keep())).result()
    return {"Authorization": f"Bearer {token}"}
