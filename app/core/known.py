"""What a transaction finds of a record: the row that a tier has of it, and where a merged one leads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from app.core.kinds import Key
from app.core.record import Tier

Led = dict[Key, tuple[Key, Tier]]  # where merged records lead, and the first tier that saw each of them


class Known(NamedTuple):
    """The row that a tier has of a record."""

    version: int
    action: str
    hash: str
    gone: bool
    created_at: datetime
    updated_at: datetime
    body: bytes | None
    source: UUID | None

    @property
    def live(self) -> bool:
        return self.action == "upsert"

    @property
    def seen(self) -> bool:
        """Tell whether the tier sees the record, or what it was merged into."""
        return self.action in {"upsert", "merge"}


def known_of(row: Row[Any]) -> Known:
    """Read a row of ``documents``."""
    return Known(row.version, row.action, row.hash, row.gone, row.created_at, row.updated_at, row.body, row.source)


def before(known: Known | None) -> dict[str, Any]:
    """Give what a move tells of the row that it replaces."""
    return {"was": known.hash, "was_version": known.version} if known else {}


def end_of(key: Key, led: Mapping[Key, tuple[Key, Tier]]) -> tuple[Key, Tier]:
    """Give what a merged record leads to in the end, and the first tier that is led there.

    What another register says may lead in a circle: then the end is a merged record too, which nobody sees.
    """
    passed, first = {key}, Tier.PUBLIC
    while key in led:
        key, tier = led[key]
        first = max(first, tier)
        if key in passed:
            break
        passed.add(key)
    return key, first
