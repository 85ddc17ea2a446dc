"""How many requests a client may send: counted for ready answers too, told in every answer, and of nobody in person."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random
from typing import Any

import httpx2
import pytest
import time_machine
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import ValidationError

from app.core.access import make_key
from app.core.clients import Clients
from app.core.limits import SECONDS, Counts, Limits
from app.settings import Settings
from tests.conftest import Register
from tests.factories import create, organization
from tests.serving import served

PUBLIC, KEY = 3, 5
ALICE, BOB, HERE = "192.0.2.1", "192.0.2.2", "127.0.0.1"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Guarded:
    """A register behind limits of its own, on a clock that stands still."""

    register: Register
    clock: Clock = field(default_factory=Clock)
    refused: list[str] = field(default_factory=list)
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        app = self.register.app
        assert app.front is not None
        self.limits = Limits(
            app.front,
            app.routed,
            Clients(),
            public=PUBLIC,
            key=KEY,
            counted=self.refused.append,
            clock=self.clock,
        )

    async def ask(self, path: str, client: str = ALICE, method: str = "GET", **headers: str) -> Response:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        async with AsyncClient(
            transport=ASGITransport(self.limits, client=(client, 4711)), base_url="http://t"
        ) as http:
            return await http.request(method, path, headers=said)


@pytest.fixture
def guarded(register: Register) -> Guarded:
    return Guarded(register)


def left(answer: Response) -> tuple[str, int, int]:
    """Read the policy, the requests and the seconds that an answer says are left."""
    found = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found, answer.headers["ratelimit"]
    assert answer.headers["ratelimit-policy"].startswith(f'"{found[1]}";q=')
    return found[1], int(found[2]), int(found[3])


def test_as_many_as_the_limit_says_are_let_in_and_the_rest_told_when_to_come_again() -> None:
    counts = Counts(Clock())
    assert [counts.take(b"a", 3)[0] for _ in range(5)] == [2, 1, 0, -1, -1]
    assert counts.take(b"b", 3)[0] == 2


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 600])
def test_who_waits_as_long_as_told_is_let_in_and_who_comes_a_second_earlier_is_not(limit: int) -> None:
    random = Random(limit)  # noqa: S311 - waiting times, not secrets
    clock = Clock()
    counts = Counts(clock)
    waits = set()
    for _ in range(400):
        clock.now += random.choice([0.01, 0.5, 1, 7, 29, 31]) * random.random()
        found, seconds = counts.take(b"a", limit)
        if found < 0:
            waits.add(seconds)
            clock.now += seconds - 1.001
            assert counts.take(b"a", limit)[0] < 0
            clock.now += 1.001
            assert counts.take(b"a", limit)[0] >= 0
    assert limit > 10 or len(waits) > 3


def test_over_any_hour_nobody_gets_in_more_often_than_the_limit_allows() -> None:
    clock, let_in = Clock(), 0
    counts = Counts(clock)
    for _ in range(36_000):
        clock.now += 0.1
        let_in += counts.take(b"a", 60)[0] >= 0
    assert 3500 <= let_in <= 3661


def test_after_a_pause_all_is_free_again() -> None:
    clock = Clock()
    counts = Counts(clock)
    assert [counts.take(b"a", 2)[0] for _ in range(3)] == [1, 0, -1]
    clock.now += 2 * SECONDS
    assert counts.take(b"a", 2)[0] == 1
    clock.now += 1_000_000.5
    assert counts.take(b"a", 2) == (1, 20)


def test_however_many_clients_there_are_little_is_kept() -> None:
    clock = Clock()
    counts = Counts(clock, clients=1000)
    for number in range(200_000):
        counts.take(number.to_bytes(8, "little"), 600)
        clock.now += 0.001
    assert len(counts) <= 2 * (1000 + 65_536)
    clock.now += 3 * SECONDS
    counts.take(b"a", 600)
    assert len(counts) == 1


def test_those_who_share_a_count_are_limited_too() -> None:
    counts = Counts(Clock(), clients=2)
    for client in (b"first---", b"second--"):
        counts.take(client, 3)
    assert [counts.take(b"same-%d--" % number, 3)[0] for number in range(4)] == [2, 1, 0, -1]
    assert counts.take(b"first---", 3)[0] == 1


def scope_of(address: str, *forwarded: str) -> dict[str, Any]:
    return {"client": (address, 1), "headers": [(b"x-forwarded-for", said.encode()) for said in forwarded]}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "192.0.2.1", True),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a case
    clients = Clients()
    assert (clients.number(scope_of(one)) == clients.number(scope_of(other))) is same


def test_numbers_are_others_tomorrow_and_in_another_process() -> None:
    clients = Clients()
    with time_machine.travel(datetime(2026, 5, 18, 23, 59, tzinfo=UTC), tick=False) as day:
        today = clients.number(scope_of(ALICE))
        assert clients.number(scope_of(ALICE)) == today
        assert Clients().number(scope_of(ALICE)) != today
        day.shift(timedelta(minutes=1))
        assert clients.number(scope_of(ALICE)) != today


def test_without_a_known_proxy_what_a_client_says_of_itself_is_not_believed() -> None:
    clients = Clients()
    assert clients.number(scope_of(ALICE, BOB)) == clients.number(scope_of(ALICE))


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([BOB], BOB),
        (["203.0.113.9, 192.0.2.2"], BOB),
        (["203.0.113.9", "192.0.2.2"], BOB),
        ([f"{BOB}, 10.1.2.3"], BOB),
        ([f"{BOB}:4711"], BOB),
        (["[2001:db8:1:2::3]:4711"], "2001:db8:1:2::9"),
        (["unknown"], "unknown"),
        ([], "10.0.0.1"),
        (["10.9.9.9"], "10.9.9.9"),
    ],
)
def test_behind_a_known_proxy_the_last_address_that_is_no_proxy_counts(forwarded: list[str], client: str) -> None:
    clients = Clients([ip_network("10.0.0.0/8")])
    expected = clients.number(scope_of(client))
    assert clients.number(scope_of("10.0.0.1", *forwarded)) == expected
    assert clients.number(scope_of("::ffff:10.0.0.1", *forwarded)) == expected if forwarded else True
    assert clients.number(scope_of(ALICE, *forwarded)) == clients.number(scope_of(ALICE))


def test_a_proxy_is_named_by_addresses() -> None:
    assert [str(one) for one in Settings(trusted_proxies="127.0.0.1, 10.0.0.0/8").proxies] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
    ]
    for wrong in ("proxy.example", "*", "10.0.0.1/8", "10.0.0"):
        with pytest.raises(ValidationError):
            Settings(trusted_proxies=wrong)


async def test_every_answer_says_what_is_left(guarded: Guarded) -> None:
    assert left(await guarded.ask("/v1/persons")) == ("public", 2, 60)
    guarded.clock.now += 20
    assert left(await guarded.ask("/v1/nope")) == ("public", 1, 40)
    assert left(await guarded.ask("/v1/persons", method="OPTIONS")) == ("public", 0, 40)
    assert left(await guarded.ask("/v1/nope", client=BOB)) == ("public", 2, 40)


async def test_who_asks_whether_the_server_lives_counts_apart(guarded: Guarded) -> None:
    for _ in range(PUBLIC):
        await guarded.ask("/v1/persons")
    assert (await guarded.ask("/v1/persons")).status_code == 429
    for path in ("/healthz", "/readyz"):
        assert (await guarded.ask(path)).status_code != 429
    for _ in range(PUBLIC):
        last = await guarded.ask("/healthz")
    assert last.status_code == 429


async def test_over_the_limit_is_a_problem_like_all_others(guarded: Guarded) -> None:
    for _ in range(PUBLIC):
        await guarded.ask("/v1/persons")
    for method, path in (("GET", "/v1/persons"), ("GET", "/nope"), ("POST", "/v1/persons"), ("OPTIONS", "/v1/persons")):
        answer = await guarded.ask(path, method=method)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["type"], answer.json()["status"]) == ("/problems/too-many-requests", 429)
        assert 60 < int(answer.headers["retry-after"]) <= 120
        assert left(answer) == ("public", 0, int(answer.headers["retry-after"]))
        assert answer.headers["content-security-policy"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Retry-After, RateLimit" in answer.headers["access-control-expose-headers"]
    head = await guarded.ask("/v1/persons", method="HEAD")
    assert (head.status_code, head.content) == (429, b"")
    assert guarded.refused == ["public"] * 5
    guarded.clock.now += int(answer.headers["retry-after"])
    assert (await guarded.ask("/v1/persons")).status_code == 200


async def test_ready_and_planned_answers_count_and_hold_nothing_of_the_one_before(guarded: Guarded) -> None:
    made = [await create(guarded.register.editor, "organizations", organization()) for _ in range(2)]
    paths = [f"/v1/organizations/{one['id']}" for one in made]
    routed = await guarded.ask(paths[0])
    before = len(guarded.register.statements)
    ready, planned = await guarded.ask(paths[0], client=BOB), await guarded.ask(paths[1])
    unchanged = await guarded.ask(paths[0], if_none_match=routed.headers["etag"])
    assert [answer.status_code for answer in (ready, planned, unchanged)] == [200, 200, 304]
    assert [left(answer)[1] for answer in (routed, ready, planned, unchanged)] == [2, 2, 1, 0]
    assert len(ready.headers.get_list("ratelimit")) == len(planned.headers.get_list("ratelimit-policy")) == 1
    assert [s for s in guarded.register.statements[before:] if "documents.body" in s] == []
    assert [(await guarded.ask(path)).status_code for path in paths] == [429, 429]


async def test_a_key_has_a_count_of_its_own_wherever_it_is_sent_from(guarded: Guarded) -> None:
    key = {"authorization": guarded.register.partner.headers["authorization"]}
    other = {"authorization": guarded.register.editor.headers["authorization"]}
    for _ in range(PUBLIC):
        await guarded.ask("/v1/persons")
    assert (await guarded.ask("/v1/persons")).status_code == 429
    # Also the first time that a worker meets it.
    for number in range(KEY):
        assert left(await guarded.ask("/v1/persons", client=[ALICE, BOB][number % 2], **key))[:2] == ("key", 4 - number)
    assert (await guarded.ask("/v1/persons", **key)).status_code == 429
    assert (await guarded.ask("/v1/persons", **other)).status_code == 200
    assert guarded.refused == ["public", "key"]


async def test_valid_keys_are_no_tries_however_many_come_from_one_address(guarded: Guarded) -> None:
    keys = [client.headers["authorization"] for role, client in guarded.register.clients.items() if role != "public"]
    assert len(keys) > PUBLIC
    for key in keys:
        assert left(await guarded.ask("/v1/persons", authorization=key)) == ("key", KEY - 1, 60)
    tried = [(await guarded.ask("/v1/persons", authorization=f"Bearer vk_0_{n}")).status_code for n in range(4)]
    assert tried == [401, 401, 401, 429]


async def test_what_is_given_back_can_be_taken_once_more_also_by_those_who_share_a_count() -> None:
    counts = Counts(Clock(), clients=1)
    for client in (b"first---", b"second--"):
        assert [counts.take(client, 2)[0] for _ in range(3)] == [1, 0, -1]
        counts.give_back(client)
        assert [counts.take(client, 2)[0] for _ in range(2)] == [0, -1]
    counts.give_back(b"nobody--")


async def test_a_valid_key_that_is_not_known_here_waits_with_those_that_are_tried_from_its_address(
    guarded: Guarded,
) -> None:
    """To let it in, each guess would have to be looked at, and the answer would say which was right."""
    key = {"authorization": guarded.register.partner.headers["authorization"]}
    for number in range(PUBLIC):
        await guarded.ask("/v1/persons", authorization=f"Bearer vk_0_{number}")
    valid, guessed = (
        await guarded.ask("/v1/persons", **key),
        await guarded.ask("/v1/persons", authorization="Bearer vk_0_x"),
    )
    assert valid.status_code == guessed.status_code == 429
    assert (valid.content, dict(valid.headers)) == (guessed.content, dict(guessed.headers))
    # Elsewhere it is let in, and once it is known here from the same address too.
    assert (await guarded.ask("/v1/persons", client=BOB, **key)).status_code == 200
    assert left(await guarded.ask("/v1/persons", **key))[:2] == ("key", KEY - 2)


async def test_whoever_tries_keys_is_limited_and_locks_out_nobody_whose_key_is_known(guarded: Guarded) -> None:
    partner = guarded.register.partner.headers["authorization"]
    await guarded.ask("/v1/persons", client=BOB, authorization=partner)
    tried = [(await guarded.ask("/v1/persons", authorization=f"Bearer vk_0_{n}")).status_code for n in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    assert (await guarded.ask("/v1/persons")).status_code == 200
    assert (await guarded.ask("/v1/persons", authorization=partner)).status_code == 200


async def test_a_key_that_was_valid_looks_like_one_that_never_was(guarded: Guarded) -> None:
    key, token = make_key("invented", ["read:partners"])
    async with guarded.register.database.write("tests") as session:
        session.add(key)
    path, said = f"/v1/keys/{key.id}", {"authorization": f"Bearer {token}"}
    for _ in range(2):
        assert (await guarded.ask("/v1/persons", **said)).status_code == 200
    assert (await guarded.register.admin.delete(path)).status_code == 204
    revoked = await guarded.ask("/v1/persons", client=BOB, **said)
    unknown = await guarded.ask("/v1/persons", client="192.0.2.3", authorization="Bearer vk_00000000_x")
    assert (revoked.status_code, revoked.content) == (401, unknown.content)
    assert dict(revoked.headers) == dict(unknown.headers)
    assert left(revoked) == ("public", 2, 60)


async def test_what_is_counted_holds_no_address_and_no_key(guarded: Guarded) -> None:
    token = guarded.register.partner.headers["authorization"]
    for _ in range(2):
        await guarded.ask("/v1/persons")
        await guarded.ask("/v1/persons", authorization=token)
    parts = vars(guarded.limits)
    kept = repr([parts, vars(parts["_counts"]), vars(parts["_clients"])])
    assert len(parts["_counts"]) == 3
    assert "192.0.2" not in kept
    assert token.split("_", 2)[2] not in kept


async def test_too_long_an_address_is_refused(register: Register) -> None:
    for path in (f"/v1/organizations?id={'&id='.join(['x'] * 8000)}", f"/v1/{'x' * 33_000}"):
        answer = await register.public.get(path)
        assert answer.status_code == 414
        assert answer.json()["type"] == "/problems/too-long"


def test_a_server_counts_as_its_settings_say_and_believes_the_proxies_that_it_is_told_of(sqlite_url: str) -> None:
    def ask(base: str, client: str) -> Response:
        return httpx2.get(f"{base}/healthz", headers={"X-Forwarded-For": client})

    limited = {"VESTKA_RATE_LIMIT_PUBLIC": "4", "VESTKA_RATE_LIMIT_KEY": "0"}
    with served(sqlite_url, **limited) as plain, served(sqlite_url, VESTKA_TRUSTED_PROXIES=HERE, **limited) as behind:
        found = [ask(plain.base, f"192.0.2.{n}") for n in range(4)]
        assert found[-1].status_code == 429
        assert found[0].headers["ratelimit-policy"] == '"public";q=4;w=60'
        assert [ask(behind.base, f"192.0.2.{n}").status_code for n in range(8)] == [200] * 8
        assert [ask(behind.base, ALICE).status_code for _ in range(4)][-1] == 429


async def test_what_fails_in_front_of_the_routes_is_a_problem_too(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(register.app, "front", failing)
    answer = await register.public.get("/v1/persons")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
