"""Tables: what a spreadsheet program reads is what was written, and no cell runs."""

import csv
import gc
import hashlib
import io
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from app.core.tables import TABLE_MEDIA, Cell, CsvTable, TableFormat, XlsxTable, table

ARMED = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.org")']


def written(kind: TableFormat, columns: list[str], *portions: list[list[Cell]]) -> bytes:
    made = table(kind, columns)
    return b"".join([*(made.feed(portion) for portion in portions), made.finish()])


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def read_xlsx(data: bytes) -> list[list[Any]]:
    rows: list[list[Any]] = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return rows


def test_both_begin_with_the_columns_and_keep_types_and_order() -> None:
    rows: list[list[Cell]] = [["Ґўłŭ გი نمونه", 12, True], [None, 2.5, False]]
    assert read_csv(written("csv", ["a", "b", "c"], rows[:1], rows[1:])) == [
        ["a", "b", "c"],
        ["Ґўłŭ გი نمونه", "12", "true"],
        ["", "2.5", "false"],
    ]
    assert read_xlsx(written("xlsx", ["a", "b", "c"], rows[:1], rows[1:])) == [
        ["a", "b", "c"],
        ["Ґўłŭ გი نمونه", 12.0, True],
        ["", 2.5, False],
    ]


@pytest.mark.parametrize("text", ARMED)
def test_no_cell_is_a_formula(text: str) -> None:
    assert read_csv(written("csv", ["a"], [[text]]))[1] == [f"'{text}"]
    data = written("xlsx", [text], [[text]])
    assert read_xlsx(data) == [[text], [text]]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        for name in file.namelist():
            parsed = ET.fromstring(file.read(name))  # noqa: S314 - our own file
            assert not [element for element in parsed.iter() if element.tag.rpartition("}")[2] == "f"]


def test_numbers_are_no_texts_and_stay_negative() -> None:
    assert read_csv(written("csv", ["a"], [[-5]]))[1] == ["-5"]


def test_what_xml_cannot_hold_is_left_out_and_what_looks_like_its_number_stays_text() -> None:
    assert read_xlsx(written("xlsx", ["a", "b"], [["x\x00\x0by\ud800", "_x0041_"]]))[1] == ["xy", "_x0041_"]
    assert len(str(read_xlsx(written("xlsx", ["a"], [["x" * 40_000]]))[1][0])) == 32_767


def test_rows_leave_as_they_come_so_that_memory_stays_flat() -> None:
    for made in (CsvTable(["a"]), XlsxTable(["a"])):
        noise = [hashlib.sha256(bytes([number])).hexdigest() * 9 for number in range(200)]
        sizes = [len(made.feed([[f"{number} {text}"] for text in noise])) for number in range(8)]
        assert sum(sizes) > 3 * len(made.finish())  # the compressor holds back a little


def test_a_table_that_nobody_reads_to_its_end_leaves_no_complaint() -> None:
    for kind in TABLE_MEDIA:
        table(kind, ["a"]).feed([["b"]])
    gc.collect()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), max_size=5))
def test_any_text_reads_back(rows: list[list[str]]) -> None:
    cells: list[list[Cell]] = [list(row) for row in rows]
    read = read_csv(written("csv", ["a", "b"], cells))
    assert [[cell.removeprefix("'") for cell in row] for row in read[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    back = read_xlsx(written("xlsx", ["a", "b"], [[f"!{cell}" for cell in row] for row in rows]))
    kept = [[f"!{_in_xml(cell)}" for cell in row] for row in rows]
    assert back[1:] == kept


def _in_xml(text: str) -> str:
    allowed = "".join(char for char in text if char >= " " or char in "\t\n\r")
    return allowed.replace("\ufffe", "").replace("\uffff", "").replace("\r\n", "\n").replace("\r", "\n")
