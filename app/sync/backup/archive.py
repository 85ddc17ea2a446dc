"""The file of a backup: JSON Lines in one zstd frame, whole or not there at all.

The first line says what it holds, the last how many rows there are of each table and the SHA-256 of everything before
it. In between each table begins with its name and columns, and each of its rows is an array. `zstd -dc FILE` shows it.
"""

import fcntl
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import zstandard
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from app.core.plain import Columns

FORMAT: Final = 1
_MARK: Final = "vestka"
_MAGIC: Final = b"\x28\xb5\x2f\xfd"  # how a zstd frame begins (RFC 8878, 3.1.1)
_LEVEL: Final = 6
_CHUNK: Final = 1 << 20
_PACKED: Final = 1 << 16  # bytes read at a time: they may be many times as many when unpacked
_LONGEST: Final = 256 * 1024 * 1024  # no row is longer
_DAMAGED: Final = "It is damaged: it is not what was written."


class Unusable(Exception):  # noqa: N818 - what is said to the operator
    """A file that cannot be used as a backup, in a sentence that says why."""


class Damaged(Unusable):
    """A file that was a backup, or began as one."""


class Count(BaseModel):
    """What a tier sees of a kind: how many records, and the digest of them."""

    count: int
    hash: str


class Contents(BaseModel):
    """What a backup holds, as its first line says."""

    backup_of: str = _MARK
    format_version: int = FORMAT
    made_at: datetime
    register_id: UUID
    position: int
    head: str
    revision: str
    sound: bool
    digests: dict[str, dict[str, Count]]

    @property
    def text(self) -> str:
        """What it holds, in words."""
        seen = {tier: sum(kind.count for kind in kinds.values()) for tier, kinds in self.digests.items()}
        records = ", ".join(f"{count} {tier}" for tier, count in seen.items())
        return (
            f"register {self.register_id}, made {self.made_at:%Y-%m-%d %H:%M:%S} UTC\n"
            f"head {self.position}:{self.head}\nrecords by what is seen of them: {records}"
        )


class _Begin(BaseModel):
    table: str
    columns: dict[str, str]


class _End(BaseModel):
    rows: dict[str, int]
    sha256: str


_BETWEEN: Final[TypeAdapter[_Begin | _End]] = TypeAdapter(_Begin | _End)


