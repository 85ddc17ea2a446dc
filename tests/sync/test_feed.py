"""The feed: what each tier hears, in which order, and what it never hears of."""

import pytest

from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import Fields, create, detention, facility, person
from tests.sync.following import Copy, cursor_of, items_of

ANY = {"If-Match": "*"}


async def said(client: object, after: str) -> list[tuple[str, str]]:
    return [(item["kind"], item["action"]) for item in await items_of(client, after=after)]  # type: ignore[arg-type]  # may be none


async def test_an_empty_register_has_a_cursor_to_follow_from(register: Register) -> None:
    page = (await register.public.get("/v1/changes")).json()
    assert (page["items"], page["has_more"]) == ([], False)
    await create(register.editor, "persons", person())
    assert [item["kind"] for item in await items_of(register.public, after=page["cursor"])] == ["persons"]


async def test_an_item_carries_the_record_as_it_is_read(register: Register) -> None:
    made = await create(register.editor, "persons", person(sex="female"))
    (item,) = await items_of(register.public)
    read = (await register.public.get(f"/v1/persons/{made['id']}")).json()
    read.pop("situation", None)
    assert item == {
        "cursor": item["cursor"],
        "at": read["updated_at"],
        "kind": "persons",
        "id": made["id"],
        "version": 1,
        "action": "upsert",
        "record": read,
    }


async def test_pages_of_any_size_give_the_same_in_the_same_order(seeded: Register) -> None:
    whole = await items_of(seeded.public, limit=1000)
    assert len(whole) > 100
    for limit in (7, 50):
        assert await items_of(seeded.public, limit=limit) == whole
    for item in (whole[3], whole[-2]):
        rest = await items_of(seeded.public, after=item["cursor"])
        assert rest == whole[whole.index(item) + 1 :]


async def test_a_record_comes_once_as_its_newest_version(register: Register) -> None:
    made = [await create(register.editor, "persons", person()) for _ in range(3)]
    for sex in ("female", "male"):
        await register.editor.patch(f"/v1/persons/{made[0]['id']}", json={"sex": sex}, headers=ANY)
    items = await items_of(register.public)
    assert [(item["id"], item["version"]) for item in items] == [
        (made[1]["id"], 1),
        (made[2]["id"], 1),
        (made[0]["id"], 3),
    ]


async def test_a_record_that_moves_ahead_while_pages_are_read_is_not_lost(register: Register) -> None:
    made = [await create(register.editor, "persons", person()) for _ in range(4)]
    copy = Copy()
    page = (await register.public.get("/v1/changes?limit=1")).json()
    while True:
        for item in page["items"]:
            copy.take(item)
        if not page["has_more"]:
            break
        if len(copy.given) == 2:
            for moved in (made[0], made[2]):
                await register.editor.patch(f"/v1/persons/{moved['id']}", json={"sex": "male"}, headers=ANY)
        page = (await register.public.get(f"/v1/changes?limit=1&after={page['cursor']}")).json()
    assert {key[1]: record["sex"] for key, record in copy.held.items()} == {
        made[0]["id"]: "male",
        made[1]["id"]: None,
        made[2]["id"]: "male",
        made[3]["id"]: None,
    }
    assert len(copy.given) == len(set(copy.given)) == 5


async def test_what_leaves_the_sight_of_a_tier_is_withdrawn_and_what_enters_it_comes(register: Register) -> None:
    made = await create(register.keeper, "persons", person())
    place = f"/v1/persons/{made['id']}"
    await create(register.keeper, "detentions", detention(made["id"]))
    tiers = {"public": 0, "partner": 1, "keeper": 2}
    rank = {"public": 0, "partners": 1, "private": 2}
    moves = ("private", "partners", "public", "partners", "private", "public", "private")
    before = "public"
    for now in moves:
        cursors = {role: await cursor_of(register.clients[role]) for role in tiers}
        await register.admin.patch(place, json={"visibility": now}, headers=ANY)
        for role, tier in tiers.items():
            was, sees = rank[before] <= tier, rank[now] <= tier
            heard = await said(register.clients[role], cursors[role])
            both = [("persons", "withdraw"), ("detentions", "withdraw")]
            if was and not sees:
                assert sorted(heard) == sorted(both), (role, before, now)
            elif sees and not was:
                assert heard == [("persons", "upsert"), ("detentions", "upsert")], (role, before, now)
            else:
                assert heard == ([("persons", "upsert")] if sees else []), (role, before, now)
        before = now


@pytest.mark.parametrize("purge", ["false", "true"])
async def test_a_deletion_reaches_whoever_saw_the_record_and_no_other(register: Register, purge: str) -> None:
    shown = await create(register.admin, "persons", person())
    hidden = await create(register.admin, "persons", person(visibility="private", private_notes="nobody's business"))
    once = await create(register.admin, "persons", person())
    await register.admin.patch(f"/v1/persons/{once['id']}", json={"visibility": "private"}, headers=ANY)
    cursor = await cursor_of(register.public)
    for made in (shown, hidden, once):
        await register.admin.delete(f"/v1/persons/{made['id']}?purge={purge}", headers=ANY)
    action = "purge" if purge == "true" else "delete"
    heard = [(item["id"], item["action"], item["record"]) for item in await items_of(register.public, after=cursor)]
    # A deletion is no news of what was withdrawn before; a purge reaches every tier that may still hold a copy.
    late = [(once["id"], "purge", None)] if purge == "true" else []
    assert heard == [(shown["id"], action, None), *late]
    everything = await items_of(register.public)
    assert hidden["id"] not in {item["id"] for item in everything}
    assert {item["action"] for item in everything} == ({"purge"} if purge == "true" else {"delete", "withdraw"})
    assert {item["action"] for item in await items_of(register.admin)} == {action}


