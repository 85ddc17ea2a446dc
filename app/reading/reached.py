"""What a case leads to beyond its own records: the organizations that it names, and every source that is cited."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import CTE, Select, and_, or_, select, union_all

from app.core.desk import Desk
from app.core.dialects import OuterFirst
from app.core.documents import documents, links
from app.core.kinds import Key
from app.core.projection import by_kind
from app.core.record import Tier
from app.reading.dossier import Record

OWN: Final = ("detentions", "charges", "sentences", "hearings", "affiliations", "recognitions")
_REACHED: Final = ("organizations", "sources")


async def reached(desk: Desk, person_id: UUID, *more: Key) -> dict[str, list[Record]]:
    """Give the organizations and sources that a person's records lead to, step by step, each once: one statement.

    A source may have a publisher, and a publisher a source: whatever is cited on the way is found. Nothing is reached
    through a record that the caller does not see. ``more`` are records to start from beside the person's own.
    """
    found: dict[str, list[Record]] = {kind: [] for kind in _REACHED}
    for kind, body in await desk.session.execute(_statement(person_id, more, desk.caller.tier)):
        found[kind].append(from_json(body))
    return found


def _statement(person_id: UUID, more: Sequence[Key], tier: Tier) -> Select[Any]:
    d, c = documents.c, links.c
    start = _start(person_id, more, tier)
    walked = select(start.c.kind, start.c.id).cte("walked", recursive=True)
    along = OuterFirst(walked, links, and_(c.kind == walked.c.kind, c.id == walked.c.id, c.tier <= int(tier)))
    there = and_(d.kind == c.to_kind, d.id == c.to_id, d.tier == int(tier), d.action == "upsert")
    walked = walked.union(select(d.kind, d.id).select_from(OuterFirst(along, documents, there)))
    seen = and_(d.kind == walked.c.kind, d.id == walked.c.id, d.tier == int(tier))
    wanted = select(d.kind, d.body).select_from(OuterFirst(walked, documents, seen))
    return wanted.where(walked.c.kind.in_(_REACHED))


def _start(person_id: UUID, more: Sequence[Key], tier: Tier) -> CTE:
    """Give the records to start from: the person, what belongs to them, and others."""
    d, c = documents.c, links.c
    these = [and_(d.kind == kind, d.id.in_(ids)) for kind, ids in by_kind([("persons", person_id), *more])]
    named = select(d.kind, d.id).where(or_(*these), d.tier == int(tier), d.action == "upsert")
    theirs = (c.to_kind == "persons", c.to_id == person_id, c.kind.in_(OWN))
    both = links.join(documents, and_(d.kind == c.kind, d.id == c.id, d.tier == int(tier), d.action == "upsert"))
    return union_all(named, select(d.kind, d.id).select_from(both).where(*theirs)).cte("start")