class Writer:
    """Writes the lines of a backup."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self._table = ""
        self.rows: Counter[str] = Counter()

    def say(self, contents: Contents) -> None:
        """Write the first line."""
        self._write(contents.model_dump_json().encode() + b"\n")

    def begin(self, table: str, columns: Columns) -> None:
        """Begin a table."""
        self._table = table
        self.rows[table] = 0
        self._write(to_json({"table": table, "columns": columns}) + b"\n")

    def add(self, lines: list[bytes]) -> None:
        """Write rows of the table that was begun."""
        self.rows[self._table] += len(lines)
        self._write(b"".join(lines))

    def end(self) -> None:
        """Write the last line."""
        last = _End(rows=dict(self.rows), sha256=self._hash.hexdigest())
        self._out.write(last.model_dump_json().encode() + b"\n")

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._out.write(data)


@contextmanager
def writing(file: Path, contents: Contents, *, replace: bool = False) -> Iterator[Writer]:
    """Open a backup for writing: under its name only when it is whole and on disk, and for its owner alone.

    ``replace`` allows that it takes the place of one that holds what this one does not.
    """
    file = file.resolve()
    there = _refuse_foreign(file)
    if there is not None and not replace:
        _refuse_loss(file, there, contents)
    draft = file.with_name(f".{file.name}.part")
    # One that was killed has left its draft, and is overwritten; one that still writes holds the lock.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"{file} is being written by another backup.") from None
        os.fchmod(descriptor, 0o600)
        out.truncate()
        try:
            with zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(
                out, closefd=False
            ) as packed:
                writer = Writer(packed)
                writer.say(contents)
                yield writer
                writer.end()
            out.flush()
            os.fsync(descriptor)
            draft.rename(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    _sync(file.parent)


def _refuse_foreign(file: Path) -> Contents | None:
    """Refuse to replace what is no backup, such as the database itself; give what a backup that is there holds.

    One that is damaged from its beginning may be replaced: every night would fail that is to mend it.
    """
    if not file.exists():
        return None
    if not file.is_file():
        raise Unusable(f"{file} is no file.")
    with suppress(Damaged), reading(file) as reader:
        return reader.contents
    return None


def _refuse_loss(file: Path, there: Contents, contents: Contents) -> None:
    """Refuse to replace the backup of another register, or one of this register at a later time."""
    if there.register_id != contents.register_id:
        held = f"another register ({there.register_id}, up to change {there.position})"
    elif there.position > contents.position:
        held = f"this register up to change {there.position}, which has only {contents.position}"
    else:
        return
    raise Unusable(
        f"{file} is a backup of {held}; is VESTKA_DATABASE_URL right? Name another file, or say --replace to lose that "
        "one. Nothing was changed."
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Reader:
    """Reads the lines of a backup; ``Unusable`` as soon as one is not what it should be."""

    def __init__(self, lines: io.BufferedReader) -> None:
        self._lines = lines
        self._hash = hashlib.sha256()
        self._last = b""
        self.contents = self._first()

    def _first(self) -> Contents:
        line = self._line()
        said = _object(line)
        if said.get("backup_of") != _MARK:
            raise Unusable("It is no backup of Vestka.")
        if said.get("format_version") != FORMAT:
            raise Unusable("It was made by a newer version of Vestka. Run that one.")
        try:
            return Contents.model_validate_json(line)
        except ValidationError:
            raise Damaged("It is damaged: its first line does not say what it holds.") from None

    def tables(self) -> Iterator[tuple[str, Columns, Iterator[list[Any]]]]:
        """Give each table with its columns and rows, which have to be read before the next; then check the whole."""
        rows: Counter[str] = Counter()
        line = self._line()
        while isinstance(said := _either(line), _Begin):
            rows[said.table] = 0
            after: list[bytes] = []
            yield said.table, said.columns, self._rows(rows, said.table, after)
            line = after[0]
        if said != _End(rows=dict(rows), sha256=self._hash.hexdigest()):
            raise Damaged("It is damaged: its content is not what was written.")
        if self._lines.read(1):
            raise Damaged("It is damaged: something was added behind its end.")

    def _rows(self, rows: Counter[str], name: str, after: list[bytes]) -> Iterator[list[Any]]:
        while not after:
            line = self._line()
            if line.startswith(b"["):
                rows[name] += 1
                yield list(_parsed(line))
            else:
                after.append(line)

    def _line(self) -> bytes:
        try:
            line = self._lines.readline(_LONGEST)
        except zstandard.ZstdError:
            raise Damaged("It is damaged.") from None
        if not line.endswith(b"\n"):
            raise Damaged("It is damaged: it ends too early.")
        self._hash.update(self._last)  # the last line tells the hash of those before it
        self._last = line
        return line


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return from_json(line)
    except ValueError:
        raise Damaged(_DAMAGED) from None


def _object(line: bytes) -> dict[str, Any]:
    said = _parsed(line)
    if not isinstance(said, dict):
        raise Damaged(_DAMAGED)
    return said


def _either(line: bytes) -> _Begin | _End:
    try:
        return _BETWEEN.validate_json(line)
    except ValidationError:
        raise Damaged(_DAMAGED) from None


@contextmanager
def reading(file: Path) -> Iterator[Reader]:
    """Open a backup for reading; ``Unusable`` names the file and says why it is none, or no whole one."""
    try:
        with file.open("rb") as raw:
            yield Reader(_unpacked(raw))
    except Unusable as error:
        raise type(error)(f"{file} cannot be used. {error}") from None


def _unpacked(raw: BinaryIO) -> io.BufferedReader:
    if raw.read(len(_MAGIC)) != _MAGIC:
        raise Unusable("It is no backup of Vestka.")
    raw.seek(0)
    return io.BufferedReader(_Unpacking(raw), _CHUNK)


class _Unpacking(io.RawIOBase):
    """One frame unpacked, to its very end: what was cut off, or added, does not pass unseen."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj(write_size=_CHUNK)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - anything that takes bytes
        while not self._ready and not self._frame.eof:
            packed = self._packed.read(_PACKED)
            if not packed:
                raise Damaged("It is damaged: it ends too early.")
            self._ready = self._frame.decompress(packed)
        if self._frame.eof and (self._frame.unused_data or self._packed.read(1)):
            raise Damaged("It is damaged: something was added behind its end.")
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size
