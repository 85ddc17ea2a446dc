"""What is kept of a person says the same as the person's situation, on every day."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reading.dossier import Dossier
from app.reading.facts import facts
from app.reading.mail import ReviewIntervals
from app.reading.situation import situation
from app.reading.spans import next_turn, spans
from tests.reading.test_situation_properties import DAYS, DOSSIERS

some = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@some
@given(DOSSIERS, DAYS)
def test_spans_say_what_the_situation_says(dossier: Dossier, day: date) -> None:
    (span,) = [one for one in spans(dossier) if one.first <= day and (one.last is None or day <= one.last)]
    said = situation(dossier, day)
    assert (span.status, span.facility_id) == (said["status"], said.get("facility_id"))
    assert (span.reachable, span.term) == (said["mail"]["reachable"], said["term"])


@some
@given(DOSSIERS)
def test_spans_follow_each_other_and_differ(dossier: Dossier) -> None:
    found = spans(dossier)
    assert (found[0].first, found[-1].last) == (date.min, None)
    for one, other in pairwise(found):
        assert one.last is not None
        assert one.last + timedelta(days=1) == other.first
        assert replace(one, first=other.first, last=other.last) != other


@some
@given(DOSSIERS, DAYS, st.integers(0, 4000))
def test_a_situation_stands_until_its_next_turn(dossier: Dossier, day: date, later: int) -> None:
    turn = next_turn(dossier, day)
    last = day + timedelta(days=later)
    if turn is not None:
        last = min(last, turn - timedelta(days=1))
    before, after = situation(dossier, day), situation(dossier, last)
    for said in (before, after):
        said["mail"].pop("stale", None)
    assert before == after


@some
@given(DOSSIERS, DAYS, st.integers(1, 400), st.integers(1, 400))
def test_staleness_is_reckoned_as_the_situation_does(dossier: Dossier, day: date, pretrial: int, other: int) -> None:
    intervals = ReviewIntervals(pretrial, other)
    kept, said = facts(dossier, day), situation(dossier, day, intervals)
    assert (kept.confirmed is not None) == said["mail"]["reachable"]
    if kept.confirmed is not None:
        kind, confirmed = kept.confirmed
        stale = confirmed is None or day - confirmed > intervals.of(kind)
        assert stale == said["mail"]["stale"]
