"""Sources that answer as no register does, somewhere in the midst: a mirror says so in a sentence, and ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.sync.mirror.stops import Stopped, shown
from tests.factories import Fields, create, organization, person
from tests.sync.mirroring import Copying, command, listening
from tests.sync.test_mirror_troubles import answering

STRANGE = "not as a Vestka register"
Change = Callable[[Any], object]


def meddled(app: ASGIApp, path: str, body: bytes) -> ASGIApp:
    """Give an application that says something else at one path."""
    other = answering(200, {"Content-Type": "application/json"}, body)

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        await (other if scope["path"] == path else app)(scope, receive, send)

    return either


async def _stopped(copying: Copying, path: str, body: bytes) -> str:
    """Give what is said where a source answers so at a path."""
    async with listening(meddled(copying.source.app, path, body)) as url:
        with pytest.raises(Stopped) as stopped:
            await command(copying.mirror.database, url, None, copying.said).run()
    assert str(stopped.value).isprintable()
    return str(stopped.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("kinds"),
        lambda said: said.update(kinds=7),
        lambda said: said["kinds"].update(persons=7),
        lambda said: said["kinds"]["persons"].update(count=[]),
    ],
)
async def test_a_digest_that_cannot_be_read(copying: Copying, change: Change) -> None:
    await create(copying.source.editor, "persons", person())
    await copying.copy()
    said = (await copying.source.public.get("/v1/digest")).json()
    change(said)
    assert STRANGE in await _stopped(copying, "/v1/digest", json.dumps(said).encode())


async def _line(copying: Copying, change: Change) -> bytes:
    """Give an export whose one record is changed."""
    first, line, last = (await copying.source.public.get("/v1/export")).text.splitlines()
    said = json.loads(line)
    change(said)
    return "\n".join((first, json.dumps(said), last, "")).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.update(kind=["a"]),
        lambda line: line.pop("kind"),
        lambda line: line.update(record="none"),
        lambda line: line["record"].update(id=7),
    ],
)
async def test_a_line_of_an_export_that_cannot_be_read(copying: Copying, change: Change) -> None:
    await create(copying.source.editor, "persons", person())
    assert STRANGE in await _stopped(copying, "/v1/export", await _line(copying, change))


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"version": 10**30}, ""),
        ({"version": 2**31 - 1}, ""),
        ({"version": "1"}, ""),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, ""),
        ({"origin": 7}, ""),
        ({"name": {"en": 7}}, "`name/en` of "),
        ({"name": {"\x1b[2J": 7}}, "`name/"),
    ],
)
async def test_a_record_that_cannot_be_read_is_named(copying: Copying, changed: Fields, where: str) -> None:
    made = await create(copying.source.editor, "organizations", organization())
    body = await _line(copying, lambda line: line["record"].update(changed))
    said = await _stopped(copying, "/v1/export", body)
    assert f"cannot read {where}" in said
    assert f"organizations/{made['id']} as the source gives it" in said


@pytest.mark.parametrize(
    "changed",
    [{"version": 10**30}, {"at": "0001-01-01T00:00:00+14:00"}, {"id": 7}, {"into": 7}, {"kind": ["a"]}, {"record": 7}],
)
async def test_an_item_of_the_feed_that_cannot_be_read(copying: Copying, changed: Fields) -> None:
    made = await create(copying.source.editor, "organizations", organization())
    await copying.copy()
    await copying.source.editor.delete(f"/v1/organizations/{made['id']}", headers={"If-Match": "*"})
    said = (await copying.source.public.get("/v1/changes")).json()
    said["items"][0] |= changed
    assert STRANGE in await _stopped(copying, "/v1/changes", json.dumps(said).encode())


def test_words_of_others_are_one_short_line_that_moves_nothing() -> None:
    assert shown("a\x1b[2J\r\n b\u202e\x9bc\x07") == "a [2J b c"
    assert shown(None) == "None"
    assert len(shown("long " * 1_000)) <= 301
