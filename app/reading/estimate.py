"""When a person may be free again: custody, terms in force and a stated credit rule, on the calendar."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Final

from pydantic import Field
from typing_extensions import TypedDict

from app.core.terms import Term
from app.reading.dossier import Record, exact, reach, stated
from app.reading.sentences import Terms
from app.reading.stays import Custody, Stay

_PRE_TRIAL: Final = frozenset({"pretrial", "police_custody"})
_UNTOLD: Final = frozenset({"hospital", "in_transit", "unknown"})
_UNITS: Final = ("year", "month", "day")
_EXAMPLE: Final = "in custody without a break since 2021-05-18; plus 12 years: 2033-05-18"


class ReleaseEstimate(TypedDict):
    """The day on which the terms in force end, and how it was reckoned, in words."""

    date: Annotated[str, Field(description="The day, if nothing changes.", examples=["2033-05-18"])]
    basis: Annotated[str, Field(description="How it was reckoned, step by step.", examples=[_EXAMPLE])]


@dataclass(frozen=True, slots=True)
class _Credit:
    days_off: int
    words: str


def release_estimate(custody: Custody, terms: Terms) -> ReleaseEstimate | None:
    """Estimate the release (contract, "Release estimate").

    The start of uninterrupted custody plus the term in force, less what a stated credit rule takes off;
    added terms follow. ``None`` when anything needed is missing: a start known to the day, one sentence to
    start from, every term, all that a stated credit rule asks for; and for life and death sentences.
    """
    start = exact(custody.since)
    if start is None or terms.term is None or len(terms.base) != 1:
        return None
    credit = _credit(terms.base[0], custody)
    if credit is None or any(sentence.get("credit_rule") for sentence in terms.added):
        return None
    with suppress(OverflowError):
        return _reckoned(start, terms, credit)
    return None


def _reckoned(start: date, terms: Terms, credit: _Credit) -> ReleaseEstimate:
    term = Term(terms.base[0]["term"])
    day = term.after(start)
    words = [f"in custody without a break since {start}", f"plus {_words(term)}: {day}"]
    if credit.words:
        day -= timedelta(days=credit.days_off)
        words.append(f"{credit.words}: {day}")
    for sentence in terms.added:
        added = Term(sentence["term"])
        day = added.after(day)
        words.append(f"an added term of {_words(added)} follows: {day}")
    return {"date": day.isoformat(), "basis": "; ".join(words)}


def _words(term: Term) -> str:
    counts = zip(term.parts, _UNITS, strict=True)
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count)


def _credit(sentence: Record, custody: Custody) -> _Credit | None:
    """Apply the credit rule that a sentence states: a pre-trial day counts as ``factor`` days of the term.

    A day in custody counts as one anyway, since custody starts the reckoning, so that each pre-trial day
    takes ``factor - 1`` more days off, in all rounded down. ``None`` when a rule is stated but what it
    needs is not known.
    """
    rule = sentence.get("credit_rule")
    if not rule:
        return _Credit(0, "")
    days, factor = _pre_trial_days(sentence, custody), rule.get("factor")
    if days is None or factor is None:
        return None
    off = math.floor(days * (Fraction(str(factor)) - 1))
    name = _named(rule.get("text"))
    return _Credit(off, f"credit rule{name}: {days} pre-trial days count {factor} each, less {off} days")


def _named(text: object) -> str:
    if isinstance(text, Mapping):
        text = text.get("en") or next(iter(text.values()), None)
    return f" “{text}”" if text else ""


def _pre_trial_days(sentence: Record, custody: Custody) -> int | None:
    """Count the days of custody before the sentence was in force, ``None`` when not known to the day."""
    total = 0
    for stay in custody.stays:
        days = _days_counted(stay, sentence)
        if days is None:
            return None
        total += days
    return total


def _days_counted(stay: Stay, sentence: Record) -> int | None:
    """Count a stay's pre-trial days; the day it ends belongs to what follows.

    Whether a hospital, a transport or an unknown place was pre-trial is only known after the verdict.
    """
    start = exact(stay.record.get("started_on"))
    if stay.kind in _UNTOLD:
        decided = stated(sentence, "decided_on")
        return 0 if start and decided and reach(decided)[1] <= start else None
    if stay.kind not in _PRE_TRIAL:
        return 0
    end = _pre_trial_end(stay, stated(sentence, "in_force_on"))
    return max(0, (end - start).days) if start and end else None


def _pre_trial_end(stay: Stay, in_force_on: str | None) -> date | None:
    """Give the day on which a stay ended or, if that is earlier, the sentence came into force."""
    ended = exact(stay.ended_on)
    if in_force_on is None or (ended and ended <= reach(in_force_on)[0]):
        return ended
    day = exact(in_force_on)
    return day if day and (stay.may_end is None or stay.may_end >= day) else None
