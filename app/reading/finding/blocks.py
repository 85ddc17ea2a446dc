"""Numbers of names, packed: 65,536 to a block, two bytes each, so that a common word is few rows, not thousands."""

import sys
from array import array
from bisect import bisect_left
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
    return _little(array("H", sorted(map(_place, names)))).tobytes()


def changed(written: bytes, gone: Iterable[int], come: Iterable[int]) -> bytes:
    """Give what was written of one block without some names and with others.

    Each is looked for where it stands: a name that most people have costs hardly more to write than one of a few.
    """
    places = array("H")
    places.frombytes(written)
    places = _little(places)
    for place in map(_place, gone):
        at = bisect_left(places, place)
        if places[at : at + 1] == array("H", [place]):
            del places[at]
    for place in map(_place, come):
        at = bisect_left(places, place)
        if places[at : at + 1] != array("H", [place]):
            places.insert(at, place)
    return _little(places).tobytes()


def unpacked(block: int, written: bytes) -> Iterator[int]:
    """Give the names that were written."""
    places = array("H")
    places.frombytes(written)
    base = block << _BITS
    return (base + place for place in _little(places))


def _place(name: int) -> int:
    return name & (1 << _BITS) - 1


def _little(places: "array[int]") -> "array[int]":
    """Turn places between this machine's order of bytes and that of the files, which is the same everywhere."""
    if sys.byteorder == "big":
        places.byteswap()
    return places
