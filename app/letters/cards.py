"""Cards for a letter evening: whom one writes to, what to know about it, and where the letter goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.letters.labels import printable_or_notice
from app.letters.phrases import partial_in_words, phrase
from app.letters.press import Printing, code, ready
from app.letters.scripts import clean, clusters

_PAPERS: Final = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
_A_PAGE: Final = 4
_LONGEST: Final = {"about": 160, "notes": 700}  # characters that still make a card one can read


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says; ``birth_date`` is EDTF, ``qr`` the text of a code, ``ref`` stands in for lost lines."""

    name: str
    lines: Sequence[str]
    about: str | None = None
    notes: str | None = None
    birth_date: str | None = None
    age_line: str | None = None
    qr: str | None = None
    ref: str | None = None


def cards(*, language: str | None = None, paper: str = "A4", fonts: str | None = None) -> Printing:
    """Print cards, four a page (A6 on A4); headings and dates in ``language`` as far as it is spoken.

    Texts longer than a card holds end in an ellipsis. A text that no font can print gives way to a notice. Raises
    ``ValueError`` for an unknown paper.
    """
    if paper not in _PAPERS:
        raise ValueError(f"print on {' or '.join(_PAPERS)}")
    width, height = _PAPERS[paper]
    data = {"paper-width": width, "paper-height": height}
    return Printing("cards", data, _A_PAGE, lambda row, _: _card(row, language, fonts), fonts)


def _card(row: Card, language: str | None, fonts: str | None) -> dict[str, Any]:
    birthday = partial_in_words(row.birth_date, language) if row.birth_date else ""
    heads = {"birthday": "born", "notes": "writing", "address": "address"}
    return {
        "name": printable_or_notice([row.name], row.ref, fonts),
        "about": _text(row.about, "about", fonts),
        "notes": _text(row.notes, "notes", fonts),
        "birthday": ready([birthday], fonts),
        "lines": printable_or_notice(row.lines, row.ref, fonts),
        "age": printable_or_notice([row.age_line or ""], None, fonts),
        "heads": {place: ready([phrase(key, language)], fonts)[0] for place, key in heads.items()},
        "qr": code(row.qr),
    }


def _text(text: str | None, place: str, fonts: str | None) -> list[dict[str, str | bool]]:
    shown = shortened(clean(text), _LONGEST[place])
    return printable_or_notice([shown], None, fonts)


def shortened(text: str, longest: int) -> str:
    """Cut a text at a word's end and say so with an ellipsis."""
    if len(text) <= longest:
        return text
    kept = ""
    for cluster in clusters(text):
        if len(kept) + len(cluster) >= longest:
            break
        kept += cluster
    at_word = kept.rsplit(" ", 1)[0]
    return (at_word if len(at_word) >= longest // 2 else kept).rstrip(" ,;:.") + " …"
