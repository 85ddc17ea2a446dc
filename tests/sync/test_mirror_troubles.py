"""Bad lines, wrong addresses, keys that ended, sources that were restored: what a mirror says and does."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.cli import main
from app.core.access import ApiKey
from app.core.database import Database
from app.core.history import register
from app.register import KINDS
from app.sync.backup.making import back_up
from app.sync.backup.restoring import check, restore
from app.sync.mirror import running as running_mirror
from app.sync.mirror.meeting import look_at
from app.sync.mirror.running import Mirror
from app.sync.mirror.source import Source, base_of
from app.sync.mirror.stops import Again, Patience, Stopped
from tests.conftest import running
from tests.factories import create, detention, person
from tests.sync.conftest import become_another
from tests.sync.mirroring import Copying, command, listening

ANY = {"If-Match": "*"}


Spoil = Callable[[int], "ASGIApp | int | None"]


def answering(status: int, headers: dict[str, str], body: bytes) -> ASGIApp:
    """Give an application that says one thing."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


class Line:
    """A line to an application: each request gets there, gets another answer, or is cut after some bytes."""

    def __init__(self, app: ASGIApp, spoil: Spoil) -> None:
        self.app = app
        self.spoil = spoil
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        spoilt = self.spoil(len(self.asked))
        if isinstance(spoilt, int):
            await self.app(scope, receive, _cutting(send, spoilt))
        else:
            await (spoilt or self.app)(scope, receive, send)


class Cut(Exception):  # noqa: N818 - what happens to a line
    """Somebody has pulled the plug."""


def _cutting(send: Send, after: int) -> Send:
    sent = 0

    async def cutting(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent > after:
            raise Cut
        await send(message)

    return cutting


@asynccontextmanager
async def spoilt(copying: Copying, spoil: Spoil) -> AsyncIterator[tuple[Mirror, Line]]:
    """Give a mirror whose line to the source is spoilt."""
    line = Line(copying.source.app, spoil)
    async with listening(line) as url:
        yield command(copying.mirror.database, url, None, copying.said, tries=20), line


async def test_a_line_that_is_cut_again_and_again_only_delays(copying: Copying) -> None:
    for _ in range(30):
        made = await create(copying.source.editor, "persons", person())
        await create(copying.source.editor, "detentions", detention(made["id"]))

    def spoil(number: int) -> int | None:
        return 200 * number if 1 < number < 9 else None

    async with spoilt(copying, spoil) as (mirror, line):
        await mirror.run()
    assert sum("Next try in" in said for said in copying.said) >= 4
    assert len(line.asked) > 8
    await copying.agrees()


async def test_a_source_that_asks_for_patience_gets_it(copying: Copying) -> None:
    said = {"Retry-After": "1", "Content-Type": "application/problem+json"}
    busy = answering(429, said, b'{"type":"/problems/too-many-requests"}')
    gone = answering(503, {}, b"")

    def spoil(number: int) -> ASGIApp | None:
        return {2: busy, 4: gone}.get(number)

    began = asyncio.get_running_loop().time()
    async with spoilt(copying, spoil) as (mirror, _):
        await mirror.run()
    assert asyncio.get_running_loop().time() - began >= 1
    assert any("asks for patience (429)" in said for said in copying.said)
    await copying.agrees()


def test_waits_grow_differ_and_end() -> None:
    patience = Patience(first=1, tries=8)
    waits = [patience.wait(Again("No.")) for _ in range(7)]
    assert all(2**i / 2 <= wait <= 2**i for i, wait in enumerate(waits[:6]))
    assert 30 <= waits[6] <= 60
    with pytest.raises(Stopped, match="it goes on where it stopped"):
        patience.wait(Again("No."))
    patience.succeeded()
    assert patience.wait(Again("No.", after=17)) == 17
    assert len({Patience(first=1).wait(Again("No.")) for _ in range(5)}) > 1


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 7),
        ("in 50 s", 30, 51),
        ("soon", 0, 0),
        ("Fri, 27 Nov 2099 07:00:00 -0000", 86_400, 86_400),
        ("Fri, 27 Nov 2009 07:00:00 -0000", 0, 0),
        ("9" * 400, 86_400, 86_400),
        (None, 0, 0),
    ],
)
async def test_retry_after_is_read_in_both_forms(said: str | None, least: float, most: float) -> None:
    if said == "in 50 s":
        said = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    async with listening(answering(503, {"Retry-After": said} if said else {}, b"")) as url:
        with pytest.raises(Again) as again:
            await asyncio.to_thread(look_at, Source(url))
    assert least <= again.value.after <= most


