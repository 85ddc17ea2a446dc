"""Where PDFs are set: one step at a time in a thread of its own, so that print never starves the rest of the API."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from app.core.problems import Problem

_SECONDS: Final = "5"  # the longest queue of envelopes is done by then
_Result = TypeVar("_Result")


class PressRoom:
    """A queue with one worker; typst lets go of the interpreter while it works, so that requests are served beside it.

    ``most`` steps may wait. A new job that finds the queue full is refused; one that has begun takes its turn for
    every further step, so that long jobs and short ones share the worker.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="press")
        self.waiting = 0

    async def begin(self, work: Callable[[], _Result]) -> _Result:
        """Do the first step of a job; 503 when too many wait."""
        if self.waiting >= self._most:
            words = "Too many PDFs are being printed. Nothing is wrong with the request: send it again in a moment."
            raise Problem("unavailable", words, headers={"Retry-After": _SECONDS})
        return await self.go_on(work)

    async def go_on(self, work: Callable[[], _Result]) -> _Result:
        """Do a further step of a job that has begun."""
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        finally:
            self.waiting -= 1
