"""What comes over the line when a copy is fetched: whole lines, counted, up to where it was cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import zstandard
from pydantic_core import to_json

from app.core.record import Tier
from app.sync.compressing import codec_of
from app.sync.mirror import fetching, kept
from app.sync.mirror import source as sources
from app.sync.mirror.meeting import look_at
from app.sync.mirror.source import Source
from app.sync.mirror.state import FETCHING, State
from app.sync.mirror.stops import Again, Stopped
from tests.sync.mirroring import listening
from tests.sync.test_mirror_troubles import answering

FIRST = {"register_id": uuid4(), "format_version": 1, "tier": "public", "cursor": "c", "kinds": ["persons"]}
LINE = {"kind": "persons", "record": {"id": str(uuid4())}}


@pytest.mark.parametrize(
    ("lines", "count", "whole"),
    [
        ([LINE, LINE, {"count": 2}], 2, True),
        ([{"count": 0}], 0, True),
        ([LINE, LINE, {"count": 3}], 2, False),
        ([LINE, {"count": 1}, b'{"ki'], 1, False),
        ([LINE, LINE], 2, False),
        ([LINE, b'{"kind"'], 1, False),
        ([], 0, False),
    ],
)
@pytest.mark.parametrize("size", [10, 10_000])
async def test_the_last_line_must_count_those_before_it(
    lines: list[Any], count: int, *, whole: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PORTION", size)
    monkeypatch.setattr(fetching, "_BATCH", size)
    monkeypatch.setattr(sources, "_PIECE", size)
    batches, cut = await fetched(lines)
    assert cut is not whole
    assert sum(batch.count for batch in batches) == count
    assert [batch.whole for batch in batches if batch.whole] == [True] * whole
    kept_lines = b"".join(kept.unpack(portion) for batch in batches for portion in batch.portions)
    assert kept_lines == (to_json(LINE) + b"\n") * count


@pytest.mark.parametrize("line", [b"hello\n", b"\n", b'["a"]\n', b'{"a"\n'])
async def test_lines_that_are_none_are_not_kept(line: bytes) -> None:
    with pytest.raises(Stopped, match="not as a Vestka register"):
        await fetched([LINE, line, LINE, {"count": 3}])


async def fetched(lines: list[Any]) -> tuple[list[Any], bool]:
    """Give what is made of an export with these lines, and whether it was cut."""
    body = b"".join(line if isinstance(line, bytes) else to_json(line) + b"\n" for line in [FIRST, *lines])
    async with listening(answering(200, {"Content-Type": "application/jsonl"}, body)) as url:
        return await fetched_from(url)


async def fetched_from(url: str) -> tuple[list[Any], bool]:
    batches: list[Any] = []
    state = State(FIRST["register_id"], url, Tier.PUBLIC, FETCHING, "c")  # type: ignore[arg-type]  # a UUID

    def fetch() -> bool:
        try:
            batches.extend(fetching._Fetching(Source(url), state).batches({}))  # noqa: SLF001 - no database
        except Again:
            return True
        return False

    return batches, await asyncio.to_thread(fetch)


@asynccontextmanager
async def saying(head: str, body: bytes, length: int) -> AsyncIterator[str]:
    """Say a part of an answer to whoever asks, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {length}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
async def test_what_came_before_a_cut_is_kept_to_the_last_line(encoding: str) -> None:
    codec, lines = codec_of(encoding), [to_json(one) + b"\n" for one in (FIRST, LINE, LINE, LINE)]
    said = b"".join(lines) + b'{"kind":"pers'
    packed = codec.portion(said) if codec else said
    async with saying(f"Content-Type: application/jsonl\r\nContent-Encoding: {encoding}", packed, 9999) as url:
        batches, cut = await fetched_from(url)
    assert cut
    assert [batch.count for batch in batches] == [3]


async def test_an_answer_that_ends_too_early_is_asked_for_again() -> None:
    async with saying("Content-Type: application/json", b'{"kinds": {', 99) as url:
        with pytest.raises(Again, match="was cut"):
            await asyncio.to_thread(Source(url).json, "/v1/digest")


async def test_a_little_that_unpacks_to_very_much_is_not_unpacked_at_once() -> None:
    packed = zstandard.ZstdCompressor(level=3).compress(bytes(1 << 28))
    assert len(packed) < 1 << 16
    head = "Content-Type: application/jsonl\r\nContent-Encoding: zstd"
    async with saying(head, packed, len(packed)) as url:

        def largest() -> int:
            with Source(url)._opened("/v1/export", {}, 5) as pieces:  # noqa: SLF001 - what it is made of
                return max(map(len, pieces))

        assert await asyncio.to_thread(largest) <= 1 << 25
        with pytest.raises(Again, match="was cut"):
            await asyncio.to_thread(look_at, Source(url))
