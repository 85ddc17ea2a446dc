"""What is known of persons beside their names, as a tier sees it: what tells namesakes apart."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.documents import documents, entries
from app.core.projection import live
from app.core.record import Tier
from app.names.verdict import Facts
from app.reading.finding.keeping import portions
from app.reading.kept import situations, standings, values
from app.register.persons import persons

_PORTION: Final = 250  # people who are read at a time; then others have their turn
_KIND: Final = persons.kind.name


@dataclass(frozen=True, slots=True)
class Known:
    """A person as a tier sees them, and what tells them from others."""

    record: Mapping[str, Any]
    facts: Facts
    status: str | None

    @property
    def name(self) -> str:
        """The name that is shown."""
        return str(self.record["names"][0]["full"])


@dataclass(slots=True)
class _Ties:
    countries: set[str] = field(default_factory=set)
    facilities: set[str] = field(default_factory=set)


async def known_of(session: AsyncSession, tier: Tier, person_ids: Collection[UUID]) -> dict[UUID, Known]:
    """Give what is known of people: three statements a portion."""
    found: dict[UUID, Known] = {}
    c, today = documents.c, situations.c
    source = documents.outerjoin(situations, and_(today.person_id == c.id, today.tier == c.tier))
    for portion in portions(person_ids, _PORTION):
        ties = await _ties(session, tier, portion)
        query = select(c.id, c.body, today.status).select_from(source)
        rows = await session.execute(query.where(live(_KIND, tier), c.id.in_(portion)))
        found |= {row.id: _known(from_json(row.body), ties[row.id], row.status) for row in rows}
        await asyncio.sleep(0)
    return found


async def holders(
    session: AsyncSession, tier: Tier, identifiers: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Give the people who have identifiers, as far as the tier sees them."""
    wanted = {f"{scheme}:{value}": (scheme, value) for scheme, value in identifiers}
    if not wanted:
        return {}
    e, c = entries.c, documents.c
    query = select(e.value, e.id).join(documents, e.id == c.id).where(live(_KIND, tier))
    query = query.where(e.kind == _KIND, e.field == "identifiers", e.value.in_(wanted))
    return {wanted[row.value]: row.id for row in await session.execute(query)}


async def _ties(session: AsyncSession, tier: Tier, person_ids: list[UUID]) -> defaultdict[UUID, _Ties]:
    found: defaultdict[UUID, _Ties] = defaultdict(_Ties)
    v, s = values.c, standings.c
    theirs = (v.person_id.in_(person_ids), v.tier == int(tier), v.field == "country")
    for row in await session.execute(select(v.person_id, v.value).where(*theirs)):
        found[row.person_id].countries.add(row.value)
    held = (s.person_id.in_(person_ids), s.tier == int(tier), s.facility_id.is_not(None))
    for row in await session.execute(select(s.person_id, s.facility_id).where(*held).distinct()):
        found[row.person_id].facilities.add(str(row.facility_id))
    return found


def _known(record: Mapping[str, Any], ties: _Ties, status: str | None) -> Known:
    facts = Facts(
        record.get("birth_date"),
        frozenset(ties.countries.union(record.get("nationalities") or ())),
        frozenset(ties.facilities),
        frozenset((one["scheme"], one["value"]) for one in record.get("identifiers") or ()),
    )
    return Known(record, facts, status)
