"""What every record has, how a kind declares its fields, and the columns that are derived from them."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Self, cast, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_json, to_jsonable_python
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    Dialect,
    Index,
    String,
    event,
)
from sqlalchemy.orm import Mapper, class_mapper
from sqlalchemy.orm.attributes import set_attribute
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import AutoString, SQLModel
from sqlmodel import Field as ColumnField
from sqlmodel._compat import SQLModelConfig

from app.core.dialects import exact_text
from app.core.edtf import PartialDate as Edtf
from app.core.ranks import Rank
from app.core.terms import Term as Duration
from app.core.types import Id, PastDate, Prose, Visibility


class Tier(IntEnum):
    """How much a caller may see; each tier sees what the ones below it see."""

    PUBLIC = 0
    PARTNERS = 1
    PRIVATE = 2

    @classmethod
    def named(cls, visibility: str) -> "Tier":
        """Give the first tier that sees records of this visibility."""
        return cls[visibility.upper()]


class Citation(BaseModel):
    """Who says so: a source, which field it speaks for, its own words."""

    model_config = ConfigDict(extra="forbid")

    source_id: Id = Field(description="The source that says so.")
    field: str | None = Field(
        default=None,
        max_length=40,
        pattern=r"^[a-z][a-z_]*$",
        description="The field it speaks for; the whole record when null.",
    )
    quote: Prose | None = Field(default=None, description="The source's own words.")
    accessed_on: PastDate | None = Field(default=None, description="When the source was read.")


class _Json(TypeDecorator[Any]):
    """A compound value kept as JSON and given back as the type that its field declares."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, adapter: TypeAdapter[Any] | None = None) -> None:
        super().__init__(none_as_null=True)
        self._adapter = adapter

    def bind_processor(self, _: Dialect) -> Callable[[Any], str | None]:
        # Written as pydantic writes, in one go: what the library does of itself takes three times as long.
        return lambda value: None if value is None else to_json(value).decode()

    def process_result_value(self, value: Any, _: Dialect) -> Any:  # noqa: ANN401 - any JSON
        return value if value is None or self._adapter is None else self._adapter.validate_python(value)


class _Parsed(TypeDecorator[str]):
    """A text that is given back as the class that parses it."""

    impl = String
    cache_ok = True

    def __init__(self, parse: type[str]) -> None:
        super().__init__()
        self._parse = parse

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _: Dialect) -> str | None:
        return None if value is None else self._parse(value)


# Names for what the database would name in its own way, so that migrations can speak of it.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True, slots=True)
class _Shadow:
    """A column that is derived from a field's value, so that it sorts and filters."""

    suffix: str
    type: Callable[[], TypeEngine[Any]]
    of: Callable[[Any], date | int | str]


