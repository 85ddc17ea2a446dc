"""How a person stands on a day: the status, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self

from app.reading.dossier import Dossier, Record, instant_day, reach
from app.reading.sentences import conviction
from app.reading.stays import Custody, Stay, custody, holding, in_order, last_begun, left_since

Status = Literal["detained", "imprisoned", "restricted", "released", "deceased", "unknown"]

_BY_KIND: Final[Mapping[str, Status]] = {
    "police_custody": "detained",
    "pretrial": "detained",
    "administrative_arrest": "detained",
    "colony": "imprisoned",
    "prison": "imprisoned",
    "juvenile_colony": "imprisoned",
    "open_facility": "restricted",
    "home_confinement": "restricted",
    "house_arrest": "restricted",
}
_BY_END: Final[Mapping[str | None, Status]] = {
    "transferred": "unknown",
    "escaped": "unknown",
    "died": "deceased",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's status on a day and what it rests on.

    ``stay`` holds the person on that day and is part of ``custody``; ``last`` is the last stay begun by
    then. Who is dead is in no stay. ``died`` is a stay that says of its end that the person died, and may have ended
    by then, whatever other stays say. ``left`` is another stay, which ended after the last day on which anything shows
    the person in ``stay``.
    """

    person: Record
    on: date
    status: Status
    stay: Stay | None
    last: Stay | None
    custody: Custody | None
    convicted_from: tuple[date, str | None] | None
    died: Stay | None = None
    left: Stay | None = None

    @classmethod
    def of(cls, dossier: Dossier, on: date) -> Self:
        """Find out how a person stands on a day (contract, "Status" and "Any day")."""
        stays = in_order(dossier)
        stay, last = holding(stays, on), last_begun(stays, on)
        died = next((one for one in stays if one.end_reason == "died" and one.may_end and one.may_end <= on), None)
        if dead(dossier.person, on):
            return cls(dossier.person, on, "deceased", None, last, None, None, died)
        if stay is None:
            status = _BY_END.get(last.end_reason, "released") if last else "unknown"
            return cls(dossier.person, on, status, None, last, None, None, died)
        held = custody(stays, stay)
        convicted = conviction(dossier, held)
        left = left_since(stays, stay, on)
        return cls(dossier.person, on, _in_stay(stay, on, convicted), stay, last, held, convicted, died, left)

    @property
    def as_of(self) -> str | None:
        """Give the last day that a source confirms this: evidence of the stay, or its end, or the death."""
        stay = self.stay or self.last
        if self.status == "deceased" and self._death:
            return self._death
        return stay.as_of(self.on) if stay else None

    @property
    def since(self) -> str | None:
        """Give the start of the unbroken run of stays with this status.

        For the released and the dead it is the end of the last stay; for those who died elsewhere the day
        of death. The text is as stated, never padded; ``None`` when unknown.
        """
        if self.custody:
            return self._run_start(self.custody)
        if self.status == "deceased":
            return self._death
        return self.last.ended_on if self.status == "released" and self.last else None

    @property
    def _death(self) -> str | None:
        """Give the day of death: the end of the stay in which it came, else the person's own date."""
        if self.last and self.last.end_reason == "died" and self.last.over(self.on) and self.last.ended_on:
            return self.last.ended_on
        text = self.person.get("death_date")
        return text if text and reach(text)[0] <= self.on else None

    def _run_start(self, held: Custody) -> str | None:
        """Walk back through uninterrupted custody as long as the status is the same.

        A stay in which the person was convicted has two statuses: the second starts with the conviction.
        """
        day, start = self.on, None
        for stay in reversed(held.stays):
            if _in_stay(stay, day, self.convicted_from) != self.status:
                break
            if _in_stay(stay, stay.begins, self.convicted_from) != self.status:
                return self.convicted_from[1] if self.convicted_from else None
            day, start = stay.begins, stay.record.get("started_on")
        return start


def dead(person: Record, on: date) -> bool:
    """Tell whether a person had certainly died by the day.

    A death known to the month or year has happened when the record was written, as none lies in the future.
    """
    text = person.get("death_date")
    if not text:
        return False
    first, last = reach(text)
    written = instant_day(person, "updated_at")
    return on >= (written if written and first <= written < last else last)


def _in_stay(stay: Stay, on: date, convicted_from: tuple[date, str | None] | None) -> Status:
    """Give the status in a stay on a day.

    In a hospital, in transit or in an unknown kind of place it depends on a conviction to deprivation of
    liberty by then.
    """
    convicted = convicted_from is not None and convicted_from[0] <= on
    return _BY_KIND.get(stay.kind, "imprisoned" if convicted else "detained")
