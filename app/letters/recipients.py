"""Who can be written to on a day, as rows ready to print; and of the others, why not, since when and who says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.letters.country import postal_languages
from app.letters.coverage import printer, unprintable_warning
from app.letters.lines import PARTS, Lines, lay_out
from app.letters.phrases import age_in_words, day_in_words, first_spoken, phrase
from app.letters.scripts import clean
from app.reading.dossier import Dossier, Record, reach, stated
from app.reading.mail import Mail, MailReason, Reach, ReviewIntervals, letters_address, mail, mail_value, reach_of
from app.reading.standing import Standing

Row = dict[str, Any]
# The fields for which a citation says why nobody can write.
_SAYING: Final[Mapping[MailReason, frozenset[str]]] = {
    "released": frozenset({"ended_on", "end_reason"}),
    "expelled": frozenset({"ended_on", "end_reason"}),
    "deceased": frozenset({"ended_on", "end_reason"}),
    "unknown_whereabouts": frozenset({"ended_on", "end_reason"}),
    "home_confinement": frozenset({"kind"}),
    "blocked": frozenset({"mail"}),
    "relatives_only": frozenset({"mail"}),
    "no_address": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows are written: about which day, for senders in which country, in which language, with which fonts."""

    on: date
    today: date
    intervals: ReviewIntervals
    origin: str | None = None
    language: str | None = None
    fonts: str | None = None

    @property
    def speech(self) -> str:
        """Give the language of what is said to the sender: that of their post, as far as it is spoken here."""
        return first_spoken(postal_languages(self.origin))


def row(dossier: Dossier, manner: Manner) -> Row:
    """Write a person's row: the address, or why there is none."""
    standing = Standing.of(dossier, manner.on)
    said = mail(dossier, standing, manner.intervals)
    person = dossier.person
    name = next(filter(None, (clean(name["full"]) for name in person["names"])), "")
    if not name:
        said = {"reachable": False, "reason": "no_address", "since": None}
    common = {
        "person_id": person["id"],
        "reachable": said["reachable"],
        "name": name,
        "languages": list(person.get("languages") or ()),
        "birth_date": person.get("birth_date"),
        "letter_notes": person.get("letter_notes"),
    }
    if said["reachable"]:
        return common | _address(dossier, standing, said, manner)
    return common | _NOTHING | _refusal(dossier, standing, said)


_NOTHING: Final[Row] = {
    "lines": [],
    "parts": None,
    "language": None,
    "facility_id": None,
    "mail_rules": None,
    "mail_languages": [],
    "verified_on": None,
    "place_confirmed_on": None,
    "stale": None,
    "age": None,
    "warnings": [],
}


def _address(dossier: Dossier, standing: Standing, said: Mail, manner: Manner) -> Row:
    reached = reach_of(standing)
    address = letters_address(reached, list(dossier.addresses.values()), manner.on) or {}
    at_facility = address.get("facility_id") is not None
    facility = dossier.facilities.get(reached["facility_id"] or "") if at_facility else None
    laid = lay_out(
        dossier.person,
        facility,
        address,
        origin=manner.origin,
        language=manner.language,
        printable=printer(manner.fonts),
    )
    place = standing.stay.record if standing.stay else {}
    return {
        "name": laid.parts["recipient"],
        "lines": laid.lines,
        "parts": {part: laid.parts.get(part) for part in PARTS},
        "language": laid.language,
        **({"facility_id": place["facility_id"]} if "facility_id" in place else {}),
        "mail_rules": (facility or {}).get("mail_rules"),
        "mail_languages": list((facility or {}).get("mail_languages") or ()),
        "verified_on": said.get("verified_on"),
        "place_confirmed_on": reached["place_confirmed_on"],
        "stale": said.get("stale"),
        "age": _age(said, reached, manner),
        "warnings": list(_warnings(laid, reached, facility, manner)),
        "reason": None,
        "since": None,
        "sources": [],
    }


def confirmed_on(verified_on: str | None, place_confirmed_on: str | None) -> str | None:
    """Give the day from which an address may be out of date: the older of two confirmations, where both are known."""
    known = [text for text in (verified_on, place_confirmed_on) if text]
    return min(known, key=reach) if verified_on else None


def _age(said: Mail, reached: Reach, manner: Manner) -> str:
    if manner.on < manner.today:
        return phrase("as_of", manner.speech, date=day_in_words(manner.on, manner.speech))
    day = confirmed_on(said.get("verified_on"), reached["place_confirmed_on"])
    return age_in_words(day, manner.speech, stale=bool(said.get("stale")))


def _warnings(laid: Lines, reached: Reach, facility: Record | None, manner: Manner) -> Iterator[str]:
    if manner.on < manner.today:
        yield f"past: this is how it was on {manner.on}; do not send anything there today without asking for today"
    if mail_value(reached, facility) == "unknown":
        yield "mail_unknown: whether letters arrive there is not known"
    if (facility or {}).get("active") is False:
        yield "place_closed: the place is said to hold nobody any more; ask where the person was moved to"
    if not reached["place_confirmed_on"]:
        yield "place_unconfirmed: no source says on which day the person was last known to be there"
    yield from laid.warnings
    if unprintable := unprintable_warning("".join(laid.lines), manner.fonts):
        yield unprintable


def _refusal(dossier: Dossier, standing: Standing, said: Mail) -> Row:
    reason, since = said["reason"], said.get("since")
    records = _telling(dossier, standing, reason)
    citations = [citation for record, fields in records for citation in _citing(dossier, record, fields, since)]
    shown = {citation["source_id"]: _source(dossier, citation) for citation in citations}
    return {"reason": reason, "since": since, "sources": list(shown.values())}


def _telling(dossier: Dossier, standing: Standing, reason: MailReason) -> Iterator[tuple[Record, frozenset[str]]]:
    """Give the records that hold the reason, and the fields of each that state it."""
    fields = _SAYING[reason]
    if reason == "deceased" and dossier.person.get("death_date"):
        yield dossier.person, frozenset({"death_date"})
    stay = standing.died if reason == "deceased" else standing.left or standing.stay or standing.last
    if stay is None or not fields:
        return
    if stay is standing.stay and stay.kind == "in_transit":
        fields |= {"kind"}
    if fields == {"mail"} and stay.record.get("mail") != reason:
        facility = dossier.facilities.get(stay.record.get("facility_id") or "")
        if facility:
            yield facility, fields
        return
    yield stay.record, fields


def _citing(dossier: Dossier, record: Record, fields: frozenset[str], since: str | None) -> Sequence[Mapping[str, Any]]:
    """Give the citations that speak for the fields; without any, those that speak for the whole record.

    Not of a source that was printed before it was so: that one speaks of the rest.
    """
    citations = record.get("citations") or ()
    exact = [citation for citation in citations if citation.get("field") in fields]
    return exact or [
        citation for citation in citations if citation.get("field") is None and not _earlier(dossier, citation, since)
    ]


def _earlier(dossier: Dossier, citation: Mapping[str, Any], since: str | None) -> bool:
    """Tell whether a source was published before the day, however the two dates are read."""
    published = stated(dossier.sources.get(citation["source_id"], {}), "published_on")
    return published is not None and since is not None and reach(published)[1] < reach(since)[0]


def _source(dossier: Dossier, citation: Mapping[str, Any]) -> Row:
    source = dossier.sources.get(citation["source_id"], {})
    kept = {name: source.get(name) for name in ("title", "published_on", "url")}
    return {"source_id": citation["source_id"], **kept, "quote": citation.get("quote")}
