"""Partial dates: the part of EDTF (ISO 8601-2:2019, level 0 and 1) that the register speaks."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Self

_LEAP = r"(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:12|16|20|24|28)00)"
_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_OF_A_YEAR = rf"[12][0-9]{{3}}(?:-(?:0[1-9]|1[0-2]))?|[12][0-9]{{3}}-{_DAY}|{_LEAP}-02-29"
PATTERN: Final = rf"^(?:{_OF_A_YEAR}|XXXX-(?:{_DAY}|02-29))[~?]?$"
PATTERN_OF_BOUNDS: Final = rf"^(?:{_OF_A_YEAR})[~?]?$"
_MATCH: Final = re.compile(PATTERN)
_SHAPE: Final = re.compile(r"^([0-9]{4}|XXXX)(?:-([0-9]{2}))?(?:-([0-9]{2}))?([~?]?)$")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a partial date says: ``None`` where it says nothing; ``mark`` is ``~``, ``?`` or empty."""

    year: int | None
    month: int | None
    day: int | None
    mark: str


@lru_cache(maxsize=16_384)
def parse(text: str) -> Parts:
    """Take a partial date apart.

    Raises ``ValueError`` with a sentence for the caller when the text is no date of ours or names a day
    that the calendar does not have.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError("write a date as 2021, 2021-05, 2021-05-18 or XXXX-07-13, with ~ or ? behind it if in doubt")
    if _MATCH.fullmatch(text) is None:
        raise ValueError(_complaint(shape))
    year, month, day, mark = shape.groups()
    return Parts(None if year == "XXXX" else int(year), int(month) if month else None, int(day) if day else None, mark)


def _complaint(shape: re.Match[str]) -> str:
    year, month, day, _ = shape.groups()
    if year == "XXXX" and day is None:
        return "a date without a year needs its month and day, as in XXXX-07-13"
    if year[0] not in "12X":
        return "the year lies outside 1000 to 2999"
    if month and not 1 <= int(month) <= 12:  # noqa: PLR2004 - the months of a year
        return "there is no such month"
    return "the calendar has no such day"


def bounds(parts: Parts) -> tuple[date, date]:
    """Give the earliest and the latest day that the date can mean.

    A date without a year may lie in any year, so it reaches from the calendar's first such day to its last.
    ``~`` and ``?`` say how sure a source is, not how far it may be off, and do not widen the range.
    """
    if parts.year is None:
        return _any_year(parts.month or 1, parts.day or 1)
    if parts.month is None:
        return date(parts.year, 1, 1), date(parts.year, 12, 31)
    if parts.day is None:
        last = calendar.monthrange(parts.year, parts.month)[1]
        return date(parts.year, parts.month, 1), date(parts.year, parts.month, last)
    day = date(parts.year, parts.month, parts.day)
    return day, day


def _any_year(month: int, day: int) -> tuple[date, date]:
    leap_day = (month, day) == (2, 29)
    return date(4 if leap_day else 1, month, day), date(9996 if leap_day else 9999, month, day)


class PartialDate(str):
    """A date as far as it is known: ``2021``, ``2021-05``, ``XXXX-07-13``; ``~`` about, ``?`` unsure."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        parse(text)
        return super().__new__(cls, text)

    @property
    def parts(self) -> Parts:
        """Give year, month and day as numbers, ``None`` where unknown."""
        return parse(self)

    @property
    def earliest(self) -> date:
        """Give the first day that it can mean."""
        return bounds(parse(self))[0]

    @property
    def latest(self) -> date:
        """Give the last day that it can mean."""
        return bounds(parse(self))[1]


def certainly_before(left: PartialDate, right: PartialDate) -> bool:
    """Tell whether no reading of the two dates puts ``left`` on or after ``right``."""
    return left.latest < right.earliest
