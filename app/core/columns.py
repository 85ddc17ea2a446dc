"""Records as tables: columns from their model, cells from records as they are answered."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field
from pydantic_core import from_json

from app.core.documents import etag
from app.core.filters import Filter
from app.core.formats import preferred
from app.core.kinds import COMMON
from app.core.problems import fault, invalid
from app.core.requests import JSON, answer, header_of
from app.core.tables import TABLE_MEDIA, Cell, TableFormat, disarmed, table

Format = Literal["json", TableFormat]
Row = Mapping[str, Any]
Path = tuple[str, ...]
_MEDIA: Final[Mapping[str, Format]] = {
    JSON: "json",
    **{media_type.partition(";")[0]: kind for kind, media_type in TABLE_MEDIA.items()},
}
# What OpenAPI says of an answer that may be a table.
TABLE_CONTENT: Final[Mapping[str, dict[str, Any]]] = {name: {} for name in _MEDIA if name != JSON}
AskedFormat = Annotated[
    Format | None,
    Field(
        description="What to answer with (else `json`); beats `Accept`. `csv` and `xlsx` are tables for spreadsheet "
        "programs: a column per field, one per language of a text (`name.en`), the values of a list joined by `; `."
    ),
]
_SEPARATOR: Final = "; "
_LAST: Final = ("visibility", "citations", *COMMON[1:])
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Listed(Filter):
    """The parameters that every list takes beside its filters."""

    format: AskedFormat = None


class Columns:
    """The columns of a table, and what stands under them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self.header = [".".join(path) for path in self._paths]

    @classmethod
    def of(
        cls, model: type[BaseModel], rows: Sequence[Row], *, without: Collection[str] = (), last: Sequence[str] = ()
    ) -> "Columns":
        """Give the columns of a model.

        A text in several languages has a column for each that one of the rows has. ``without`` names the fields
        that the caller may not see, ``last`` those that come after all others.
        """
        fields = [(path, localized) for path, localized in _fields(model) if path[0] not in without]
        fields.sort(key=lambda field: last.index(field[0][0]) + 1 if field[0][0] in last else 0)
        return cls(full for path, localized in fields for full in (_spoken(rows, path) if localized else [path]))

    def write(self, wanted: TableFormat, rows: Iterable[Row]) -> bytes:
        """Write rows as a whole table."""
        made = table(wanted, self.header)
        written = made.feed(self.cells(wanted, rows))
        return written + made.finish()

    def cells(self, wanted: TableFormat, rows: Iterable[Row]) -> Iterator[list[Cell]]:
        """Give the cells of rows."""
        # The parts of a joined list may come to stand at the beginning of a cell where `;` separates cells.
        armed = disarmed if wanted == "csv" else str
        return ([_cell(_at(row, path), armed) for path in self._paths] for row in rows)


class Sampled:
    """Gathers, portion by portion, in which languages the texts of a model's records are."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model
        self._texts = [path for path, localized in _fields(model) if localized]
        self._found: set[Path] = set()

    def look_at(self, rows: Sequence[Row]) -> None:
        """Look at some of the records."""
        self._found |= {full for path in self._texts for full in _spoken(rows, path) if full != path}

    def columns(self, without: Collection[str]) -> Columns:
        """Give the columns that all of them need."""
        return Columns.of(self._model, [_nested(full) for full in self._found], without=without, last=_LAST)


def _nested(path: Path) -> Row:
    return {path[0]: _nested(path[1:])} if len(path) > 1 else {path[0]: ""}


def format_of(request: Request, asked: Format | None, *, count: bool = False) -> Format:
    """Give what to answer with: what ``format`` says, else ``Accept``, else JSON."""
    wanted = asked or preferred(header_of(request, "accept"), _MEDIA, "json")
    if count and wanted != "json":
        raise invalid(fault("/query/count", "A table has no place for the total. Ask for it as JSON."))
    return wanted


async def as_table(
    request: Request,
    columns: Columns,
    rows: Sequence[Row],
    name: str,
    wanted: TableFormat,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Response:
    """Answer with a table as a file of this name, or 304 when the caller has it already."""
    # It takes its time, for which no other request should wait.
    body = await asyncio.to_thread(columns.write, wanted, rows)
    named = {"Content-Disposition": f'attachment; filename="{name}.{wanted}"', **headers}
    return answer(request, body, etag(len(rows), body), named, TABLE_MEDIA[wanted])


async def records_as_table(
    request: Request,
    kind: str,
    model: type[BaseModel],
    items: Sequence[bytes],
    hidden: Collection[str],
    *,
    wanted: TableFormat,
    headers: Mapping[str, str],
) -> Response:
    """Answer with written records of a kind as a table; what is the kind's own comes first."""
    rows = [from_json(item) for item in items]
    columns = Columns.of(model, rows, without=hidden, last=_LAST)
    return await as_table(request, columns, rows, kind, wanted, headers)


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[Path, bool], ...]:
    """Give the way to each value of a model, and whether it is a text in several languages."""
    schema = model.model_json_schema(mode="serialization")
    return tuple(_walk(schema, schema.get("$defs", {}), ()))


def _walk(schema: Mapping[str, Any], defs: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, bool]]:
    shape = _plain(schema, defs)
    if "properties" in shape:
        for name, inner in shape["properties"].items():
            yield from _walk(inner, defs, (*path, name))
    elif shape.get("type") == "array" and "properties" in _plain(shape.get("items", {}), defs):
        yield from _walk(shape["items"], defs, path)
    else:
        yield path, shape.get("type") == "object"


def _plain(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references and look through ``| None``."""
    if "$ref" in schema:
        return _plain(defs[schema["$ref"].rpartition("/")[2]], defs)
    arms = [arm for arm in schema.get("anyOf", ()) if arm.get("type") != "null"]
    return _plain(arms[0], defs) if len(arms) == 1 else schema


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - JSON
    """Give the value at the end of a way; of a list of objects, that of each."""
    for place, name in enumerate(path):
        if isinstance(value, list):
            return [_at(item, path[place:]) for item in value]
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _spoken(rows: Sequence[Row], path: Path) -> list[Path]:
    """Give a column for each language in which one of the rows has this text; one column if none has."""
    found: set[str] = set()
    for row in rows:
        texts = _at(row, path)
        for text in texts if isinstance(texts, list) else [texts]:
            found |= set(text or ())
    return [(*path, tag) for tag in sorted(found)] or [path]


def _cell(value: Any, armed: Callable[[str], str]) -> Cell:  # noqa: ANN401 - JSON
    if not isinstance(value, list):
        return value if isinstance(value, str | int | float) else None
    parts = [_cell(item, armed) for item in value]
    known = any(part is not None for part in parts)
    return _SEPARATOR.join("" if part is None else armed(str(part)) for part in parts) if known else None