async def test_what_a_tier_does_not_see_changes_nothing_that_it_can_notice(register: Register) -> None:
    made = await create(register.admin, "persons", person())
    place = f"/v1/persons/{made['id']}"
    before = await register.public.get("/v1/changes?limit=1")
    for n in range(3):
        await register.admin.patch(place, json={"private_notes": f"note {n}"}, headers=ANY)
        await create(register.admin, "persons", person(visibility="private"))
        await create(register.admin, "facilities", facility(visibility="partners"))
    after = await register.public.get("/v1/changes?limit=1")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert after.json()["has_more"] is False
    end = before.json()["cursor"]
    page = (await register.public.get(f"/v1/changes?after={end}")).json()
    assert page == {"items": [], "cursor": end, "has_more": False}
    assert len(await items_of(register.admin)) == 7


async def test_a_feed_of_one_kind_skips_the_others(seeded: Register) -> None:
    whole = await items_of(seeded.public)
    for kinds in (["charges"], ["persons", "cases"], ["recognitions"]):
        items = await items_of(seeded.public, kind=kinds, limit=2)
        wanted = [(item["id"], item["version"]) for item in whole if item["kind"] in kinds]
        assert [(item["id"], item["version"]) for item in items] == wanted


async def test_a_cursor_of_all_kinds_serves_a_feed_of_some_and_not_the_other_way(seeded: Register) -> None:
    end = await cursor_of(seeded.public)
    few = (await seeded.public.get("/v1/changes?kind=cases&kind=persons")).json()["cursor"]
    assert (await seeded.public.get(f"/v1/changes?after={end}&kind=cases")).json()["items"] == []
    assert (await seeded.public.get(f"/v1/changes?after={few}&kind=cases")).status_code == 200
    for query in ("", "&kind=cases&kind=charges"):
        is_problem(await seeded.public.get(f"/v1/changes?after={few}{query}"), 400, "foreign-cursor")


async def test_a_feed_of_what_leads_on_has_nothing_else_and_cursors_of_its_own(register: Register) -> None:
    one, two, three = [(await create(register.admin, "persons", person()))["id"] for _ in range(3)]
    await create(register.admin, "persons", person(visibility="private"))
    for going, staying in ((one, two), (two, three)):
        body = {"into": staying}
        await register.admin.post(f"/v1/persons/{going}/merge", json=body, headers={"If-Match": "*"})
    before = await cursor_of(register.public)
    first = (await register.public.get("/v1/changes?action=merge&limit=1")).json()
    after = f"/v1/changes?action=merge&after={first['cursor']}"
    rest = (await register.public.get(after)).json()
    said = [(item["action"], item["id"], item["into"]) for page in (first, rest) for item in page["items"]]
    assert said == [("merge", one, two), ("merge", two, three)]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert (await register.public.get(f"{after}&kind=articles")).json()["items"] == []
    for path in ("/v1/changes", "/v1/changes/stream", "/v1/changes?kind=persons"):
        mark = "&" if "?" in path else "?"
        answer = await register.public.get(f"{path}{mark}after={first['cursor']}")
        is_problem(answer, 400, "foreign-cursor")
    assert (await register.public.get(f"/v1/changes?action=merge&after={before}")).json()["items"] == []
    is_problem(await register.public.get("/v1/changes?action=delete"), 422, "invalid")


async def test_a_cursor_is_bound_to_the_tier_and_not_to_the_key(register: Register) -> None:
    await create(register.editor, "persons", person())
    cursor = await cursor_of(register.partner)
    assert (await register.editor.get(f"/v1/changes?after={cursor}")).status_code == 200
    for client in (register.public, register.keeper):
        is_problem(await client.get(f"/v1/changes?after={cursor}"), 400, "foreign-cursor")
    another = cursor[:9] + ("B" if cursor[9] == "A" else "A") + cursor[10:]
    for wrong in ("x" * 40, cursor[:-1], another, "A" + cursor, "e30"):
        is_problem(await register.partner.get(f"/v1/changes?after={wrong}"), 400, "foreign-cursor")


async def test_a_cursor_tells_nothing_of_how_much_happened(register: Register) -> None:
    cursors = []
    for _ in range(3):
        await create(register.admin, "persons", person())
        cursors.append(await cursor_of(register.public))
    assert len({len(cursor) for cursor in cursors}) == 1
    # Neighbouring places share nothing that would order or count them.
    assert len({cursor[:6] for cursor in cursors}) == len({cursor[-6:] for cursor in cursors}) == 3


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/query/limit"),
        ({"limit": 1001}, "/query/limit"),
        ({"wait": 61}, "/query/wait"),
        ({"kind": "nobody"}, "/query/kind/0"),
        ({"since": "x"}, "/query/since"),
        ({"after": "ä"}, "/query/after"),
    ],
)
async def test_wrong_parameters_are_refused_by_name(register: Register, query: Fields, pointer: str) -> None:
    refused = await register.public.get("/v1/changes", params=query)
    is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == pointer
