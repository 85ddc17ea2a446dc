"""What a batch is made of: one operation on one record each, checked for form before anything else."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from app.core.kinds import Fields, Key
from app.core.problems import Fault, Problem, fault, faults, invalid
from app.core.requests import json_of
from app.core.types import Id
from app.sync.following import KindName

MOST: Final = 1000
_TAG: Final = 2  # where pydantic's errors say which of the operations' models was taken
IfMatch = Annotated[
    str | None,
    Field(
        max_length=1000,
        description='The ETag that you read (`"3-5d41402abc4b2a76"`), or `*` to overwrite on purpose. 428 without it.',
    ),
]
Kind = Annotated[KindName, Field(description="The kind of record, as in its path.")]
OldId = Annotated[Id, Field(description="The record's id.")]


class _Operation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    op: str
    kind: Kind


class _Change(_Operation):
    """An operation on a record that is there."""

    id: OldId
    if_match: IfMatch = None


class Create(_Operation):
    """Makes a record, as POST does."""

    op: Literal["create"]
    id: Id | None = Field(
        default=None, description="An id of your own, new to the register; other operations may refer to it."
    )
    record: dict[str, Any] = Field(description="The record, as in `POST /v1/{kind}`.")


class Replace(_Change):
    """Replaces a record, as PUT does."""

    op: Literal["replace"]
    record: dict[str, Any] = Field(description="The whole record, as in `PUT /v1/{kind}/{id}`.")


class Patch(_Change):
    """Changes a record, as PATCH does."""

    op: Literal["patch"]
    record: dict[str, Any] = Field(description="What changes, as a JSON Merge Patch (RFC 7396).")


class Delete(_Change):
    """Deletes a record, as DELETE does."""

    op: Literal["delete"]


Operation = Create | Replace | Patch | Delete


class BatchIn(BaseModel):
    """Operations that are carried out together or not at all."""

    model_config = ConfigDict(extra="forbid")

    operations: list[Annotated[Operation, Field(discriminator="op")]] = Field(
        min_length=1, max_length=MOST, description="Each is about a record of its own; their order does not matter."
    )


def operations_of(body: bytes) -> list[Operation]:
    """Read the operations of a body; 400 and 422 for what has not their form."""
    read = json_of(body)
    if not isinstance(read, dict):
        raise invalid(fault("", "Send a JSON object."))
    said = read.get("operations")
    if isinstance(said, list) and len(said) > MOST:
        raise invalid(fault("/operations", f"A batch takes up to {MOST:,} operations; send the rest in another."))
    try:
        batch = BatchIn.model_validate_json(to_json(read), strict=True)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        raise Problem("invalid", errors=faults([{**one, "loc": _place(one["loc"])} for one in told])) from None
    if twice := list(_twice(batch.operations)):
        raise Problem("invalid", errors=twice[:100])
    return batch.operations


_L = TypeVar("_L", bound=int | str)


def _place(loc: tuple[_L, ...]) -> tuple[_L, ...]:
    return (*loc[:_TAG], *loc[_TAG + 1 :])


def _twice(operations: list[Operation]) -> Iterator[Fault]:
    """Give the operations on a record that another one is about already: a batch makes one version of each."""
    first: dict[Key, int] = {}
    for number, operation in enumerate(operations):
        if operation.id is not None:
            before = first.setdefault((operation.kind, operation.id), number)
            if before != number:
                words = f"Operation {before} is about this record already. Say all of it in one operation."
                yield fault(f"/operations/{number}/id", words)


def key_of(operation: Operation) -> Key | None:
    """Give the record that an operation is about; None where the register chooses the id."""
    return None if operation.id is None else (operation.kind, operation.id)


def sent_of(operation: Operation) -> Fields:
    """Give what an operation says of its record."""
    return {} if isinstance(operation, Delete) else operation.record
