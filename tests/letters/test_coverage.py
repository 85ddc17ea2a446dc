import importlib.resources
import struct
from pathlib import Path

import pytest

from app.letters import fontfile
from app.letters.coverage import code_points, font_set, leading_family, printer, uncovered, unprintable_warning
from app.letters.press import ready, typeset
from tests.letters import embedded
from tests.letters.people import ALPHABETS, PRINTABLE
from tests.letters.reading import glyphs


def test_the_table_is_that_of_the_fonts_inside_the_installed_typst() -> None:
    """When this fails after an update of typst: python -m tests.letters.embedded."""
    stored = importlib.resources.files("app.letters").joinpath("coverage.json").read_text(encoding="utf-8")
    assert stored == embedded.document()


@pytest.mark.parametrize("language", PRINTABLE)
def test_the_letters_of_common_languages_are_covered(language: str) -> None:
    assert uncovered(ALPHABETS[language]) == set()


def test_a_letter_is_named_with_its_marks() -> None:
    assert code_points({"ท์", "ท", "張"}, 8) == "U+0E17, U+0E17 U+0E4C, U+5F35"
    assert code_points({"ท์", "ท", "張"}, 2) == "U+0E17, U+0E17 U+0E4C"


def test_what_typst_has_no_font_for_is_named() -> None:
    assert uncovered("Ян 張 ပ ก አ 😀") == {"張", "ပ", "ก", "አ", "😀"}
    assert printer()("Людміла")
    assert not printer()("張")


def test_a_mark_counts_with_its_letter() -> None:
    assert uncovered("e\u0301 и\u0306") == set()
    assert uncovered("გ\u0350") == {"გ\u0350"}  # a letter of one font, a mark of the other


def test_joiners_of_persian_are_no_gaps() -> None:
    assert uncovered("سعادت\u200cآباد") == set()


def _drawn(lines: list[str]) -> list[int]:
    zone = {"left": 0, "top": 0, "width": 500, "height": 500}
    names = ("addressee", "sender", "age", "qr")
    data = {"width": 500, "height": 500, "zones": dict.fromkeys(names, zone)}
    return list(glyphs(typeset("envelope", data | {"lines": ready(lines, None), "sender": [], "age": [], "qr": None})))


def test_every_letter_called_covered_is_drawn_and_none_as_an_empty_box() -> None:
    letters = [chr(code) for shown in font_set().shown for code in sorted(shown) if chr(code).isalpha()]
    lines = [" ".join(letters[start : start + 60]) for start in range(0, len(letters), 60)]
    numbers = _drawn(lines)
    assert len(numbers) > len(letters)
    assert 0 not in numbers


@pytest.mark.parametrize("character", ["張", "ပ", "ก", "አ", "अ", "😀", "ᏸ"])
def test_a_letter_called_uncovered_is_an_empty_box_indeed(character: str) -> None:
    assert uncovered(character)
    assert 0 in _drawn([character])


def test_lines_are_led_by_the_font_that_has_their_letters() -> None:
    assert leading_family("Людміла №4") == "Libertinus Serif"
    assert leading_family("گل 4") == "DejaVu Sans Mono"
    assert leading_family("1234") == "Libertinus Serif"


def test_a_warning_names_what_cannot_be_printed() -> None:
    assert unprintable_warning("Anna") is None
    assert "張" in (unprintable_warning("Anna 張") or "")


def _font(codes: range) -> bytes:
    """Build the least that a reader of character maps calls a font."""
    group = struct.pack(">LLL", codes.start, codes.stop - 1, 1)
    subtable = struct.pack(">HHLLL", 12, 0, 16 + len(group), 0, 1) + group
    cmap = struct.pack(">HHHHL", 0, 1, 3, 10, 12) + subtable
    directory = struct.pack(">4sLLL", b"cmap", 0, 28, len(cmap))
    return b"\x00\x01\x00\x00" + struct.pack(">HHHH", 1, 16, 0, 0) + directory + cmap


def test_a_font_s_character_map_is_read() -> None:
    font = _font(range(0x4E00, 0x4E10))
    assert fontfile.characters(font) == frozenset(range(0x4E00, 0x4E10))
    collection = b"ttcf" + struct.pack(">HHLL", 1, 0, 1, 16) + _shifted(font, 16)
    assert fontfile.characters(collection) == frozenset(range(0x4E00, 0x4E10))


def _shifted(font: bytes, by: int) -> bytes:
    return font[:20] + struct.pack(">L", 28 + by) + font[24:]


@pytest.mark.parametrize("data", [b"", b"no font at all", b"\x00\x01\x00\x00" + b"\x00\x00" * 4, _font(range(9))[:40]])
def test_damaged_fonts_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match="font"):
        fontfile.characters(data)


def test_an_operator_s_directory_must_exist_and_may_hold_other_things(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="directory"):
        font_set(str(tmp_path / "nowhere"))
    (tmp_path / "README.txt").write_text("no font")
    assert font_set(str(tmp_path)).families == font_set().families
    assert uncovered("張", str(tmp_path)) == {"張"}
