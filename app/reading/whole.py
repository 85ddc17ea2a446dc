"""One person's whole case in one statement: what belongs to them, and all that this leads to, step by step."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from pydantic_core import from_json
from sqlalchemy import CTE, Select, and_, select, union_all

from app.core.desk import Desk
from app.core.dialects import OuterFirst
from app.core.documents import SHOWN, documents, links
from app.core.express import Plan, Rows, Statement, Written, leave_plan
from app.core.problems import Problem
from app.core.record import Tier
from app.core.requests import answer
from app.reading.dossier import Dossier, Record
from app.reading.gather import BELONGING, cited_by, dossier_of
from app.register import KINDS

OWN: Final = tuple(kind for kind in BELONGING if kind != "addresses")
_BEYOND: Final = ("organizations", "sources")
_Key = tuple[str, str]  # the kind and the id, as answers write it


@dataclass(frozen=True, slots=True)
class Case:
    """What a caller sees of a person, of all that belongs to them, and of whatever these lead to."""

    dossier: Dossier
    records: Mapping[_Key, Record]

    def beyond(self, *more: _Key) -> dict[str, list[Record]]:
        """Give the organizations and sources that the person's records lead to, each once.

        A source may have a publisher, and a publisher a source: whatever is cited on the way is found. ``more`` are
        records to start from beside the person and their own; their addresses are none of these by themselves.
        """
        waiting: list[_Key] = [("persons", self.dossier.person["id"]), *more]
        waiting += [(kind, record["id"]) for kind in OWN for record in getattr(self.dossier, kind)]
        seen: dict[_Key, Record] = {}
        while waiting:
            key = waiting.pop()
            if key not in seen and key in self.records:
                seen[key] = self.records[key]
                waiting += _named(key[0], seen[key])
        return {kind: [record for (its, _), record in seen.items() if its == kind] for kind in _BEYOND}


def _named(kind: str, record: Record) -> Iterator[_Key]:
    """Give the records that a record refers to."""
    for name, target in KINDS[kind].references.items():
        if record.get(name):
            yield target, record[name]
    for source_id in cited_by(record):
        yield "sources", source_id


def case_of(rows: Iterable[Sequence[Any]]) -> Case | None:
    """Give a case of the rows of its statement; None where the caller sees no such person."""
    person: Record | None = None
    theirs: dict[str, list[Record]] = defaultdict(list)
    seen: dict[str, dict[str, Record]] = defaultdict(dict)
    records: dict[_Key, Record] = {}
    for kind, body in rows:
        record = from_json(body)
        records[kind, record["id"]] = record
        if kind == "persons":
            person = record
        elif kind in BELONGING and record.get("person_id"):
            theirs[kind].append(record)
        else:
            seen[kind][record["id"]] = record
    return None if person is None else Case(dossier_of(person, theirs, seen), records)


def statement(person_id: UUID, tier: Tier) -> Select[str, bytes | None]:
    """Give the statement for a person, what belongs to them, and what is reached by way of what the tier sees."""
    d, c = documents.c, links.c
    start = _start(person_id, tier)
    walked = select(start.c.kind, start.c.id).cte("walked", recursive=True)
    along = OuterFirst(walked, links, and_(c.kind == walked.c.kind, c.id == walked.c.id, c.tier <= int(tier)))
    there = and_(d.kind == c.to_kind, d.id == c.to_id, d.tier == int(tier), d.action == SHOWN)
    onward = select(d.kind, d.id).select_from(OuterFirst(along, documents, there)).where(c.to_kind != "persons")
    walked = walked.union(onward)
    seen = and_(d.kind == walked.c.kind, d.id == walked.c.id, d.tier == int(tier))
    return select(d.kind, d.body).select_from(OuterFirst(walked, documents, seen))


def _start(person_id: UUID, tier: Tier) -> CTE:
    """Give the person, what belongs to them, and the addresses of the places that held them."""
    d, c, place, address = documents.c, links.c, links.alias("place"), links.alias("address")
    person = select(d.kind, d.id).where(d.kind == "persons", d.id == person_id, d.tier == int(tier))
    live = (d.tier == int(tier), d.action == SHOWN)
    own = (c.to_kind == "persons", c.to_id == person_id)
    theirs = OuterFirst(links, documents, and_(d.kind == c.kind, d.id == c.id, *live))
    belonging = select(d.kind, d.id).select_from(theirs).where(*own, c.kind.in_(BELONGING))
    held = and_(place.c.kind == c.kind, place.c.id == c.id, place.c.field == "facility_id")
    of_it = and_(address.c.to_kind == place.c.to_kind, address.c.to_id == place.c.to_id, address.c.kind == "addresses")
    there = and_(d.kind == address.c.kind, d.id == address.c.id, *live)
    places = OuterFirst(OuterFirst(OuterFirst(links, place, held), address, of_it), documents, there)
    addresses = select(d.kind, d.id).select_from(places).where(*own, c.kind == "detentions")
    return union_all(person.where(d.action == SHOWN), belonging, addresses).cte("start")


Write = Callable[[Case], Written | None]


def bare(request: Request) -> Request:
    """Give a request that says which application it is of and nothing of who asked, for plans to keep."""
    return Request({"type": "http", "app": request.app})


async def answered(
    request: Request, desk: Desk, person_id: UUID, write: Write, refuse: Callable[[Case], Problem] | None = None
) -> Response:
    """Answer with what is written of a person's case, and leave the plan of it for every other person.

    Where nothing is written, ``refuse`` says why.
    """
    result: Any = await desk.session.execute(statement(person_id, desk.caller.tier))
    case = case_of(result)
    if case is None:
        await desk.find(KINDS["persons"], person_id)
        raise Problem("not-found")
    said = write(case)
    if said is None:
        raise refuse(case) if refuse else Problem("not-found")
    leave_plan(request, Plan((Statement.of(result),), partial(_again, write), person_id))
    return answer(request, said.body, said.tag)


def _again(write: Write, _: Sequence[Statement], found: Sequence[Rows], __: str) -> Written | None:
    case = case_of(found[0])
    return None if case is None else write(case)
