"""Waiting for something that may never come."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Do something; TimeoutError when it takes longer.

    What it has to do to end is not waited for either: a connection to a server that hangs takes its time to close.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:  # nobody waits for it any more, be it that who asked is gone
        if not task.done():
            task.add_done_callback(_forget)
            task.cancel()
    if not done:
        raise TimeoutError
    return task.result()


def _forget(task: "asyncio.Task[Any]") -> None:
    """Take note of how it ended, or the event loop would tell of it."""
    if not task.cancelled():
        task.exception()