ANSWERS: list[tuple[int, dict[str, str], bytes, str]] = [
    (200, {"Content-Type": "text/html"}, b"<html>hello</html>", "not as a Vestka register"),
    (200, {"Content-Type": "application/json"}, b'{"hello": "there"}\n', "not as a Vestka register"),
    (404, {"Content-Type": "text/html"}, b"<html>nothing</html>", "not as a Vestka register"),
    (401, {}, b'{"type": "/problems/unauthorized"}', "refuses the key"),
    (403, {}, b"no", "refuses the key"),
    (301, {"Location": "https://elsewhere.example/"}, b"", "has moved to https://elsewhere.example/"),
    (308, {"Location": "http://[::1"}, b"", "has moved to http://"),
    (302, {"Location": "https://a.example/\x9b2J"}, b"", "has moved to https://a.example/. 2J"),
    (422, {}, b'{"type": "/problems/invalid", "detail": "No\\n\\u001b[2JPlease"}', r"422: No \[2JPlease"),
    (422, {}, b"[" * 100_000, "not as a Vestka register"),
    (200, {"Content-Type": "application/jsonl"}, b'{"register_id": "x", "format_version": 2}\n', "newer version"),
    (
        200,
        {"Content-Type": "application/jsonl"},
        b'{"register_id": "x", "format_version": 1}\n',
        "not as a Vestka register",
    ),
]


@pytest.mark.parametrize(("status", "headers", "body", "words"), ANSWERS)
async def test_what_is_no_register_is_said_in_a_sentence(
    status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    async with listening(answering(status, headers, body)) as url:
        with pytest.raises(Stopped, match=words) as stopped:
            await asyncio.to_thread(look_at, Source(url))
        assert str(stopped.value).isprintable()


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://register.example/", "https://register.example"),
        ("http://register.example/sub/v1/", "http://register.example/sub"),
        ("https://register.example/v1", "https://register.example"),
        ("http://[::1]:8461", "http://[::1]:8461"),
        ("http://пример.example:8461/v1", "http://xn--e1afmkfd.example:8461"),
        ("http://localhost:8461/é", "http://localhost:8461/%C3%A9"),
        ("http://localhost:8461/%C3%A9", "http://localhost:8461/%C3%A9"),
    ],
)
def test_an_address_is_taken_as_people_write_it(given: str, base: str) -> None:
    assert base_of(given) == base


@pytest.mark.parametrize(
    "given",
    [
        *("register.example", "ftp://a.example", "https://u:p@a.example", "https://a.example?x=1", "http://[::1"),
        *(
            "http://a..b",
            "http://localhost:abc",
            "http://localhost:99999",
            "http://a b",
            "http://a/\x1b[2J",
            "http://:1",
        ),
        "http://stra\u00dfe.example",  # would be sent to strasse.example
    ],
)
def test_an_address_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(Stopped) as stopped:
        base_of(given)
    assert str(stopped.value).isprintable()


