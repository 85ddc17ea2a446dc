"""One caller, one transaction: everything that is done to records, written once for all kinds."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import Caller
from app.core.database import writing_of
from app.core.documents import documents, entries, etag, links
from app.core.kinds import Fields, Key, Kind, Kinds
from app.core.problems import Fault, Needed, Problem, fault, faults
from app.core.projection import Touch, by_kind, sights, stored_fields
from app.core.record import Input, Record, Tier
from app.core.recorder import Recorder
from app.core.visibility import redact, seen_by

Rule = Callable[["Desk", Sequence["Staged"]], Awaitable[list[tuple["Staged", Fault]]]]


@dataclass(frozen=True, slots=True)
class Document:
    """A record as one tier has it; ``body`` is None when it is gone."""

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    body: bytes | None
    gone: bool

    @property
    def etag(self) -> str:
        return etag(self.version, self.body or b"")


@dataclass(eq=False, slots=True)
class Staged:
    """A write that waits for the end of the transaction; ``fields`` is None for a deletion."""

    key: Key
    fields: Fields | None
    prefix: str = ""
    kept: frozenset[tuple[str, Key]] = frozenset()  # references that the caller did not write


@dataclass(slots=True)
class Desk:
    """Serves one caller in one transaction.

    ``rules`` are what records of a kind must fulfil together; they are asked once, when all is written.
    """

    session: AsyncSession
    kinds: Kinds
    caller: Caller
    rules: dict[str, Sequence[Rule]] = field(default_factory=dict)
    staged: list[Staged] = field(default_factory=list)

    async def find(self, kind: Kind, record_id: UUID) -> Document:
        """Give a record as the caller sees it; 404 if there is none, 410 if it was deleted before their eyes."""
        found = await self._row(kind.name, record_id)
        if found is None or (found.body is None and not found.gone):
            raise Problem("not-found")
        if found.body is None:
            raise Problem("gone")
        return found

    async def _row(self, kind: str, record_id: UUID) -> Document | None:
        c = documents.c
        query = select(c.id, c.version, c.created_at, c.updated_at, c.body, c.gone).where(
            c.kind == kind, c.id == record_id, c.tier == int(self.caller.tier)
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else Document(*row)

    async def create(self, kind: Kind, sent: Fields, record_id: UUID | None = None, prefix: str = "") -> UUID:
        """Stage a new record; an id that was ever given is refused when all is written."""
        self._refuse_hidden(kind, sent, set())
        value = self._validated(kind, sent, prefix)
        at = writing_of(self.session).at
        record = kind.record(id=record_id or uuid4(), created_at=at, updated_at=at, **_values(value))
        self.session.add(record)
        self._stage(kind, record, prefix, frozenset())
        return record.id

    async def replace(self, kind: Kind, record_id: UUID, sent: Fields, prefix: str = "") -> None:
        """Stage a record's new content; what the caller may not read stays as it is."""
        await self._rewrite(kind, record_id, lambda _: sent, sent, prefix)

    async def patch(self, kind: Kind, record_id: UUID, sent: Fields, prefix: str = "") -> None:
        """Stage a JSON Merge Patch (RFC 7396) of what the caller sees of a record."""
        await self._rewrite(kind, record_id, lambda seen: merged(seen, sent), sent, prefix)

    async def _rewrite(
        self, kind: Kind, record_id: UUID, change: Callable[[Fields], Fields], sent: Fields, prefix: str
    ) -> None:
        record = await self._record(kind, record_id)
        full = record.stored(kind.fields)
        seen = await self._redacted(kind, full)
        self._refuse_hidden(kind, sent, full.keys() - seen.keys())
        wanted = {"visibility": full["visibility"]} | change(seen)
        hidden = {name: value for name, value in full.items() if name not in seen}
        unseen = [citation for citation in full["citations"] if citation not in seen["citations"]]
        if isinstance(wanted.get("citations", []), list):
            wanted["citations"] = [*wanted.get("citations", []), *unseen]
        kept = frozenset((name, key) for name, key, _ in kind.links(full))
        for name, value in _values(self._validated(kind, {**wanted, **hidden}, prefix, unseen)).items():
            if getattr(record, name) != value:
                setattr(record, name, value)
        self._stage(kind, record, prefix, kept)

    async def delete(self, kind: Kind, record_id: UUID, *, cascade: bool = False, purge: bool = False) -> None:
        """Stage a deletion; ``cascade`` takes along what belongs to the record, ``purge`` erases old versions too."""
        keys = [(kind.name, record_id), *(await self._belongings(kind, record_id) if cascade else ())]
        if purge:
            writing_of(self.session).erase.update(keys)
        for name, key_id in keys:
            record = await self.session.get(self.kinds[name].record, key_id)
            if record is not None:
                await self.session.delete(record)
            self.staged.append(Staged((name, key_id), None))

    async def erase(self, recorder: Recorder, kind: Kind, record_id: UUID) -> None:
        """Erase what is left of a record that was deleted before."""
        key = (kind.name, record_id)
        touch = Touch("purge", None, writing_of(self.session).at)
        await self.session.run_sync(lambda session: recorder.write(session, {key: touch}, {}))

    async def _belongings(self, kind: Kind, record_id: UUID) -> list[Key]:
        owned = {(name, other.owner) for name, other in self.kinds.items() if other.owner}
        query = select(links.c.kind, links.c.id, links.c.field).where(
            links.c.to_kind == kind.name, links.c.to_id == record_id
        )
        rows = (await self.session.execute(query)).all()
        return [(row.kind, row.id) for row in rows if (row.kind, row.field) in owned]

    async def settle(self) -> None:
        """Write what is staged and check it as a whole: references, values that exist once, rules."""
        gone = [staged.key for staged in self.staged if staged.fields is None]
        # Asked before: what belongs to a record that is gone is seen by nobody.
        before = await self.session.run_sync(sights, {link[0] for link in await self._pointing(gone)})
        await self.session.flush()
        found = [*await self._dangling(), *await self._doubled()]
        for name in dict.fromkeys(staged.key[0] for staged in self.staged):
            theirs = [staged for staged in self.staged if staged.key[0] == name and staged.fields is not None]
            for rule in self.rules.get(name, ()) if theirs else ():
                found += await rule(self, theirs)
        if found:
            errors = [Fault(pointer=staged.prefix + said.pointer, detail=said.detail) for staged, said in found]
            raise Problem("invalid", errors=errors)
        self._refuse_needed(await self._pointing(gone), before)

    async def _dangling(self) -> list[tuple[Staged, Fault]]:
        """Give the references that lead to nothing the caller can see."""
        asked = [(staged, *link) for staged in self.staged for link in self._new_links(staged)]
        seen = await self.session.run_sync(sights, {key for _, _, key in asked})
        sees = seen_by(self.caller.tier, seen)
        words = "There is no such record that you can see. Create it first, or correct the id."
        return [(staged, fault(place, words)) for staged, place, key in asked if not sees(key)]

    def _new_links(self, staged: Staged) -> list[tuple[str, Key]]:
        if staged.fields is None:
            return []
        places, cited = [], 0
        for name, key, _ in self.kinds[staged.key[0]].links(staged.fields):
            place = f"/citations/{cited}/source_id" if name == "citations" else f"/{name}"
            cited += name == "citations"
            if (name, key) not in staged.kept:
                places.append((place, key))
        return places

    async def _doubled(self) -> list[tuple[Staged, Fault]]:
        """Give the values that must exist once in the register and do not."""
        found = []
        for staged in self.staged:
            kind = self.kinds[staged.key[0]]
            values = dict(kind.entries(staged.fields)) if staged.fields is not None and kind.unique else {}
            for name in kind.unique if values else ():
                mine = [value for field_name, value in kind.entries(staged.fields or {}) if field_name == name]
                c = entries.c
                query = select(c.value).where(
                    c.kind == kind.name, c.field == name, c.value.in_(mine), c.id != staged.key[1]
                )
                taken = set((await self.session.execute(query)).scalars())
                words = "Another record has this already; it exists once in the register."
                twice = {value for value in mine if mine.count(value) > 1}
                found += [(staged, fault(f"/{name}/{i}", words)) for i, v in enumerate(mine) if v in taken | twice]
        return found

    async def _pointing(self, keys: Iterable[Key]) -> list[tuple[Key, str, Tier]]:
        """Give the records that refer to these: which, by which field, and from which tier that reads."""
        found: list[tuple[Key, str, Tier]] = []
        for name, ids in by_kind(keys):
            query = select(links.c.kind, links.c.id, links.c.field, links.c.tier).where(
                links.c.to_kind == name, links.c.to_id.in_(ids)
            )
            rows = (await self.session.execute(query)).all()
            found += [((row.kind, row.id), row.field, Tier(row.tier)) for row in rows]
        return found

    def _refuse_needed(self, pointing: list[tuple[Key, str, Tier]], sight: Mapping[Key, Tier]) -> None:
        """Refuse deletions that would leave other records pointing at nothing; name those that the caller sees."""
        if not pointing:
            return
        sees = seen_by(self.caller.tier, sight)
        shown = [
            Needed(kind=kind, id=str(record_id), field=name)
            for (kind, record_id), name, tier in sorted(pointing, key=str)
            if sees((kind, record_id)) and tier <= self.caller.tier
        ]
        raise Problem(
            "needed",
            "Delete or change the records in `needed_by` first, or, as admin, add `cascade=true` for those that "
            "belong to this one.",
            needed_by=shown[:100],
        )

    async def load(self, keys: Iterable[Key]) -> dict[Key, Fields]:
        """Give records as the caller sees them; those that they do not see are left out."""
        found: dict[Key, Fields] = {}
        c = documents.c
        for kind, ids in by_kind(keys):
            query = select(c.id, c.body).where(
                c.kind == kind, c.id.in_(ids), c.tier == int(self.caller.tier), c.body.is_not(None)
            )
            rows = await self.session.execute(query)
            found |= {(kind, row.id): stored_fields(row.body) for row in rows}
        return found

    async def belonging(self, kind: str, owners: Iterable[Key]) -> dict[Key, Fields]:
        """Give the records of a kind that belong to these, as the caller sees them."""
        name = self.kinds[kind].owner
        keys: set[Key] = set()
        for to_kind, ids in by_kind(owners):
            query = select(links.c.id).where(
                links.c.kind == kind, links.c.field == name, links.c.to_kind == to_kind, links.c.to_id.in_(ids)
            )
            keys |= {(kind, record_id) for record_id in (await self.session.execute(query)).scalars()}
        return await self.load(keys)

    async def _record(self, kind: Kind, record_id: UUID) -> Record:
        record = await self.session.get(kind.record, record_id)
        if record is None:
            raise Problem("not-found")
        return record

    async def _redacted(self, kind: Kind, full: Fields) -> Fields:
        targets = {key for _, key, _ in kind.links(full)}
        seen = await self.session.run_sync(sights, targets)
        return redact(kind, full, self.caller.tier, seen_by(self.caller.tier, seen))

    def _refuse_hidden(self, kind: Kind, sent: Fields, absent: Iterable[str]) -> None:
        """Refuse what the caller could not read back: 403."""
        hidden = {name for name in sent if kind.tiers.get(name, Tier.PUBLIC) > self.caller.tier}
        hidden |= set(sent) & set(absent)
        if hidden:
            raise Problem("forbidden", f"Your key may not read `{min(hidden)}` here, so it may not set it.")
        said = sent.get("visibility")
        if said in {"partners", "private"} and Tier.named(str(said)) > self.caller.tier:
            raise Problem("forbidden", "Your key could not read a record of this visibility, so it may not set it.")

    def _validated(self, kind: Kind, fields: Fields, prefix: str, kept: Sequence[Any] = ()) -> Input:
        try:
            value = kind.write.model_validate_json(to_json(fields), strict=True)
        except ValidationError as error:
            said = faults(error.errors(include_url=False, include_input=False, include_context=False), prefix)
            raise Problem("invalid", errors=said) from None
        mine = value.citations[: len(value.citations) - len(kept)]
        known = {name for name, tier in kind.tiers.items() if tier <= self.caller.tier}
        wrong = [i for i, citation in enumerate(mine) if citation.field is not None and citation.field not in known]
        if wrong:
            words = f"There is no such field; {kind.name} have those that /docs lists."
            raise Problem("invalid", errors=[fault(f"{prefix}/citations/{i}/field", words) for i in wrong])
        return value

    def _stage(self, kind: Kind, record: Record, prefix: str, kept: frozenset[tuple[str, Key]]) -> None:
        self.staged.append(Staged((kind.name, record.id), record.stored(kind.fields), prefix, kept))


def _values(value: Input) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).model_fields}


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Apply a JSON Merge Patch (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
