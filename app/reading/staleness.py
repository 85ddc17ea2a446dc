"""What is still to be said of a situation that is kept: it hangs on the day and on a setting."""

from datetime import date, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy import ColumnElement, Integer, bindparam, case, literal_column, or_

from app.reading.kept import situations
from app.reading.mail import PRE_TRIAL, ReviewIntervals

# Nothing; that the address is fresh, or stale; or the situation is over and has to be derived anew.
WHOLE, FRESH, STALE, OVER = range(4)
# How a person's answer ends, by what `still_to_say` says; one that is over is derived anew.
ENDS: Final = {WHOLE: b"}", FRESH: b',"stale":false}}}', STALE: b',"stale":true}}}'}


def intervals_of(request: Request) -> ReviewIntervals:
    """Give the review intervals that this register is set to."""
    settings = request.app.state.settings
    return ReviewIntervals(settings.review_days_pretrial, settings.review_days)


def still_to_say(day: date, intervals: ReviewIntervals) -> ColumnElement[int]:
    """Give the expression for what there is still to say of situations on a day.

    Values are written into it, and the kind of detention, on which the interval hangs, is looked at only where it
    matters: this is worked out for every person of a list.
    """
    c = situations.c
    oldest = [day - timedelta(days=days) for days in (intervals.pretrial_days, intervals.other_days)]
    pretrial_is_stale = oldest[0] >= oldest[1]
    is_pretrial = or_(*(c.kind == literal_column(f"'{kind}'") for kind in sorted(PRE_TRIAL)))
    return case(
        (c.good_until < _date(day), _code(OVER)),
        (c.confirmed < _date(min(oldest)), _code(STALE)),
        (c.confirmed >= _date(max(oldest)), _code(FRESH)),
        (c.kind.is_(None), _code(WHOLE)),
        (c.confirmed.is_(None), _code(STALE)),
        (is_pretrial, _code(STALE if pretrial_is_stale else FRESH)),
        else_=_code(FRESH if pretrial_is_stale else STALE),
    )


def _date(day: date) -> ColumnElement[date]:
    return bindparam(None, day, type_=situations.c.confirmed.type, literal_execute=True)


def _code(code: int) -> ColumnElement[int]:
    return literal_column(str(code), Integer)
