"""Whether a letter reaches a person on a day, why not, and how fresh that knowledge is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.reading.dossier import Dossier, Record, reach, stated
from app.reading.standing import Standing
from app.reading.stays import Stay

MailReason = Literal[
    "released",
    "expelled",
    "deceased",
    "unknown_whereabouts",
    "home_confinement",
    "blocked",
    "relatives_only",
    "no_address",
]
MailValue = Literal["open", "relatives_only", "blocked", "unknown"]

_AFTER: Final[Mapping[str | None, MailReason]] = {
    "died": "deceased",
    "exchanged_or_expelled": "expelled",
    "transferred": "unknown_whereabouts",
    "escaped": "unknown_whereabouts",
}
# Who is between two places is in none, whatever place is named; and no letters are sent to a home that is a prison.
_NOWHERE: Final[Mapping[str, MailReason]] = {
    "home_confinement": "home_confinement",
    "in_transit": "unknown_whereabouts",
}
_CLOSED: Final[Mapping[str, MailReason]] = {"blocked": "blocked", "relatives_only": "relatives_only"}
_KNOWN_FROM: Final = ("verified_on", "valid_from")
PRE_TRIAL: Final = frozenset({"pretrial", "police_custody", "administrative_arrest"})


REASONS: Final = (
    "Why letters do not reach the person: `released`, `expelled` (exchanged or sent abroad), `deceased`, "
    "`unknown_whereabouts`, `home_confinement`, `blocked` (nobody's letters are let in), `relatives_only`, "
    "`no_address` (held, but no address for letters is known)."
)


class Mail(TypedDict):
    """Whether a letter reaches the person; if not, why and since when; if so, how fresh the address is."""

    reachable: Annotated[bool, Field(description="Whether there is an address at which letters reach the person.")]
    reason: NotRequired[Annotated[MailReason, Field(description=f"{REASONS} Absent when they do.")]]
    since: NotRequired[
        Annotated[str | None, Field(description="Since when they do not; null when unknown. Absent when they do.")]
    ]
    verified_on: NotRequired[
        Annotated[
            str | None,
            Field(description="When a source last confirmed the address; null when unknown, absent without one."),
        ]
    ]
    stale: NotRequired[
        Annotated[
            bool,
            Field(
                description="Whether the address, or that the person is there, was last confirmed too long ago: check "
                "before you write. Absent when there is no address."
            ),
        ]
    ]


@dataclass(frozen=True, slots=True)
class ReviewIntervals:
    """After how many days an address wants to be checked again, by kind of detention."""

    pretrial_days: int = 45
    other_days: int = 180

    def of(self, kind: str) -> timedelta:
        """Give the interval of a kind of detention; arrest and police cells count as pre-trial."""
        return timedelta(days=self.pretrial_days if kind in PRE_TRIAL else self.other_days)


class Reach(TypedDict):
    """What the stay alone says of mail: why nobody may write, or what to ask of the place."""

    reason: MailReason | None
    since: str | None
    kind: str | None
    own: MailValue | None
    started_on: str | None
    place_confirmed_on: str | None
    facility_id: str | None
    person_id: str | None


def reach_of(standing: Standing) -> Reach:
    """Give what a person's standing alone says of mail; it does not depend on the place and its addresses."""
    stay = standing.stay
    refused = _refused(standing)
    record = stay.record if stay else {}
    return {
        "reason": refused[0] if refused else None,
        "since": refused[1] if refused else None,
        "kind": stay.kind if stay else None,
        "own": record.get("mail"),
        "started_on": stated(record, "started_on"),
        "place_confirmed_on": stated(record, "place_confirmed_on"),
        "facility_id": record.get("facility_id"),
        "person_id": record.get("person_id"),
    }


def mail(dossier: Dossier, standing: Standing, intervals: ReviewIntervals) -> Mail:
    """Tell whether the person can be written to on the day (contract, section 5)."""
    reached = reach_of(standing)
    facility = dossier.facilities.get(reached["facility_id"] or "")
    return mail_from(reached, facility, list(dossier.addresses.values()), standing.on, intervals)


