"""What tells that a SQLite file has changed: the commits of all processes are seen at the next look."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.core.dialects import watching
from app.core.dialects.watching import FileWatch

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("UPDATE register SET epoch = epoch + 1")
connection.commit()
"""


def touched(since: int) -> tuple[str, tuple[int, ...]]:
    return "SELECT kind, id FROM documents WHERE tier = 0 AND position > ?", (since,)


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(make_url(sqlite_url).database or "")


@pytest.fixture(params=("by the header", "by asking"))
def watch(file: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileWatch]:
    if request.param == "by asking":
        monkeypatch.setattr(watching, "_index_header", lambda _: None)
    with closing(FileWatch(str(file), touched)) as made:
        yield made


def test_every_commit_is_seen(watch: FileWatch, file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        for _ in range(20):
            before = watch.current()
            assert watch.current() == before
            other.execute("UPDATE register SET epoch = epoch + 1")
            assert watch.current() == before
            other.commit()
            assert watch.current() == (before[0], before[1] + 1)


def test_a_commit_of_another_process_is_seen(watch: FileWatch, file: Path) -> None:
    before = watch.current()
    subprocess.run([sys.executable, "-c", WRITE, str(file)], check=True)
    assert watch.current() == (before[0], before[1] + 1)


def test_a_checkpoint_changes_nothing_and_hides_nothing(watch: FileWatch, file: Path) -> None:
    before = watch.current()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert watch.current() == before
        other.execute("UPDATE register SET epoch = epoch + 1")
        other.commit()
    assert watch.current() == (before[0], before[1] + 1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere SQLite is asked")
def test_where_nothing_changed_sqlite_is_not_asked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(FileWatch, "_ask")
    with closing(FileWatch(str(file), touched)) as watch, closing(sqlite3.connect(file)) as other:
        before = watch.current()
        other.execute("UPDATE register SET epoch = epoch + 1")
        other.commit()
        assert watch.current() == (before[0], before[1] + 1)


def test_a_closed_watch_looks_no_more(file: Path) -> None:
    watch = FileWatch(str(file), touched)
    watch.close()
    with pytest.raises(sqlite3.ProgrammingError):
        watch.current()
