"""Where a person is on any day: stays in order, the one that holds a day, and custody without a break."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Final

from app.core.edtf import PartialDate, certainly_before
from app.reading.dossier import Dossier, Record, exact, instant_day, published, reach, stated
from app.register.detentions import DetentionKind

_EVIDENCE: Final = ("started_on", "confirmed_on", "place_confirmed_on")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay with what its dates, and the stays around it, say about any day.

    ``evidence`` are its evidence days, the earliest first. ``begins`` is the first day it can hold.
    ``may_end`` is the first day on which it can have ended and ``over_from`` the first on which it
    certainly has; both are ``None`` while the person is still there.
    """

    record: Record
    evidence: tuple[str, ...]
    begins: date
    may_end: date | None
    over_from: date | None

    @property
    def kind(self) -> DetentionKind:
        """Give the kind of detention."""
        kind: DetentionKind = self.record.get("kind") or "unknown"
        return kind

    @property
    def end_reason(self) -> str | None:
        """Give why it ended, ``None`` when unknown or still open."""
        return self.record.get("end_reason")

    @property
    def ended_on(self) -> str | None:
        """Give the day it ended, as stated."""
        return self.record.get("ended_on")

    def over(self, on: date) -> bool:
        """Tell whether it had certainly ended before the day."""
        return self.over_from is not None and self.over_from <= on

    def holds(self, on: date) -> bool:
        """Tell whether its earliest evidence is not after the day and it had not certainly ended before."""
        return self.begins <= on and not self.over(on)

    def as_of(self, on: date) -> str | None:
        """Give the latest evidence day up to the day, or its end (contract, "Any day")."""
        end = stated(self.record, "ended_on")
        if end and self.over(on):
            return end
        days = [*self.evidence, end] if end else self.evidence
        return max((day for day in days if reach(day)[0] <= on), key=_placed, default=None)


@dataclass(frozen=True, slots=True)
class Custody:
    """Uninterrupted custody: each stay ended by transfer, or touches the next.

    ``stays`` reach from its start to the stay asked about; ``before`` is the stay before that start;
    ``over`` tells whether the records know of its end, later on.
    """

    stays: tuple[Stay, ...]
    before: Stay | None
    over: bool

    @property
    def since(self) -> str | None:
        """Give the start of the first stay as stated, ``None`` when unknown."""
        return self.stays[0].record.get("started_on")


def in_order(dossier: Dossier) -> tuple[Stay, ...]:
    """Order the stays of a person by earliest evidence day (contract, "Any day").

    A stay without any evidence day counts from the day it was recorded: an open one comes last (only the
    last may be open), one that is over comes first, since nothing says that it came later.
    """
    beside = vars(dossier)
    if _IN_ORDER not in beside:  # asked for each day on which something changes, and always the same
        beside[_IN_ORDER] = _in_order(dossier)
    stays: tuple[Stay, ...] = beside[_IN_ORDER]
    return stays


_IN_ORDER: Final = "stays in order"


def _in_order(dossier: Dossier) -> tuple[Stay, ...]:
    drafts = sorted(((record, _evidence(dossier, record)) for record in dossier.detentions), key=_place)
    return tuple(
        _stay(record, evidence, [later for _, later in drafts[index + 1 :]])
        for index, (record, evidence) in enumerate(drafts)
    )


def holding(stays: Sequence[Stay], on: date) -> Stay | None:
    """Give the last stay that holds the day."""
    return next((stay for stay in reversed(stays) if stay.holds(on)), None)


def last_begun(stays: Sequence[Stay], on: date) -> Stay | None:
    """Give the last stay known to have begun by the day, ended or not."""
    return next((stay for stay in reversed(stays) if stay.begins <= on), None)


def left_since(stays: Sequence[Stay], stay: Stay, on: date) -> Stay | None:
    """Give the last stay that ended by the day, and after the last day on which anything shows the person in this one.

    Such a pair is refused when it is written, but was not always, and comes with copies of other registers.
    """
    if not stay.evidence:
        return None
    seen = max(reach(day)[1] for day in stay.evidence)
    ended = [(end, one) for one in stays if one is not stay and (end := _ended(one, on)) is not None and end > seen]
    return max(ended, key=itemgetter(0), default=(None, None))[1]


