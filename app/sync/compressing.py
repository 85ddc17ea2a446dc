"""Compression of streams, as the reader's ``Accept-Encoding`` allows."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final, Protocol

import zstandard

_GZIP: Final = 16 + zlib.MAX_WBITS
_OFFERED: Final = ("zstd", "gzip")  # what costs us least comes first


class Codec(Protocol):
    """Compresses one stream."""

    def portion(self, data: bytes) -> bytes:
        """Compress a portion whole, so that what arrived before a cut can be read."""

    def end(self) -> bytes:
        """Give what closes the stream."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(level=5, wbits=_GZIP)

    def portion(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush()


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=3).compressobj()

    def portion(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._stream.flush()


def encoding_of(accepted: str | None) -> str | None:
    """Give the encoding to use for an ``Accept-Encoding`` header (RFC 9110, 12.5.3); None for plain."""
    weights: dict[str, float] = {}
    for item in (accepted or "").lower().split(","):
        name, _, parameter = item.partition(";")
        weights[name.strip()] = _weight(parameter)
    best = max(_OFFERED, key=lambda name: weights.get(name, weights.get("*", 0)))
    weight = weights.get(best, weights.get("*", 0))
    return best if weight > 0 and weight >= weights.get("identity", 0) else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def codec_of(encoding: str | None) -> Codec | None:
    """Give what compresses a stream in this encoding."""
    codecs: dict[str | None, type[_Zstd | _Gzip]] = {"zstd": _Zstd, "gzip": _Gzip}
    return codecs[encoding]() if encoding in codecs else None


async def compressed(pieces: AsyncIterator[bytes], encoding: str | None) -> AsyncIterator[bytes]:
    """Compress pieces, each so that it can be read as soon as it is there; outside the event loop."""
    codec = codec_of(encoding)
    async with aclosing(pieces):  # type: ignore[type-var]  # generators have aclose
        async for piece in pieces:
            yield piece if codec is None else await asyncio.to_thread(codec.portion, piece)
    if codec is not None:
        yield codec.end()
