"""Following under trial: writers at once, lines that are cut, servers that are killed, and every kind of change."""

import asyncio
import json
import os
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.parts import open_database
from app.register import KINDS
from tests.conftest import running
from tests.factories import article, charge, detention, person
from tests.serving import ROOT, Served, new_key, run, served
from tests.sync.conftest import become_another
from tests.sync.following import Copy
from tests.sync.mirroring import Copying, listening
from tests.sync.test_digest import digest_of

# `python3 run.py trust` asks for more of each.
KILLS = int(os.environ.get("VESTKA_TRIAL_KILLS", "1"))
ANSWERED = int(os.environ.get("VESTKA_TRIAL_WRITES", "30"))
EXAMPLES = int(os.environ.get("VESTKA_TRIAL_EXAMPLES", "3"))
WRITERS, FOLLOWERS = 8, 3
ANY = {"If-Match": "*"}


@dataclass
class Trial:
    """One life of the server, and what was written in all of them."""

    made: list[str] = field(default_factory=list)
    answered: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def write(client: AsyncClient, trial: Trial) -> None:
    """Create, change, hide, show and delete until the server is gone."""
    try:
        while not trial.over.is_set():
            made = (await client.post("/v1/persons", json=person())).json()
            trial.made.append(made["id"])
            place = f"/v1/persons/{secrets.choice(trial.made)}"
            change = random.choice([{"sex": "male"}, {"visibility": "private"}, {"visibility": "public"}, None])  # noqa: S311 - chance
            if change:
                await client.patch(place, json=change, headers=ANY)
            else:
                await client.delete(place, headers=ANY)
            trial.answered += 2
            if trial.answered >= ANSWERED:
                trial.over.set()
    except (HTTPError, KeyError, ValueError):
        return


async def follow(base: str, copy: Copy, trial: Trial) -> None:
    """Follow over a line that is cut at random; what was stored with its cursor stays."""
    while not trial.over.is_set():
        try:
            async with AsyncClient(base_url=base, timeout=random.choice([0.05, 0.5, 5])) as client:  # noqa: S311 - chance
                await catch_up(client, copy, wait=1)
        except (HTTPError, KeyError, ValueError):
            await asyncio.sleep(0.02)


async def catch_up(client: AsyncClient, copy: Copy, wait: int = 0) -> None:
    more = True
    while more:
        query: dict[str, Any] = {"limit": 7, "wait": wait, **({"after": copy.cursor} if copy.cursor else {})}
        page = (await client.get("/v1/changes", params=query)).json()
        for item in page["items"]:
            copy.take(item)
        copy.cursor, more = page["cursor"], page["has_more"]


def mirroring(url: str, base: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url}
    command = [sys.executable, "-P", "-m", "app", "mirror", base, "--follow"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


async def one_life(server: Served, key: dict[str, str], copies: list[Copy], trial: Trial) -> None:
    async with AsyncClient(base_url=server.base, headers=key, timeout=30) as client:
        writers = [write(client, trial) for _ in range(WRITERS)]
        followers = [follow(server.base, copy, trial) for copy in copies]
        await asyncio.gather(kill(server, trial), *writers, *followers)


async def kill(server: Served, trial: Trial) -> None:
    await trial.over.wait()
    server.kill()


async def test_nothing_is_missed_or_taken_twice_whoever_is_killed(two_urls: tuple[str, str]) -> None:
    await become_another(two_urls[1])
    unlimited = {"VESTKA_RATE_LIMIT_PUBLIC": "0", "VESTKA_RATE_LIMIT_KEY": "0"}
    key, copies, made = new_key(two_urls[0], "admin"), [Copy() for _ in range(FOLLOWERS)], list[str]()
    for _ in range(KILLS):
        with served(two_urls[0], **unlimited) as server:
            mirror = mirroring(two_urls[1], server.base)
            await one_life(server, key, copies, trial := Trial(made))
            made = trial.made
            mirror.kill()
            mirror.wait()
    with served(two_urls[0], **unlimited) as server:
        async with AsyncClient(base_url=server.base, timeout=30) as client:
            digest = (await client.get("/v1/digest")).json()["kinds"]
            for copy in copies:
                await catch_up(client, copy)
                assert len(copy.given) == len(set(copy.given))
                held = [{"kind": kind, "record": record} for (kind, _), record in copy.held.items()]
                assert digest_of(held)["persons"] == digest["persons"]
        done = run(two_urls[1], "mirror", server.base)
        assert done.returncode == 0, done.stderr
        assert "agrees" in done.stderr
    database = open_database(two_urls[1])
    async with database.read() as session:
        assert (await verify(session, KINDS)).sound
    assert await reindex(database) == 0
    await database.close()


CHANGE = st.tuples(
    st.sampled_from(("create", "patch", "hide", "show", "share", "delete", "purge", "stay", "charge", "merge")),
    st.integers(0, 10**6),
)


@pytest.mark.parametrize("role", ["public", "partner", "keeper"])
def test_any_sequence_of_changes_ends_in_equal_copies(two_urls: tuple[str, str], role: str) -> None:
    with asyncio.Runner() as runner:
        for copying in _running(runner, two_urls):
            people: list[str] = []

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
            @given(st.lists(CHANGE, min_size=3, max_size=12))
            def replay(changes: list[tuple[str, int]]) -> None:
                runner.run(_replay(copying, role, people, changes))  # noqa: B023 - called here only

            replay()


def _running(runner: asyncio.Runner, urls: tuple[str, str]) -> Iterator[Copying]:
    """Run both registers in the runner's loop, for as long as the one who asks is at it."""
    from contextlib import AsyncExitStack  # noqa: PLC0415 - beside its only use

    stack = AsyncExitStack()

    async def begin() -> Copying:
        await become_another(urls[1])
        source = await stack.enter_async_context(running(urls[0]))
        mirror = await stack.enter_async_context(running(urls[1], 1))
        return Copying(source, await stack.enter_async_context(listening(source.app)), mirror)

    try:
        yield runner.run(begin())
    finally:
        runner.run(stack.aclose())


async def _replay(copying: Copying, role: str, people: list[str], changes: list[tuple[str, int]]) -> None:
    admin = copying.source.admin
    for word, number in changes:
        if word == "create" or not people:
            people.append((await admin.post("/v1/persons", json=person())).json()["id"])
            continue
        who = people[number % len(people)]
        place = f"/v1/persons/{who}"
        patches: dict[str, Any] = {
            "patch": {"occupation": {"en": f"Invented {number}"}, "private_notes": f"note {number % 3}"},
            "hide": {"visibility": "private"},
            "show": {"visibility": "public"},
            "share": {"visibility": "partners"},
        }
        if word in patches:
            await admin.patch(place, json=patches[word], headers=ANY)
        elif word in {"delete", "purge"}:
            await admin.delete(f"{place}?cascade=true&purge={json.dumps(word == 'purge')}", headers=ANY)
        elif word == "stay":
            await admin.post("/v1/detentions", json=detention(who, started_on=f"20{10 + number % 10}", ended_on=None))
        elif word == "charge":
            law = (await admin.post("/v1/articles", json=article(visibility=["public", "private"][number % 2]))).json()
            await admin.post("/v1/charges", json=charge(who, law["id"]))
        else:
            other = people[(number // 7) % len(people)]
            await admin.post(f"{place}/merge", json={"into": other}, headers=ANY)
    await copying.copy(role)
    await copying.agrees(role)
