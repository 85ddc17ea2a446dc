"""What holds for every kind of record: each test runs over all of them, so a new kind is tested on arrival."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from httpx2 import Response

from app.core.migrating import migrate
from app.main import openapi_text
from app.register import KINDS
from tests.conftest import Register, running
from tests.databases import DIALECTS, templates
from tests.factories import CHANGES, POPULACE, Fields, create, create_all, id_of, one_more, populace

PATHS: dict[str, dict[str, Any]] = json.loads(openapi_text())["paths"]
# What answers say of today and no stored version holds.
DERIVED = {"situation"}


def populated(url: str) -> None:
    """Make a register with five records of each kind."""
    migrate(url)
    asyncio.run(_populate(url))


async def _populate(url: str) -> None:
    async with running(url) as register:
        for some in populace():
            await create_all(register.editor, *some)


@pytest.fixture(params=DIALECTS)
def populated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of such a register."""
    with templates(request, request.param).copy(populated) as url:
        yield url


@pytest.fixture
async def register(populated_url: str) -> AsyncIterator[Register]:
    """A register with five records of each kind, all of them public."""
    async with running(populated_url) as made:
        yield made


@pytest.fixture(params=DIALECTS, scope="module")
def unchanged_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of such a register for all who change nothing."""
    with templates(request, request.param).copy(populated) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unchanged(unchanged_url: str) -> AsyncIterator[Register]:
    """The same for all who change nothing; its application is its own, as others come while it is there."""
    async with running(unchanged_url, 3) as made:
        yield made


async def any_of(register: Register, kind: str) -> Fields:
    """Give a record that is there, as the editor reads it."""
    found: Fields = (await register.editor.get(f"/v1/{kind}/{id_of(kind, 3)}")).json()
    return found


every_kind = pytest.mark.parametrize("kind", list(KINDS))


def is_problem(response: Response, status: int, slug: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"/problems/{slug}"
    assert response.json()["detail"]


@every_kind
async def test_a_record_lives_from_creation_to_tombstone(register: Register, kind: str) -> None:
    editor, public = register.editor, register.public
    name, first, second = CHANGES[kind]
    made = await editor.post(f"/v1/{kind}", json=one_more(kind, **{name: first}))
    assert made.status_code == 201
    place, tag = made.headers["location"], made.headers["etag"]
    assert place == f"/v1/{kind}/{made.json()['id']}"
    read = await editor.get(place)
    assert (read.status_code, read.headers["etag"], read.json()) == (200, tag, made.json())
    assert (await public.get(place)).json().items() <= made.json().items()

    is_problem(await editor.patch(place, json={name: second}), 428, "unconditional")
    changed = await editor.patch(place, json={name: second}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert (changed.json()["version"], changed.json()[name]) == (2, second)
    is_problem(await editor.patch(place, json={name: first}, headers={"If-Match": tag}), 412, "changed")
    is_problem(await editor.put(place, json={}, headers={"If-Match": tag}), 412, "changed")
    is_problem(await editor.delete(place, headers={"If-Match": tag}), 412, "changed")

    history = (await public.get(f"{place}/history")).json()["items"]
    assert [item["version"] for item in history] == [1, 2]
    assert history[1]["changes"] == [{"field": name, "before": first, "after": second}]
    old = await editor.get(place, params={"version": 1})
    assert old.json() == {name: value for name, value in made.json().items() if name not in DERIVED}

    gone = await editor.delete(place, headers={"If-Match": changed.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    for path in (place, f"{place}/history", f"{place}?version=1"):
        is_problem(await public.get(path), 410, "gone")
    is_problem(await editor.put(place, json={}, headers={"If-Match": "*"}), 410, "gone")


@every_kind
async def test_an_id_is_chosen_once_and_never_again(register: Register, kind: str) -> None:
    place = f"/v1/{kind}/{uuid4()}"
    fields = one_more(kind)
    new = {"If-None-Match": "*"}
    made = await register.editor.put(place, json=fields, headers=new)
    assert (made.status_code, made.headers["location"]) == (201, place)
    is_problem(await register.editor.put(place, json=fields, headers=new), 412, "taken")
    await register.editor.delete(place, headers={"If-Match": "*"})
    is_problem(await register.editor.put(place, json=fields, headers=new), 412, "taken")


@every_kind
async def test_put_replaces_the_whole_record_but_keeps_its_visibility(register: Register, kind: str) -> None:
    name, first, _ = CHANGES[kind]
    fields = one_more(kind, **{name: first})
    made = await create(register.editor, kind, fields)
    without = {key: value for key, value in fields.items() if key not in {name, "visibility"}}
    needed = {"articles": {"number": "1"}}.get(kind, {})
    answer = await register.editor.put(
        f"/v1/{kind}/{made['id']}", json={**without, **needed}, headers={"If-Match": '"1-0000000000000000"'}
    )
    assert answer.status_code == 200
    assert answer.json()[name] != first
    assert answer.json()["visibility"] == "public"


@every_kind
async def test_a_write_that_changes_nothing_makes_no_version(register: Register, kind: str) -> None:
    made = await any_of(register, kind)
    same = await register.editor.patch(f"/v1/{kind}/{made['id']}", json={}, headers={"If-Match": "*"})
    assert same.json() == made


@every_kind
async def test_without_visibility_a_new_record_is_for_partners(register: Register, kind: str) -> None:
    fields = one_more(kind)
    del fields["visibility"]
    made = await create(register.editor, kind, fields)
    assert made["visibility"] == "partners"
    never = await register.public.get(f"/v1/{kind}/{uuid4()}")
    hidden = await register.public.get(f"/v1/{kind}/{made['id']}")
    assert (hidden.status_code, hidden.content) == (404, never.content)
    assert (await register.partner.get(f"/v1/{kind}/{made['id']}")).status_code == 200


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_unknown_fields_and_parameters_are_refused_by_name(unchanged: Register, kind: str) -> None:
    fields = one_more(kind, nope="secret value")
    refused = await unchanged.editor.post(f"/v1/{kind}", json=fields)
    is_problem(refused, 422, "invalid")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/nope"]
    assert "secret value" not in refused.text
    for path in ("", f"/{uuid4()}", f"/{uuid4()}/history"):
        listed = await unchanged.public.get(f"/v1/{kind}{path}", params={"nope": "secret value"})
        is_problem(listed, 422, "invalid")
        assert listed.json()["errors"][0]["pointer"] == "/query/nope"
        assert "secret value" not in listed.text
    is_problem(await unchanged.public.get(f"/v1/{kind}?limit=1&limit=2"), 422, "invalid")


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_pages_follow_each_other_without_gap_or_repetition(unchanged: Register, kind: str) -> None:
    made = [id_of(kind, number) for number in range(POPULACE)]
    seen: list[str] = []
    path = f"/v1/{kind}?limit=2&count=true"
    sizes = []
    while path:
        answer = await unchanged.public.get(path)
        page = answer.json()
        assert page["total"] == 5
        seen += [item["id"] for item in page["items"]]
        sizes.append(len(page["items"]))
        path = answer.headers["link"].partition(">")[0][1:] if page["next_cursor"] else ""
        assert ("link" in answer.headers) is (page["next_cursor"] is not None)
    assert sizes == [2, 2, 1]
    assert sorted(seen) == sorted(made)


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_every_sort_goes_both_ways_through_all_pages(unchanged: Register, kind: str) -> None:
    shape = PATHS[f"/v1/{kind}"]["get"]["parameters"]
    sorts = next(p["schema"]["anyOf"][0]["enum"] for p in shape if p["name"] == "sort")
    assert {"updated_at", "-created_at"} <= set(sorts)
    orders: dict[str, list[str]] = {}
    for sort in sorts:
        seen: list[str] = orders.setdefault(sort, [])
        cursor: dict[str, Any] = {}
        while True:
            page = await unchanged.public.get(f"/v1/{kind}", params={"sort": sort, "limit": 1, **cursor})
            assert page.status_code == 200, page.text
            seen += [item["id"] for item in page.json()["items"]]
            if page.json()["next_cursor"] is None:
                break
            cursor = {"cursor": page.json()["next_cursor"]}
        assert len(seen) == len(set(seen)) == POPULACE, sort
    for up, down in ((seen, orders[f"-{sort}"]) for sort, seen in orders.items() if not sort.startswith("-")):
        # The known ones the other way round, and behind them, in either direction, the unknown ones.
        assert down in [up[:known][::-1] + up[known:][::-1] for known in range(POPULACE + 1)]


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_a_cursor_is_good_for_its_own_query_and_tier_only(unchanged: Register, kind: str) -> None:
    cursor = (await unchanged.public.get(f"/v1/{kind}?limit=1")).json()["next_cursor"]
    assert (await unchanged.public.get(f"/v1/{kind}?limit=2&cursor={cursor}")).status_code == 200
    for client, path in (
        (unchanged.partner, f"/v1/{kind}?cursor={cursor}"),
        (unchanged.public, f"/v1/{kind}?sort=updated_at&cursor={cursor}"),
        (unchanged.public, f"/v1/{kind}?cursor=x{cursor}"),
        (unchanged.public, f"/v1/{kind}?cursor=e30"),
    ):
        is_problem(await client.get(path), 400, "foreign-cursor")


@every_kind
async def test_reads_and_lists_answer_304_until_something_changes(register: Register, kind: str) -> None:
    made = await any_of(register, kind)
    name, first, _ = CHANGES[kind]
    for path in (f"/v1/{kind}", f"/v1/{kind}/{made['id']}", f"/v1/{kind}/{made['id']}/history"):
        tag = (await register.public.get(path)).headers["etag"]
        same = await register.public.get(path, headers={"If-None-Match": f'"0-0000000000000000", {tag}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        await register.editor.patch(f"/v1/{kind}/{made['id']}", json={name: first}, headers={"If-Match": "*"})
        other = await register.public.get(path, headers={"If-None-Match": tag})
        assert other.status_code == 200
        await register.editor.patch(f"/v1/{kind}/{made['id']}", json={name: made[name]}, headers={"If-Match": "*"})


@every_kind
async def test_statements_of_list_and_read_do_not_grow(register: Register, kind: str) -> None:
    counts = []
    made = await any_of(register, kind)
    for more in ((), range(POPULACE)):
        if more:
            await create_all(register.editor, *((kind, str(uuid4()), one_more(kind, number)) for number in more))
        row = []
        for path in (f"/v1/{kind}?count=true", f"/v1/{kind}/{made['id']}"):
            # As a partner: the public may get an answer that is ready.
            await register.partner.get(path)
            register.statements.clear()
            await register.partner.get(path)
            row.append(sum(1 for statement in register.statements if statement.startswith("SELECT")))
        counts.append(row)
    assert counts[0] == counts[1]
    assert 1 <= counts[0][0] <= 8
    assert 1 <= counts[0][1] <= 5


@every_kind
async def test_head_and_options_say_what_get_says(register: Register, kind: str) -> None:
    made = await any_of(register, kind)
    for path in (f"/v1/{kind}", f"/v1/{kind}/{made['id']}", f"/v1/{kind}/{made['id']}/history"):
        got, head = await register.public.get(path), await register.public.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == got.headers["etag"]
        assert head.headers["content-length"] == str(len(got.content))
        assert "GET" in (await register.public.options(path)).headers["allow"]
    answer = await register.public.request("TRACE", f"/v1/{kind}/{made['id']}")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"


@every_kind
async def test_browsers_may_read_for_everybody_and_never_with_a_key(register: Register, kind: str) -> None:
    made = await any_of(register, kind)
    origin = {"Origin": "https://example.org"}
    asked = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    for path in (f"/v1/{kind}", f"/v1/{kind}/{made['id']}", f"/v1/{kind}/{uuid4()}"):
        read, told = await register.public.get(path, headers=origin), await register.public.options(path, headers=asked)
        for answer in (read, told):
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
        assert "ETag" in read.headers["access-control-expose-headers"]
        assert "If-None-Match" in told.headers["access-control-allow-headers"]
        assert "authorization" not in told.headers["access-control-allow-headers"].lower()
        assert not {"PUT", "PATCH", "DELETE"} & set(told.headers["access-control-allow-methods"].split(", "))


@every_kind
async def test_the_same_idempotency_key_does_the_work_once(register: Register, kind: str) -> None:
    fields = one_more(kind)
    key = {"Idempotency-Key": "abc"}
    first = await register.editor.post(f"/v1/{kind}", json=fields, headers=key)
    again = await register.editor.post(f"/v1/{kind}", json=fields, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], first.headers["location"])
    other = await register.editor.post(f"/v1/{kind}", json={**fields, "visibility": "partners"}, headers=key)
    is_problem(other, 422, "key-reused")
    another = one_more(kind, 1)
    elsewhere = await register.keeper.post(f"/v1/{kind}", json=another, headers=key)
    assert elsewhere.json()["id"] != first.json()["id"]


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_what_cannot_be_read_is_refused_and_nothing_is_written(unchanged: Register, kind: str) -> None:
    made = await any_of(unchanged, kind)
    before = (await unchanged.admin.get(f"/v1/{kind}?count=true")).json()
    place, json_type = f"/v1/{kind}", {"Content-Type": "application/json"}
    for body, headers, status, slug in (
        (b"{", json_type, 400, "malformed"),
        (b'{"a": "\xff"}', json_type, 400, "malformed"),
        (b'{"a": NaN}', json_type, 400, "malformed"),
        (b"[" * 100_000, json_type, 400, "malformed"),
        (b"[]", json_type, 422, "invalid"),
        (b"{}", {}, 415, "media-type"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "media-type"),
        (b" " * 1_000_001, json_type, 413, "too-large"),
    ):
        is_problem(await unchanged.editor.post(place, content=body, headers=headers), status, slug)
        guarded = {**headers, "If-Match": "*"}
        is_problem(await unchanged.editor.patch(f"{place}/{made['id']}", content=body, headers=guarded), status, slug)
    bad_reason = {"X-Change-Reason": "%ff", "If-Match": "*"}
    is_problem(await unchanged.editor.delete(f"{place}/{made['id']}", headers=bad_reason), 400, "malformed")
    assert (await unchanged.admin.get(f"/v1/{kind}?count=true")).json() == before


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_without_a_key_nothing_is_written(unchanged: Register, kind: str) -> None:
    made = await any_of(unchanged, kind)
    place = f"/v1/{kind}/{made['id']}"
    for client, status, slug in ((unchanged.public, 401, "unauthorized"), (unchanged.partner, 403, "forbidden")):
        is_problem(await client.post(f"/v1/{kind}", json=made), status, slug)
        for method in ("PUT", "PATCH", "DELETE"):
            is_problem(await client.request(method, place, headers={"If-Match": "*"}), status, slug)
    assert "www-authenticate" in (await unchanged.public.delete(place)).headers
    assert (await unchanged.editor.get(place)).json() == made


@pytest.mark.asyncio(loop_scope="module")
@every_kind
async def test_cascade_and_purge_are_for_admins(unchanged: Register, kind: str) -> None:
    made = await any_of(unchanged, kind)
    place = f"/v1/{kind}/{made['id']}"
    for query in ("cascade=true", "purge=true"):
        is_problem(await unchanged.editor.delete(f"{place}?{query}", headers={"If-Match": "*"}), 403, "forbidden")


@every_kind
async def test_the_reason_of_a_change_is_for_partners(register: Register, kind: str) -> None:
    reason = {"X-Change-Reason": "%D0%BF%D0%BE%20%D0%BF%D1%80%D0%BE%D1%81%D1%8C%D0%B1%D0%B5"}
    made = await register.editor.post(f"/v1/{kind}", json=one_more(kind), headers=reason)
    path = f"{made.headers['location']}/history"
    assert (await register.partner.get(path)).json()["items"][0]["reason"] == "по просьбе"
    assert (await register.partner.get(path)).json()["items"][0]["author"] == "editor"
    public = (await register.public.get(path)).text
    assert "по просьбе" not in public
    assert "author" not in json.loads(public)["items"][0]
