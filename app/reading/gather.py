"""Loads dossiers: everything about a page of persons as a tier sees it, in three statements whatever the number."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import CompoundSelect, and_, select, union_all
from sqlalchemy.orm import Session

from app.core.bulk import among, run
from app.core.desk import Desk
from app.core.documents import documents, links
from app.core.kinds import Key
from app.core.record import Tier
from app.reading.dossier import Dossier, Record

BELONGING: Final = ("detentions", "charges", "sentences", "hearings", "affiliations", "recognitions", "addresses")
_LOOKED_UP: Final = {"facility_id": "facilities", "article_id": "articles", "case_id": "cases"}
_CHUNK: Final = 500
_MANY: Final = 5_000  # records that one statement is asked for; it takes 32,767 values at most
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_TIERS: Final = {int(tier): tier for tier in Tier}
_Seen = dict[str, dict[str, Record]]


class Whose(NamedTuple):
    """A person as one tier sees them."""

    tier: Tier
    person_id: UUID


class Gathered(NamedTuple):
    """What is known of a person as one tier sees them.

    ``body`` is their record as it is sent, ``changed`` when that or what belongs to them last changed.
    """

    dossier: Dossier
    body: bytes
    changed: datetime


async def dossiers(desk: Desk, person_ids: Sequence[UUID]) -> dict[UUID, Dossier]:
    """Give the dossiers of persons as the caller sees them; persons whom the caller does not see are left out.

    Three statements for up to 500 persons.
    """
    tier = desk.caller.tier
    found = await desk.session.run_sync(lambda session: gather(session, [tier], person_ids))
    return {whose.person_id: one.dossier for whose, one in found.items()}


class _Parsed(dict[bytes, Record]):
    """What was read already: most records say the same to every tier."""

    def __init__(self, without: Collection[str]) -> None:
        super().__init__()
        self._without = without

    def __missing__(self, body: bytes) -> Record:
        record: dict[str, Any] = from_json(body)
        for name in self._without:
            record.pop(name, None)
        self[body] = record
        return record


@dataclass(slots=True)
class _Theirs:
    """A person as one tier sees them, and by kind what belongs to them."""

    body: bytes = b""
    person: Record = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)
    changed: datetime = _NEVER

    def add(self, kind: str, body: bytes, record: Record, at: datetime) -> None:
        self.changed = max(self.changed, at)
        if kind == "persons":
            self.body, self.person = body, record
        else:
            self.records.setdefault(kind, []).append(record)

    def says_as(self, other: "_Theirs") -> bool:
        return self.person == other.person and self.records == other.records


def gather(
    session: Session, tiers: Sequence[Tier], person_ids: Sequence[UUID], without: Collection[str] = ()
) -> dict[Whose, Gathered]:
    """Give what is known of persons as each of the tiers sees them, the dossiers if so said ``without`` some fields."""
    found: dict[Whose, Gathered] = {}
    for start in range(0, len(person_ids), _CHUNK):
        portion = person_ids[start : start + _CHUNK]
        found |= _gather(session, [int(tier) for tier in tiers], portion, _Parsed(without))
    return found


def _gather(session: Session, tiers: list[int], person_ids: Sequence[UUID], parsed: _Parsed) -> dict[Whose, Gathered]:
    rows = run(session, _BELONGINGS, {"tiers": tiers, "people": list(person_ids)})
    everybody: dict[Whose, _Theirs] = defaultdict(_Theirs)
    for kind, tier, body, person_id, at in rows:
        everybody[Whose(_TIERS[tier], person_id)].add(kind, body, parsed[body], at)
    # What belongs to somebody whom a tier does not see is nobody's there.
    people = {whose: theirs for whose, theirs in everybody.items() if theirs.body}
    looked_up = _look_up(session, tiers, list(people.values()), parsed)
    made: dict[UUID, tuple[_Theirs, _Seen, Dossier]] = {}
    found = {}
    for whose, theirs in people.items():
        seen, same = looked_up[whose.tier], made.get(whose.person_id)
        # Most people are the same to every tier.
        if same is None or same[1] is not seen or not theirs.says_as(same[0]):
            same = made[whose.person_id] = theirs, seen, dossier_of(theirs.person, theirs.records, seen)
        found[whose] = Gathered(same[2], theirs.body, theirs.changed)
    return found


_d = documents.c
_seen = and_(among(_d.tier, "tiers"), _d.body.is_not(None))
# Persons and what belongs to them.
_BELONGINGS: Final = union_all(
    select(_d.kind, _d.tier, _d.body, _d.id.label("person_id"), _d.updated_at).where(
        _d.kind == "persons", among(_d.id, "people"), _seen
    ),
    select(_d.kind, _d.tier, _d.body, links.c.to_id.label("person_id"), _d.updated_at)
    .select_from(links.join(documents, and_(_d.kind == links.c.kind, _d.id == links.c.id)))
    .where(links.c.to_kind == "persons", among(links.c.to_id, "people"), links.c.kind.in_(BELONGING), _seen),
)


def _look_up(session: Session, tiers: list[int], people: Sequence[_Theirs], parsed: _Parsed) -> dict[Tier, _Seen]:
    """Give, by tier, the places, articles and cases that these records refer to, and all that is cited."""
    found: dict[Tier, _Seen] = defaultdict(lambda: defaultdict(dict))
    mine = [record for theirs in people for records in theirs.records.values() for record in records]
    named = {(kind, record[name]) for record in mine for name, kind in _LOOKED_UP.items() if record.get(name)}
    referred = {(kind, UUID(record_id)) for kind, record_id in named}
    others = _add(session, found, tiers, referred, parsed)
    cited = {
        source_id
        for record in (*(theirs.person for theirs in people), *mine, *others)
        for source_id in cited_by(record)
    }
    _add(session, found, tiers, {("sources", UUID(source_id)) for source_id in cited}, parsed)
    # Tiers that see the same have the same, so that what follows is worked out once.
    alike: list[_Seen] = []
    for tier in map(_TIERS.__getitem__, tiers):
        found[tier] = next((seen for seen in alike if seen == found[tier]), found[tier])
        alike.append(found[tier])
    return found


def cited_by(record: Record) -> Iterator[str]:
    """Give the sources that a record cites."""
    return (citation["source_id"] for citation in record.get("citations") or ())


def _add(
    session: Session, found: dict[Tier, _Seen], tiers: list[int], keys: Collection[Key], parsed: _Parsed
) -> list[Record]:
    """Add records, and the addresses of the facilities among them."""
    added, rest = [], sorted(keys)
    for start in range(0, len(rest), _MANY):
        ids: dict[str, list[UUID]] = defaultdict(list)
        for kind, record_id in rest[start : start + _MANY]:
            ids[kind].append(record_id)
        for row in run(session, _records(tuple(ids)), {"tiers": tiers, **ids}):
            record = parsed[row.body]
            found[_TIERS[row.tier]][row.kind][record["id"]] = record
            added.append(record)
    return added


@cache
def _records(kinds: tuple[str, ...]) -> CompoundSelect[Any]:
    """Give the statement for records, kind by kind: one condition for all of them is looked up in no index."""
    queries = [select(_d.kind, _d.tier, _d.body).where(_d.kind == kind, among(_d.id, kind), _seen) for kind in kinds]
    if "facilities" in kinds:
        queries.append(
            select(_d.kind, _d.tier, _d.body)
            .select_from(links.join(documents, and_(_d.kind == links.c.kind, _d.id == links.c.id)))
            .where(links.c.to_kind == "facilities", among(links.c.to_id, "facilities"), links.c.kind == "addresses")
            .where(_seen)
        )
    return union_all(*queries)


def dossier_of(person: Record, theirs: dict[str, list[Record]], seen: _Seen) -> Dossier:
    """Give a person's dossier, of what belongs to them and what was looked up."""
    belonging = {kind: tuple(theirs.get(kind, ())) for kind in BELONGING if kind != "addresses"}
    mine = [record for kind in ("charges", "sentences", "hearings") for record in theirs.get(kind, ())]
    cases = dict.fromkeys(record["case_id"] for record in mine if record.get("case_id"))
    places = {stay["facility_id"] for stay in theirs.get("detentions", ()) if stay.get("facility_id")}
    addresses = {key: address for key, address in seen["addresses"].items() if address.get("facility_id") in places}
    theirs_or_place = {address["id"]: address for address in theirs.get("addresses", ())} | addresses
    # Only what this person needs, so that dossiers can be compared.
    own = (person, *(record for records in belonging.values() for record in records), *theirs_or_place.values())
    cited = {source_id for record in own for source_id in cited_by(record)}
    articles = {record["article_id"] for record in own if record.get("article_id")}
    return Dossier(
        person,
        **belonging,
        cases=tuple(seen["cases"][case_id] for case_id in cases if case_id in seen["cases"]),
        facilities=_of(seen["facilities"], places),
        articles=_of(seen["articles"], articles),
        sources=_of(seen["sources"], cited),
        addresses=theirs_or_place,
    )


def _of(seen: Mapping[str, Record], wanted: Iterable[str]) -> dict[str, Record]:
    return {record_id: seen[record_id] for record_id in wanted if record_id in seen}
