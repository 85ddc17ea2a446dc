"""The first stage of a copy: the export is kept as it comes, so that the source is let go before anything is taken in.

To take a record in costs a thousand times what it costs to send it; while it is sent, the source holds one of its
states, and what cuts the line costs the rest of that. So nothing is done here that can be done later.
"""

from collections.abc import Generator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.database import Database
from app.sync.mirror import kept
from app.sync.mirror.aside import ahead
from app.sync.mirror.items import line_of
from app.sync.mirror.meeting import First
from app.sync.mirror.source import Arriving, Source
from app.sync.mirror.state import State, advance
from app.sync.mirror.stops import Again, Patience, Refused, reading, strange
from app.sync.mirror.taking import AUTHOR
from app.sync.mirror.telling import Teller

_PORTION: Final = 1 << 20  # bytes of lines that are packed together, and later unpacked
_BATCH: Final = 1 << 22  # bytes of lines that are written together


@dataclass(slots=True)
class _Batch:
    """Lines that are written together; ``whole`` when the export ends with them."""

    first: bytes | None = None
    portions: list[bytes] = field(default_factory=list)
    size: int = 0
    count: int = 0
    last: bytes = b""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Keeps what a source sends, in the mirror's own database."""

    database: Database
    source: Source
    teller: Teller
    patience: Patience

    async def fetch(self, state: State) -> State:
        """Fetch everything, from where it stopped; give the state behind it."""
        query = {}
        if state.copied_id:
            if not await self._are_kept(state):
                raise Refused
            query = {"cursor": state.cursor, "after": f"{state.copied_kind}/{state.copied_id}"}
        async with aclosing(ahead(_Fetching(self.source, state).batches(query))) as coming:
            async for batch in coming:
                place = self._behind(state, batch)
                async with self.database.write(AUTHOR) as session:
                    after = place.fetched() if batch.whole else place
                    await session.run_sync(_write, state, after, batch)
                self.teller.count(batch.count, "fetching")
                self.patience.succeeded()  # a line may be cut as often as it likes, as long as something comes over it
                state = place
        return state

    async def _are_kept(self, state: State) -> bool:
        """Tell whether what was fetched is here: a backup does not hold it."""
        async with self.database.read(primary=True) as session:
            return await kept.first_line(session, state.register_id) is not None

    def _behind(self, state: State, batch: _Batch) -> State:
        """Give the place up to which all is here once a batch is written."""
        if not batch.last:
            return state
        said = line_of(batch.last, self.source.url)
        with reading(self.source.url):
            kind, record_id = str(said["kind"]), UUID(said["record"]["id"])
        return replace(state, copied_kind=kind, copied_id=record_id, copied=state.copied + batch.count)


def _write(session: Session, before: State, after: State, batch: _Batch) -> None:
    advance(session, before, after)
    kept.keep(session, after.register_id, batch.first, batch.portions)


class _Fetching:
    """One answer, made into batches in a thread of its own."""

    def __init__(self, source: Source, state: State) -> None:
        self._source = source
        self._state = state
        self._batch = _Batch()
        self._count = 0

    def batches(self, query: dict[str, Any]) -> Generator[_Batch]:
        """Give an export in batches; what came before a cut is in one too, and then it raises ``Again``."""
        cut: Again | None = None
        with self._source.arriving("/v1/export", **query) as arriving:
            self._begin(arriving.line())
            try:
                for portion in arriving.portions(_PORTION):
                    self._add(portion)
                    if self._batch.size >= _BATCH:
                        yield self._batch
                        self._batch = _Batch()
            except Again as again:
                cut = again
        cut = self._end(arriving, cut)  # by now the source is let go
        if self._batch.whole or self._batch.portions:
            yield self._batch
        if cut is not None:
            raise cut

    def _begin(self, line: bytes) -> None:
        first = First.of(line, self._source.url)
        if (first.register_id, first.tier) != (self._state.register_id, self._state.tier):
            raise Refused
        self._batch.first = kept.pack(line)

    def _add(self, lines: bytes) -> None:
        """Keep lines: nothing in them is looked at, but that each is an object, as far as its ends tell."""
        count = lines.count(b"\n")
        if not (lines.startswith(b"{") and lines.endswith(b"}\n") and lines.count(b"}\n{") == count - 1):
            raise strange(self._source.url)
        batch = self._batch
        batch.portions.append(kept.pack(lines))
        batch.size += len(lines)
        batch.count += count
        batch.last = lines[lines.rfind(b"\n", 0, -1) + 1 :]
        self._count += count

    def _end(self, arriving: Arriving, cut: Again | None) -> Again | None:
        """Keep the lines that are left; the last one must be there, and count them all, else the copy was cut."""
        lines, last, clean = arriving.rest()
        said = line_of(last, self._source.url) if last else {}
        if lines := lines if "count" in said else lines + last:
            self._add(lines)
        if said.get("count") == self._count and clean:
            self._batch.whole = True
            return None
        return cut or Again(f"The copy from {self._source.url} was cut.")
