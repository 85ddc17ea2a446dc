"""The state of a register on a server: asked for seldom, once for all, and anew behind a write."""

import asyncio
from typing import Any

import pytest

from app.core import polled
from app.core.hot import State
from app.core.polled import Polled
from app.core.touched import Touched


async def nothing(_: int) -> Touched | None:
    return frozenset()


async def test_a_write_while_the_state_is_asked_for_makes_it_ask_again() -> None:
    async def ask() -> tuple[int, int]:
        watch.stir()
        return 1, 0

    watch = Polled(ask, nothing)
    await watch.refresh()
    assert watch.current() is None


async def test_the_state_is_asked_for_once_for_all_who_wait_and_anew_behind_a_write() -> None:
    asked: list[State] = []
    go_on = asyncio.Event()

    async def ask() -> State:
        asked.append((len(asked), 0))
        said = asked[-1]
        await go_on.wait()
        return said

    watch = Polled(ask, nothing)
    before = [asyncio.create_task(watch.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    watch.stir()
    behind = [asyncio.create_task(watch.refresh()) for _ in range(5)]
    await asyncio.sleep(0.01)
    before[1].cancel()  # who waits for its turn has gone
    go_on.set()
    assert await before[0] == (0, 0)
    assert {await one for one in (*before[2:], *behind)} == {(1, 0)}
    assert (asked, watch.current()) == ([(0, 0), (1, 0)], (1, 0))


async def test_a_state_that_is_long_on_its_way_is_not_asked_for_by_each() -> None:
    asked = 0

    async def ask() -> State:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.02)
        watch.stir()  # nor where this process writes all the time
        return asked, 0

    watch = Polled(ask, nothing, seconds=0.01)
    found = await asyncio.gather(*(watch.refresh() for _ in range(40)))
    assert (found[0], set(found[1:]), asked) == ((1, 0), {(2, 0)}, 2)


async def test_who_goes_away_while_the_state_is_asked_for_silences_nobody() -> None:
    waits = [True]

    async def ask() -> State:
        if waits.pop():
            waits.append(False)
            await asyncio.Event().wait()
        return 1, 0

    watch = Polled(ask, nothing)
    gone = asyncio.create_task(watch.refresh())
    await asyncio.sleep(0.01)
    gone.cancel()
    assert await watch.refresh() == (1, 0)


async def test_a_database_that_does_not_say_its_state_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it by those who come after: what needs no database is answered, `/healthz` for one."""
    monkeypatch.setattr(polled, "_ANSWERS_WITHIN", 0.02)
    asked: list[asyncio.Task[Any] | None] = []

    async def ask() -> State:
        asked.append(asyncio.current_task())
        await asyncio.Event().wait()
        return 1, 0

    watch = Polled(ask, nothing)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5) as ours:
                await watch.refresh()
        assert not ours.expired()
    assert len(asked) == 1
    await asyncio.sleep(0)
    assert asked[0] is not None
    assert asked[0].cancelled()
