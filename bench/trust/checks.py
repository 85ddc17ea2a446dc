"""What a check is, where it is carried out, and what it tells."""

import asyncio
import contextlib
import importlib
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, TypeVar

from app.core.migrating import migrate
from tests import postgres
from tests.databases import sqlite_address

_T = TypeVar("_T")
_QUICK: Final = 20  # how many times less is tried when it has to be quick


class Row(NamedTuple):
    """One thing that was tried: how much of it, and how much of that went wrong.

    ``unit`` and ``fault`` are the words for the two numbers, as in "writes acknowledged" and "lost".
    """

    what: str
    on: str
    tried: int
    unit: str
    wrong: int
    fault: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL at which databases are made."""

    admin: postgres.Admin
    cluster: postgres.Cluster | None


@dataclass(slots=True)
class Ground:
    """Where checks are carried out: a folder, databases, and how hard to try."""

    folder: Path
    quick: bool = False
    _server: Server | None = None
    _looked: bool = False
    _made: list[str] = field(default_factory=list)

    def times(self, count: int) -> int:
        """Give how often to try something that is tried so often when there is time."""
        return max(1, count // _QUICK) if self.quick else count

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases on which to try what does not hang on them: one, when it has to be quick."""
        return ("SQLite",) if self.quick else ("SQLite", "PostgreSQL")

    def registers(self, databases: Sequence[str] = ("SQLite", "PostgreSQL")) -> Iterator[tuple[str, str]]:
        """Give the name and the address of a fresh register on each database."""
        for dialect in databases:
            url = self.register(dialect)
            if url is not None:
                yield dialect, url

    def register(self, dialect: str, *, migrated: bool = True) -> str | None:
        """Give the address of a fresh register on a database; None where there is no such database."""
        name = f"trust_{secrets.token_hex(6)}"
        if dialect == "SQLite":
            url = sqlite_address(self.folder / f"{name}.db")
        elif (server := self._postgres()) is None:
            return None
        else:
            url = postgres.create_database(server.admin, name)
            self._made.append(name)
        if migrated:
            migrate(url)
        return url

    def _postgres(self) -> Server | None:
        if not self._looked:
            self._looked = True
            named, binaries = postgres.named_server(), postgres.find_server()
            if named:
                self._server = Server(postgres.Admin(named), None)
            elif binaries:
                cluster = postgres.start(binaries)
                self._server = Server(postgres.Admin(cluster.url), cluster)
        return self._server

    @property
    def postgres_version(self) -> str | None:
        """The version of the database server, if there is one."""
        server = self._postgres()
        return str(server.admin.column("SHOW server_version")[0]).split()[0] if server else None

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Wait for a coroutine."""
        return asyncio.run(work)

    def say(self, text: str) -> None:
        """Tell those who watch."""
        sys.stderr.write(f"  {text}\n")

    def close(self) -> None:
        """Leave the database server as it was found."""
        if self._server is not None:
            with contextlib.closing(self._server.admin) as admin:
                for name in self._made:
                    postgres.drop_database(admin, name)
            if self._server.cluster is not None:
                self._server.cluster.stop()


Carried = Callable[[Ground], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Check:
    """A promise, and what tries it."""

    name: str
    promise: str
    carry_out: Carried
    minutes: float
    beside: bool = False

    def rows(self, ground: Ground) -> list[Row]:
        """Try it; what raises or takes too long is a row too."""
        rows: list[Row] = []
        begun = time.monotonic()
        try:
            with _within(self.minutes * 60):
                rows.extend(self.carry_out(ground))
        except Exception as error:  # noqa: BLE001 - the other checks are still to be tried
            traceback.print_exc()
            rows.append(Row("the check itself", "–", 1, "run", 1, "failed", f"{type(error).__name__}, see above"))
        ground.say(f"{self.name}: {time.monotonic() - begun:,.0f} s")
        return rows


REGISTRY: Final[list[Check]] = []


def apart(name: str, folder: Path, modules: Sequence[str], *, quick: bool) -> list[Row]:
    """Carry out a check on a ground of its own, in a process of its own."""
    for module in modules:
        importlib.import_module(module)
    ground = Ground(folder, quick)
    try:
        return next(one for one in REGISTRY if one.name == name).rows(ground)
    finally:
        ground.close()


def check(name: str, promise: str, *, minutes: float = 30, beside: bool = False) -> Callable[[Carried], Carried]:
    """Add a function to the checks; ``promise`` is the sentence that it tries, as it stands in the documents.

    One that leaves a processor to others is carried out ``beside`` them, in a process of its own.
    """

    def add(carry_out: Carried) -> Carried:
        REGISTRY.append(Check(name, promise, carry_out, minutes, beside))
        return carry_out

    return add


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Break off what takes longer."""

    def over(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"it took more than {seconds:,.0f} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
