"""The file of a backup: for its owner alone, whole or not there, and refused where it is damaged."""

import asyncio
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from app.core.migrating import migrate
from app.register import KINDS
from app.sync.backup.archive import Unusable
from app.sync.backup.restoring import check, restore
from tests.conftest import running
from tests.factories import article, create
from tests.sync.test_backup import backed_up, content, of_sqlite, there
from tests.sync.test_backup import file as file  # noqa: PLC0414 - a fixture


def put(file: Path, data: bytes) -> None:
    file.write_bytes(data)


async def test_a_backup_is_for_its_owner_alone_and_replaces_only_a_backup(sqlite_url: str, file: Path) -> None:
    for _ in range(2):
        await backed_up(sqlite_url, file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600  # noqa: ASYNC240 - nothing else runs
        assert there(file) == [file]
    other = file.parent / "notes.txt"
    other.write_text("something else")
    with pytest.raises(Unusable, match="is no backup"):
        await backed_up(sqlite_url, other)
    assert other.read_text() == "something else"


async def test_a_backup_that_is_damaged_is_replaced_by_the_next(sqlite_url: str, file: Path) -> None:
    await backed_up(sqlite_url, file)
    whole = content(file)
    for data in (with_flipped(whole, len(whole) // 3), whole[:20], whole[: len(whole) // 2]):
        put(file, data)
        await backed_up(sqlite_url, file)
        assert check(file).contents.backup_of == "vestka"
    # Where a link leads is replaced, not the link.
    link = file.with_name("link.vestka")
    link.symlink_to(file)
    await backed_up(sqlite_url, link)
    assert (link.is_symlink(), check(file).contents.position) == (True, 0)
    os.mkfifo(pipe := file.with_name("pipe"))
    with pytest.raises(Unusable, match="is no file"):
        await backed_up(sqlite_url, pipe)


async def test_a_backup_that_holds_more_is_replaced_only_if_that_is_said(
    database_url: str, file: Path, tmp_path: Path
) -> None:
    empty = f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    await asyncio.to_thread(migrate, empty)
    earlier, later = file.with_name("earlier"), file.with_name("later")
    await backed_up(database_url, earlier)
    async with running(database_url) as register:
        await create(register.editor, "articles", article())
    await backed_up(database_url, later)
    for held in (later, earlier):
        before = content(held)
        with pytest.raises(Unusable, match=f"{held} is a backup of another register .* --replace"):
            await backed_up(empty, held)
        assert content(held) == before
    await restore(database_url, KINDS, check(earlier), replace=True)
    with pytest.raises(Unusable, match=f"{later} is a backup of this register up to change"):
        await backed_up(database_url, later)
    await backed_up(empty, later, replace=True)
    assert check(later).contents.register_id != check(earlier).contents.register_id


async def test_a_backup_that_breaks_off_leaves_the_one_before(
    sqlite_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backed_up(sqlite_url, file)
    before = content(file)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await backed_up(sqlite_url, file)
    assert content(file) == before
    assert there(file) == [file]


@pytest.fixture
async def backup(seeded_url: str, file: Path) -> bytes:
    await backed_up(seeded_url, file)
    return content(file)


def unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data).read()


def cut(data: bytes) -> Iterator[bytes]:
    """Give a file that was not written, or not sent, to its end."""
    yield from (data[: len(data) * part // 10] for part in range(10))
    yield data[:-1]


def flipped(data: bytes) -> Iterator[bytes]:
    """Give a file in which one bit is another, at fifty places, and one packed of a text with a bit that is another.

    Of the text it is at fifty places too, and at many of a line that tells a table's columns and of the last one.
    """
    text = unpacked(data)
    last = text.rindex(b"\n", 0, -1) + 1
    table = text.index(b'{"table":')
    of_text = [
        *range(0, len(text), len(text) // 50),
        *range(table, text.index(b"\n", table), 3),
        *range(last, len(text), 7),
    ]
    yield from (with_flipped(data, place) for place in range(0, len(data), len(data) // 50))
    yield from (zstandard.compress(with_flipped(text, place), 1) for place in of_text)


def with_flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def continued(data: bytes) -> Iterator[bytes]:
    """Give a file behind which something stands."""
    yield from (data + b"more", data + data, data + zstandard.compress(b"[]\n"))


def repacked(data: bytes) -> Iterator[bytes]:
    """Give a file that was unpacked, changed and packed again."""
    first, *others = unpacked(data).splitlines(keepends=True)
    changed = (
        first.replace(b'"position":', b'"position":1'),
        first.replace(b'"format_version":1', b'"format_version":2'),
    )
    for line in changed:
        yield zstandard.compress(b"".join([line, *others]))
    ids = re.compile(rb'"[0-9a-f]{8}-[0-9a-f-]{27}"')
    of_a_record = next(place for place, line in enumerate(others) if ids.search(line))
    for value in (b"5", b"[]", b'"x"'):
        line = ids.sub(value, others[of_a_record], count=1)
        yield zstandard.compress(b"".join([first, *others[:of_a_record], line, *others[of_a_record + 1 :]]))
    yield zstandard.compress(b"".join([first, *others[:3], *others[4:]]))
    yield zstandard.compress(b"".join([first, *others[:-1]]))


@pytest.mark.parametrize("spoilt", [cut, flipped, continued, repacked])
@of_sqlite
def test_a_file_that_is_not_whole_is_refused(backup: bytes, file: Path, spoilt: Any) -> None:
    assert check(file).contents.position > 0
    for data in spoilt(backup):
        file.write_bytes(data)
        with pytest.raises(Unusable, match=str(file)):
            check(file)
