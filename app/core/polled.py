"""The state of a register whose database has to be asked for it, and is, once for all who wait."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from app.core.hot import State
from app.core.patience import within
from app.core.touched import Touched

_ANSWERS_WITHIN: Final = 1.0  # seconds after which a database that is asked for its state has failed to answer
_SILENT_FOR: Final = 1.0  # seconds for which it is not asked again then

Refresh = Callable[[], Coroutine[Any, Any, State]]
Changed = Callable[[int], Coroutine[Any, Any, Touched | None]]


class Polled:
    """A watch that asks the database a few times a second at most, and at once after a write of this process."""

    def __init__(self, ask: Refresh, changed: Changed, seconds: float = 0.2) -> None:
        self._ask = ask
        self._ask_changed = changed
        self.lag = seconds
        self._asked = 0.0
        self._until = 0.0
        self._state: State = (-1, -1)
        self._step: tuple[State, State, Touched | None] = (self._state, self._state, None)
        self._stirred = 0
        self._silent_until = 0.0
        self._turn = asyncio.Lock()

    def current(self) -> State | None:
        """Give the state if it was asked for a moment ago."""
        return self._state if time.monotonic() < self._until else None

    async def refresh(self) -> State:
        """Ask the database, once for all who came before; where it has just failed to answer, nobody has to wait."""
        came = time.monotonic()
        async with self._turn:  # an answer that was long on its way must not come after a later one either
            if self.current() is not None or self._asked > came:
                return self._state
            asked, stirred = time.monotonic(), self._stirred
            if asked < self._silent_until:
                raise TimeoutError
            try:
                await within(_ANSWERS_WITHIN, self._look())
            except Exception:
                self._silent_until = time.monotonic() + _SILENT_FOR
                raise
            self._asked = asked
            if stirred == self._stirred:
                self._until = asked + self.lag
            return self._state

    async def _look(self) -> None:
        before, state = self._state, await self._ask()
        if state != before:
            # Asked for after the state, so that nothing of it is missing; what came later is in the next step too.
            changed = await self._ask_changed(before[0]) if before[1] == state[1] else None
            self._step = before, state, changed
        self._state = state

    def changed(self, since: int) -> Touched | None:
        """Give the records that changed in the newest step, if that began there."""
        (begun, _), state, changed = self._step
        return changed if begun == since and state == self._state else None

    def stir(self) -> None:
        """Make the next request ask: this process has just written."""
        self._stirred += 1
        self._until = 0.0

    def close(self) -> None:
        """Do nothing: it holds nothing."""
