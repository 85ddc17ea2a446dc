"""What a reading starts from: one person's records as the caller may see them, and the dates they state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from app.core.edtf import PartialDate

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """Everything about one person that the caller may see, as the API serves it.

    What is hidden is absent, whole records and single fields alike. ``facilities``, ``articles``,
    ``sources`` and ``addresses`` are looked up by id and may hold more than this person needs.
    """

    person: Record
    detentions: Sequence[Record] = ()
    charges: Sequence[Record] = ()
    sentences: Sequence[Record] = ()
    cases: Sequence[Record] = ()
    hearings: Sequence[Record] = ()
    affiliations: Sequence[Record] = ()
    recognitions: Sequence[Record] = ()
    facilities: Mapping[str, Record] = field(default_factory=dict)
    articles: Mapping[str, Record] = field(default_factory=dict)
    sources: Mapping[str, Record] = field(default_factory=dict)
    addresses: Mapping[str, Record] = field(default_factory=dict)


@lru_cache(maxsize=16_384)
def reach(text: str) -> tuple[date, date]:
    """Give the earliest and the latest day that a partial date can mean."""
    day = PartialDate(text)
    return day.earliest, day.latest


@lru_cache(maxsize=16_384)
def exact(text: str | None) -> date | None:
    """Give the day of a date known to the day and not in doubt, for arithmetic that needs all of it."""
    if text is None:
        return None
    parts = PartialDate(text).parts
    if parts.year is None or parts.day is None or parts.mark:
        return None
    return reach(text)[0]


def stated(record: Record, name: str) -> str | None:
    """Give a date that can be put in order: one without a year (``XXXX-07-13``) counts as unknown."""
    text = record.get(name)
    return text if text and not text.startswith("XXXX") else None


def published(dossier: Dossier, record: Record) -> Iterator[str]:
    """Give the days on which the sources that a record cites were published, as far as known and seen."""
    for citation in record.get("citations") or ():
        source = dossier.sources.get(citation.get("source_id"))
        day = stated(source, "published_on") if source else None
        if day:
            yield day


def instant_day(record: Record, name: str) -> date | None:
    """Give the UTC day of an instant such as ``updated_at``."""
    text = record.get(name)
    return date.fromisoformat(str(text)[:10]) if text else None


def known_from(dossier: Dossier, record: Record, *names: str) -> tuple[date, str | None]:
    """Give the day from which what a record says was so, and the date that states it.

    The first of the named dates that is known; else the first day that a cited source speaks of it; else
    the day it was recorded, so that an undated fact holds today and is not claimed for the past.
    """
    for name in names:
        if text := stated(record, name):
            return reach(text)[0], text
    days = [reach(text)[0] for text in published(dossier, record)]
    return min(days, default=None) or instant_day(record, "created_at") or date.min, None


def dated(records: Iterable[Record], field: str) -> list[Record]:
    """Put records in the order of a date, those without one last."""
    return sorted(records, key=lambda one: (_when(stated(one, field)), *made(one)))


def made(record: Record) -> tuple[str, str]:
    """Give what puts records in the order in which they came to the register."""
    return record["created_at"], record["id"]


def _when(text: str | None) -> tuple[date, date]:
    return reach(text) if text else (date.max, date.max)
