"""Tells what the public heard of last."""

import ctypes
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import make_url

from app.core.dialects import is_sqlite
from app.core.touched import Touched, named

_INDEX_HEADER: Final = 48  # bytes


class FileWatch:
    """Tells what the public sees last of a SQLite file, at the price of a look at its header.

    ``touched`` gives the statement for what the public heard of behind a place, with its parameters.
    """

    def __init__(self, file: str, touched: Callable[[int], tuple[str, tuple[Any, ...]]]) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=1)
        self._touched = touched
        self.lag = 0.0
        self._state: tuple[int, int] = (-1, -1)
        self._connection.execute("SELECT 1 FROM sqlite_master").fetchall()
        header = _index_header(file)
        self._look: Callable[[], object] = header if header is not None else self._ask
        self._seen: object = None

    def current(self) -> tuple[int, int]:
        """Give the place of the last change that the public has heard of, and the register's epoch."""
        seen = self._look()
        if seen != self._seen:
            position, epoch = self._connection.execute(LAST_HEARD).fetchone()
            self._state = position or 0, epoch
            # What is written from now on changes what was seen before this was read.
            self._seen = seen
        return self._state

    def changed(self, since: int) -> Touched | None:
        """Give the records about which the public hears something else than at a place."""
        return named(self._connection.execute(*self._touched(since)).fetchall())

    def _ask(self) -> object:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    async def refresh(self) -> tuple[int, int]:
        """Give the same."""
        return self.current()

    def stir(self) -> None:
        """Do nothing: every look is fresh."""

    def close(self) -> None:
        """Close the file."""
        self._look = _closed  # what was looked at is no longer there
        self._connection.close()


def _closed() -> object:
    raise sqlite3.ProgrammingError("the file is closed")


def _index_header(file: str) -> Callable[[], object] | None:
    """Give what looks at the header of a file's index of written pages; None where it cannot be found.

    Every commit of any process changes the header (https://www.sqlite.org/walformat.html, section 2.1). SQLite has it
    mapped into memory for as long as a connection is open; looking there takes no system call, of which SQLite's own
    look takes three. The file is not opened: closing it would end SQLite's locks on it.
    """
    index = f"{os.path.realpath(file)}-shm"
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        place, _, offset, _, _, *names = line.split(maxsplit=5)
        if names == [index] and int(offset, 16) == 0:
            header = (ctypes.c_char * _INDEX_HEADER).from_address(int(place.partition("-")[0], 16))
            return lambda: header.raw
    return None


LAST_HEARD: Final = "SELECT (SELECT max(position) FROM documents WHERE tier = 0), epoch FROM register"


def watched_file(url: str) -> str | None:
    """Give the file whose header tells of changes; None for a database that is asked."""
    return make_url(url).database if is_sqlite(url) else None
