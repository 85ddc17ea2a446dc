"""Terms of a punishment: whole years, months and days, never turned into one another."""

import calendar
import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Self

_Y, _M, _D = r"[1-9][0-9]{0,2}Y", r"[1-9][0-9]{0,2}M", r"[1-9][0-9]{0,3}D"
PATTERN: Final = rf"^P(?:{_Y}(?:{_M})?(?:{_D})?|{_M}(?:{_D})?|{_D})$"
_MATCH: Final = re.compile(PATTERN)
_PARTS: Final = re.compile(r"^P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?$")
_MONTHS_A_YEAR: Final = 12
_DAYS_IN_KEY: Final = 10_000


class Term(str):
    """A duration of years, months and days in ISO 8601 form: ``P12Y``, ``P7Y6M``, ``P15D``."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if _MATCH.fullmatch(text) is None:
            raise ValueError("write a term in years, months and days as in P12Y, P7Y6M or P15D, without zeros or weeks")
        return super().__new__(cls, text)

    @property
    def parts(self) -> tuple[int, int, int]:
        """Give years, months and days as stated."""
        return _parts(self)

    @property
    def key(self) -> int:
        """Give a number that sorts terms: by months first, then by days; it is no length of time."""
        years, months, days = self.parts
        return (years * _MONTHS_A_YEAR + months) * _DAYS_IN_KEY + days

    def after(self, start: date) -> date:
        """Give the day that lies this term after ``start``, on the calendar.

        Years and months first, to the same day of the month or the month's last (31 January + P1M = 28 or
        29 February), then days. Raises ``OverflowError`` beyond the year 9999.
        """
        years, months, days = self.parts
        total = start.year * _MONTHS_A_YEAR + start.month - 1 + years * _MONTHS_A_YEAR + months
        year, month = divmod(total, _MONTHS_A_YEAR)
        if year > date.max.year:
            raise OverflowError("the term ends beyond the calendar")
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)) + timedelta(days=days)


@lru_cache(maxsize=4_096)
def _parts(text: str) -> tuple[int, int, int]:
    found = _PARTS.fullmatch(text)
    if found is None:  # pragma: no cover - __new__ has seen to it
        raise ValueError(text)
    years, months, days = (int(part or 0) for part in found.groups())
    return years, months, days
