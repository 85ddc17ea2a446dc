"""What a source says of a record, made ready to be written: read, hashed, and laid out as rows, before any database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from app.core.copies import Given
from app.core.documents import fingerprint
from app.core.kinds import Fields, Key, Kind, Kinds
from app.core.record import Tier
from app.core.rows import Row, Unreadable, full_row
from app.sync.mirror.stops import UNREADABLE, Unfit, reading, shown, strange

_VERSIONS: Final = 2**31 - 1  # the database keeps no greater number, and a withdrawal counts one more


class Item(NamedTuple):
    """A record of the source as it is, or that it is gone; ``row`` is that of the kind's table."""

    key: Key
    action: str
    created_at: datetime
    origin: UUID | None
    given: Given
    fields: Fields | None = None
    row: Row | None = None
    into: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what one source gives to one tier."""

    kinds: Kinds
    source: UUID
    tier: Tier

    def exported(self, line: dict[str, Any]) -> Item | None:
        """Read a line of an export; None for a kind that this version does not know. To be done ``reading``."""
        return self._record(line["kind"], line["record"]) if line["kind"] in self.kinds else None

    def heard(self, said: Iterable[dict[str, Any]]) -> Iterator[Item]:
        """Read items of the feed. To be done ``reading``."""
        for item in said:
            if item["kind"] not in self.kinds:
                continue
            if item["record"] is not None:
                yield self._record(item["kind"], item["record"])
                continue
            at = _instant(item["at"])
            given = Given(self.source, self.tier, _version(item["version"]), at)
            into = UUID(item["into"]) if item.get("into") else None
            yield Item((item["kind"], UUID(item["id"])), str(item["action"]), at, None, given, into=into)

    def _record(self, name: str, record: dict[str, Any]) -> Item:
        record_id = record.get("id")
        try:
            return self._read(self.kinds[name], record)
        except (Unreadable, *UNREADABLE) as error:
            where = f"`{shown(error).lstrip('/')}` of " if isinstance(error, Unreadable) else ""
            raise Unfit(
                f"This version of Vestka cannot read {where}{name}/{shown(record_id)} as the source gives it. "
                "Run a newer version; what was copied stays, and is not written twice."
            ) from None

    def _read(self, kind: Kind, record: dict[str, Any]) -> Item:
        head = {name: record.pop(name) for name in ("id", "version", "created_at", "updated_at")}
        said = record.pop("origin", None)
        record_id, origin = UUID(head["id"]), UUID(said) if said else None
        made, changed = _instant(head["created_at"]), _instant(head["updated_at"])
        # What an older source does not know is unknown; what it does not show is absent.
        known = {name: None for name in kind.fields if name not in record and self._shown(kind, name)}
        body = to_json({**head, "origin": origin or self.source, **record, **known})
        given = Given(self.source, self.tier, _version(head["version"]), changed, fingerprint(record), body)
        common = {"version": given.version, "created_at": made, "updated_at": changed}
        row = full_row(kind, record_id, record, common)
        return Item((kind.name, record_id), "upsert", made, origin, given, record | known, row)

    def _shown(self, kind: Kind, name: str) -> bool:
        info = kind.write.model_fields[name]
        return kind.tiers[name] <= self.tier and name not in kind.references and info.default is None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _version(said: Any) -> int:  # noqa: ANN401 - whatever the source says
    if type(said) is not int or not 0 < said < _VERSIONS:
        raise ValueError(said)
    return said


def line_of(raw: bytes, url: str) -> dict[str, Any]:
    """Read a line of an export; what is none is ``Unfit``."""
    with reading(url):
        said = from_json(raw)
    if not isinstance(said, dict):
        raise strange(url)
    return said
