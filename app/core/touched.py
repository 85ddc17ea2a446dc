"""Which public answers about single records may be others than before a change."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CompoundSelect, Select, bindparam, select, union_all

from app.core.documents import documents
from app.core.record import Tier

# In a statement: the place of the change behind which is asked for.
SINCE: Final = bindparam("since", -1, BigInteger)
MOST: Final = 200  # records that are told one by one
Touched = frozenset[tuple[str, UUID]]


def named(rows: Sequence[Sequence[Any]]) -> Touched | None:
    """Give the records that such rows name; None when they are too many to be told."""
    if len(rows) > MOST:
        return None
    return frozenset((kind, found if isinstance(found, UUID) else UUID(found)) for kind, found in rows)


def touched_since(others: Iterable[Select[Any]]) -> CompoundSelect[*tuple[Any, ...]]:
    """Give the statement for the kinds and ids of records that the public heard of behind ``SINCE``, and of ``others``.

    ``others`` name records whose answers hang on more than the record itself. More than ``MOST`` rows stand for all.
    """
    c = documents.c
    own = select(c.kind, c.id).where(c.tier == int(Tier.PUBLIC), c.position > SINCE)
    return union_all(own, *others).limit(MOST + 1)
