"""Invented people for the rules of the situation: plain records, as the API serves them."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from typing import Any, Final

from app.reading.dossier import Dossier, Record
from app.reading.situation import Situation, situation

TODAY: Final = date(2026, 8, 2)
START: Final = "2021-05-18"
WRITTEN: Final = "2026-02-01T12:00:00Z"
_numbers: Final = count(1)


def record(**fields: Any) -> dict[str, Any]:
    """Make a record with the common columns."""
    return {"id": f"id-{next(_numbers):06}", "created_at": WRITTEN, "updated_at": WRITTEN, "citations": []} | fields


def stay(kind: str = "colony", start: str | None = None, end: str | None = None, **fields: Any) -> dict[str, Any]:
    """Make a stay; without ``end`` and ``end_reason`` it is open."""
    told = {"started_on": start, "ended_on": end, "end_reason": None, "confirmed_on": None}
    return record(**({"kind": kind, "facility_id": None, "place_confirmed_on": None, "mail": None} | told | fields))


def sentence(term: str | None = "P7Y", decided: str | None = "2022-03-01", **fields: Any) -> dict[str, Any]:
    """Make a sentence to imprisonment in force."""
    told = {"kind": "imprisonment", "term": term, "decided_on": decided, "in_force_on": None}
    rest = {"stage": "first_instance", "status": "in_force", "replaces_id": None, "credit_rule": None}
    return record(**(told | rest | fields))


def cite(*source_ids: str, field: str | None = None) -> list[dict[str, str | None]]:
    """Make citations of sources."""
    return [{"source_id": source_id, "field": field} for source_id in source_ids]


def case(
    *detentions: Record,
    person: Record | None = None,
    sentences: Iterable[Record] = (),
    charges: Iterable[Record] = (),
    published: Mapping[str, str | None] | None = None,
    **lookups: Any,
) -> Dossier:
    """Put a case together; ``published`` gives sources by id with their day of publication."""
    sources = {key: {"id": key, "published_on": day} for key, day in (published or {}).items()}
    return Dossier(
        person or record(),
        detentions,
        sentences=tuple(sentences),
        charges=tuple(charges),
        sources=sources,
        **lookups,
    )


def on(dossier: Dossier, day: str = TODAY.isoformat()) -> Situation:
    """Give the situation on a day written as text."""
    return situation(dossier, date.fromisoformat(day))


def estimate(dossier: Dossier, day: str = TODAY.isoformat()) -> str | None:
    """Give the estimated day of release."""
    found = on(dossier, day)["release_estimate"]
    return found["date"] if found else None


def held(*sentences: Record, start: str | None = START, **fields: Any) -> Dossier:
    """Put a case of one stay in a colony together."""
    return case(stay("colony", start, confirmed_on="2024-01-01", **fields), sentences=sentences)
