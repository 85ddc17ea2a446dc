"""Clients that are many, slow or greedy, at a server as users run it; others ask meanwhile and have to be answered."""

from collections.abc import Coroutine, Iterator
from typing import Any

from bench import hostile
from bench.trust.checks import Ground, Row, check
from tests.serving import served

_LARGE = "/static/swagger/swagger-ui-bundle.js"


@check("hostile clients", "Slow, greedy and many clients are given up or refused, and the others are still answered.")
def crowds(ground: Ground) -> Iterator[Row]:
    """Try each kind of abuse in turn."""
    url = ground.register("SQLite")
    if url is None:
        return
    with served(url) as running:
        at, seconds = running.address, 1.0 if ground.quick else 30.0
        many, some = ground.times(10_000), ground.times(500)
        tried: list[Coroutine[Any, Any, hostile.Found]] = [
            hostile.idle(at, many),
            hostile.slow_heads(at, some, seconds),
            hostile.slow_bodies(at, some, seconds),
            hostile.slow_readers(at, ground.times(100), _LARGE, seconds),
            hostile.large_heads(at),
            hostile.bombs(at),
        ]
        for one in tried:
            yield _row(ground.run(_found(one)))


async def _found(tried: Coroutine[Any, Any, hostile.Found]) -> hostile.Found | str:
    try:
        return await tried
    except hostile.Hurt as hurt:
        return str(hurt)


def _row(found: hostile.Found | str) -> Row:
    if isinstance(found, str):
        return Row("clients", "SQLite", 1, "tried", 1, "others not answered", found)
    worst = max(found.waited, default=0.0) * 1000
    note = f"others waited {worst:,.0f} ms at most; " + ", ".join(f"{n:,} {what}" for what, n in found.got.items())
    return Row(found.what, "SQLite", found.tried, "tried", 0, "others not answered", note)
