"""API keys: what opens nothing tells nothing, rotation leaves no gap, nobody raises themselves, acts can be read."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from httpx2 import Response
from pydantic_core import to_json
from sqlalchemy import select, text

from app.cli import main
from app.core.access import ApiKey, make_key
from tests.conftest import ROLES, Register, client_of
from tests.factories import create, detention, organization, person

DAY = timedelta(days=1)


async def made(register: Register, scopes: list[str], **said: Any) -> tuple[ApiKey, str]:
    key, token = make_key("an invented holder", scopes, **said)
    async with register.database.write("tests") as session:
        session.add(key)
    return key, token


async def stored(register: Register, key: ApiKey) -> ApiKey:
    async with register.database.read() as session:
        found = await session.get(ApiKey, key.id)
    assert found is not None
    return found


async def ask(register: Register, token: str, path: str = "/v1/organizations") -> Response:
    async with client_of(register.app, token) as client:
        return await client.get(path)


async def test_unknown_expired_and_revoked_keys_cannot_be_told_apart(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expired = await made(register, ["admin"], expires_at=datetime.now(UTC) - DAY)
    revoked_key, revoked = await made(register, ["admin"])
    await register.admin.delete(f"/v1/keys/{revoked_key.id}")
    valid_prefix = revoked.rpartition("_")[0][:11]
    tokens = [expired, revoked, "vk_00000000_" + "x" * 43, f"{valid_prefix}_" + "x" * 43]
    compared: list[int] = []
    same = hmac.compare_digest

    def counting(one: str, other: str) -> bool:
        compared.append(len(one) + len(other))
        return same(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    seen = set()
    for token in tokens:
        before = len(register.statements)
        answer = await ask(register, token)
        assert answer.status_code == 401
        statements = tuple(s for s in register.statements[before:] if "api_keys" in s)
        seen.add((answer.content, tuple(sorted(answer.headers.items())), statements, tuple(compared)))
        compared.clear()
    assert len(seen) == 1
    assert [length for *_, lengths in seen for length in lengths] == [128]


async def test_lists_show_how_a_key_begins_and_never_what_opens(register: Register) -> None:
    key, token = await made(register, ["read:partners"])
    secret = token.split("_", 2)[2]
    for path in ("/v1/keys", f"/v1/keys/{key.id}", f"/v1/keys/{key.id}/history", "/v1/acts"):
        shown = (await register.admin.get(path)).text
        assert secret not in shown, path
        assert key.hash not in shown
        assert hashlib.sha256(key.hash.encode()).hexdigest() not in shown
    assert key.prefix in (await register.admin.get("/v1/keys")).text


async def test_the_day_of_last_use_is_kept_once_a_day_and_nothing_more(register: Register) -> None:
    key, token = await made(register, ["read:partners"])
    today = datetime.now(UTC).date()
    noted: list[object] = []
    add = register.database.ledger._add  # noqa: SLF001 - what is written cannot be counted from outside

    def counting(note: Any) -> Any:
        noted.append(note)
        return add(note)

    register.database.ledger._add = counting  # type: ignore[method-assign]  # noqa: SLF001 - the same
    for _ in range(3):
        await ask(register, token)
    await register.database.ledger.close()
    assert (await stored(register, key)).last_used_on == today
    assert len(noted) == 1
    with time_machine.travel(datetime.now(UTC) + DAY, tick=True):
        await ask(register, token)
        await register.database.ledger.close()
    assert (await stored(register, key)).last_used_on == today + DAY
    acts = (await register.admin.get(f"/v1/keys/{key.id}/history")).json()["items"]
    assert [act["action"] for act in acts] == ["create"]
    shown = (await register.admin.get(f"/v1/keys/{key.id}")).json()
    assert shown["last_used_on"] == (today + DAY).isoformat()


async def test_a_refused_key_was_not_used(register: Register) -> None:
    key, token = await made(register, ["admin"], expires_at=datetime.now(UTC) - DAY)
    await ask(register, token)
    await register.database.ledger.close()
    assert (await stored(register, key)).last_used_on is None


async def test_a_note_that_cannot_be_written_is_tried_again(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, token = await made(register, ["read:partners"])
    ledger = register.database.ledger
    begin = ledger._begin  # noqa: SLF001 - a database that fails in a moment of its own cannot be had otherwise
    monkeypatch.setattr(ledger, "_begin", lambda: 1 / 0)
    assert (await ask(register, token)).status_code == 200
    await ledger.close()
    monkeypatch.setattr(ledger, "_begin", begin)
    await ask(register, token)
    await ledger.close()
    assert (await stored(register, key)).last_used_on == datetime.now(UTC).date()


async def test_a_rotated_key_works_beside_its_successor_until_the_days_are_over(register: Register) -> None:
    key, old = await made(register, ["write", "read:private"], expires_at=datetime.now(UTC) + 100 * DAY)
    answer = await register.admin.post(f"/v1/keys/{key.id}/rotate", json={"days": 3})
    assert answer.status_code == 201
    shown = answer.json()
    assert answer.headers["location"] == f"/v1/keys/{shown['id']}"
    assert (shown["owner"], shown["scopes"], shown["replaces"]) == (key.owner, sorted(key.scopes), str(key.id))
    until = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=99, hours=23) < until <= 100 * DAY
    for token in (old, shown["key"]):
        assert (await ask(register, token)).status_code == 200
    with time_machine.travel(datetime.now(UTC) + 3 * DAY, tick=True):
        assert (await ask(register, old)).status_code == 401
        assert (await ask(register, shown["key"])).status_code == 200


async def test_what_is_sent_again_with_the_key_that_took_the_place_is_not_done_twice(register: Register) -> None:
    key, token = await made(register, ["write"])
    tokens, last = [token], str(key.id)
    for _ in range(2):
        answer = (await register.admin.post(f"/v1/keys/{last}/rotate", json={"days": 3})).json()
        tokens.append(answer["key"])
        last = answer["id"]
    another = (await made(register, ["write"]))[1]
    body, same = person(), {"Idempotency-Key": "once"}
    found = []
    for one in (*tokens, another):
        async with client_of(register.app, one) as client:
            found.append((await client.post("/v1/persons", json=body, headers=same)).json()["id"])
    assert len(set(found[:3])) == 1
    assert found[3] != found[0]


class Slow:
    """Sends a body of which the last byte comes after something was done."""

    def __init__(self, body: Any, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        self._body, self._meanwhile = to_json(body), meanwhile

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[:-1]
        await self._meanwhile()
        yield self._body[-1:]


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_key_that_ends_while_a_body_comes_writes_nothing(register: Register, end: str) -> None:
    operations = [{"op": "create", "kind": "persons", "record": person()}]
    for method, path, body, said in (
        ("POST", "/v1/keys", {"owner": "successor", "scopes": ["admin"]}, {}),
        ("POST", "/v1/persons", person(), {}),
        ("POST", "/v1/persons", person(), {"Idempotency-Key": f"{end}-1"}),
        ("PUT", f"/v1/persons/{uuid4()}", person(), {"If-None-Match": "*"}),
        ("POST", "/v1/batch", {"operations": operations}, {}),
        ("POST", "/v1/batch", {"operations": operations}, {"Idempotency-Key": f"{end}-2"}),
    ):
        key, token = await made(register, ["admin"])

        async def stop(key: ApiKey = key) -> None:
            if end == "revoked":
                assert (await register.admin.delete(f"/v1/keys/{key.id}")).status_code == 204
            else:
                async with register.database.write("tests") as session:
                    (await session.get_one(ApiKey, key.id)).expires_at = datetime.now(UTC)

        async with client_of(register.app, token) as client:
            headers = {"Content-Type": "application/json", **said}
            answer = await client.request(method, path, content=Slow(body, stop), headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthorized"), (path, answer.text)
    assert "successor" not in {key["owner"] for key in (await register.admin.get("/v1/keys")).json()["items"]}
    assert (await register.admin.get("/v1/persons?count=true")).json()["total"] == 0


async def test_rotation_never_lengthens_the_life_of_the_old_key(register: Register) -> None:
    end = datetime.now(UTC) + DAY
    key, _ = await made(register, ["write"], expires_at=end)
    await register.admin.post(f"/v1/keys/{key.id}/rotate", json={"days": 90})
    assert (await stored(register, key)).expires_at == end
    lasting, old = await made(register, ["write"])
    shown = (await register.admin.post(f"/v1/keys/{lasting.id}/rotate", json={"days": 0})).json()
    assert shown["expires_at"] is None
    assert (await ask(register, old)).status_code == 401
    assert (await ask(register, shown["key"])).status_code == 200


async def test_every_successor_of_a_key_lasts_as_long_as_the_first_was_made_for(register: Register) -> None:
    """A second rotation, after the first secret was lost on its way, gave a key that ended with the overlap."""
    for life in (None, 100 * DAY):
        key, _ = await made(register, ["write"], expires_at=life and datetime.now(UTC) + life)
        rotations = [key.id]
        for of in (0, 0, 1, 0, 2):  # of the key, of its first successor, of that one's
            shown = (await register.admin.post(f"/v1/keys/{rotations[of]}/rotate", json={"days": 3})).json()
            rotations.append(shown["id"])
            until = shown["expires_at"] and datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
            assert (until is None) if life is None else timedelta(days=99, hours=23) < until <= life
        ends = (await stored(register, key)).expires_at
        assert ends is not None
        assert ends <= datetime.now(UTC) + 3 * DAY


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"days": -1}, 422, "invalid"),
        ({"days": 91}, 422, "invalid"),
        ({"days": 1, "scopes": ["admin"]}, 422, "invalid"),
        ({"days": "1"}, 422, "invalid"),
    ],
)
async def test_what_a_rotation_does_not_take_is_refused(
    register: Register, body: dict[str, Any], status: int, slug: str
) -> None:
    key, _ = await made(register, ["write"])
    answer = await register.admin.post(f"/v1/keys/{key.id}/rotate", json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert (await stored(register, key)).expires_at is None


async def test_a_key_that_has_ended_is_not_rotated(register: Register) -> None:
    key, _ = await made(register, ["write"])
    await register.admin.delete(f"/v1/keys/{key.id}")
    answer = await register.admin.post(f"/v1/keys/{key.id}/rotate", json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/ended")
    unknown = await register.admin.post("/v1/keys/8b6f3c52-6f0e-4e55-9d0c-000000000000/rotate", json={})
    assert unknown.status_code == 404


async def keys_of(register: Register) -> list[tuple[object, ...]]:
    async with register.database.read() as session:
        query = text("SELECT id, hash, owner, scopes, expires_at, revoked_at FROM api_keys ORDER BY id")
        return [tuple(map(str, row)) for row in (await session.execute(query)).all()]


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_but_an_admin_does_anything_with_keys(register: Register, role: str) -> None:
    """Also not with their own: no key raises itself, makes another, or learns of others."""
    client = register.clients[role]
    async with register.database.read() as session:
        ids = [str(key.id) for key in (await session.execute(select(ApiKey))).scalars()]
    before = await keys_of(register)
    wanted = {"owner": "x", "scopes": ["admin"]}
    asked: list[tuple[str, str, Mapping[str, Any] | None]] = [("POST", "/v1/keys", wanted), ("GET", "/v1/keys", None)]
    asked += [("GET", "/v1/acts", None), ("POST", "/v1/keys", {"owner": "x", "scopes": ["read:partners"]})]
    for key_id in ids:
        asked += [("POST", f"/v1/keys/{key_id}/rotate", {"days": 0}), ("DELETE", f"/v1/keys/{key_id}", None)]
        asked += [("GET", f"/v1/keys/{key_id}", None), ("GET", f"/v1/keys/{key_id}/history", None)]
    for method, path, body in asked:
        answer = await client.request(method, path, json=body)
        assert answer.status_code == (401 if role == "public" else 403), (method, path)
        assert set(answer.json()) == {"type", "title", "status", "detail"}
    for method in ("PATCH", "PUT"):
        assert (await client.request(method, f"/v1/keys/{ids[0]}", json=wanted)).status_code == 405
    assert await keys_of(register) == before


async def test_every_act_of_an_admin_can_be_read_with_who_when_and_why(register: Register) -> None:
    admin = register.admin
    why = {"X-Change-Reason": "an%20invented%20reason", "If-Match": "*"}
    owner = await create(register.editor, "persons", person())
    stay = await create(register.editor, "detentions", detention(owner["id"]))
    gone = await create(register.editor, "organizations", organization())
    wanted = {"owner": "an invented holder", "scopes": ["write"]}
    key = (await admin.post("/v1/keys", json=wanted, headers=why)).json()
    successor = (await admin.post(f"/v1/keys/{key['id']}/rotate", json={}, headers=why)).json()
    await admin.delete(f"/v1/keys/{key['id']}", headers=why)
    await admin.delete(f"/v1/organizations/{gone['id']}?purge=true", headers=why)
    await admin.delete(f"/v1/persons/{owner['id']}?cascade=true", headers=why)
    acts = (await admin.get("/v1/acts")).json()["items"]
    mine = [act for act in acts if act["author"] == "admin"]
    on_keys = [(act["id"], act["action"]) for act in mine if act["kind"] == "keys"]
    assert (on_keys[0], on_keys[-1]) == ((key["id"], "update"), (key["id"], "create"))
    assert set(on_keys[1:-1]) == {(successor["id"], "create"), (key["id"], "update")}
    others = {(act["kind"], act["id"], act["action"]) for act in mine if act["kind"] != "keys"}
    assert others == {
        ("organizations", gone["id"], "purge"),
        ("persons", owner["id"], "delete"),
        ("detentions", stay["id"], "delete"),
    }
    assert len({act["key_id"] for act in mine}) == 1
    assert {act["reason"] for act in mine if act["action"] != "purge"} == {"an invented reason"}
    assert all(datetime.fromisoformat(act["at"]).date() == date.today() for act in mine)  # noqa: DTZ011 - about now
    history = (await admin.get(f"/v1/keys/{key['id']}/history")).json()["items"]
    assert [act["action"] for act in history] == ["create", "update", "update"]
    assert [change["field"] for change in history[1]["changes"]] == ["expires_at"]
    assert [change["field"] for change in history[2]["changes"]] == ["revoked_at"]


async def test_acts_are_filtered_and_come_in_pages(register: Register) -> None:
    for _ in range(3):
        made_one = await create(register.editor, "organizations", organization())
        await register.admin.delete(f"/v1/organizations/{made_one['id']}", headers={"If-Match": "*"})
    path, seen = "/v1/acts?kind=organizations&limit=2", []
    page = (await register.admin.get(path)).json()
    seen += page["items"]
    page = (await register.admin.get(f"{path}&cursor={page['next_cursor']}")).json()
    seen += page["items"]
    assert (len(seen), page["next_cursor"]) == (3, None)
    assert seen[0]["id"] == made_one["id"]
    assert [act["id"] for act in (await register.admin.get(f"/v1/acts?id={made_one['id']}")).json()["items"]] == [
        made_one["id"]
    ]
    assert (await register.admin.get("/v1/acts?action=merge")).json()["items"] == []
    for none_such in ("author=x", "kind=nope", "kind=", "kind=Persons", "action=nope", "action=upsert"):
        refused = await register.admin.get(f"/v1/acts?{none_such}")
        assert refused.status_code == 422, none_such
        assert [one["pointer"] for one in refused.json()["errors"]] == [f"/query/{none_such.partition('=')[0]}"]
    for known in ("kind=keys", "kind=persons", "action=restore", "action=purge", "action=update"):
        assert (await register.admin.get(f"/v1/acts?{known}")).status_code == 200, known
    assert (await register.admin.get("/v1/acts?cursor=x")).status_code == 400


async def test_acts_are_found_without_looking_at_every_change(register: Register) -> None:
    await register.admin.get("/v1/acts")
    statement = next(said for said in register.statements if "ORDER BY changes.position DESC" in said)
    if register.database.url.startswith("sqlite"):  # PostgreSQL takes no index for so few rows
        async with register.database.read() as session:
            connection = await session.connection()
            plan = (await connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, (51, 0))).all()
        assert "ix_changes_acts" in str(plan)


@pytest.fixture
def vestka(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Give the command line: exit code and standard output."""
    monkeypatch.setenv("VESTKA_DATABASE_URL", sqlite_url)

    def command(*arguments: str) -> tuple[int, str]:
        code = main(["key", *arguments])
        return code, capsys.readouterr().out

    return command


def test_the_command_line_rotates_and_tells_the_day_of_last_use(vestka: Callable[..., tuple[int, str]]) -> None:
    first = vestka("create", "--owner", "an invented holder", "--scope", "write")[1].strip()
    prefix = first.split("_")[1]
    assert "never used" in vestka("list")[1]
    code, second = vestka("rotate", prefix, "--days", "0")
    assert (code, second[:3], second.count("\n")) == (0, "vk_", 1)
    listed = vestka("list")[1].splitlines()
    assert [line.split()[1] for line in listed] == ["expired", "valid"]
    assert not any(secret in line for line in listed for secret in (first, second.strip()))
    assert vestka("rotate", prefix) == (1, "")
    assert vestka("rotate", "00000000") == (1, "")
    with pytest.raises(SystemExit, match="2"):
        vestka("rotate", prefix, "--days", "91")
