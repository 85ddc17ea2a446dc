"""What an operator is told of a database that cannot be opened."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.core.dialects import Unfit, has_waited, is_sqlite


def refuse_unopened(url: str) -> None:
    """Raise ``Unfit`` for a SQLite file that cannot be opened, or is another program's; make it where there is none.

    The driver's thread would tell of it as well, when nobody listens any more.
    """
    file = _file(url)
    if file is None:
        return
    # For its owner alone, under whatever server: what SQLite keeps beside a file is as private as the file is.
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(file)) as connection:
            tables = {name for (name,) in connection.execute(_TABLES)}
    except sqlite3.Error as error:
        if has_waited(error):  # who has it for themselves makes a register of it
            return
        raise Unfit(trouble(url, error)) from None
    if tables and _OURS not in tables:
        raise Unfit(f"{file} {_ANOTHERS}")


def refuse_absent(url: str, setting: str = "VESTKA_DATABASE_URL") -> None:
    """Raise ``Unfit`` for a SQLite file that is not there: who reads a register has named the wrong one."""
    file = _file(url)
    if file is not None and not Path(file).exists():
        raise Unfit(f"{Path(file).absolute()} is not there. Name the register's file in {setting}.")


def _file(url: str) -> str | None:
    return make_url(url).database or None if is_sqlite(url) else None


def trouble(url: str, error: BaseException) -> str:
    """Say what an operator can do about a database that cannot be opened."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
    file = _file(url)
    if file and _is_full(Path(file)):  # SQLite says so only where it writes the file itself
        said = "full"
    advice = next((words for sign, words in _SQLITE_TROUBLE.items() if file and sign in said), None)
    if advice is not None:
        return f"{file} {advice}"
    return f"The database did not do as it should ({said[:200]}). Does it run, and is VESTKA_DATABASE_URL right?"


def _is_full(file: Path) -> bool:
    """Tell whether there is no room for a page more."""
    try:
        return shutil.disk_usage(file.parent).free < _PAGE
    except OSError:
        return False


_PAGE: Final = 65536  # bytes; the largest there are, and what an index of the log begins with is half of it
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
_OURS: Final = "alembic_version"  # made with the first tables, in one transaction
_ANOTHERS: Final = "is the database of another program. It was left as it is; name another file in VESTKA_DATABASE_URL."
_SQLITE_TROUBLE: Final = {
    "not a database": "is no SQLite database. Move it away, or name another file in VESTKA_DATABASE_URL.",
    "unable to open": "cannot be opened. Does its folder exist, and may you write there? VESTKA_DATABASE_URL names it.",
    "readonly": "cannot be written. Take the right to, or name another file in VESTKA_DATABASE_URL.",
    "malformed": "is damaged. Move it away and keep it; then restore a backup. What was withdrawn or revoked since the "
    "backup was made is known to the damaged file alone.",
    "full": "cannot grow: the disk is full.",
}
