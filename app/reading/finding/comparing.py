"""Compares a list of people with the register's, by name and by what else is known of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.record import Tier
from app.names.fold import words
from app.names.keys import keys
from app.names.match import Hit
from app.names.roles import is_whole
from app.names.verdict import NO_EVIDENCE, NO_FACTS, Agreement, Evidence, Facts, Verdict, compare, judged, weighed
from app.reading.finding.finder import Finder
from app.reading.finding.known import Known, holders, known_of

_COMPARED: Final = 50
"""Namesakes whose facts are compared; more have a name in common only."""


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody on a list."""

    name: str
    facts: Facts = NO_FACTS


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody in the register who may be meant."""

    id: UUID
    score: float
    by_name: float
    on: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison says: whether the first candidate is the one."""

    verdict: Verdict
    candidates: list[Candidate]


async def compared(session: AsyncSession, tier: Tier, finder: Finder, asked: Sequence[Question]) -> list[Compared]:
    """Compare people with those whom a tier sees; nothing is written, and nothing of it is kept."""
    by_name = await finder.find_all(session, tier, [one.name for one in asked])
    shared = await holders(session, tier, {pair for one in asked for pair in one.facts.identifiers})
    hits = [_with_holders(one, found[:_COMPARED], shared) for one, found in zip(asked, by_name, strict=True)]
    wanted = {hit.owner for one, found in zip(asked, hits, strict=True) if one.facts for hit in found}
    known = await known_of(session, tier, sorted(wanted))
    judged_of = []
    for one, found in zip(asked, hits, strict=True):
        judged_of.append(_judged(one, found, known))
        await asyncio.sleep(0)  # others have their turn
    return judged_of


@dataclass(frozen=True, slots=True)
class _Named:
    owner: UUID
    score: float
    on: str | None


def _with_holders(asked: Question, hits: Sequence[Hit], shared: Mapping[tuple[str, str], UUID]) -> list[_Named]:
    """Add those who have an identifier that was asked for, whatever their name."""
    found = {hit.owner: _Named(hit.owner, hit.score, hit.on) for hit in hits if isinstance(hit.owner, UUID)}
    for pair in sorted(asked.facts.identifiers & shared.keys()):
        found.setdefault(shared[pair], _Named(shared[pair], 0.0, None))
    return list(found.values())


def _judged(asked: Question, hits: Sequence[_Named], known: Mapping[UUID, Known]) -> Compared:
    evidence = [compare(asked.facts, known[hit.owner].facts) if hit.owner in known else NO_EVIDENCE for hit in hits]
    verdict, order = judged([(hit.score, said) for hit, said in zip(hits, evidence, strict=True)])
    if verdict is Verdict.MATCH and not _tells(asked.name, evidence[order[0]]):
        verdict = Verdict.POSSIBLE
    return Compared(verdict, [_candidate(hits[place], evidence[place], known) for place in order])


def _tells(name: str, evidence: Evidence) -> bool:
    """Tell whether a name says who is meant: half of one does not, however well it agrees, unless a fact does."""
    facts = evidence.birth_date, evidence.identifiers
    return Agreement.AGREES in facts or is_whole([keys(word) for word in words(name)])


def _candidate(hit: _Named, evidence: Evidence, known: Mapping[UUID, Known]) -> Candidate:
    on = hit.on or (known[hit.owner].name if hit.owner in known else "")
    return Candidate(hit.owner, weighed(hit.score, evidence), hit.score, on, evidence)
