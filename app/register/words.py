"""Words that more than one kind of record uses."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.types import Line

Mail = Literal["open", "relatives_only", "blocked", "unknown"]
MAIL = "`open` to letters from all, `relatives_only`, `blocked`, or `unknown`"
Names = Annotated[list[Line], Field(max_length=50)]
PERSON = "The person it belongs to."
