"""Runs what a command does in an event loop of its own: who interrupts it is heard."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Do some work to its end, or until an interrupt (Ctrl-C), which is raised as ``KeyboardInterrupt``.

    An interrupt cancels what runs under `asyncio.run`, and is forgotten where something that was waiting then took that
    for its own, and all of it ended: a server would go on to serve, and whoever stopped it would wait.
    """
    return asyncio.run(_whole(work))


async def _whole(work: Coroutine[Any, Any, _T]) -> _T:
    done = await work
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    return done
