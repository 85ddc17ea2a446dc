"""What is still to be said of situations, as the database reckons it: the same as the rule says."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select

from app.reading.kept import situations
from app.reading.mail import ReviewIntervals
from app.reading.staleness import ENDS, FRESH, OVER, STALE, WHOLE, still_to_say
from tests.conftest import Register

DAY = date(2026, 3, 1)
INTERVALS = ReviewIntervals(45, 180)
MADE = datetime(2026, 1, 1, tzinfo=UTC)


def _before(days: int) -> date:
    return DAY - timedelta(days=days)


CASES = [
    (None, None, None, WHOLE),
    (DAY, None, None, WHOLE),
    (_before(1), None, None, OVER),
    (_before(1), "colony", DAY, OVER),
    (None, "colony", None, STALE),
    (None, "colony", _before(180), FRESH),
    (None, "colony", _before(181), STALE),
    (DAY, "pretrial", _before(45), FRESH),
    (DAY, "pretrial", _before(46), STALE),
    (None, "police_custody", _before(46), STALE),
]


async def test_the_database_reckons_as_the_rule_says(register: Register) -> None:
    kept = {"tier": 0, "created_at": MADE, "updated_at": MADE, "answer": b"{", "mark": 0, "status": "unknown"}
    rows = [
        {**kept, "person_id": UUID(int=place), "good_until": until, "kind": kind, "confirmed": confirmed}
        | {"reachable": kind is not None, "name_key": "x"}
        for place, (until, kind, confirmed, _) in enumerate(CASES)
    ]
    async with register.database.write("tests") as session:
        await session.execute(insert(situations), rows)
        said = select(still_to_say(DAY, INTERVALS)).order_by(situations.c.person_id)
        assert list((await session.execute(said)).scalars()) == [expected for *_, expected in CASES]


def test_the_length_of_an_end_tells_which_one_it_is() -> None:
    # The entity tag of a page is of the marks of its answers, each times this length.
    assert len({len(end) for end in ENDS.values()}) == len(ENDS)
