"""Writes that wait for the end of a transaction, and what they are held against when all of it is written."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import among, run
from app.core.copies import kept_here
from app.core.documents import MERGED, entries, links
from app.core.kinds import Fields, Key, Kind, Kinds
from app.core.problems import Fault, fault
from app.core.projection import CHUNK, by_kind
from app.core.record import Tier

Value = tuple[str, str, str]  # kind, field and value


@dataclass(eq=False, slots=True)
class Staged:
    """A write that waits for the end of the transaction; ``fields`` is None for a deletion."""

    key: Key
    fields: Fields | None
    prefix: str = ""
    kept: frozenset[tuple[str, Key]] = frozenset()  # references that were there before
    cited: int | None = None  # how many citations are the caller's own; hidden ones come behind them
    before: Fields | None = None  # what the record said until now; None for a new one

    def new_links(self, kind: Kind) -> list[tuple[str, Key]]:
        """Give the references that the caller wrote: their places, and to what."""
        if self.fields is None:
            return []
        places, cited = [], 0
        for name, key, _ in kind.links(self.fields):
            place = f"/citations/{cited}/source_id" if name == "citations" else f"/{name}"
            cited += name == "citations"
            mine = name != "citations" or self.cited is None or cited <= self.cited
            if mine and (name, key) not in self.kept:
                places.append((place, key))
        return places

    def unique(self, kind: Kind) -> list[tuple[str, Value]]:
        """Give each value that must exist once in the register, with its place."""
        if self.fields is None or not kind.unique:
            return []
        said = [(name, [v for n, v in kind.entries(self.fields) if n == name]) for name in kind.unique]
        return [(f"/{name}/{i}", (kind.name, name, value)) for name, values in said for i, value in enumerate(values)]


class Pointing(NamedTuple):
    """A record that refers to another: by which field, from which tier that reads, and to which."""

    key: Key
    field: str
    tier: Tier
    to: Key


async def pointing_to(session: AsyncSession, keys: Iterable[Key], *, merged: bool = False) -> list[Pointing]:
    """Give the records that refer to these, or those that were merged into them."""
    found: list[Pointing] = []
    for name, ids in by_kind(keys):
        rows = await session.run_sync(run, _PARTS if merged else _POINTING, {"to_kind": name, "ids": ids})
        found += [Pointing((kind, one), by, Tier(tier), (name, to_id)) for kind, one, by, tier, to_id in rows]
    return found


_l: Final = links.c
# What another register says of a record does not hold it here; it goes out of sight with it.
_HERE: Final = select(_l.kind, _l.id, _l.field, _l.tier, _l.to_id).where(
    _l.to_kind == bindparam("to_kind"), among(_l.to_id), kept_here(_l.kind, _l.id)
)
_POINTING: Final = _HERE.where(_l.field != MERGED)
_PARTS: Final = _HERE.where(_l.field == MERGED)


_OTHER: Final = "Another record has this already; it exists once in the register."
_WRITTEN: Final = "A record further up has this too; it exists once in the register. Leave it out of one of the two."
_TWICE: Final = "This is here twice: it stands further up already. Leave it out."


async def doubled(session: AsyncSession, kinds: Kinds, writes: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
    """Give the values that must exist once in the register and do not.

    Where one is written more than once, all but the first are told so; where another record has it, the first is too.
    """
    mine = [(staged, place, value) for staged in writes for place, value in staged.unique(kinds[staged.key[0]])]
    holders = await _holders(session, {value for _, _, value in mine})
    written = {staged.key for staged in writes}
    first: dict[Value, Key] = {}
    found: list[tuple[Staged, Fault]] = []
    for staged, place, value in mine:
        if value in first:
            found.append((staged, fault(place, _TWICE if first[value] == staged.key else _WRITTEN)))
        elif any((value[0], one) not in written for one in holders[value]):
            found.append((staged, fault(place, _OTHER)))
        first.setdefault(value, staged.key)
    return found


async def _holders(session: AsyncSession, values: Iterable[Value]) -> dict[Value, set[UUID]]:
    """Give the records that have a value."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, name, value in values:
        wanted[kind, name].append(value)
    found: dict[Value, set[UUID]] = defaultdict(set)
    for (kind, name), some in wanted.items():
        for start in range(0, len(some), CHUNK):
            said = {"kind": kind, "field": name, "values": some[start : start + CHUNK]}
            for value, record_id in await session.run_sync(run, _HOLDING, said):
                found[kind, name, value].add(record_id)
    return found


_e: Final = entries.c
_HOLDING: Final = select(_e.value, _e.id).where(
    _e.kind == bindparam("kind"), _e.field == bindparam("field"), among(_e.value, "values")
)
