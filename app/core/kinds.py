"""What the engine knows of a kind of record, read off its declarations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, get_args, get_origin
from uuid import UUID

from app.core.record import Input, Record, Tier, core_type, declared, is_code

Key = tuple[str, UUID]
Fields = dict[str, Any]
# Many refer to the same records: an id that was read before costs less than one that has to be read.
id_of: Final = lru_cache(maxsize=20_000)(UUID)
COMMON: Final = ("id", "version", "created_at", "updated_at", "origin")


@dataclass(frozen=True)
class Kind:
    """A kind of record: its table and what its fields declare.

    ``name`` is its word in URLs, in the feed and as table name; ``one`` is the word for a single record.
    """

    name: str
    one: str
    record: type[Record]
    write: type[Input]
    fields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        first = [name for name in self.write.model_fields if name not in {"visibility", "citations"}]
        object.__setattr__(self, "fields", ("visibility", *first, "citations"))

    @cached_property
    def tiers(self) -> Mapping[str, Tier]:
        """Give the first tier that sees each field."""
        return {name: declared(self.write.model_fields[name]).tier for name in self.fields}

    def shown(self, tier: Tier) -> tuple[str, ...]:
        """Give the fields that a tier sees, in their order."""
        return self._shown[tier]

    @cached_property
    def _shown(self) -> Mapping[Tier, tuple[str, ...]]:
        return {tier: tuple(name for name in self.fields if self.tiers[name] <= tier) for tier in Tier}

    def hidden(self, tier: Tier) -> set[str]:
        """Give the fields that a tier does not see."""
        return {name for name, first in self.tiers.items() if first > tier}

    @cached_property
    def references(self) -> Mapping[str, str]:
        """Give the kind that each referring field points to."""
        said = {name: declared(self.write.model_fields[name]).references for name in self.fields}
        return {name: target for name, target in said.items() if target}

    @cached_property
    def owner(self) -> str | None:
        """Give the field that names the record this one belongs to."""
        return next((name for name in self.fields if declared(self.write.model_fields[name]).owner), None)

    @cached_property
    def unique(self) -> tuple[str, ...]:
        """Give the list fields whose values exist once in the register."""
        return tuple(name for name in self.fields if declared(self.write.model_fields[name]).unique)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Give the list fields that are found by each of their values."""
        return tuple(name for name in self.fields if name in self.unique or self._holds_codes(name))

    def _holds_codes(self, name: str) -> bool:
        target = core_type(self.write.model_fields[name].annotation)
        if get_origin(target) is not list or declared(self.write.model_fields[name]).filter is False:
            return False
        return declared(self.write.model_fields[name]).filter is not None or is_code(core_type(get_args(target)[0]))

    def owner_of(self, fields: Fields) -> Key | None:
        """Give the record that one with these fields belongs to."""
        if self.owner is None or fields.get(self.owner) is None:
            return None
        return self.references[self.owner], id_of(fields[self.owner])

    def links(self, fields: Fields) -> Iterator[tuple[str, Key, Tier]]:
        """Give each record that the fields refer to: by which field, and from which tier that reads."""
        for name, target in self.references.items():
            if fields.get(name) is not None:
                yield name, (target, id_of(fields[name])), self.tiers[name]
        for citation in fields.get("citations") or ():
            yield "citations", ("sources", id_of(citation["source_id"])), self.cited(citation)

    def cited(self, citation: Mapping[str, Any]) -> Tier:
        """Give the first tier that reads a citation: that of the field for which it speaks."""
        return self.tiers.get(citation.get("field") or "", Tier.PUBLIC)

    def entries(self, fields: Fields) -> Iterator[tuple[str, str]]:
        """Give each value of the list fields that are searched, as ``(field, value)``."""
        for name in self.listed:
            for value in fields.get(name) or ():
                yield name, value if isinstance(value, str) else ":".join(value.values())


class Kinds(Mapping[str, Kind]):
    """The kinds of a register by name, in an order in which what is referred to comes first."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def rank(self, name: str) -> int:
        """Give a kind's place in the order."""
        return list(self._kinds).index(name)
