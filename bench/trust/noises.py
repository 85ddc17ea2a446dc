"""Noise, requests by the description, and the canary: what nobody thought of, and what nobody may see."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest.mock import patch
from urllib.parse import urlsplit

from app.core.record import Tier
from app.main import openapi_text
from app.sync import changes
from bench.hostile import Found, Hurt
from bench.noise import ALL_BUT_KEYS, KEYS, described, noise
from bench.trust.checks import Ground, Row, check
from tests.conftest import filled
from tests.databases import sqlite_address
from tests.privacy.asking import Asked
from tests.privacy.calls import Walk
from tests.privacy.leaving import left_of, requests
from tests.privacy.making import STORY, TWINS, before_a_withdrawal, told, whole, without_what_is_withdrawn
from tests.privacy.walking import beside
from tests.serving import Served, new_key, served

_WARM: Final = 2_000  # requests after which a server has all that it needs
_GROWN: Final = 64  # megabytes more than that are a leak
_FILLED: Final = 256  # megabytes of ready answers, plans, fonts and the like that a server may take
_LINKLESS: Final = ("--phases", "examples,coverage,fuzzing")
_WHO: Final = {Tier.PUBLIC: "public", Tier.PARTNERS: "partners"}


@check(
    "description",
    "Whatever is sent, the answer is one that the description of the API tells of.",
    beside=True,
    minutes=60,
)
def descriptions(ground: Ground) -> Iterator[Row]:
    """Send all that the description allows and does not, with an admin's key and with none."""
    file = ground.folder / "described.db"
    url = sqlite_address(file)
    filled(url)
    brief = ("--phases", "fuzzing")
    phases = ("--phases", "fuzzing,stateful") if ground.quick else ()
    with served(url) as server:
        admin = new_key(url, "admin")
        asked: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
            ("nobody", {}, (*ALL_BUT_KEYS, *phases)),
            ("an admin", admin, (*ALL_BUT_KEYS, *phases)),
            ("of keys", admin, (*KEYS, *(brief if ground.quick else _LINKLESS))),
        )
        for who, headers, paths in asked:
            yield _described(server, who, headers, 1 if ground.quick else 100, *paths)


@check("noise", "Nothing that is sent makes the register fail, hang or grow.")
def noises(ground: Ground) -> Iterator[Row]:
    """Send noise to both, and to PostgreSQL some of what the description allows."""
    for database in ("SQLite", "PostgreSQL"):
        url = ground.register(database, migrated=False)
        if url is None:
            continue
        filled(url)
        with served(url) as server:
            yield _noise(server, database, ground.times(20_000))
            if database != "SQLite" and not ground.quick:
                more = (*ALL_BUT_KEYS, "--phases", "fuzzing", "--max-time", "60")
                yield _described(server, database, new_key(url, "admin"), ground.times(20), *more)


def _noise(server: Served, on: str, count: int) -> Row:
    parts = urlsplit(server.base)
    address = str(parts.hostname), int(parts.port or 0)
    wrong, note = 0, ""
    try:
        asyncio.run(noise(address, min(count, _WARM), seed=1))
        before = _megabytes(server)
        asyncio.run(noise(address, count, seed=2))
        grown = _megabytes(server) - before
        wrong, note = int(grown > _GROWN), f"{grown:+} MB"
    except Hurt as hurt:
        wrong, note = 1, str(hurt)[:200]
    return Row("noise at the socket", on, count + min(count, _WARM), "requests", wrong, "5xx, hangs or leaks", note)


def _megabytes(server: Served) -> int:
    """Give the memory of a server, its workers included."""
    group = os.getpgid(server.process.pid)
    kept = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                kept += int((folder / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
    return kept * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def _described(server: Served, on: str, headers: dict[str, str], examples: int, *more: str) -> Row:
    before, found, wrong = _megabytes(server), Found("", 1), 1
    try:
        found = described(server.base, headers, examples, *more)
        grown = _megabytes(server) - before
        wrong, note = int(grown > _FILLED), f"{examples} examples an operation, {grown:+} MB"
    except Hurt as hurt:
        note = str(hurt)[-300:]
    return Row("requests by the description", on, found.tried, "requests", wrong, "runs with failures or leaks", note)


@check("canary", "What somebody may not see is absent everywhere, as if it had never been.", minutes=60)
def canary(ground: Ground) -> Iterator[Row]:
    """Ask a register and its twin, in which nothing hidden ever happened, the same by every route and parameter."""
    document = json.loads(openapi_text())
    for database in ground.databases:
        url = ground.register(database, migrated=False)
        if url is None:
            continue
        whole(url)
        for tier, make in [*TWINS.items()][: 1 if ground.quick else None]:
            twin = ground.register(database, migrated=False)
            if twin is not None:
                make(twin)
                with patch.object(changes, "HEARTBEAT_SECONDS", 0.01):  # streams say at once that they wait
                    asked, wrong = ground.run(_asked(url, twin, Walk(document, STORY, tier, brief=ground.quick)))
                note = "; ".join(wrong[:3])[:300]
                yield Row(
                    f"answers to {_WHO[tier]}", database, asked, "answers", len(wrong), "marks or differences", note
                )


@check("withdrawal", "What is withdrawn is gone at once, as if it had never been public.")
def withdrawal(ground: Ground) -> Iterator[Row]:
    """Ask for everything, so that all is kept that can be; withdraw, and ask again beside a register without it."""
    asked = requests(json.loads(openapi_text()), brief=ground.quick)
    for database in ground.databases:
        url, twin = (ground.register(database, migrated=False) for _ in range(2))
        if url is None or twin is None:
            continue
        before_a_withdrawal(url)
        without_what_is_withdrawn(twin)
        showed, wrong = ground.run(_left(url, twin, asked))
        note = "; ".join([f"{showed:,} showed it before", *wrong[:3]])[:300]
        yield Row(
            "answers after a withdrawal", database, len(asked), "answers", len(wrong), "marks or differences", note
        )


async def _left(url: str, twin: str, asked: list[Asked]) -> tuple[int, list[str]]:
    async with told(url) as register, told(twin) as other:
        return await left_of(register, other, asked)


async def _asked(url: str, twin: str, walk: Walk) -> tuple[int, list[str]]:
    async with told(url) as register, told(twin) as other:
        return await beside(register, other, walk, _WHO[walk.tier])
