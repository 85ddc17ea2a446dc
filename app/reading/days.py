"""The day that a question is about: today, or one in the past."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

_DAY: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


def today() -> date:
    """Give the UTC day."""
    return datetime.now(UTC).date()


def _whole(value: object) -> object:
    # Read by ourselves: the framework would also take seconds since 1970 and instants.
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> date:
    raise ValueError("write a whole day of the calendar as in 2023-11-09")


def _come(value: date) -> date:
    if value > today():
        raise ValueError("this day has not come yet: ask for today or a day in the past")
    return value


AsOf = Annotated[
    date,
    BeforeValidator(_whole),
    AfterValidator(_come),
    Field(
        description="As of this day (UTC), today when left out: what today's records say of that day, whenever learnt. "
        "For what the register itself said at some time, see a record's history.",
        examples=["2023-11-09"],
    ),
]
