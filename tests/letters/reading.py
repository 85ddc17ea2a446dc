"""Reads printed pages back: their text with pypdf, their glyphs, and their ink with poppler where it is installed."""

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ByteStringObject, ContentStream, TextStringObject

POINT = 25.4 / 72
poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def pages(pdf: bytes) -> list[str]:
    """Give the text of each page, without the marks that let long words break."""
    return [page.extract_text().replace("\u200b", "") for page in reader(pdf).pages]


def text(pdf: bytes) -> str:
    return "\n".join(pages(pdf))


@dataclass(frozen=True)
class Placed:
    """A piece of text and where its baseline starts, in millimetres from the upper left corner."""

    text: str
    left: float
    top: float
    size: float


def placed(pdf: bytes, page: int = 0) -> list[Placed]:
    """Give the pieces of text on a page with their positions."""
    sheet = reader(pdf).pages[page]
    height = float(sheet.mediabox.height)
    found: list[Placed] = []

    def visit(piece: str, user: list[float], matrix: list[float], _font: object, size: float | None) -> None:
        if piece.strip():
            scale = abs(user[3]) or 1.0
            left = matrix[4] * user[0] + user[4]
            down = matrix[5] * user[3] + user[5]
            found.append(Placed(piece.strip(), left * POINT, (height - down) * POINT, (size or 0) * scale))

    sheet.extract_text(visitor_text=visit)
    return found


def glyphs(pdf: bytes) -> Iterator[int]:
    """Give the number of every glyph drawn; 0 is the empty box."""
    read = reader(pdf)
    for sheet in read.pages:
        for operands, operator in ContentStream(sheet.get_contents(), read).operations:
            if operator in (b"Tj", b"TJ"):
                yield from _codes(operands[0])


def _codes(operand: object) -> Iterator[int]:
    for run in _runs(operand):
        yield from (int.from_bytes(run[at : at + 2]) for at in range(0, len(run), 2))


def _runs(operand: object) -> Iterator[bytes]:
    for piece in operand if isinstance(operand, ArrayObject) else [operand]:
        if isinstance(piece, TextStringObject):
            yield piece.original_bytes
        elif isinstance(piece, ByteStringObject):
            yield bytes(piece)


@dataclass(frozen=True)
class Run:
    """A run of glyphs: from where to where its baseline goes, in millimetres from the upper left corner."""

    left: float
    right: float
    baseline: float
    size: float

    def inside(self, left: float, top: float, width: float, height: float, slack: float = 0.1) -> bool:
        """Tell whether the run stays inside a box: its letters are some 0.7 of its size high."""
        return (
            left - slack <= self.left
            and self.right <= left + width + slack
            and top - slack <= self.baseline - 0.6 * self.size
            and self.baseline <= top + height + slack
        )


def runs(pdf: bytes, page: int = 0) -> list[Run]:
    """Give every run of glyphs on a page that shows something, measured with the widths that its fonts state.

    A space at the end of a line that goes on below may hang over the edge; there is nothing to see of it.
    """
    read = reader(pdf)
    sheet = read.pages[page]
    fonts: Any = sheet["/Resources"]["/Font"]  # type: ignore[index]  # pages of ours have fonts
    widths = {name: _widths(font.get_object()) for name, font in fonts.items()}
    blank = {name: _spaces(font.get_object()) for name, font in fonts.items()}
    height = float(sheet.mediabox.height)
    matrix, stack, placed_at = IDENTITY, [], IDENTITY
    font, size = "", 0.0
    found = []
    for operands, operator in ContentStream(sheet.get_contents(), read).operations:
        if operator == b"q":
            stack.append(matrix)
        elif operator == b"Q":
            matrix = stack.pop()
        elif operator == b"cm":
            matrix = _times([float(number) for number in operands], matrix)
        elif operator == b"Tf":
            font, size = operands[0], float(operands[1])
        elif operator == b"Tm":
            placed_at = _times([float(number) for number in operands], matrix)
        elif operator in (b"Tj", b"TJ") and not blank[font].issuperset(_codes(operands[0])):
            a, _, _, d, x, y = placed_at
            across = _across(operands[0], widths[font]) / 1000 * size * abs(a)
            found.append(Run(x * POINT, (x + across) * POINT, (height - y) * POINT, size * abs(d) * POINT))
    return found


IDENTITY = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]


def _times(one: list[float], other: list[float]) -> list[float]:
    a, b, c, d, e, f = one
    k, l, m, n, o, p = other  # noqa: E741 - the letters of a matrix
    return [a * k + b * m, a * l + b * n, c * k + d * m, c * l + d * n, e * k + f * m + o, e * l + f * n + p]


def _widths(font: Any) -> dict[int, float]:
    """Give the width of each glyph of a font, in thousandths of its size (ISO 32000, 9.7.4.3)."""
    listed = list(font["/DescendantFonts"][0].get_object()["/W"])
    widths: dict[int, float] = {}
    while listed:
        first, second = int(listed.pop(0)), listed.pop(0)
        if isinstance(second, ArrayObject):
            widths |= {first + place: float(width) for place, width in enumerate(second)}
        else:
            widths |= dict.fromkeys(range(first, int(second) + 1), float(listed.pop(0)))
    return widths


def _across(operand: object, widths: dict[int, float]) -> float:
    pieces = operand if isinstance(operand, ArrayObject) else [operand]
    kerned = sum(float(piece) for piece in pieces if isinstance(piece, int | float))
    return sum(widths[code] for code in _codes(operand)) - kerned


def _spaces(font: Any) -> set[int]:
    """Give the codes by which a font draws a space, as its map to Unicode says."""
    mapped = font["/ToUnicode"].get_object().get_data()
    return {int(code, 16) for code in re.findall(rb"<([0-9A-F]{4})> <(?:0020|200B|0020200B)>", mapped)}


@dataclass(frozen=True)
class Ink:
    """A page as grey dots, five to the millimetre."""

    width: int
    height: int
    dots: bytes

    def outside(self, boxes: list[tuple[float, float, float, float]], slack: float = 0.5) -> bool:
        """Tell whether anything is printed outside of boxes of (left, top, width, height) in millimetres."""
        rows = [bytearray(self.dots[row * self.width : (row + 1) * self.width]) for row in range(self.height)]
        for left, top, width, height in boxes:
            first, last = int((left - slack) * 5), int((left + width + slack) * 5) + 1
            for row in rows[max(0, int((top - slack) * 5)) : int((top + height + slack) * 5) + 1]:
                row[max(0, first) : last] = b"\xff" * len(row[max(0, first) : last])
        return any(min(row) < 200 for row in rows)


def ink(pdf: bytes) -> Ink:
    """Draw the first page."""
    command = ["pdftoppm", "-gray", "-r", "127", "-f", "1", "-l", "1", "-"]
    drawn = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
    magic, size, _, dots = drawn.split(b"\n", 3)
    assert magic == b"P5"
    width, height = map(int, size.split())
    return Ink(width, height, dots)


def printed_lines(pdf: bytes) -> list[str]:
    """Give the lines as pdftotext reads them."""
    drawn = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)  # noqa: S607 - wherever it is
    lines = drawn.stdout.decode().replace("\u200b", "").replace("\f", "").split("\n")
    return [line.strip() for line in lines if line.strip()]
