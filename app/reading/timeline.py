"""What happened to a person, in order: dated events, each with the sources that say so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.core.edtf import PartialDate
from app.reading.dossier import Dossier, Record, dated, reach

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


_KINDS: Final = (
    "What happened: `birth`, `death`; `affiliation_start`, `affiliation_end` (came to an organization, left it); "
    "`case_opened`, `charge_brought`, `hearing_start`, `hearing_end`, `sentence_decided`, `sentence_in_force`; "
    "`detention_start`, `detention_end`; `detention_confirmed` (a source says on this day that the person is held), "
    "`place_confirmed` (that it is here); `recognition` (somebody recognized the person, or no longer does)."
)
_PRECISION: Final = (
    "How much of the date is stated: the `day`, the `month`, the `year`; `yearless`: a day without its year."
)


class RecordRef(TypedDict):
    """The record that an event is told by."""

    kind: Annotated[str, Field(description="Its kind, as in its address.", examples=["detentions"])]
    id: Annotated[str, Field(description="Its id.")]


class Telling(TypedDict):
    """When something happened, by which record and which sources."""

    date: Annotated[str, Field(description="The date, as stated.", examples=["2021-05"])]
    precision: Annotated[Precision, Field(description=_PRECISION)]
    record: Annotated[RecordRef, Field(description="The record that states it.")]
    sources: Annotated[list[str], Field(description="Ids of the sources that say so; empty when none is named.")]


class Event(Telling):
    """A dated event: the date as stated, the record that states it, what it was, and who says so."""

    kind: Annotated[EventKind, Field(description=_KINDS)]
    what: Annotated[dict[str, Any], Field(description="The fields of the record that tell what happened.")]
    disagrees_with: Annotated[
        list[Telling], Field(description="What other sources say of the same event: another date; mostly empty.")
    ]


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
    """Give the dated events of a case in order (contract, section 3); those that disagree name each other."""
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
    others = [other.event for other in told if _disagree(one, other)]
    return {**one.event, "disagrees_with": [_telling(other) for other in others]}


def _telling(event: Event) -> Telling:
    names = ("date", "precision", "record", "sources")
    return {name: event[name] for name in names}  # type: ignore[return-value,literal-required]  # these are its names


def _disagree(one: _Told, other: _Told) -> bool:
    """Tell whether two sources give one event different dates: no day is meant by both."""
    mine, theirs = set(one.event["sources"]), set(other.event["sources"])
    if one.subject is None or one.subject != other.subject or not mine or not theirs or mine & theirs:
        return False
    (first, last), (other_first, other_last) = one.place[1], other.place[1]
    return last < other_first or other_last < first


def told(dossier: Dossier) -> dict[str, Any]:
    """Give the answer: the events, and the sources that they name, each once."""
    events = timeline(dossier)
    named = {source for event in events for source in event["sources"]}
    cited = [dossier.sources[source] for source in named if source in dossier.sources]
    return {"person_id": dossier.person["id"], "events": events, "sources": dated(cited, "published_on")}
