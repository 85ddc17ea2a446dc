"""What happened to a person, in order: dated events, each with the sources that say so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from typing_extensions import TypedDict

from app.core.edtf import PartialDate
from app.reading.dossier import Dossier, Record, reach

EventKind = Literal[
    "birth",
    "death",
    "affiliation_start",
    "affiliation_end",
    "case_opened",
    "detention_start",
    "detention_confirmed",
    "place_confirmed",
    "detention_end",
    "charge_brought",
    "hearing_start",
    "hearing_end",
    "sentence_decided",
    "sentence_in_force",
    "recognition",
]
Precision = Literal["day", "month", "year", "yearless"]


class RecordRef(TypedDict):
    """The record that an event is told by."""

    kind: str
    id: str


class Event(TypedDict):
    """A dated event: the date as stated, the record that states it, what it was, and who says so.

    ``what`` holds the fields of the record that tell what happened. ``disagrees_with`` names the records
    that give the same event another date by other sources.
    """

    date: str
    precision: Precision
    kind: EventKind
    record: RecordRef
    what: dict[str, Any]
    sources: list[str]
    disagrees_with: list[RecordRef]


@dataclass(frozen=True, slots=True)
class _Telling:
    """How a field of a kind of record tells an event; ``same`` are fields that make two of them one event."""

    records: str
    field: str
    event: EventKind
    what: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


_STAY: Final = ("kind", "facility_id")
_CHARGE: Final = ("article_id", "part", "case_id")
_HEARING: Final = ("kind", "case_id")
_SENTENCE: Final = ("kind", "stage", "case_id", "term")
_RECOGNITION: Final = ("organization_id", "decision", "scheme")
_TELLINGS: Final = (
    _Telling("persons", "birth_date", "birth"),
    _Telling("affiliations", "since", "affiliation_start", ("organization_id",)),
    _Telling("cases", "opened_on", "case_opened"),
    _Telling("detentions", "started_on", "detention_start", _STAY),
    _Telling("charges", "brought_on", "charge_brought", (*_CHARGE, "stage", "role", "status"), _CHARGE),
    _Telling("hearings", "starts_on", "hearing_start", (*_HEARING, "closed")),
    _Telling("hearings", "ends_on", "hearing_end", _HEARING),
    _Telling("sentences", "decided_on", "sentence_decided", (*_SENTENCE, "regime", "fine"), _SENTENCE),
    _Telling("sentences", "in_force_on", "sentence_in_force", _SENTENCE, _SENTENCE),
    _Telling("detentions", "confirmed_on", "detention_confirmed", _STAY),
    _Telling("detentions", "place_confirmed_on", "place_confirmed", _STAY),
    _Telling("recognitions", "decided_on", "recognition", _RECOGNITION, _RECOGNITION),
    _Telling("detentions", "ended_on", "detention_end", (*_STAY, "end_reason")),
    _Telling("affiliations", "until", "affiliation_end", ("organization_id",)),
    _Telling("persons", "death_date", "death"),
)


@dataclass(frozen=True, slots=True)
class _Told:
    event: Event
    subject: tuple[str, ...] | None
    place: tuple[bool, tuple[date, date], int, str]


def timeline(dossier: Dossier) -> list[Event]:
    """Give the dated events of a case in order (contract, section 3, ``/timeline``).

    By the earliest day a date can mean, then the latest; a date without a year comes last, as nothing says
    when it was; what has no date is no event. Events that disagree are all there and name each other.
    """
    told = sorted(
        (
            _told(record, telling, order)
            for order, telling in enumerate(_TELLINGS)
            for record in _records(dossier, telling.records)
            if record.get(telling.field)
        ),
        key=lambda one: one.place,
    )
    return [_with_disagreement(one, told) for one in told]


def precision(text: str) -> Precision:
    """Tell how much of a date is stated."""
    parts = PartialDate(text).parts
    if parts.year is None:
        return "yearless"
    if parts.month is None:
        return "year"
    return "month" if parts.day is None else "day"


def _records(dossier: Dossier, kind: str) -> Sequence[Record]:
    if kind == "persons":
        return [dossier.person]
    records: Sequence[Record] = getattr(dossier, kind)
    return records


def _told(record: Record, telling: _Telling, order: int) -> _Told:
    text = str(record[telling.field])
    event: Event = {
        "date": text,
        "precision": precision(text),
        "kind": telling.event,
        "record": {"kind": telling.records, "id": str(record.get("id"))},
        "what": {name: record[name] for name in telling.what if name in record},
        "sources": _sources(record, telling.field),
        "disagrees_with": [],
    }
    place = (event["precision"] == "yearless", reach(text), order, event["record"]["id"])
    return _Told(event, _subject(record, telling), place)


def _sources(record: Record, field: str) -> list[str]:
    """Give the sources cited for the field; where none is, those cited for the record as a whole."""
    cited = list(_cited(record))
    own = [source for source, cited_field in cited if cited_field == field]
    return list(dict.fromkeys(own or [source for source, cited_field in cited if not cited_field]))


def _cited(record: Record) -> Iterator[tuple[str, str]]:
    for citation in record.get("citations") or ():
        if citation.get("source_id"):
            yield str(citation["source_id"]), (citation.get("field") or "").strip("/")


def _subject(record: Record, telling: _Telling) -> tuple[str, ...] | None:
    """Give what makes two events one and the same: a person dies once, in a stay or not."""
    if telling.event == "death" or (telling.event == "detention_end" and record.get("end_reason") == "died"):
        return ("death",)
    return (telling.event, *(repr(record.get(name)) for name in telling.same)) if telling.same else None


def _with_disagreement(one: _Told, told: Sequence[_Told]) -> Event:
    others = [other.event["record"] for other in told if _disagree(one, other)]
    return {**one.event, "disagrees_with": others}


def _disagree(one: _Told, other: _Told) -> bool:
    """Tell whether two sources give one event different dates: no day is meant by both."""
    mine, theirs = set(one.event["sources"]), set(other.event["sources"])
    if one.subject is None or one.subject != other.subject or not mine or not theirs or mine & theirs:
        return False
    (first, last), (other_first, other_last) = one.place[1], other.place[1]
    return last < other_first or other_last < first
