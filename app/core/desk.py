"""One caller, one transaction: everything that is done to records, written once for all kinds."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import Caller
from app.core.ahead import DOCUMENT, Ahead, Document
from app.core.bulk import among, run
from app.core.copies import kept_here, refusal
from app.core.database import writing_of
from app.core.documents import documents, links
from app.core.kinds import Fields, Key, Kind, Kinds
from app.core.patching import merged, strange_nulls
from app.core.problems import Fault, Moved, Needed, Problem, fault, faults
from app.core.projection import Touch, bodies, by_kind, sights
from app.core.projection import merged as merged_records
from app.core.record import Citation, Input, Record, Tier, new_id
from app.core.recorder import WRITING, Recorder
from app.core.remains import belonged
from app.core.staged import Pointing, Staged, doubled, pointing_to
from app.core.visibility import redact, seen_by

_ROW: Final = select(*DOCUMENT).where(*(documents.c[name] == bindparam(name) for name in ("kind", "id", "tier")))
_l: Final = links.c
_REFERRING: Final = select(_l.id).where(
    *(_l[name] == bindparam(name) for name in ("kind", "field", "to_kind")), among(_l.to_id)
)
Rule = Callable[["Desk", Sequence["Staged"]], Awaitable[list[tuple["Staged", Fault]]]]


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
    copied: dict[Key, UUID] = field(default_factory=dict)  # records that were found to be another register's
    ahead: Ahead = field(default_factory=Ahead)

    async def read_ahead(self, keys: Iterable[Key]) -> None:
        """Read at once what operations on many records need."""
        await self.session.run_sync(self.ahead.read, self.kinds, self.caller.tier, keys)

    async def find(self, kind: Kind, record_id: UUID, *, merged: bool = False) -> Document:
        """Give a record as the caller sees it; 404 if there is none, 410 if it was deleted before their eyes.

        One that was merged leads to the record that it is part of; ``merged`` is for those who want it as it was.
        """
        found = await self._row(kind.name, record_id)
        if found is None or (found.body is None and not found.gone and not found.merged):
            raise Problem("not-found")
        if found.source is not None:
            self.copied[kind.name, record_id] = found.source
        if found.merged and not merged:
            raise await self._elsewhere(kind, record_id)
        if found.gone:
            raise Problem("gone")
        return found

    async def _elsewhere(self, kind: Kind, record_id: UUID) -> Exception:
        """Give what leads to the record that a merged one is part of: readers are sent there, writers are told."""
        at = record_id
        while (found := await self._row(kind.name, at)) is not None and found.merged:
            at = await self.merged_into(kind, at)
        if found is None or found.body is None:
            return Problem("gone" if found and found.gone else "not-found")
        if WRITING in self.session.info:
            return Problem("merged", f"It is part of {kind.name}/{at}. Write to that one.", members={"into": str(at)})
        return Moved(record_id, at)

    async def merged_into(self, kind: Kind, record_id: UUID) -> UUID:
        """Give what a merged record was merged into."""
        key = kind.name, record_id
        return (await self.session.run_sync(merged_records, [key]))[key][0][1]

    async def _row(self, kind: str, record_id: UUID) -> Document | None:
        if (kind, record_id) in self.ahead.rows:
            return self.ahead.rows[kind, record_id]
        key = {"kind": kind, "id": record_id, "tier": int(self.caller.tier)}
        row = (await self.session.execute(_ROW, key)).one_or_none()
        return None if row is None else Document(*row)

    async def create(self, kind: Kind, sent: Fields, record_id: UUID | None = None, prefix: str = "") -> UUID:
        """Stage a new record; an id that was ever given is refused, at the latest when all is written."""
        if record_id is not None and (kind.name, record_id) in self.ahead.given:
            raise Problem("taken")
        self._refuse_hidden(kind, sent, set())
        value = self._validated(kind, sent, prefix)
        at = writing_of(self.session).at
        record = kind.record.fresh(id=record_id or new_id(), version=1, created_at=at, updated_at=at, **_values(value))
        self.session.add(record)
        self._stage(kind, record, prefix)
        return record.id

    async def replace(self, kind: Kind, record_id: UUID, sent: Fields, prefix: str = "") -> None:
        """Stage a record's new content; what the caller may not read stays as it is."""
        await self._rewrite(kind, record_id, lambda _: sent, sent, prefix)

    async def patch(self, kind: Kind, record_id: UUID, sent: Fields, prefix: str = "") -> None:
        """Stage a JSON Merge Patch (RFC 7396) of what the caller sees of a record."""
        if wrong := list(strange_nulls(kind.write, sent, prefix)):
            raise Problem("invalid", errors=wrong[:100])
        await self._rewrite(kind, record_id, lambda seen: merged(seen, sent), sent, prefix)

    async def _rewrite(
        self, kind: Kind, record_id: UUID, change: Callable[[Fields], Fields], sent: Fields, prefix: str
    ) -> None:
        await self.refuse_copied((kind.name, record_id))
        record = await self._record(kind, record_id)
        full = record.stored(kind.fields)
        seen = await self._redacted(kind, full)
        self._refuse_hidden(kind, sent, full.keys() - seen.keys())
        wanted = {"visibility": full["visibility"]} | change(seen)
        hidden = {name: value for name, value in full.items() if name not in seen}
        left = wanted.pop("citations", []) if "citations" not in sent else []
        unseen = [citation for citation in full["citations"] if citation not in seen["citations"]]
        value = self._validated(kind, {**wanted, **hidden}, prefix, full)
        # Behind what was sent, of which there may be so many: how many are hidden must not show in a refusal.
        value.citations += [Citation.model_validate_json(to_json(citation)) for citation in (*left, *unseen)]
        for name, said in _values(value).items():
            if getattr(record, name) != said:
                setattr(record, name, said)
        # What the caller cannot see of it is kept, and is no answer to whoever cites the same.
        kept = frozenset((name, key) for name, key, _ in kind.links({**full, "citations": seen["citations"]}))
        self._stage(kind, record, prefix, kept, len(value.citations) - len(unseen), full)

    async def delete(
        self, kind: Kind, record_id: UUID, prefix: str = "", *, cascade: bool = False, purge: bool = False
    ) -> list[Key]:
        """Stage a deletion and give what it takes.

        ``cascade`` takes along what belongs to the record, ``purge`` erases old versions too.
        """
        await self.refuse_copied((kind.name, record_id))
        keys = [(kind.name, record_id), *(await self._belongings(kind, record_id) if cascade else ())]
        if purge:
            writing_of(self.session).erase.update(keys)
        for name, key_id in keys:
            record = await self.session.get(self.kinds[name].record, key_id)
            if record is not None:
                await self.session.delete(record)
            self.staged.append(Staged((name, key_id), None, prefix))
        return keys

    async def merge(self, kind: Kind, record_id: UUID, into: UUID, prefix: str = "") -> None:
        """Stage that a record becomes part of another of its kind; what refers to it has to be changed as well."""
        await self.refuse_copied((kind.name, record_id))
        record = await self._record(kind, record_id)
        writing_of(self.session).merged[kind.name, record_id] = kind.name, into
        await self.session.delete(record)
        self.staged.append(Staged((kind.name, record_id), None, prefix))

    async def restore(self, kind: Kind, record_id: UUID, fields: Fields, prefix: str = "") -> None:
        """Stage that a merged record is one of its own again, with these fields."""
        found = await self.find(kind, record_id, merged=True)
        await self.refuse_copied((kind.name, record_id))
        writing = writing_of(self.session)
        writing.restored.add((kind.name, record_id))
        value = self._validated(kind, fields, prefix, before=fields)
        times = {"created_at": found.created_at, "updated_at": writing.at}
        record = kind.record.fresh(id=record_id, version=1, **times, **_values(value))
        self.session.add(record)
        self._stage(kind, record, prefix, frozenset())

    async def erase(self, recorder: Recorder, keys: Iterable[Key]) -> None:
        """Erase what is left of records that are gone already, merged ones among them."""
        touch = Touch("purge", None, writing_of(self.session).at)
        touched = dict.fromkeys(keys, touch)
        if touched:
            await self.session.run_sync(lambda session: recorder.write(session, touched, {}))

    async def parts_of(self, keys: Iterable[Key]) -> list[Key]:
        """Give the records that were merged into these, and into those in turn."""
        found: dict[Key, None] = {}
        frontier = list(keys)
        while frontier:
            pointing = await pointing_to(self.session, frontier, merged=True)
            frontier = [one.key for one in pointing if one.key not in found]
            found |= dict.fromkeys(frontier)
        return list(found)

    async def remains_of(self, keys: Collection[Key]) -> list[Key]:
        """Give what goes when these are purged: what was merged into them, and what was theirs when it was deleted."""
        parts = await self.parts_of(keys)
        gone = await self.session.run_sync(belonged, self.kinds, {*keys, *parts})
        found = dict.fromkeys([*parts, *gone, *await self.parts_of(gone)])
        return [key for key in found if key not in keys]

    async def _belongings(self, kind: Kind, record_id: UUID) -> list[Key]:
        owned = {(name, other.owner) for name, other in self.kinds.items() if other.owner}
        query = select(links.c.kind, links.c.id, links.c.field).where(
            links.c.to_kind == kind.name, links.c.to_id == record_id, kept_here(links.c.kind, links.c.id)
        )
        rows = (await self.session.execute(query)).all()
        return [(row.kind, row.id) for row in rows if (row.kind, row.field) in owned]

    async def settle(self) -> None:
        """Write what is staged and check it as a whole: references, values that exist once, rules."""
        gone = [staged.key for staged in self.staged if staged.fields is None]
        # Asked before: what belongs to a record that is gone is seen by nobody.
        before = await self.session.run_sync(sights, {link.key for link in await pointing_to(self.session, gone)})
        written = {staged.key for staged in self.staged}
        # Refused before anything is worked out of it, or the work would tell what is hidden from what never was.
        if found := await self._dangling(lambda key: key not in written):
            self._refuse([*found, *await doubled(self.session, self.kinds, self.staged)])
        await self.session.flush()
        found = [
            *await self._dangling(lambda key: key in written),
            *await doubled(self.session, self.kinds, self.staged),
        ]
        for name in dict.fromkeys(staged.key[0] for staged in self.staged):
            theirs = [staged for staged in self.staged if staged.key[0] == name and staged.fields is not None]
            for rule in self.rules.get(name, ()) if theirs else ():
                found += await rule(self, theirs)
        self._refuse(found)
        self._refuse_needed(await pointing_to(self.session, gone), before)

    def _refuse(self, found: Sequence[tuple[Staged, Fault]]) -> None:
        if found:
            errors = [Fault(pointer=staged.prefix + said.pointer, detail=said.detail) for staged, said in found]
            raise Problem("invalid", errors=errors[:100])

    async def _dangling(self, wanted: Callable[[Key], bool]) -> list[tuple[Staged, Fault]]:
        """Give the references that lead to nothing the caller can see, among those that are wanted."""
        links_of = ((staged, link) for staged in self.staged for link in staged.new_links(self.kinds[staged.key[0]]))
        asked = [(staged, *link) for staged, link in links_of if wanted(link[1])]
        seen = await self.session.run_sync(sights, {key for _, _, key in asked})
        sees = seen_by(self.caller.tier, seen)
        words = "There is no such record that you can see. Create it first, or correct the id."
        return [(staged, fault(place, words)) for staged, place, key in asked if not sees(key)]

    def _refuse_needed(self, pointing: list[Pointing], sight: Mapping[Key, Tier]) -> None:
        """Refuse deletions that would leave other records pointing at nothing; name those that the caller sees."""
        if not pointing:
            return
        sees = seen_by(self.caller.tier, sight)
        shown = [
            Needed(kind=one.key[0], id=str(one.key[1]), field=one.field)
            for one in sorted(pointing, key=str)
            if sees(one.key) and one.tier <= self.caller.tier
        ]
        needed = {one.to for one in pointing}
        places = [staged.prefix for staged in self.staged if staged.prefix and staged.key in needed]
        raise Problem(
            "needed",
            "Delete or change the records in `needed_by` first, or, as admin, add `cascade=true` for those that "
            "belong to this one.",
            errors=[fault(place, "Other records need this one.") for place in places[:100]] or None,
            needed_by=shown[:100],
        )

    async def load(self, keys: Iterable[Key]) -> dict[Key, Fields]:
        """Give records as the caller sees them; those that they do not see are left out."""
        return await self.session.run_sync(bodies, keys, self.caller.tier)

    async def belonging(self, kind: str, owners: Iterable[Key]) -> dict[Key, Fields]:
        """Give the records of a kind that belong to these, as the caller sees them."""
        return await self.referring(kind, self.kinds[kind].owner or "", owners)

    async def referring(self, kind: str, name: str, targets: Iterable[Key]) -> dict[Key, Fields]:
        """Give the records of a kind that refer to these by a field, as the caller sees them."""
        keys: set[Key] = set()
        for to_kind, ids in by_kind(targets):
            said = {"kind": kind, "field": name, "to_kind": to_kind, "ids": ids}
            keys |= {(kind, record_id) for (record_id,) in await self.session.run_sync(run, _REFERRING, said)}
        return await self.load(keys)

    async def refuse_copied(self, key: Key) -> None:
        """Refuse to change what another register keeps, as far as it was read, before anything is made of it."""
        ahead = self.ahead.rows.get(key)
        source = self.copied.get(key) or (ahead.source if ahead else None)
        if source is not None:
            raise await self.session.run_sync(refusal, source)

    async def _record(self, kind: Kind, record_id: UUID) -> Record:
        record = await self.session.get(kind.record, record_id)
        if record is None:
            raise Problem("not-found")
        return record

    async def _redacted(self, kind: Kind, full: Fields) -> Fields:
        seen = await self.session.run_sync(self.ahead.see, {key for _, key, _ in kind.links(full)})
        return redact(kind, full, self.caller.tier, seen_by(self.caller.tier, seen))

    def _refuse_hidden(self, kind: Kind, sent: Fields, absent: Iterable[str]) -> None:
        """Refuse what the caller could not read back: 403."""
        hidden = {name for name in sent if kind.tiers.get(name, Tier.PUBLIC) > self.caller.tier}
        hidden |= set(sent) & set(absent)
        if hidden:
            raise Problem("forbidden", f"Your key may not read `{min(hidden)}` here, so it may not set it.")
        said = sent.get("visibility")
        if said in ("partners", "private") and Tier.named(str(said)) > self.caller.tier:
            raise Problem("forbidden", "Your key could not read a record of this visibility, so it may not set it.")

    def _validated(self, kind: Kind, fields: Fields, prefix: str, before: Fields | None = None) -> Input:
        try:
            value = kind.write.model_validate_json(to_json(fields), strict=True, context=before)
        except ValidationError as error:
            said = faults(error.errors(include_url=False, include_input=False, include_context=False), prefix)
            raise Problem("invalid", errors=said) from None
        known = {name for name, tier in kind.tiers.items() if tier <= self.caller.tier}
        wrong = [
            i
            for i, citation in enumerate(value.citations)
            if citation.field is not None and citation.field not in known
        ]
        if wrong:
            words = f"There is no such field; {kind.name} have those that /docs lists."
            raise Problem("invalid", errors=[fault(f"{prefix}/citations/{i}/field", words) for i in wrong])
        return value

    def _stage(
        self,
        kind: Kind,
        record: Record,
        prefix: str,
        kept: frozenset[tuple[str, Key]] = frozenset(),
        cited: int | None = None,
        before: Fields | None = None,
    ) -> None:
        self.staged.append(Staged((kind.name, record.id), record.stored(kind.fields), prefix, kept, cited, before))


def _values(value: Input) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).model_fields}
