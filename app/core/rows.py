"""Rows of a kind's table, made of what another register says of a record: many at a time, past the mapped classes."""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from sqlalchemy import Table

from app.core.edtf import PartialDate as Edtf
from app.core.kinds import Fields, Kind
from app.core.problems import pointer
from app.core.ranks import Rank
from app.core.record import Tier, as_json, core_type, shadows
from app.core.terms import Term as Duration
from app.core.types import ArticleNumber, PartialDate, Term

Row = dict[str, Any]
# Without what only editors have to heed, such as that no day may lie in the future.
_PLAIN: Final[dict[Any, Any]] = {Edtf: PartialDate, Duration: Term, Rank: ArticleNumber}


class Unreadable(Exception):  # noqa: N818 - what is said to those who run the register
    """A record holds what this version of the program does not know; the argument says where."""


@dataclass(frozen=True)
class Shape:
    """What makes rows of one kind."""

    table: Table
    model: type[BaseModel]
    plain: tuple[str, ...]
    compound: tuple[str, ...]
    derived: tuple[tuple[str, str, Any], ...]

    def row(self, fields: Fields) -> Row:
        """Give the columns that follow from the fields; what is no value of its type is ``Unreadable``."""
        try:
            read = vars(self.model.model_validate(fields))
        except ValidationError as error:
            raise Unreadable(pointer(error.errors(include_url=False, include_input=False)[0]["loc"])) from None
        row = {name: read[name] for name in self.plain}
        for name in self.compound:
            row[name] = fields.get(name, read[name])
        for name, column, of in self.derived:
            value = read[name]
            row[column] = None if value is None else of(value)
        return row


@cache
def shape_of(kind: Kind) -> Shape:
    """Give what makes rows of a kind."""
    fields: dict[str, Any] = {name: _read_as(kind, name) for name in kind.fields}
    model = create_model(f"Given_{kind.name}", __config__=ConfigDict(extra="ignore"), **fields)
    compound = tuple(name for name in kind.fields if as_json(kind.record, name))
    plain = tuple(name for name in kind.fields if name not in compound)
    derived = tuple((name, f"{name}_{shadow.suffix}", shadow.of) for name, shadow in shadows(kind.record))
    return Shape(kind.record.__table__, model, plain, compound, derived)  # type: ignore[attr-defined]  # table classes have it


def _read_as(kind: Kind, name: str) -> tuple[Any, Any]:
    """Give the type of a field's values and what stands for one that is not said.

    What is hidden at the source is unknown here, and what an older source does not know is as if nothing was sent.
    """
    info = kind.write.model_fields[name]
    target = core_type(info.annotation)
    target = _PLAIN.get(target, target)
    hidden = kind.tiers[name] is not Tier.PUBLIC or (name in kind.references and name != kind.owner)
    if hidden or type(None) in get_args(info.annotation):
        return target | None, None
    required = info.is_required() or name == "visibility"
    return target, ... if required else Field(default_factory=partial(info.get_default, call_default_factory=True))


def full_row(kind: Kind, record_id: UUID, fields: Fields, common: Row) -> Row:
    """Give a whole row; ``common`` holds its version and times."""
    return {"id": record_id, **common, **shape_of(kind).row(fields)}
