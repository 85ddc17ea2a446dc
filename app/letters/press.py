"""Turns lines into a PDF with typst: text as data, never as markup; only fonts that were chosen; no silent gaps."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import segno
import typst

from app.letters.binding import bound
from app.letters.coverage import font_set, leading_family, uncovered
from app.letters.scripts import breakable, clean, is_right_to_left

_PAGES: Final = Path(__file__).parent / "pages"
_CELLS_AT_ONCE: Final = 48  # labels or cards set as one document
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


def typeset_pages(page: str, data: Mapping[str, Any], pages: Sequence[Any], fonts: str | None) -> bytes:
    """Set many pages in small documents and bind them: memory stays flat however many there are.

    Each entry of ``pages`` is what the page description's ``pages`` holds for one page.
    """
    total = sum(len(cells) for cells in pages)
    together = max(1, _CELLS_AT_ONCE * len(pages) // total)
    batches = (pages[start : start + together] for start in range(0, len(pages), together))
    return bound(typeset(page, {**data, "pages": batch}, fonts) for batch in batches)


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
    svg: str = segno.make_qr(text, error="m").svg_inline(border=2, scale=1)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def chunks(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Cut rows into pages."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
