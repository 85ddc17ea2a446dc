"""Turns lines into a PDF with typst: text as data, never as markup; only fonts that were chosen; no silent gaps."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.letters.binding import Binder
from app.letters.coverage import font_set, leading_family, uncovered
from app.letters.scripts import breakable, clean, is_right_to_left

_PAGES: Final = Path(__file__).parent / "pages"
_CELLS_AT_ONCE: Final = 48  # labels or cards set as one document
_REMEMBERED: Final = 10  # documents for which typst keeps what it has laid out
Line = dict[str, str | bool]


class UnprintableError(ValueError):
    """No font at hand can show these characters, and an address with an empty box in it would be sent in vain."""

    def __init__(self, characters: set[str]) -> None:
        self.characters = frozenset(characters)
        listed = " ".join(sorted(characters)[:8])
        super().__init__(f"no font here can print {listed}: install one that can or ask for another language")


def typeset(page: str, data: Mapping[str, Any], fonts: str | None = None) -> bytes:
    """Compile one of the page descriptions with its data; the same input gives the same bytes.

    Blocks for the time of the compilation: call it in a thread.
    """
    import typst  # noqa: PLC0415 - loaded when it is first used

    chosen = font_set(fonts)
    document = json.dumps({**data, "fonts": chosen.families}, ensure_ascii=False)
    printed = typst.compile(
        _PAGES / f"{page}.typ",
        root=_PAGES,
        font_paths=chosen.handle,
        format="pdf",
        sys_inputs={"data": document},
        pdf_tags=False,
    )
    if not isinstance(printed, bytes):
        raise TypeError("typst gave no single document")
    return printed


def forget(fonts: str | None = None) -> None:
    """Have typst drop what it keeps of the documents before: what bears a sender, and what takes much memory."""
    import typst  # noqa: PLC0415 - loaded when it is first used

    handle = font_set(fonts).handle
    for _ in range(_REMEMBERED + 1):
        typst.compile(b"", font_paths=handle, format="pdf", pdf_tags=False)


@dataclass(slots=True)
class Printing:
    """A job of many labels or cards: rows go in, the PDF comes out in pieces, and memory stays flat.

    ``cell`` prepares a row for its place, counted over all pages; the first ``used`` places stay empty. Every step
    blocks for the time of its compilation: take it in a thread.
    """

    page: str
    data: Mapping[str, Any]
    a_page: int
    cell: Callable[[Any, int], dict[str, Any]]
    fonts: str | None = None
    used: int = 0
    _rows: list[Any] = field(default_factory=list)
    _binder: Binder = field(default_factory=Binder)
    _place: int = 0

    def feed(self, rows: Iterable[Any]) -> bytes:
        """Take rows; give the pages that they fill, as far as these make a document."""
        self._rows += rows
        done = []
        while len(self._rows) >= (due := self._due()):
            done.append(self._typeset(self._rows[:due]))
            del self._rows[:due]
        return b"".join(done)

    def finish(self) -> bytes:
        """Give the rest of the PDF; raises ``ValueError`` when there was nothing to print."""
        rest = self._typeset(self._rows) if self._rows else b""
        self._rows = []
        return rest + self._binder.finish()

    def whole(self, rows: Iterable[Any]) -> bytes:
        """Give the PDF of these rows at once."""
        return self.feed(rows) + self.finish()

    def _due(self) -> int:
        """Give how many rows make the next document: whole pages, however many were used of the first."""
        together = max(1, _CELLS_AT_ONCE // self.a_page)
        return together * self.a_page - (0 if self._place else self.used)

    def _typeset(self, rows: Sequence[Any]) -> bytes:
        first = self._place or self.used
        cells = [self.cell(row, place) for place, row in enumerate(rows, first)]
        self._place = first + len(cells)
        head = self.a_page - first % self.a_page
        pages = [cells[:head], *chunks(cells[head:], self.a_page)]
        try:
            return self._binder.add(typeset(self.page, {**self.data, "pages": pages}, self.fonts))
        finally:
            forget(self.fonts)


def ready(lines: Iterable[str], fonts: str | None) -> list[Line]:
    """Prepare lines for the page: cleaned, empty ones dropped, with a form whose words break."""
    prepared: list[Line] = []
    for line in filter(None, map(clean, lines)):
        # A line of digits alone follows the line above it, so that an address changes its look no more than it must.
        follows = prepared and not any(map(str.isalpha, line))
        prepared.append(
            {
                "text": line,
                "broken": breakable(line),
                "right": is_right_to_left(line),
                "font": prepared[-1]["font"] if follows else leading_family(line, fonts),
            }
        )
    return prepared


def missing(lines: Iterable[str], fonts: str | None) -> set[str]:
    """Give the characters of several lines that cannot be printed."""
    return {char for line in lines for char in uncovered(clean(line), fonts)}


def refuse_gaps(lines: Iterable[str], fonts: str | None) -> None:
    """Raise ``UnprintableError`` when a line would come out with an empty box."""
    if gaps := missing(lines, fonts):
        raise UnprintableError(gaps)


def code(text: str | None) -> str | None:
    """Draw a QR code (medium correction) as SVG."""
    if not text:
        return None
    import segno  # noqa: PLC0415 - loaded when it is first used

    svg: str = segno.make_qr(text, error="m").svg_inline(border=2, scale=1)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def chunks(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Cut rows into pages."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
