"""What an operator is told of a database that cannot be opened."""

import sqlite3
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.core.dialects import Unfit, is_sqlite


def refuse_unopened(url: str) -> None:
    """Raise ``Unfit`` for a SQLite file that cannot be opened: its folder is not there, or it is one itself.

    The driver's thread would tell of it as well, when nobody listens any more.
    """
    file = make_url(url).database if is_sqlite(url) else None
    try:
        if file:
            sqlite3.connect(file).close()
    except sqlite3.Error as error:
        raise Unfit(trouble(url, error)) from None


def trouble(url: str, error: BaseException) -> str:
    """Say what an operator can do about a database that cannot be opened."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
    file = make_url(url).database if is_sqlite(url) else None
    advice = next((words for sign, words in _SQLITE_TROUBLE.items() if file and sign in said), None)
    if advice is not None:
        return f"{file} {advice}"
    return f"The database did not do as it should ({said[:200]}). Does it run, and is VESTKA_DATABASE_URL right?"


_SQLITE_TROUBLE: Final = {
    "not a database": "is no SQLite database. Move it away, or name another file in VESTKA_DATABASE_URL.",
    "unable to open": "cannot be opened. Does its folder exist, and may you write there? VESTKA_DATABASE_URL names it.",
    "readonly": "cannot be written. Take the right to, or name another file in VESTKA_DATABASE_URL.",
    "malformed": "is damaged. Move it away and keep it; then restore a backup. What was withdrawn or revoked since the "
    "backup was made is known to the damaged file alone.",
    "full": "cannot grow: the disk is full.",
}