def mail_from(
    reached: Reach, facility: Record | None, addresses: Sequence[Record], on: date, intervals: ReviewIntervals
) -> Mail:
    """Tell whether the person can be written to, from what the stay says and the place with its addresses."""
    if reached["reason"]:
        return {"reachable": False, "reason": reached["reason"], "since": reached["since"]}
    reason = _CLOSED.get(mail_value(reached, facility))
    if reason:
        # No source states since when: the stay may have begun long before.
        return {"reachable": False, "reason": reason, "since": None}
    address = letters_address(reached, addresses, on)
    if address is None:
        return {"reachable": False, "reason": "no_address", "since": None}
    return {
        "reachable": True,
        "verified_on": stated(address, "verified_on"),
        "stale": stale(address, reached, on, intervals),
    }


def mail_value(reached: Reach, facility: Record | None) -> MailValue:
    """Give what is known of letters to a stay: its own value beats the facility's."""
    value: MailValue = reached["own"] or (facility or {}).get("mail") or "unknown"
    return value


def letters_address(reached: Reach, addresses: Sequence[Record], on: date) -> Record | None:
    """Give the address for letters to a stay, valid on the day: the facility's, never a guess.

    A person's own address serves in house arrest only, as elsewhere nobody is at it, and if nothing shows that it is
    of the time before: who was arrested again may live elsewhere. Of several the one known from the latest day counts.
    """
    at_home = reached["kind"] == "house_arrest"
    owner: Literal["person_id", "facility_id"] = "person_id" if at_home else "facility_id"
    wanted = reached[owner]
    since = reached["started_on"] if at_home else None
    found = [
        address
        for address in addresses
        if wanted is not None and address.get(owner) == wanted and _serves(address, on) and _is_since(address, since)
    ]
    return max(found, key=_known_from, default=None)


def stale(address: Record, reached: Reach, on: date, intervals: ReviewIntervals) -> bool:
    """Tell whether the older of two confirmations is older than the review interval (contract, "Freshness").

    They are the address's ``verified_on`` and the stay's ``place_confirmed_on``; one that is unknown is
    stale, one known to the month counts from its first day.
    """
    verified, confirmed = stated(address, "verified_on"), reached["place_confirmed_on"]
    if not verified or not confirmed:
        return True
    return on - min(reach(verified)[0], reach(confirmed)[0]) > intervals.of(reached["kind"] or "unknown")


def _refused(standing: Standing) -> tuple[MailReason, str | None] | None:
    """Give why nobody may write and since when, ``None`` when nothing speaks against it.

    Status asks for certainty, this does not: who may have been released or have died by the day, as far as
    a partial date tells, gets no letter.
    """
    if standing.status == "deceased":
        return "deceased", standing.since
    death = standing.person.get("death_date")
    if death and reach(death)[0] <= standing.on:
        return "deceased", death
    if standing.died is not None:  # though a later stay may be entered: one of them is wrong, and nobody knows which
        return "deceased", standing.died.ended_on
    stay = standing.stay
    if stay is None:
        return _after(standing.last)
    # As with death: who was released from another stay since anybody was seen in this one is written to in neither.
    left = stay if stay.may_end is not None and stay.may_end <= standing.on else standing.left
    if left is not None:
        return _after(left)
    reason = _NOWHERE.get(stay.kind)
    return (reason, stay.record.get("started_on")) if reason else None


def _after(stay: Stay | None) -> tuple[MailReason, str | None]:
    if stay is None:
        return "unknown_whereabouts", None
    return _AFTER.get(stay.end_reason, "released"), stay.ended_on


def _serves(address: Record, on: date) -> bool:
    """Tell whether an address is one for letters that is good on the day: not if its end may have come by then."""
    first, last = address.get("valid_from"), address.get("valid_to")
    return (
        address.get("purpose") == "letters"
        and (not first or reach(first)[0] <= on)
        and (not last or reach(last)[0] >= on)
    )


def _is_since(address: Record, since: str | None) -> bool:
    """Tell whether an address may be of the time since a day; one that nobody dated may."""
    days = [day for name in _KNOWN_FROM if (day := stated(address, name))]
    return since is None or not days or any(reach(day)[1] >= reach(since)[0] for day in days)


def _known_from(address: Record) -> tuple[date, str]:
    """Give from when an address is known: a source confirmed it, or it became the address."""
    days = (reach(day)[0] for name in _KNOWN_FROM if (day := stated(address, name)))
    return max(days, default=date.min), str(address.get("id"))
