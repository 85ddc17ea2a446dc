"""Work that blocks, beside the event loop: in threads that nobody waits for when the program ends."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

_T = TypeVar("_T")


async def aside(work: Callable[[], _T]) -> _T:
    """Do something in a thread of its own; who is cancelled does not wait for it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def finish(result: _T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # there is one where there is no error

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - raised again where it is waited for
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done


async def ahead(pages: Generator[_T]) -> AsyncGenerator[_T]:
    """Give what a generator gives, and let it make the next one while the one before is worked on; close it after."""
    at_work, left = threading.Lock(), threading.Event()

    def following() -> tuple[_T] | None:
        with at_work:
            page = next(((page,) for page in pages), None)
            if left.is_set():
                pages.close()
            return page

    coming = asyncio.ensure_future(aside(following))
    try:
        while (page := await coming) is not None:
            coming = asyncio.ensure_future(aside(following))
            yield page[0]
    finally:
        left.set()
        coming.cancel()
        if at_work.acquire(blocking=False):  # else it is closed by the one who is at work
            pages.close()
            at_work.release()
