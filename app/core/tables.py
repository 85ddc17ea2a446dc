"""Tables for spreadsheet programs, CSV and XLSX: written row by row in flat memory, and no formula runs."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, Final, Literal
from xml.sax.saxutils import escape

from typing_extensions import Buffer

Cell = str | int | float | bool | None
TableFormat = Literal["csv", "xlsx"]
TABLE_MEDIA: Final[dict[TableFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Spreadsheet programs take such a cell of a CSV file for a formula (OWASP, "CSV Injection"), the wide signs too.
_ARMED: Final = re.compile(r"^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_LONGEST: Final = 32_767  # characters that a cell of XLSX can hold, as UTF-16 counts them
_CUT: Final = " […]"
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # what Excel reads as a character's number
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def table(kind: TableFormat, columns: Sequence[str]) -> "CsvTable | XlsxTable":
    """Begin a table; its first row names the columns."""
    return CsvTable(columns) if kind == "csv" else XlsxTable(columns)


class CsvTable:
    """CSV (RFC 4180) in UTF-8; a text that begins like a formula gets an apostrophe before it."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._out = io.StringIO()
        self._out.write("\ufeff")  # by this mark spreadsheet programs know UTF-8
        self._writer = csv.writer(self._out)
        self._writer.writerow(columns)

    def feed(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Take rows; give the bytes that they make."""
        self._writer.writerows([_plain(cell) for cell in row] for row in rows)
        written = self._out.getvalue().encode()
        self._out.seek(0)
        self._out.truncate()
        return written

    def finish(self) -> bytes:
        """Give the last bytes."""
        return self.feed(())


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return disarmed(cell) if isinstance(cell, str) else cell


def disarmed(text: str) -> str:
    """Give a text that no spreadsheet program takes for a formula."""
    return f"'{text}" if _ARMED.match(text) else text


class _Pipe(io.RawIOBase):
    """What a ZIP file is written to: it cannot be gone back in, so every byte can leave at once."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        before = len(self._held)
        self._held += data
        return len(self._held) - before

    def taken(self) -> bytes:
        """Give what has been written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


class _Zip(zipfile.ZipFile):
    """A ZIP file that may be left unfinished: a reader has gone, and nobody is there for a warning."""

    def __del__(self) -> None:
        """Do nothing."""


class Bundle:
    """A ZIP file of files that are made while they are sent."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        self._file = _Zip(self._pipe, "w", zipfile.ZIP_DEFLATED)

    def open(self, name: str) -> IO[bytes]:
        """Begin a file; close it before the next one is begun."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        return self._file.open(info, "w", force_zip64=True)

    def taken(self) -> bytes:
        """Give the bytes that are ready."""
        return self._pipe.taken()

    def finish(self) -> bytes:
        """Give the last bytes."""
        self._file.close()
        return self._pipe.taken()


class XlsxTable:
    """A workbook (ECMA-376) with one sheet whose texts stand in their cells, where nothing is a formula.

    The usual libraries keep all cells in memory or in temporary files, and neither is a place for a register.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._pipe = _Pipe()
        self._file = _Zip(self._pipe, "w", zipfile.ZIP_DEFLATED)
        for name, text in _PARTS.items():
            self._file.writestr(zipfile.ZipInfo(name, _EPOCH), text)
        sheet = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _EPOCH)
        sheet.compress_type = zipfile.ZIP_DEFLATED
        self._sheet = self._file.open(sheet, "w")
        self._sheet.write(_SHEET_START)
        self._sheet.write(_row(columns, style=1))

    def feed(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Take rows; give the bytes that are ready."""
        self._sheet.write(b"".join(map(_row, rows)))
        return self._pipe.taken()

    def finish(self) -> bytes:
        """Give the last bytes."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._file.close()
        return self._pipe.taken()


def _row(cells: Sequence[Cell], style: int = 2) -> bytes:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>".encode()


def _cell(cell: Cell, style: int) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell}</v></c>"
    text = escape(_FORBIDDEN.sub("", _LOOKS_ESCAPED.sub("_x005F_", _fitting(cell))))
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{text}</t></is></c>'


def _fitting(text: str) -> str:
    """Cut a text to what a cell can hold; what was left out is said."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(text) * 2 <= _LONGEST or len(units) <= 2 * _LONGEST:
        return text
    return units[: 2 * (_LONGEST - len(_CUT))].decode("utf-16-le", "ignore") + _CUT


_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_START: Final = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
    'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
).encode()
_PARTS: Final = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Vestka" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Texts are of the format "@", so that they stay texts when a cell is edited; the first row is bold.
    "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/>'
    '</font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
    '<left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf xfId="0"/><xf fontId="1" xfId="0" applyFont="1"/><xf numFmtId="49" xfId="0" '
    'applyNumberFormat="1"/></cellXfs></styleSheet>',
}
