"""Which characters can be printed at all: typst draws an empty box for the others and says nothing.

The fonts inside typst were measured (``coverage.json``, made and checked by ``tests/letters/embedded.py``); an
operator's own fonts are read when their directory is first used. Only these families are ever used, and only
their regular faces: Libertinus Serif for Latin, Cyrillic, Greek and Hebrew, then the operator's, then DejaVu Sans
Mono for Armenian, Georgian, Arabic, Persian and Lao. Nothing in them is Chinese, Burmese, Thai or Ethiopic.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.letters.fontfile import characters
from app.letters.scripts import clusters

if TYPE_CHECKING:
    import typst

FIRST: Final = "Libertinus Serif"
LAST: Final = "DejaVu Sans Mono"
_REGULAR: Final = 400
# A shaper draws nothing for these, whether the font has them or not (Unicode, Default_Ignorable_Code_Point).
_INVISIBLE: Final = frozenset([0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0xFE00, 0xFE10)])


@dataclass(frozen=True, slots=True)
class FontSet:
    """The fonts a page is set in: the typst handle, family names by rank and what each of them shows."""

    handle: "typst.Fonts"
    families: tuple[str, ...]
    shown: tuple[frozenset[int], ...]


@cache
def font_set(directory: str | None = None) -> FontSet:
    """Load typst's own fonts and, where given, those of an operator's directory; done once per directory.

    Raises ``ValueError`` when the directory does not exist. A file in it that is no font is left out.
    """
    if directory is not None and not Path(directory).is_dir():
        raise ValueError("the directory of fonts does not exist")
    import typst  # noqa: PLC0415 - loaded when it is first used

    handle = typst.Fonts(include_system_fonts=False, font_paths=[directory] if directory else [])
    known = {FIRST: _embedded(FIRST), **_own(handle), LAST: _embedded(LAST)}
    return FontSet(handle, tuple(known), tuple(known.values()))


def _own(handle: "typst.Fonts") -> dict[str, frozenset[int]]:
    """Give what each family of the directory shows in the face that is nearest to regular and upright."""
    faces = sorted(
        (font.family, font.style != "normal", abs(font.weight - _REGULAR), font.path, font.index)
        for font in handle.fonts()
        if font.path is not None
    )
    nearest = {family: (path, index) for family, _, _, path, index in reversed(faces) if path}
    return {family: _read(*face) for family, face in sorted(nearest.items()) if family not in (FIRST, LAST)}


def _read(path: str, index: int) -> frozenset[int]:
    try:
        return characters(Path(path).read_bytes(), index)
    except (OSError, ValueError):
        return frozenset()


def leading_family(line: str, directory: str | None = None) -> str:
    """Give the family to set a line in: the one that has most of its letters, and so the right space between words.

    With the space of another font, the words of a line in typst's monospaced Arabic or Armenian run together.
    """
    fonts = font_set(directory)
    letters = [ord(char) for char in line if char.isalpha()]
    has = {
        family: sum(code in shown for code in letters)
        for family, shown in zip(fonts.families, fonts.shown, strict=True)
    }
    return max(fonts.families, key=lambda family: has[family])


@cache
def _embedded(family: str) -> frozenset[int]:
    text = files("app.letters").joinpath("coverage.json").read_text(encoding="utf-8")
    ranges = json.loads(text)["fonts"][family]
    return frozenset(code for first, last in ranges for code in range(first, last + 1))


def uncovered(text: str, directory: str | None = None) -> set[str]:
    """Give what would be printed as an empty box: characters, with their marks where only these are missing.

    A letter and its marks come out right only when one font has them all, composed or apart.
    """
    shown = font_set(directory).shown
    if any(font.issuperset(map(ord, text)) for font in shown):
        return set()
    return {cluster for cluster in set(clusters(text)) if not _drawable(cluster, shown)}


def _drawable(cluster: str, shown: tuple[frozenset[int], ...]) -> bool:
    if cluster.isspace():
        return True
    forms = [
        {code for code in map(ord, unicodedata.normalize(form, cluster)) if code not in _INVISIBLE}
        for form in ("NFC", "NFD")
    ]
    return any(form <= font for form in forms for font in shown)


def printer(directory: str | None = None) -> Callable[[str], bool]:
    """Give the test that ``lay_out`` takes as ``printable``: whether the fonts at hand can show a text."""
    return lambda text: not uncovered(text, directory)


def unprintable_warning(text: str, directory: str | None = None) -> str | None:
    """Say which characters of a text no font can show, in the form of an address's warnings; ``None`` for none."""
    missing = sorted(uncovered(text, directory))
    if not missing:
        return None
    listed = " ".join(missing[:8]) + (" …" if len(missing) > 8 else "")  # noqa: PLR2004 - enough to see
    return f"unprintable: no font here can print {listed}; install one that can or ask for another language"


def code_points(missing: Iterable[str], most: int) -> str:
    """Name the first of some characters by their code points; a letter with its marks is one of several."""
    return ", ".join(" ".join(f"U+{ord(code):04X}" for code in one) for one in sorted(missing)[:most])
