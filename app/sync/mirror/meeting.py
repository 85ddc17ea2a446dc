"""Who a register is and what it shows: the first line of its export."""

from dataclasses import dataclass
from uuid import UUID

from app.core.record import Tier
from app.sync.copying import FORMAT_VERSION
from app.sync.mirror.items import line_of
from app.sync.mirror.source import Source
from app.sync.mirror.stops import Stopped, reading


@dataclass(frozen=True, slots=True)
class First:
    """The first line of an export."""

    register_id: UUID
    tier: Tier
    cursor: str
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, raw: bytes, url: str) -> "First":
        """Read it; what is none, or of another form, is ``Stopped``."""
        said = line_of(raw, url)
        if said.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
            raise Stopped(f"{url} writes copies in a newer form. Run a newer version of Vestka.")
        with reading(url):
            kinds = tuple(str(kind) for kind in said["kinds"])
            return cls(UUID(said["register_id"]), Tier.named(said["tier"]), str(said["cursor"]), kinds)


def look_at(source: Source) -> First:
    """Ask a register who it is and what it shows."""
    with source.lines("/v1/export") as lines:
        return First.of(next(lines, b""), source.url)
