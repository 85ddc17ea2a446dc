"""What the register answers to reconciliation queries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from app.core.desk import Desk
from app.names.verdict import Agreement, Verdict
from app.reading.finding.comparing import Candidate, Compared, compared
from app.reading.finding.finder import Finder
from app.reading.finding.known import Known, known_of
from app.reading.reconciling.asking import PERSON, ReconciliationQuery, is_person

TYPES: Final = [{"id": PERSON, "name": "Person"}]
SUGGESTED: Final = 20
"""Suggestions of one answer."""
_WHOLE: Final = 100


async def reconciled(desk: Desk, finder: Finder, batch: Mapping[str, ReconciliationQuery]) -> dict[str, Any]:
    """Answer a batch, each query by itself."""
    tier, queries = desk.caller.tier, list(batch.values())
    results = await compared(desk.session, tier, finder, [query.question for query in queries])
    shown = [found.candidates[: query.most] for query, found in zip(queries, results, strict=True)]
    wanted = {one.id for candidates in shown for one in candidates}
    wanted |= {query.person_id for query in queries if query.person_id and is_person(query.type)}
    known = await known_of(desk.session, tier, sorted(wanted))
    return {
        key: {"result": _result(query, found, candidates, known)}
        for (key, query), found, candidates in zip(batch.items(), results, shown, strict=True)
    }


def _result(
    query: ReconciliationQuery, found: Compared, shown: Sequence[Candidate], known: Mapping[UUID, Known]
) -> list[dict[str, Any]]:
    asked = query.person_id
    if asked and asked in known and is_person(query.type):
        return [_entity(asked, known) | {"type": TYPES, "score": _WHOLE, "match": True}]
    return [
        _entity(one.id, known, one.on)
        | {"type": TYPES, "score": _percent(one.score), "features": _features(one)}
        | {"match": found.verdict is Verdict.MATCH and place == 0}
        for place, one in enumerate(shown)
        if one.id in known
    ]


def _features(candidate: Candidate) -> list[dict[str, Any]]:
    said = [{"id": name, "value": said.value} for name, said in candidate.evidence if said is not Agreement.UNKNOWN]
    return [{"id": "name", "value": _percent(candidate.by_name)}, *said]


def _percent(score: float) -> float:
    return round(100 * score, 2)


def _entity(person_id: UUID, known: Mapping[UUID, Known], on: str | None = None) -> dict[str, Any]:
    """Name a person, and tell them from namesakes: the spelling that fits, year of birth, status."""
    one = known[person_id]
    born = one.record.get("birth_date")
    parts = (on if on != one.name else None, f"born {born}" if born else None, one.status)
    return {"id": str(person_id), "name": one.name, "description": "; ".join(part for part in parts if part)}


async def suggested(desk: Desk, finder: Finder, prefix: str, asked: UUID | None, skip: int) -> list[dict[str, Any]]:
    """Suggest people while somebody types a name, or by an id."""
    tier = desk.caller.tier
    hits = [] if asked else await finder.find(desk.session, tier, prefix, prefix=True)
    names = {hit.owner: hit.on for hit in hits[skip : skip + SUGGESTED] if isinstance(hit.owner, UUID)}
    wanted = [asked] if asked and not skip else list(names)
    known = await known_of(desk.session, tier, wanted) if wanted else {}
    return [_entity(one, known, names.get(one)) | {"notable": TYPES} for one in wanted if one in known]
