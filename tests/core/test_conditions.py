"""Conditions and repeated requests, as HTTP has them: lists of tags, weak tags, several lines, keys used again."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
import zstandard
from httpx2 import AsyncClient

from app.core import idempotency
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import Fields, create, detention, organization, person

ORGANIZATIONS = "/v1/organizations"


async def test_if_match_compares_the_version_of_any_of_its_tags(register: Register) -> None:
    fields = organization()
    made = await register.editor.post(ORGANIZATIONS, json=fields)
    place, tag = made.headers["location"], made.headers["etag"]
    no = '"7-0000000000000000"'
    for lines, status in (
        ([tag], 200),
        ([f"W/{tag}"], 200),  # a proxy that compresses weakens it
        ([f"{no}, {tag}"], 200),
        ([no, tag], 200),
        (['"1-0000000000000000"'], 200),
        (["*"], 200),
        ([no], 412),
        ([tag.strip('"')], 412),
        ([""], 412),
        (['""'], 412),
        (['"01-0000000000000000"'], 412),
    ):
        said = [("If-Match", line) for line in lines]
        for method, body in (("PATCH", {}), ("PUT", fields)):  # nothing changes, so the version stays
            answer = await register.editor.request(method, place, json=body, headers=said)
            assert answer.status_code == status, (method, lines, answer.text)


async def test_the_tag_of_another_tier_is_of_another_state_though_its_number_is_the_same(register: Register) -> None:
    there = f"/v1/persons/{(await create(register.editor, 'persons', person()))['id']}"

    async def change(client: AsyncClient, said: Fields, tag: str = "*") -> int:
        return (await client.patch(there, json=said, headers={"If-Match": tag})).status_code

    async def tag_of(client: AsyncClient) -> str:
        return str((await client.get(there)).headers["etag"])

    # Who reads without a key and writes with one: nothing was changed since, for anybody.
    assert await change(register.editor, {"sex": "male"}, await tag_of(register.public)) == 200
    assert await change(register.admin, {"private_notes": "invented"}) == 200
    old = await tag_of(register.admin)
    assert await change(register.editor, {"sex": "female"}) == 200
    now = await tag_of(register.editor)
    assert old.partition("-")[0] == now.partition("-")[0] == '"3'
    assert await change(register.editor, {"sex": "male"}, old) == 412
    for tag in (now, now.partition("-")[0] + '"', now.partition("-")[0] + '-0000000000000000"'):
        assert await change(register.editor, {}, tag) == 200  # the version is what is compared
    assert await change(register.editor, {"sex": "male"}, f"{old}, {now}") == 200


async def test_a_tag_from_when_a_record_was_hidden_is_not_taken_for_the_public_one(register: Register) -> None:
    owner = await create(register.editor, "persons", person())
    made = await create(register.editor, "detentions", detention(owner["id"]))
    there = f"/v1/detentions/{made['id']}"
    for visibility in ("partners", "public"):
        said = {"visibility": visibility}
        await register.editor.patch(f"/v1/persons/{owner['id']}", json=said, headers={"If-Match": "*"})
    public = (await register.public.get(there)).headers["etag"]
    number = public.partition("-")[0]
    for regime in ("general", "strict"):
        await register.editor.patch(there, json={"regime": regime}, headers={"If-Match": "*"})
    assert (await register.editor.get(there)).headers["etag"].partition("-")[0] == number
    answer = await register.editor.patch(there, json={"regime": "special"}, headers={"If-Match": public})
    is_problem(answer, 412, "changed")


async def test_what_is_to_be_there_and_to_be_new_is_neither(register: Register) -> None:
    there = f"{ORGANIZATIONS}/{(await create(register.editor, 'organizations', organization()))['id']}"
    for place in (there, f"{ORGANIZATIONS}/{uuid4()}"):
        for tag in ("*", "no-tag", '"1-0000000000000000"'):
            both = {"If-None-Match": "*", "If-Match": tag}
            is_problem(await register.editor.put(place, json=organization(), headers=both), 412, "changed")
    assert (await register.editor.get(place)).status_code == 404


async def test_a_condition_is_asked_for_before_anybody_looks_at_the_body(register: Register) -> None:
    place = f"{ORGANIZATIONS}/{(await create(register.editor, 'organizations', organization()))['id']}"
    for method in ("PUT", "PATCH", "DELETE"):
        plain = {"Content-Type": "text/plain"}
        answer = await register.editor.request(method, place, content=b"\xff{", headers=plain)
        is_problem(answer, 428, "unconditional")


async def test_if_none_match_compares_the_whole_tag_of_any_line(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    for client in (register.public, register.partner):
        for path in (f"/v1/persons/{made['id']}", "/v1/persons", f"/v1/persons/{made['id']}/history", "/v1/stats"):
            tag = (await client.get(path)).headers["etag"]
            for lines, status in (
                ([f"W/{tag}"], 304),
                ([f'"x", {tag}'], 304),
                (['"x"', tag], 304),
                (["*"], 304),
                ([f'{tag[:-2]}"'], 200),
                ([tag.strip('"')], 200),
                ([tag.replace(tag[1], "9", 1)], 200),
            ):
                answer = await client.request("GET", path, headers=[("If-None-Match", line) for line in lines])
                assert answer.status_code == status, (path, lines, tag)


async def test_an_idempotency_key_is_one_callers_for_one_request(register: Register) -> None:
    sent, key = organization(), {"Idempotency-Key": "an invented key".replace(" ", "-")}
    first = await register.editor.post(ORGANIZATIONS, json=sent, headers=key)
    for path, body in ((ORGANIZATIONS, organization()), ("/v1/cases", sent)):
        is_problem(await register.editor.post(path, json=body, headers=key), 422, "key-reused")
    other = await register.keeper.post(ORGANIZATIONS, json=sent, headers=key)
    assert (other.status_code, other.json()["id"] != first.json()["id"]) == (201, True)
    # It gives the first answer again, whatever became of the record; but nothing that is no longer there to see.
    place = first.headers["location"]
    await register.editor.patch(place, json={"country": "PL"}, headers={"If-Match": "*"})
    again = await register.editor.post(ORGANIZATIONS, json=sent, headers=key)
    assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, first.headers["etag"])
    await register.admin.patch(place, json={"visibility": "private"}, headers={"If-Match": "*"})
    is_problem(await register.editor.post(ORGANIZATIONS, json=sent, headers=key), 404, "not-found")
    await register.admin.delete(place, headers={"If-Match": "*"})
    is_problem(await register.editor.post(ORGANIZATIONS, json=sent, headers=key), 404, "not-found")


async def test_an_idempotency_key_is_free_again_after_a_failure(register: Register) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    is_problem(await register.editor.post(ORGANIZATIONS, json=organization(kind="nope"), headers=key), 422, "invalid")
    assert (await register.editor.post(ORGANIZATIONS, json=organization(), headers=key)).status_code == 201


async def test_of_the_same_requests_at_once_one_is_done(register: Register) -> None:
    sent, key = organization(), {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(register.editor.post(ORGANIZATIONS, json=sent, headers=key) for _ in range(8)))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, 409, "in-flight")
            assert answer.headers["retry-after"]
    assert (await register.admin.get(f"{ORGANIZATIONS}?count=true")).json()["total"] == 1


@pytest.mark.parametrize(("age", "after", "left"), [(0, 1, 60), (7, 7, 53), (40, 20, 20), (59.5, 1, 1)])
async def test_who_was_cut_off_is_told_when_to_come_again(
    register: Register, age: float, after: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(idempotency, "release", nothing)  # as where the process was killed
    sent, key = organization(kind="nope"), {"Idempotency-Key": str(uuid4())}
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        is_problem(await register.editor.post(ORGANIZATIONS, json=sent, headers=key), 422, "invalid")
        clock.shift(age)
        told = await register.editor.post(ORGANIZATIONS, json=sent, headers=key)
        is_problem(told, 409, "in-flight")
        assert told.headers["retry-after"] == str(after)
        assert f" in {left} s." in told.json()["detail"]
        clock.shift(left)
        is_problem(await register.editor.post(ORGANIZATIONS, json=sent, headers=key), 422, "invalid")


async def test_a_file_takes_no_writes_and_says_so(register: Register) -> None:
    answer = await register.public.post("/static/docs.js")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_who_has_the_documentation_is_told_so_in_whatever_encoding_it_came(register: Register) -> None:
    plain = await register.public.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    tags = {plain.headers["etag"]}
    for encoding in ("zstd", "gzip"):
        packed = await register.public.get("/openapi.json", headers={"Accept-Encoding": encoding})
        assert packed.headers["content-encoding"] == encoding
        assert int(packed.headers["content-length"]) < len(plain.content) / 5
        # The client unpacks gzip by itself.
        unpack = bytes if encoding == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress
        assert unpack(packed.content) == plain.content
        assert "Accept-Encoding" in packed.headers["vary"]
        tags.add(packed.headers["etag"])
    assert len(tags) == 3
    for path in ("/docs", "/openapi.json", "/static/docs.js"):
        first = await register.public.get(path)
        again = await register.public.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers.get("cache-control") == first.headers.get("cache-control")
        other = await register.public.get(path, headers={"If-None-Match": '"1-0000000000000000"'})
        assert other.status_code == 200, path
