"""What many operations need, read in a few statements instead of some for each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.core.bulk import among, run
from app.core.documents import documents
from app.core.kinds import Key, Kinds
from app.core.projection import by_kind, sights
from app.core.record import Record, Tier


@dataclass(frozen=True, slots=True)
class Document:
    """A record as one tier has it; ``body`` is None when it is gone, or part of another one since."""

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    body: bytes | None
    gone: bool
    merged: bool
    source: UUID | None = None  # the register that it is copied from


_c: Final = documents.c
DOCUMENT: Final = (_c.id, _c.version, _c.created_at, _c.updated_at, _c.body, _c.gone, _c.action == "merge", _c.source)
_HERE: Final = select(*DOCUMENT, _c.tier).where(_c.kind == bindparam("kind"), among(_c.id), among(_c.tier, "tiers"))


@dataclass(slots=True)
class Ahead:
    """What was read ahead, as it stood before anything was written."""

    rows: dict[Key, Document | None] = field(default_factory=dict)  # as the caller sees them
    given: set[Key] = field(default_factory=set)  # ids that the register has, or ever had
    records: dict[Key, Record] = field(default_factory=dict)  # held, as a session holds what it has read only weakly
    sights: dict[Key, Tier | None] = field(default_factory=dict)  # of what the records refer to

    def read(self, session: Session, kinds: Kinds, tier: Tier, keys: Iterable[Key]) -> None:
        """Read these records, if there are such, and who sees what they refer to."""
        keys = set(keys)
        self.rows |= dict.fromkeys(keys)
        for name, ids in by_kind(keys):
            self._read_documents(session, name, ids, tier)
            record = kinds[name].record
            # What the caller does not see costs what does not exist costs.
            seen = [one for one in ids if (row := self.rows[name, one]) and row.body is not None]
            found = session.execute(select(record).where(_id(record).in_(seen))).scalars() if seen else ()
            self.records |= {(name, one.id): one for one in found}
        fields = ((name, record.stored(kinds[name].fields)) for (name, _), record in self.records.items())
        self.see(session, {target for name, said in fields for _, target, _ in kinds[name].links(said)})

    def see(self, session: Session, keys: set[Key]) -> Mapping[Key, Tier | None]:
        """Give the first tier that sees each of these, asking for those that are not known yet."""
        if unknown := keys - self.sights.keys():
            found = sights(session, unknown)
            self.sights |= {key: found.get(key) for key in unknown}
        return self.sights

    def _read_documents(self, session: Session, name: str, ids: list[UUID], tier: Tier) -> None:
        tiers = sorted({int(tier), int(Tier.PRIVATE)})
        for *row, of in run(session, _HERE, {"kind": name, "ids": ids, "tiers": tiers}):
            document = Document(*row)
            self.given.add((name, document.id))
            if of == tier:
                self.rows[name, document.id] = document


def _id(record: type[Record]) -> Any:  # noqa: ANN401 - a column, which the class says is an id
    return record.id
