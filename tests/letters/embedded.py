"""Measure what the fonts inside the installed typst can show.

``python -m tests.letters.embedded`` writes ``app/letters/coverage.json`` anew after an update of typst; a test
tells when that is due. The fonts are compiled into typst's library as they are, so their character maps can be read.
"""

import json
import re
import struct
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import typst

from app.letters.fontfile import characters

FAMILIES = {"Libertinus Serif": "Regular", "DejaVu Sans Mono": "Book"}
TARGET = Path(__file__).parents[2] / "app" / "letters" / "coverage.json"
_START = re.compile(rb"OTTO|\x00\x01\x00\x00|true")


def measured() -> dict[str, frozenset[int]]:
    """Give the characters of each family's regular face."""
    (library,) = (path for path in Path(str(typst.__file__)).parent.iterdir() if path.suffix in {".so", ".pyd"})
    data = library.read_bytes()
    found: dict[str, frozenset[int]] = {}
    for start in _fonts(data):
        family, style = _names(data, start)
        if FAMILIES.get(family) == style and family not in found:
            found[family] = characters(data[start : start + 2**22])
    return found


def _fonts(data: bytes) -> Iterator[int]:
    for match in _START.finditer(data):
        start = match.start()
        count, *search = struct.unpack_from(">HHHH", data, start + 4)
        exponent = count.bit_length() - 1
        if 4 <= count <= 64 and search[:2] == [16 << exponent, exponent]:
            tags = [data[place : place + 4] for place in range(start + 12, start + 12 + 16 * count, 16)]
            if b"cmap" in tags and b"name" in tags:
                yield start


def _names(data: bytes, start: int) -> tuple[str, str]:
    (count,) = struct.unpack_from(">H", data, start + 4)
    tables = (struct.unpack_from(">4sLLL", data, start + 12 + 16 * index) for index in range(count))
    table = next(start + offset for tag, _, offset, _ in tables if tag == b"name")
    _, records, strings = struct.unpack_from(">HHH", data, table)
    names: dict[int, str] = {}
    for place in range(table + 6, table + 6 + 12 * records, 12):
        platform, _, _, name, length, offset = struct.unpack_from(">6H", data, place)
        if platform == 3:
            text = data[table + strings + offset : table + strings + offset + length]
            names[name] = text.decode("utf-16-be")
    return names.get(16, names.get(1, "")), names.get(17, names.get(2, ""))


def ranges(codes: frozenset[int]) -> list[list[int]]:
    """Write a set of code points as closed ranges."""
    found: list[list[int]] = []
    for code in sorted(codes):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def document() -> str:
    """Give the text of ``coverage.json`` for the typst that is installed."""
    fonts = ",\n".join(f'  "{family}": {json.dumps(ranges(codes))}' for family, codes in sorted(measured().items()))
    return f'{{\n "typst": "{version("typst")}",\n "fonts": {{\n{fonts}\n }}\n}}\n'


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
