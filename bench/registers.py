"""The registers that are measured: invented people, made once, kept in a cache folder, on either database."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from bench.servers import ROOT

_MAKERS: Final = ("bench/people.py", "bench/names_people.py", "bench/names_schemes.py", "bench/names_stock.txt")


def cache() -> Path:
    """Give the folder in which registers are kept: of the one who measures, under the temporary files."""
    folder = Path(os.environ.get("VESTKA_BENCH_CACHE") or f"{tempfile.gettempdir()}/vestka-bench-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def file_of(people: int) -> Path:
    """Give the file of a register with that many people, whether or not it is there.

    Its name changes with what makes the people and with the tables, so that an old one is not taken for a new one.
    """
    return cache() / f"people-{people}-{mark(_MAKERS)}.db"


def mark(makers: Sequence[str]) -> str:
    """Give what changes with files that make a register, and with the tables."""
    sources = [*(ROOT / name for name in makers), *sorted((ROOT / "migrations" / "versions").glob("*.py"))]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:10]


def made(people: int) -> Path:
    """Give the file of a register with that many people; it is made the first time."""
    file = file_of(people)
    if not file.exists():
        draft = file.with_suffix(".draft")  # what is broken off is not taken for whole, and goes on here
        for left in cache().glob(f"people-{people}-*"):
            if not left.name.startswith(draft.name):
                left.unlink()
        command = [sys.executable, "-P", "-m", "bench.people", str(people), "--url", address(draft)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)  # noqa: S603 - our own
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        draft.rename(file)
    return file


def address(file: Path) -> str:
    """Give the address of a SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


def room() -> int:
    """Give how many bytes are free where registers are kept."""
    return shutil.disk_usage(cache()).free


@contextlib.contextmanager
def copied(file: Path) -> Iterator[str]:
    """Give a copy of a register to write to."""
    copy = cache() / f"copy-{uuid4().hex}.db"
    try:
        shutil.copyfile(file, copy)
        with copy.open("rb+") as written:
            os.fsync(written.fileno())  # or the first writes to it would wait for all of it to be on disk
        yield address(copy)
    finally:
        for left in cache().glob(f"{copy.name}*"):
            left.unlink()