def _ended(stay: Stay, on: date) -> date | None:
    """Give the first day on which a stay can have ended, if that was by the day."""
    if stay.may_end is None or stay.may_end > on:
        return None
    end = stated(stay.record, "ended_on")
    return reach(end)[0] if end else None


def at(dossier: Dossier, on: date) -> Stay | None:
    """Give the stay in which the person is on a day, ``None`` when in none (contract, "Any day")."""
    return holding(in_order(dossier), on)


def custody(stays: Sequence[Stay], stay: Stay) -> Custody:
    """Give the uninterrupted custody that a stay is part of."""
    here = first = last = next(place for place, one in enumerate(stays) if one is stay)
    while first > 0 and _linked(stays[first - 1], stays[first]):
        first -= 1
    while last + 1 < len(stays) and _linked(stays[last], stays[last + 1]):
        last += 1
    before = stays[first - 1] if first else None
    return Custody(tuple(stays[first : here + 1]), before, stays[last].over_from is not None)


def _linked(stay: Stay, following: Stay) -> bool:
    if stay.end_reason == "transferred":
        return True
    end, start = exact(stay.ended_on), exact(following.record.get("started_on"))
    return end is not None and start is not None and start <= end


def _evidence(dossier: Dossier, record: Record) -> tuple[str, ...]:
    """Give the evidence days inside the stay, earliest first.

    A source printed before the start or after the end does not show the person there on that day. With no
    other evidence the end itself is the one day known.
    """
    start, end = stated(record, "started_on"), stated(record, "ended_on")
    days = [*(stated(record, name) for name in _EVIDENCE), *published(dossier, record)]
    inside = {day for day in days if day and not _before(day, start) and not _before(end, day)}
    return tuple(sorted(inside, key=_placed)) or ((end,) if end else ())


def _placed(day: str) -> tuple[tuple[date, date], str]:
    """Give where a day stands; of two that mean the same days (2025, 2025?) always the same one is the later."""
    return reach(day), day


@lru_cache(maxsize=16_384)
def _before(left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        return False
    return certainly_before(PartialDate(left), PartialDate(right))


def _open(record: Record) -> bool:
    """Neither ``ended_on`` nor ``end_reason`` means: still there."""
    return not record.get("ended_on") and not record.get("end_reason")


def _place(draft: tuple[Record, tuple[str, ...]]) -> tuple[int, tuple[date, date], date, bool, str]:
    record, evidence = draft
    end = stated(record, "ended_on")
    band = 1 if evidence else 2 * _open(record)
    first = reach(evidence[0]) if evidence else (_recorded(record), date.max)
    return band, first, reach(end)[1] if end else date.max, _open(record), str(record.get("id"))


def _recorded(record: Record) -> date:
    return instant_day(record, "created_at") or date.max


def _stay(record: Record, evidence: tuple[str, ...], later: Sequence[tuple[str, ...]]) -> Stay:
    following = next((reach(days[0])[0] for days in later if days), None)
    begins = reach(evidence[0])[0] if evidence else _recorded(record)
    return Stay(record, evidence, begins, *_end(record, evidence, following))


def _end(record: Record, evidence: tuple[str, ...], following: date | None) -> tuple[date | None, date | None]:
    """Give the first day on which a stay can have ended and the first on which it certainly has.

    An end on an unknown day lasts until the next stay's earliest evidence day, or, with no next, as long
    as there is evidence. One known to the month or year is over by the next stay at the latest, as stays
    do not overlap. And what was written as ended had ended when it was written: no end lies in the future.
    """
    if _open(record):
        return None, None
    end = stated(record, "ended_on")
    if not evidence:
        return date.min, date.min
    first, last = reach(end) if end else _unknown_end(evidence, following)
    if following and first <= following < last:
        last = following
    written = instant_day(record, "updated_at")
    return first, written if written and first <= written <= last else last + _DAY


def _unknown_end(evidence: tuple[str, ...], following: date | None) -> tuple[date, date]:
    if following:
        return following, following
    # The one that begins last need not reach as far as one before it: 2024-01-10 lies within 2024-01.
    return reach(evidence[-1])[0], max(reach(day)[1] for day in evidence)
