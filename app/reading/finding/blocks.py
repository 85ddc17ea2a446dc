"""Numbers of names, packed: 65,536 to a block, two bytes each, so that a common word is few rows, not thousands."""

import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Final

_BITS: Final = 16


def block_of(name: int) -> int:
    """Give the block that a name is in."""
    return name >> _BITS


def names_of(block: int) -> tuple[int, int]:
    """Give the first and the last name that a block has room for."""
    return block << _BITS, (block + 1 << _BITS) - 1


def packed(names: Iterable[int]) -> bytes:
    """Write names of one block."""
    places = array("H", sorted(name & (1 << _BITS) - 1 for name in names))
    return _little(places).tobytes()


def unpacked(block: int, written: bytes) -> Iterator[int]:
    """Give the names that were written."""
    places = array("H")
    places.frombytes(written)
    base = block << _BITS
    return (base + place for place in _little(places))


def _little(places: "array[int]") -> "array[int]":
    """Turn places between this machine's order of bytes and that of the files, which is the same everywhere."""
    if sys.byteorder == "big":
        places.byteswap()
    return places
