"""A mirror from its first request on: fetches, takes in, derives, follows, compares; comes back after every failure."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.copies import FOLLOWING
from app.core.database import Database
from app.core.dialects import is_passing
from app.core.record import Tier
from app.reading.keeping import catch_up
from app.sync.digests import Digests
from app.sync.mirror import state as states
from app.sync.mirror.aside import aside
from app.sync.mirror.comparing import Sums, differences, sums_in
from app.sync.mirror.copying import Copier
from app.sync.mirror.fetching import Fetcher
from app.sync.mirror.items import Reader
from app.sync.mirror.leading import Leader
from app.sync.mirror.meeting import First, look_at
from app.sync.mirror.source import Source
from app.sync.mirror.state import COPYING, DERIVING, FETCHING, LEADING, State
from app.sync.mirror.stops import Again, Patience, Refused, Stopped, reading, shown
from app.sync.mirror.taking import AUTHOR, Taken, Taker, conflict
from app.sync.mirror.telling import Teller

_LIMIT: Final = 500
_WAIT_SECONDS: Final = 30
_COMPARED_EVERY: Final = 3600.0
_COMPARISONS: Final = 20
_REPAIRS: Final = 2
_SHOWS: Final = {Tier.PUBLIC: "the public", Tier.PARTNERS: "partners", Tier.PRIVATE: "keys with `read:private`"}


@dataclass(slots=True)
class Mirror:
    """Copies one register into the database, and follows it if asked to."""

    database: Database
    source: Source
    follow: bool
    teller: Teller
    patience: Patience
    compared_every: float = _COMPARED_EVERY
    _compared: float | None = None
    _seen: bool = False  # whether the source has shown itself since the command began

    async def run(self) -> None:
        """Run until all is here and compared, or, when following, until something ends it; ``Stopped`` says what."""
        register_id = await self._start()
        while True:
            try:
                if await self._turn(register_id):
                    return
                self.patience.succeeded()
            except (Again, DBAPIError, PoolTimeout, OSError) as error:
                await self._wait(error)

    async def _wait(self, error: Exception) -> None:
        if not isinstance(error, Again):
            if not is_passing(error):
                raise error
            error = Again("The database is busy.")
        seconds = self.patience.wait(error)
        self.teller.say(f"{error} Next try in {seconds:.0f} s.")
        await asyncio.sleep(seconds)

    async def _start(self) -> UUID:
        """Find out which register is copied, and whether it is known."""
        known = await self._states()
        mine = next((state for state in known if state.url == self.source.url), None)
        if mine is None:
            first = await self._met()
            mine = next((state for state in known if state.register_id == first.register_id), None)
            await self._begin(first.register_id, first) if mine is None else await self._move(mine)
            return first.register_id
        self.patience.tries = None if self.follow else self.patience.tries
        self.teller.say(
            f"Going on with the copy of {self.source.url} ({mine.state}, {mine.copied:,} records {_done(mine)})."
        )
        return mine.register_id

    async def _met(self) -> First:
        """Meet a register for the first time: it may be that there is none at this address."""
        first_tries = Patience(self.patience.first, tries=3)
        while True:
            try:
                first = await self._look()
            except Again as again:
                try:
                    seconds = first_tries.wait(again)
                except Stopped:
                    raise Stopped(f"{again} Is the address right?") from None
                await asyncio.sleep(seconds)
                continue
            self.patience.tries = None if self.follow else self.patience.tries
            return first

    async def _look(self) -> First:
        return await aside(partial(look_at, self.source))

    async def _move(self, mine: State) -> None:
        """Go on at a register's new address."""
        self.teller.say(f"{self.source.url} is the register that was at {mine.url}; going on with its copy.")
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(states.advance, mine, replace(mine, url=self.source.url))

    async def _begin(self, register_id: UUID, first: First) -> None:
        """Begin a copy, the first or another one."""
        if first.register_id == (await self.database.identity()).register_id:
            raise Stopped(f"{self.source.url} is this register itself.")
        if first.register_id != register_id:
            words = f"At {self.source.url} there is another register ({first.register_id}) than the one that is copied"
            raise Stopped(f"{words} here ({register_id}). Copy it into a database of its own.")
        known = await self._known(register_id)
        if known and first.tier < known.tier:
            words = f"{self.source.url} now shows us what {_SHOWS[first.tier]} may see, and this is a copy of what"
            raise Stopped(f"{words} {_SHOWS[known.tier]} may see. Give the key as before, or a new database.")
        fresh = State(register_id, self.source.url, first.tier, FETCHING, first.cursor)
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(states.begin, fresh)
        self._seen, self._compared = True, None  # what was compared was the copy before
        again = "Comparing all of" if known else "Copying"
        self.teller.say(f"{again} {self.source.url} (register {register_id}): what {_SHOWS[first.tier]} may see.")
        if strange := [kind for kind in first.kinds if kind not in self.database.kinds]:
            self.teller.say(f"It has kinds of records that this version does not know: {shown(', '.join(strange))}.")

    async def _states(self) -> list[State]:
        async with self.database.read(primary=True) as session:
            return await states.states(session)

    async def _known(self, register_id: UUID) -> State | None:
        return next((state for state in await self._states() if state.register_id == register_id), None)

    async def _turn(self, register_id: UUID) -> bool:
        """Do what comes next, or begin again where that is refused; true when all is done."""
        try:
            return await self._step(register_id)
        except Refused:
            await self._begin(register_id, await self._look())
            return False

    async def _step(self, register_id: UUID) -> bool:
        """Do what comes next; true when all is done."""
        state = await self._known(register_id)
        if state is None or state.state not in {FETCHING, COPYING, LEADING, DERIVING, FOLLOWING}:
            raise Stopped("This copy was detached: its records are this register's own now.")
        if state.state != FOLLOWING:
            await self._towards(state)
            return False
        state = await self._catch_up(state)
        if self._compared is None or time.monotonic() - self._compared > self.compared_every:
            state = await self._compare(state)
        if self.follow:
            await self._page(state, wait=_WAIT_SECONDS)
        return not self.follow

    async def _towards(self, state: State) -> None:
        """Do the next part of the first copy."""
        if state.state == FETCHING:
            await self._fetch(state)
        elif state.state == COPYING:
            await self._copy(state)
        elif state.state == LEADING:
            await self._meet_again(state)
            await self._lead(state, replace(state, state=DERIVING))
        else:
            await self._derive(state)

    async def _fetch(self, state: State) -> None:
        self.teller.begin()
        state = await Fetcher(self.database, self.source, self.teller, self.patience).fetch(state)
        self._seen = True
        self.teller.say(f"Fetched {state.copied:,} records in {self.teller.took()}; the source is let go. Taking in.")

    async def _copy(self, state: State) -> None:
        self.teller.begin()
        state = await Copier(self.database, self.source, self.teller).copy(state)
        self.teller.say(f"Took in {state.copied:,} records in {self.teller.took()}.")

    async def _meet_again(self, state: State) -> None:
        """Look whether it is the same register and shows as much as when it was fetched, which may be long ago."""
        if not self._seen:
            first = await self._look()
            if (first.register_id, first.tier) != (state.register_id, state.tier):
                raise Refused
            self._seen = True

    async def _lead(self, state: State, behind: State) -> None:
        await Leader(self.database, self.source, self.teller).lead(state, behind)

    async def _derive(self, state: State) -> None:
        """Derive what was left for later while copying."""
        self.teller.begin()
        before = 0
        async for done in catch_up(self.database):
            self.teller.count(done - before, "working out how people stand")
            before = done
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(states.advance, state, replace(state, state=FOLLOWING))

    async def _catch_up(self, state: State) -> State:
        more = True
        while more:
            state, more = await self._page(state)
        return state

    async def _page(self, state: State, wait: int = 0) -> tuple[State, bool]:
        """Take a page of the feed; give the state behind it and whether there is more."""
        said = await aside(partial(self.source.json, "/v1/changes", wait, after=state.cursor, limit=_LIMIT))
        with reading(self.source.url):
            items = list(Reader(self.database.kinds, state.register_id, state.tier).heard(said["items"]))
            after, more = replace(state, cursor=str(said["cursor"])), bool(said["has_more"])
        if after == state:
            return state, more
        try:
            changed = await Taker(self.database).take(items, state, after)
        except Taken as taken:
            raise conflict(taken.keys, self.source.url) from None
        if self._compared is not None and changed:
            self.teller.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z: {changed:,} changes taken.")
        return after, more

    async def _compare(self, state: State) -> State:
        """Compare digests at the same place of the feed, and repair what differs."""
        repairs = 0
        for turn in range(_COMPARISONS):
            said = await aside(partial(self.source.json, "/v1/digest"))
            if said.get("cursor") != state.cursor:
                await asyncio.sleep(turn * self.patience.first / 10)
                state = await self._catch_up(state)
                continue
            with reading(self.source.url):
                sums = sums_in(said)
            kinds = await differences(self.database, state, sums)
            if not kinds:
                return await self._agree(state, sums)
            if repairs == _REPAIRS:
                raise Stopped(f"The copy differs from {self.source.url} in {', '.join(kinds)}, and stays so.")
            repairs += 1
            await self._repair(state, kinds)
        raise Again(f"{self.source.url} changes too fast to be compared.")

    async def _repair(self, state: State, kinds: Sequence[str]) -> None:
        self.teller.say(f"The copy differs from its source in {', '.join(kinds)}: comparing record by record.")
        self.teller.begin()
        await Copier(self.database, self.source, self.teller).repair(state, kinds)
        await self._lead(state, state)
        async for _ in catch_up(self.database):
            pass
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(Digests().rebuild)  # our own follow what is written, and something else was at work

    async def _agree(self, state: State, said: Sums) -> State:
        after = replace(state, agreed_at=datetime.now(UTC))
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(states.advance, state, after)
        self._compared = time.monotonic()
        count = sum(one["count"] for one in said.values())
        following = " Following it." if self.follow else ""
        self.teller.say(f"The copy agrees with {self.source.url}: {count:,} records.{following}")
        return after


def _done(state: State) -> str:
    """Say what was done with the records that a state counts."""
    return {FETCHING: "fetched", COPYING: "taken in"}.get(state.state, "copied")