_SHADOWS: Final[Mapping[type, tuple[_Shadow, ...]]] = {
    Edtf: (_Shadow("earliest", Date, lambda d: d.earliest), _Shadow("latest", Date, lambda d: d.latest)),
    Duration: (_Shadow("key", BigInteger, lambda t: t.key),),
    Rank: (_Shadow("key", exact_text, lambda r: r.key),),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What a kind says of a field beyond its type."""

    tier: Tier = Tier.PUBLIC
    references: str | None = None
    owner: bool = False
    filter: str | bool | None = None
    unique: bool = False


_PLAIN: Final = Declared()


def field(
    default: Any = PydanticUndefined,  # noqa: ANN401 - whatever the field's type takes
    *,
    text: str,
    tier: Tier = Tier.PUBLIC,
    references: str | None = None,
    owner: bool = False,
    filter: str | bool | None = None,  # noqa: A002 - the word for it
    unique: bool = False,
    **constraints: Any,  # noqa: ANN401 - handed on to pydantic
) -> Any:  # noqa: ANN401 - stands for the field's value, as pydantic's own Field does
    """Declare a field of a kind of record.

    ``text`` describes it to readers of the API; ``tier`` is the first that sees it; ``references`` names the
    kind of record it points to, and ``owner`` says that the record belongs to that one; ``filter`` renames its
    list filter, or ``True``/``False`` gives or denies a plain text one; ``unique`` values exist once in the
    register.
    """
    info = ColumnField(default=default, description=text, **constraints)
    # Metadata, because pydantic makes a new object where the annotation brings a Field of its own.
    info.metadata.append(Declared(tier, references, owner, filter, unique))
    return info


def choice(default: Any = PydanticUndefined, **said: Any) -> Any:  # noqa: ANN401 - as `field`
    """Declare a field that holds one of a few words."""
    return field(default, sa_type=String, **said)


def compound(default: Any = PydanticUndefined, **said: Any) -> Any:  # noqa: ANN401 - as `field`
    """Declare a field that holds a list or an object, kept as JSON."""
    return field(default, sa_type=_Json, **said)


def declared(info: FieldInfo) -> Declared:
    """Give what ``field`` was told; a field declared otherwise is public and plain."""
    return next((said for said in info.metadata if isinstance(said, Declared)), _PLAIN)


class Input(SQLModel):
    """What a client sends for any kind of record."""

    model_config = SQLModelConfig(extra="forbid")

    visibility: Visibility = choice(
        "partners", text="Who may see the record: `public`, `partners` (keys with `read:partners`) or `private`."
    )
    citations: list[Citation] = compound(default_factory=list, text="The sources that say so.", max_length=100)

    def __init__(self, **data: Any) -> None:  # noqa: ANN401 - a value for each field
        super().__init__(**data)

    # Pydantic hands JSON over to an `__init__` that it does not know, as Python values and without strictness.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # pydantic's mark of its own


def new_id() -> UUID:
    """Give an id that sorts behind those that were made before it: a UUID of version 7 (RFC 9562, 5.7).

    It tells when it was made to the millisecond, which `created_at` does too, and has 74 bits of chance. Records that
    are made one after the other lie together in every index, however many there are.
    """
    made = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=made & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


class Record(SQLModel):
    """The columns of every kind of record, beside the fields that clients send."""

    id: UUID = ColumnField(default_factory=new_id, primary_key=True)
    version: int = 1
    created_at: datetime = ColumnField(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = ColumnField(default_factory=lambda: datetime.now(UTC))
    if TYPE_CHECKING:  # the table classes have it from Input
        visibility: str

    @classmethod
    def fresh(cls, **values: Any) -> Self:  # noqa: ANN401 - a value for each field
        """Make a record that is to be written; every field has to be named.

        As one is made that was read: the constructor sets each field past all who could listen to that, which takes a
        tenth of a batch. Not for a record that one flush deletes and adds: that would be taken for unchanged.
        """
        made = class_mapper(cls).class_manager.new_instance()
        vars(made).update(values)
        return made

    def stored(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Give the named fields as JSON values."""
        said: dict[str, Any] = to_jsonable_python({name: getattr(self, name) for name in names})
        return said

    def derive(self) -> None:
        """Fill the shadow columns from the fields they follow."""
        for name, shadow in shadows(type(self)):
            value = getattr(self, name)
            set_attribute(self, f"{name}_{shadow.suffix}", None if value is None else shadow.of(value))


def full_type(info: FieldInfo) -> Any:  # noqa: ANN401 - an annotation
    """Give a field's type with all that narrows it, ``| None`` aside: pydantic keeps some of that beside the type."""
    shape: Any = info.annotation
    arms = [arm for arm in get_args(shape) if arm is not type(None)]
    if type(None) in get_args(shape) and len(arms) == 1:
        shape = arms[0]
    for item in info.metadata:
        if not isinstance(item, Declared) and not type(item).__module__.startswith("sqlmodel"):
            shape = Annotated[shape, item]
    extra = info.json_schema_extra
    return Annotated[shape, Field(json_schema_extra=extra)] if extra else shape


def core_type(annotation: Any) -> Any:  # noqa: ANN401 - annotations are of any shape
    """Give what an annotation is about, without ``Annotated`` and ``| None``."""
    if hasattr(annotation, "__metadata__"):
        return core_type(annotation.__origin__)
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    if type(None) in get_args(annotation) and len(arms) == 1:
        return core_type(arms[0])
    return annotation


@cache
def shadows(record: type[SQLModel]) -> tuple[tuple[str, _Shadow], ...]:
    """Give each field that has shadow columns, once per column."""
    types = {name: core_type(info.annotation) for name, info in record.model_fields.items()}
    return tuple((name, shadow) for name, target in types.items() for shadow in _SHADOWS.get(target, ()))


def as_json(record: type[SQLModel], name: str) -> bool:
    """Tell whether a field is kept as JSON."""
    return isinstance(record.metadata.tables[str(record.__tablename__)].c[name].type, _Json)


@event.listens_for(Record, "instrument_class", propagate=True)
def _complete(_: Mapper[Any], record: type[Record]) -> None:
    """Give a kind's table what its declarations imply: column types, shadow columns, foreign keys, indexes."""
    table = record.metadata.tables[str(record.__tablename__)]
    for name, info in record.model_fields.items():
        column = table.c[name]
        said = declared(info)
        target = core_type(info.annotation)
        if isinstance(column.type, _Json):
            column.type = _Json(TypeAdapter(cast("Any", info.annotation)))
        elif target in _SHADOWS:
            column.type = _Parsed(target)
        elif isinstance(column.type, String | AutoString):
            column.type = exact_text()
        if said.references and not said.owner:
            # A copy of another register's record lacks the references that are hidden there.
            column.nullable = True
    for name, shadow in shadows(record):
        table.append_column(Column(f"{name}_{shadow.suffix}", shadow.type(), nullable=True))
    for name in searchable(record):
        table.append_constraint(Index(f"ix_{table.name}_{name}", table.c[name], table.c.created_at, table.c.id))
    table.append_constraint(Index(f"ix_{table.name}_created_at", table.c.created_at, table.c.id))


def searchable(record: type[SQLModel]) -> Iterator[str]:
    """Give the columns that lists filter or sort by."""
    for name, info in record.model_fields.items():
        target = core_type(info.annotation)
        if declared(info).tier is not Tier.PUBLIC or name in {"id", "citations", "visibility", "version"}:
            continue
        if target in _SHADOWS:
            yield from (f"{name}_{shadow.suffix}" for shadow in _SHADOWS[target])
        elif is_code(target) or declared(info).filter is True:
            yield name


def is_code(target: Any) -> bool:  # noqa: ANN401 - annotations are of any shape
    """Tell whether values of this type are few and exact: ids, enumerations, yes or no."""
    return target in (UUID, bool) or str(get_origin(target)) == "typing.Literal"
