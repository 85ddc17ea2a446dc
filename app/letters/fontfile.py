"""Which characters a font file can show: the ``cmap`` table of TrueType and OpenType files, and nothing else of them.

The format is that of the OpenType specification, "cmap" (learn.microsoft.com/typography/opentype/spec/cmap):
subtable formats 4 (the basic plane) and 12 (everything), which every font of this century carries.
"""

import struct
from collections.abc import Iterator

_SFNT = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_UNICODE = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}  # (platform, encoding) of the Unicode subtables
_MISSING = 0xFFFF  # format 4 ends with a segment for U+FFFF, which is no character


def characters(data: bytes, index: int = 0) -> frozenset[int]:
    """Give the code points that a font file has a glyph for; ``index`` picks one font of a collection.

    Raises ``ValueError`` when the bytes are no TrueType or OpenType font.
    """
    start = struct.unpack_from(">L", data, 12 + 4 * index)[0] if data[:4] == b"ttcf" else 0
    if data[start : start + 4] not in _SFNT:
        raise ValueError("this is no TrueType or OpenType font")
    try:
        cmap = _table(data, start, b"cmap")
        return frozenset(code for subtable in _subtables(data, cmap) for code in _codes(data, subtable))
    except struct.error as error:
        raise ValueError("this font is cut off or damaged") from error


def _table(data: bytes, start: int, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, start + 4)
    for place in range(start + 12, start + 12 + 16 * count, 16):
        if data[place : place + 4] == tag:
            return int(struct.unpack_from(">L", data, place + 8)[0])
    raise ValueError(f"this font has no {tag.decode()} table")


def _subtables(data: bytes, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    for place in range(cmap + 4, cmap + 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHL", data, place)
        if (platform, encoding) in _UNICODE:
            yield cmap + offset


def _codes(data: bytes, subtable: int) -> Iterator[int]:
    (form,) = struct.unpack_from(">H", data, subtable)
    if form == 4:  # noqa: PLR2004 - the number is the format's name
        yield from _format_4(data, subtable)
    elif form == 12:  # noqa: PLR2004 - the format's number
        yield from _format_12(data, subtable)


def _format_4(data: bytes, subtable: int) -> Iterator[int]:
    (twice,) = struct.unpack_from(">H", data, subtable + 6)
    ends = subtable + 14
    for place in range(ends, ends + twice, 2):
        (end,) = struct.unpack_from(">H", data, place)
        start, delta, ranged = (struct.unpack_from(">H", data, place + step * twice + 2)[0] for step in (1, 2, 3))
        for code in range(start, end + 1):
            glyph = code
            if ranged:
                (glyph,) = struct.unpack_from(">H", data, place + 3 * twice + 2 + ranged + 2 * (code - start))
            if code != _MISSING and (glyph + delta) & 0xFFFF and (glyph or not ranged):
                yield code


def _format_12(data: bytes, subtable: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">L", data, subtable + 12)
    for place in range(subtable + 16, subtable + 16 + 12 * groups, 12):
        first, last, glyph = struct.unpack_from(">LLL", data, place)
        yield from range(first if glyph else first + 1, last + 1)
