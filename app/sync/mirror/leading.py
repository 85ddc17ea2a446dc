"""What led on before the copy was made: an export holds only what is there, so it is asked for beside it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from app.core.database import Database
from app.core.kinds import Key
from app.sync.mirror.aside import aside
from app.sync.mirror.items import Item, Reader
from app.sync.mirror.source import Source
from app.sync.mirror.state import State
from app.sync.mirror.stops import Unknown, reading
from app.sync.mirror.taking import Taker
from app.sync.mirror.telling import Teller

_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Leader:
    """Makes every id lead on that does so at the source, and no other of those that came from there.

    It is read from its start however often it was stopped. What has happened meanwhile comes by the feed once more.
    """

    database: Database
    source: Source
    teller: Teller

    async def lead(self, state: State, behind: State) -> None:
        """Take all that leads on; the copy stands ``behind`` after it."""
        taker = Taker(self.database)
        led, cursor = set[Key](), ""
        try:
            while True:
                items, cursor, more = await self._page(state, cursor)
                self.teller.count(await taker.take(items, state, state), "ids that lead on")
                led |= {item.key for item in items}
                if not more:
                    break
        except Unknown:
            self.teller.say(f"{self.source.url} is too old to tell which ids led on before; those lead nowhere here.")
            await taker.take([], state, behind)
            return
        await taker.leave(led, state, behind)

    async def _page(self, state: State, cursor: str) -> tuple[list[Item], str, bool]:
        query: dict[str, Any] = {"action": "merge", "limit": _LIMIT} | ({"after": cursor} if cursor else {})
        said = await aside(partial(self.source.json, "/v1/changes", **query))
        with reading(self.source.url):
            heard = Reader(self.database.kinds, state.register_id, state.tier).heard(said["items"])
            return [item for item in heard if item.into], str(said["cursor"]), bool(said["has_more"])
