"""A PostgreSQL for tests: the one that `VESTKA_TEST_POSTGRES_URL` names, or a throw-away one from the binaries at hand.

A throw-away server lives in a temporary folder, in memory where there is room, with fsync off. It is kept by a small
shell that waits on a pipe from the test run: when the run ends, however it ends, the pipe closes, and the shell stops
the server and removes the folder.
"""

import asyncio
import contextlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

OLDEST = 15
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own is made in it, for us alone
ROOM = 1 << 30
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
    "max_connections": "200",
    "max_wal_size": "128MB",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
}
KEEPER = """
trap '' HUP INT TERM
folder=$1; shift
"$@" </dev/null >"$folder/log" 2>&1 &
read -r _
kill -QUIT $!
wait
rm -rf "$folder"
"""


class PostgresError(Exception):
    """Tells why no server could be started."""


def named_server() -> str | None:
    """Returns the address of the server the environment names, as SQLAlchemy wants it."""
    url = os.environ.get("VESTKA_TEST_POSTGRES_URL")
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False) if url else None


def find_server() -> Path | None:
    """Finds the folder of `initdb` and `postgres` to use: the one named, else the newest of those installed."""
    named = os.environ.get("VESTKA_TEST_POSTGRES_BIN")
    if named:
        folders = [Path(named), Path(named) / "bin", Path(named) / "native" / "bin"]
    else:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
        on_path = shutil.which("postgres")
        folders = [*([Path(on_path).resolve().parent] if on_path else []), *folders]
    return next((folder for folder in folders if (folder / "initdb").exists() and version(folder) >= OLDEST), None)


def version(folder: Path) -> int:
    """Asks a server for its major version; 0 if there is none."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\d+", said)
    return int(found[0]) if found else 0


@dataclass
class Cluster:
    """A throw-away server that runs until it is stopped or this process ends."""

    folder: Path
    port: int
    password: str
    keeper: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """The address through the socket in its folder: the fastest, and closed to other users of the machine."""
        return f"postgresql+asyncpg://vestka@/postgres?host={self.folder}&port={self.port}"

    @property
    def tcp_url(self) -> str:
        """The address through the loopback interface, with a password."""
        return f"postgresql+asyncpg://vestka:{self.password}@127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        """Stops the server and removes its folder; does nothing the second time."""
        if self.keeper.stdin and not self.keeper.stdin.closed:
            self.keeper.stdin.close()
        self.keeper.wait(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(binaries: Path, place: Path | None = None, **settings: str) -> Cluster:
    """Starts a throw-away server and returns when it answers; tries again where somebody else has taken its port."""
    failures = []
    for _ in range(3):
        cluster = launch(binaries, place or memory(), settings)
        failure = wait_until_ready(cluster)
        if failure is None:
            return cluster
        cluster.stop()
        failures.append(failure)
    raise PostgresError(f"PostgreSQL in {binaries} does not start: {failures[-1]}")


def launch(binaries: Path, place: Path | None, settings: Mapping[str, str]) -> Cluster:
    """Makes a cluster in a temporary folder and lets the keeper start its server."""
    folder = Path(tempfile.mkdtemp(prefix="vestka-postgres-", dir=place))
    password = secrets.token_urlsafe(16)
    (folder / "password").write_text(password)
    identity = unprivileged()
    if identity:
        for path in (folder, folder / "password"):
            os.chown(path, identity["user"], identity["group"])
    initialise(binaries, folder, identity)
    return run(binaries, folder, password, settings)


def run(binaries: Path, folder: Path, password: str, settings: Mapping[str, str]) -> Cluster:
    """Lets the keeper start a server on the cluster in a folder."""
    port = free_port()
    said = {**SETTINGS, **settings, "port": str(port), "unix_socket_directories": str(folder)}
    options = [word for name, value in said.items() for word in ("-c", f"{name}={value}")]
    server = [str(binaries / "postgres"), "-D", str(folder / "data"), *options]
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(folder), *server],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the tests
        **unprivileged(),
    )
    return Cluster(folder, port, password, keeper)


def memory() -> Path | None:
    """Returns a folder in memory if there is room; a database is copied in 10 ms there, in 20 to 160 on a disk."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > ROOM and os.access(MEMORY, os.W_OK) else None
    except OSError:
        return None


def initialise(binaries: Path, folder: Path, identity: dict[str, Any]) -> None:
    """Runs initdb; C.UTF-8 orders and folds as servers in use do, and is on every Linux that is not very old."""
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    made = subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={folder / 'data'}",
            f"--pwfile={folder / 'password'}",
            f"--locale={locale}",
            "--encoding=UTF8",
            "--username=vestka",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--no-sync",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        check=False,
        **identity,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise PostgresError(f"initdb in {binaries} failed: {made.stderr.strip()}")


def unprivileged() -> dict[str, Any]:
    """Says as whom to run a server: root may not, so it is `postgres`, or `nobody` where there is none."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise PostgresError("there is neither a user postgres nor nobody to run PostgreSQL as; it refuses to run as root")


def free_port() -> int:
    """Returns a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(cluster: Cluster) -> str | None:
    """Waits until the server writes that it takes connections; returns what it says if it does not."""
    deadline = time.monotonic() + 60
    log, state = cluster.folder / "log", cluster.folder / "data" / "postmaster.pid"
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if state.read_text().rstrip().endswith("ready"):
                return None
        with contextlib.suppress(FileNotFoundError):
            said = log.read_text()
            if "FATAL" in said:
                return said
        time.sleep(0.01)
    return "it is not ready after a minute"


class Admin:
    """One connection that makes and drops databases, for plain functions and fixtures.

    It has an event loop of its own, so it cannot be used from inside a coroutine.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        try:
            self._connection = self._runner.run(self._connect())
        except BaseException:
            self._runner.close()
            raise

    async def _connect(self) -> AsyncConnection:
        return await self._engine.connect()

    def execute(self, sql: str) -> None:
        """Runs a statement outside any transaction."""
        self._runner.run(self._connection.exec_driver_sql(sql))

    def column(self, sql: str) -> list[Any]:
        """Returns the first column of what a query finds."""
        return list(self._runner.run(self._connection.exec_driver_sql(sql)).scalars())

    def close(self) -> None:
        """Closes the connection."""
        self._runner.run(self._connection.close())
        self._runner.run(self._engine.dispose())
        self._runner.close()


def database_at(admin_url: str, name: str) -> str:
    """Returns the address of a database on the same server."""
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


def create_database(admin: Admin, name: str, template: str | None = None) -> str:
    """Makes a database, as a copy of another one if told so, and returns its address.

    Nobody may be connected to the other one. Its files are copied, which for small databases is faster than its log.
    """
    admin.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""))
    return database_at(admin.url, name)


def drop_database(admin: Admin, name: str) -> None:
    """Drops a database if it is there, whoever is still connected."""
    admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def databases(admin: Admin, prefix: str) -> list[str]:
    """Lists the databases whose names begin so."""
    return [name for name in admin.column("SELECT datname FROM pg_database") if name.startswith(prefix)]


@contextlib.contextmanager
def advisory_lock(admin: Admin, number: int) -> Iterator[None]:
    """Lets one of all processes that use this server do something at a time."""
    admin.column(f"SELECT pg_advisory_lock({number})::text")
    try:
        yield
    finally:
        admin.column(f"SELECT pg_advisory_unlock({number})::text")
