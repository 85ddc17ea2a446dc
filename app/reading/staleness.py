"""What is still to be said of a situation that is kept: it hangs on the day and on a setting."""

from datetime import date, timedelta

from fastapi import Request
from sqlalchemy import ColumnElement, case, or_

from app.reading.kept import situations
from app.reading.mail import PRE_TRIAL, ReviewIntervals

# Nothing; that the address is fresh, or stale; or the situation is over and has to be derived anew.
WHOLE, FRESH, STALE, OVER = range(4)


def intervals_of(request: Request) -> ReviewIntervals:
    """Give the review intervals that this register is set to."""
    settings = request.app.state.settings
    return ReviewIntervals(settings.review_days_pretrial, settings.review_days)


def still_to_say(day: date, intervals: ReviewIntervals) -> ColumnElement[int]:
    """Give the expression for what there is still to say of situations on a day; the database reads its own dates."""
    c = situations.c
    oldest = [day - timedelta(days=days) for days in (intervals.pretrial_days, intervals.other_days)]
    checked = case((c.kind.in_(sorted(PRE_TRIAL)), oldest[0]), else_=oldest[1])
    return case(
        (c.good_until < day, OVER),
        (c.kind.is_(None), WHOLE),
        (or_(c.confirmed.is_(None), c.confirmed < checked), STALE),
        else_=FRESH,
    )
