"""Sheets of address labels, by product number or by the measure of one label."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from app.letters.coverage import code_points
from app.letters.press import Line, Printing, missing, ready

_MEASURE: Final = re.compile(r"^(\d+(?:[.,]\d+)?) *(?:mm)? *[x×*] *(\d+(?:[.,]\d+)?) *(?:mm)?$", re.IGNORECASE)
_NEAR: Final = 0.6  # millimetres by which a measure on a box is rounded
# Deutsche Post asks for 3 mm between the address and a label's edge
# (burscheid-medien.de/faq-items/briefumschlaege-bedrucken); small labels give up a part of it.
_PADDING: Final = 3.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of labels in millimetres; ``across`` and ``down`` go from one label's edge to the next one's."""

    paper_width: float
    paper_height: float
    columns: int
    rows: int
    left: float
    top: float
    across: float
    down: float
    width: float
    height: float

    @property
    def count(self) -> int:
        """How many labels a sheet has."""
        return self.columns * self.rows


@dataclass(frozen=True, slots=True)
class Label:
    """One label: the address, how old it is, and what to call it when it cannot be printed."""

    lines: Sequence[str]
    age_line: str | None = None
    ref: str | None = None


@cache
def _data() -> dict[str, Any]:
    return dict(json.loads(files("app.letters").joinpath("sheets.json").read_text(encoding="utf-8")))


def sheet_names() -> list[str]:
    """List the product numbers that are known, other names included."""
    return sorted([*_data()["sheets"], *_data()["other_names"]])


def sheet(name: str) -> Sheet:
    """Find a sheet by product number (``L7160``) or by the measure of a label in millimetres (``63.5x38.1``).

    Raises ``ValueError`` with the known numbers when there is none.
    """
    data, wanted = _data(), name.strip().upper()
    key = data["other_names"].get(wanted, wanted)
    if key in data["sheets"]:
        return _sheet(data["sheets"][key])
    if measure := _MEASURE.fullmatch(name.strip()):
        width, height = (float(side.replace(",", ".")) for side in measure.groups())
        for entry in data["sheets"].values():
            if abs(entry["width"] - width) <= _NEAR and abs(entry["height"] - height) <= _NEAR:
                return _sheet(entry)
    raise ValueError(f"known sheets: {', '.join(sheet_names())}, or the measure of one label, such as 63.5x38.1")


def _sheet(entry: dict[str, Any]) -> Sheet:
    paper_width, paper_height = _data()["papers"][entry["paper"]]
    measures = {key: value for key, value in entry.items() if key not in {"paper", "source"}}
    return Sheet(paper_width=paper_width, paper_height=paper_height, **measures)


def labels(kind: str | Sheet = "L7160", *, skip: int = 0, fonts: str | None = None) -> Printing:
    """Print labels row by row, one sheet a page; ``skip`` leaves out labels already used on the first.

    A label with a character that no font has says so in place of the address, with its ``ref``, so that it cannot
    be stuck on a letter by mistake. Raises ``ValueError`` for an unknown sheet and for more used labels than it has.
    """
    chosen = sheet(kind) if isinstance(kind, str) else kind
    if not 0 <= skip < chosen.count:
        raise ValueError(f"leave out from 0 to {chosen.count - 1} labels: the sheet has {chosen.count}")
    padding_x, padding_y = min(_PADDING, chosen.width / 20), min(_PADDING, chosen.height / 16)
    data = {
        "sheet": {key.replace("_", "-"): value for key, value in asdict(chosen).items()},
        "padding-x": padding_x,
        "padding-y": padding_y,
        "inner-width": chosen.width - 2 * padding_x,
        "inner-height": chosen.height - 2 * padding_y,
    }

    def cell(row: Label, place: int) -> dict[str, Any]:
        down, column = divmod(place % chosen.count, chosen.columns)
        gaps = missing([*row.lines, row.age_line or ""], fonts)
        note = [] if gaps else ready([row.age_line or ""], fonts)
        return {"line": down, "column": column, "lines": _shown(row.lines, gaps, row.ref, fonts), "note": note}

    return Printing("labels", data, chosen.count, cell, fonts, skip)


def printable_or_notice(lines: Sequence[str], ref: str | None, fonts: str | None) -> list[Line]:
    """Give the lines, or a notice in their place when a character of theirs would be an empty box."""
    return _shown(lines, missing(lines, fonts), ref, fonts)


def _shown(lines: Sequence[str], gaps: set[str], ref: str | None, fonts: str | None) -> list[Line]:
    if not gaps:
        return ready(lines, fonts)
    named = [ref] if ref and not missing([ref], fonts) else []
    return ready(["NOT PRINTED", f"No font for {code_points(gaps, 4)}", *named], fonts)
