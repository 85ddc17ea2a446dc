"""Reads printed pages back: their text with pypdf, their glyphs, and their ink with poppler where it is installed."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

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
                for run in _runs(operands[0]):
                    yield from (int.from_bytes(run[at : at + 2]) for at in range(0, len(run), 2))


def _runs(operand: object) -> Iterator[bytes]:
    for piece in operand if isinstance(operand, ArrayObject) else [operand]:
        if isinstance(piece, TextStringObject):
            yield piece.original_bytes
        elif isinstance(piece, ByteStringObject):
            yield bytes(piece)


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
    drawn = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)  # noqa: S607
    lines = drawn.stdout.decode().replace("\u200b", "").replace("\f", "").split("\n")
    return [line.strip() for line in lines if line.strip()]
