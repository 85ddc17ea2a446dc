"""What is asked of one record, and how an answer is made of what was read of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.core.desk import Desk
from app.core.documents import tag_of
from app.core.express import Rows, Statement, Written
from app.core.lists import Finish, Item
from app.core.problems import Problem

# Takes the request, the desk, the records as stored, and what was asked of them; None where a write answers.
Enrich = Callable[[Request, Desk, Sequence[Item], BaseModel | None], Awaitable[list[bytes]]]
# Takes the request and what was asked; None where answers need more than what is read with a record.
Ready = Callable[[Request, BaseModel | None], Finish | None]


def _path_id(value: object) -> object:
    """Read an id in a path; what is no id names no record."""
    try:
        return UUID(value) if isinstance(value, str) and len(value) == 36 else _unknown()  # noqa: PLR2004 - canonical form
    except ValueError:
        return _unknown()


def _unknown() -> object:
    raise Problem("not-found")


PathId = Annotated[UUID, BeforeValidator(_path_id), Field(description="The record's id.")]


def as_stored(_: Request, __: BaseModel | None) -> Finish:
    """Answer with the record's bytes as they are."""
    return lambda _: b""


def one_written(finish: Finish, _: Sequence[Statement], found: Sequence[Rows], __: str) -> Written | None:
    """Write a record's answer by its plan; there must be one."""
    if not found[0]:
        return None
    row = found[0][0]
    end = finish(row)
    if end is None:
        return None
    body = row[0] + end
    return Written(body, tag_of(body))


class Asked(BaseModel):
    """The parameters that reading one record takes."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="An older version.")