def test_the_command_says_what_is_wrong_and_fails(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VESTKA_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    nothing = tmp_path / "key"
    nothing.write_text("no key at all\n")
    for arguments, words in (
        (("http://127.0.0.1:9",), "cannot be reached"),
        (("http://127.0.0.1:9", "--key-file", str(nothing)), "holds no key"),
        (("http://127.0.0.1:9", "--key-file", str(tmp_path / "none")), "cannot be read"),
        (("--detach",), "this register copies nothing"),
    ):
        assert main(["mirror", *arguments]) == 1
        told = capsys.readouterr().err
        assert words in told
        assert len(told.strip().splitlines()) <= 2


@pytest.mark.parametrize("more", [("--follow",), ("--key-file", "/nonexistent/key")])
def test_what_does_not_go_with_detaching_is_wrong_usage(
    more: tuple[str, ...], sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VESTKA_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    with pytest.raises(SystemExit, match="2"):
        main(["mirror", "--detach", *more])
    told = capsys.readouterr().err
    assert "not allowed with argument" in told
    assert more[0] in told


async def test_a_register_does_not_copy_itself(copying: Copying) -> None:
    with pytest.raises(Stopped, match="is this register itself"):
        await command(copying.source.database, copying.url, None, copying.said).run()


async def _restarted(database: Database) -> None:
    """Forget what a server knows of its register, as one that is started anew."""
    await database.direct.close()
    database._identity = database._direct = None  # noqa: SLF001 - there is no other way than to start anew


async def test_another_register_at_the_same_address_is_refused(copying: Copying) -> None:
    await create(copying.source.editor, "persons", person())
    await copying.copy()
    async with copying.source.database.write("tests") as session:
        await session.execute(update(register).values(register_id=uuid4()))
    await _restarted(copying.source.database)
    await create(copying.source.editor, "persons", person())
    with pytest.raises(Stopped, match="there is another register"):
        await copying.copy()


async def test_a_key_that_sees_less_stops_and_one_that_sees_more_copies_anew(copying: Copying) -> None:
    await create(copying.source.admin, "persons", person(private_notes="hush"))
    await create(copying.source.admin, "persons", person(visibility="partners"))
    await copying.copy()
    await copying.copy("partner")
    await copying.agrees("partner")
    await copying.copy("keeper")
    await copying.agrees("keeper")
    with pytest.raises(Stopped, match="Give the key as before"):
        await copying.copy("partner")
    await copying.agrees("keeper")


async def test_a_key_that_ended_stops_a_mirror(copying: Copying) -> None:
    await copying.copy("partner")
    async with copying.source.database.write("tests") as session:
        await session.execute(update(ApiKey).values(revoked_at=datetime.now(UTC)))
    with pytest.raises(Stopped, match="refuses the key"):
        await copying.copy("partner")


async def test_a_source_that_was_restored_is_compared_from_the_start(two_urls: tuple[str, str], tmp_path: Path) -> None:
    await become_another(two_urls[1])
    async with running(two_urls[1], 1) as mirror:
        async with running(two_urls[0]) as source, listening(source.app) as url:
            people = [await create(source.admin, "persons", person(occupation={"en": "early"})) for _ in range(3)]
            await create(source.admin, "detentions", detention(people[0]["id"]))
            await back_up(source.database, tmp_path / "early.backup")
            late = await create(source.admin, "persons", person(occupation={"en": "too late"}))
            await source.admin.patch(f"/v1/persons/{people[1]['id']}", json={"sex": "male"}, headers=ANY)
            await source.admin.delete(f"/v1/persons/{people[2]['id']}", headers=ANY)
            copying = Copying(source, url, mirror)
            await copying.copy("partner")
            await copying.agrees("partner")
        await restore(two_urls[0], KINDS, check(tmp_path / "early.backup"), replace=True)
        async with running(two_urls[0]) as source, listening(source.app) as url:
            await create(source.admin, "persons", person())
            copying = Copying(source, url, mirror)
            await copying.copy("partner")
            await copying.agrees("partner")
            assert any("Comparing all of" in said for said in copying.said)
            assert (await mirror.partner.get(f"/v1/persons/{late['id']}")).status_code == 404
            assert (await mirror.partner.get(f"/v1/persons/{people[2]['id']}")).json()["version"] == 1


async def test_who_follows_compares_again_after_copying_anew(copying: Copying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_mirror, "_WAIT_SECONDS", 1)
    said = b'{"type":"/problems/foreign-cursor"}'
    refusing = answering(400, {"Content-Type": "application/problem+json"}, said)
    restored: list[ASGIApp] = []
    async with spoilt(copying, lambda _: restored.pop() if restored else None) as (mirror, _):
        mirror.follow = True
        following = asyncio.create_task(mirror.run())
        await _told(copying, "agrees with", 1)
        restored.append(refusing)
        await _told(copying, "Comparing all of", 1)
        await _told(copying, "agrees with", 2)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    await copying.agrees()


async def _told(copying: Copying, words: str, times: int) -> None:
    async with asyncio.timeout(20):
        while sum(words in said for said in copying.said) < times:  # noqa: ASYNC110 - what is said is a list
            await asyncio.sleep(0.02)


async def test_two_commands_on_one_copy_do_not_take_a_page_twice(copying: Copying) -> None:
    for _ in range(5):
        await create(copying.source.editor, "persons", person())
    await copying.copy()
    await create(copying.source.editor, "persons", person())
    done = await asyncio.gather(*(copying.of().run() for _ in range(3)), return_exceptions=True)
    assert None in done
    assert {str(one) for one in done if one} <= {"Another command is at work on the same copy. Leave it to that one."}
    await copying.agrees()
