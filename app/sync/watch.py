"""Waiting for news: one poller per process, however many followers wait."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy import select

from app.core.database import Database
from app.core.history import register
from app.core.requests import database_of
from app.sync.feed import View, last_of


@dataclass(eq=False, slots=True)
class _Waiter:
    position: int
    woken: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Watch:
    """Wakes followers when something happens that they hear of.

    One small query a tick tells whether anything was written, by whichever process. Only then each view that is
    waited for is looked at: whoever does not hear of a change sleeps on and cannot tell that there was one.
    """

    def __init__(self, database: Database, every: float = 0.5) -> None:
        self.database = database
        self.every = every
        self.waiting: dict[View, set[_Waiter]] = defaultdict(set)
        self.stopped = False
        self._poller: asyncio.Task[None] | None = None

    async def news(self, view: View, position: int, seconds: float) -> bool:
        """Wait until the view hears of something after this position; false when the time is over, or the server's."""
        if self.stopped:
            return False
        waiter = _Waiter(position)
        self.waiting[view].add(waiter)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            await asyncio.wait_for(waiter.woken, seconds)
        except TimeoutError:
            return False
        finally:
            self.waiting[view].discard(waiter)
            if not self.waiting[view]:
                del self.waiting[view]
        return not self.stopped

    def stop(self) -> None:
        """Let nobody wait any more: the server stops, and waits for those who do."""
        self.stopped = True
        self._wake_all(lambda woken: woken.set_result(None))

    async def close(self) -> None:
        """Wait for the last look, which comes when nobody waits any more."""
        if self._poller is not None:
            await self._poller

    async def _poll(self) -> None:
        at, heard = -1, dict[View, int]()
        try:
            while self.waiting:
                async with self.database.read() as session:
                    now = (await session.execute(select(register.c.position))).scalar_one()
                    if now != at:
                        at, heard = now, {}
                    for view in [view for view in self.waiting if view not in heard]:
                        heard[view] = (await session.execute(last_of(view))).scalar() or 0
                self._wake(heard)
                await asyncio.sleep(self.every)
        except Exception as error:  # noqa: BLE001 - those who wait are told, and come again
            told = error  # the name of one that is caught ends with its block
            self._wake_all(lambda woken: woken.set_exception(told))

    def _wake_all(self, wake: Callable[[asyncio.Future[None]], None]) -> None:
        for waiter in [waiter for waiters in self.waiting.values() for waiter in waiters]:
            if not waiter.woken.done():
                wake(waiter.woken)

    def _wake(self, heard: dict[View, int]) -> None:
        for view, waiters in self.waiting.items():
            for waiter in waiters:
                if heard.get(view, 0) > waiter.position and not waiter.woken.done():
                    waiter.woken.set_result(None)


def watch_of(request: Request) -> Watch:
    """Give the process's watch on the application's database."""
    state, database = request.app.state, database_of(request)
    watch: Watch | None = getattr(state, "watch", None)
    if watch is None or watch.database is not database:
        watch = state.watch = Watch(database)
        watch.stopped = getattr(state, "stopped", False)
    return watch
