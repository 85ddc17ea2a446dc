"""Two records of one person become one: nothing is lost and nothing leaks."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.documents import documents
from app.core.history import changes
from app.core.verifying import verify
from app.register import KINDS
from tests.conftest import Register
from tests.factories import address, article, charge, create, detention, facility, hearing, person, sentence, source
from tests.register.merging import ANY, belongings, is_sound, merge, merged, named, one_with_everything, two, undo
from tests.sync.following import items_of


async def test_all_that_belonged_to_a_record_belongs_to_the_other(register: Register) -> None:
    going, ids = await one_with_everything(register.editor)
    staying = (await create(register.editor, "persons", person()))["id"]
    found = await merged(register, going, staying)
    assert found["id"] == staying
    assert found["situation"]["status"] == "imprisoned"
    theirs = await belongings(register.public, staying)
    assert {kind: [one["id"] for one in records] for kind, records in theirs.items()} == {
        kind: [record_id] for kind, record_id in ids.items()
    }
    assert not any((await belongings(register.public, going)).values())
    assert (await register.public.get("/v1/persons?count=true")).json()["total"] == 1
    await is_sound(register)


async def test_names_become_aliases_identifiers_move_and_nothing_is_overwritten(register: Register) -> None:
    first, second = [(await create(register.editor, "sources", source()))["id"] for _ in range(2)]
    identifier = [{"scheme": "elsewhere", "value": "1"}]
    going, staying = await two(
        register.keeper,
        named(
            "Invented Anna",
            sex="female",
            birth_date="1990-01",
            death_date="2024",
            nationalities=["BY", "PL"],
            biography={"be": "Жыла.", "en": "Another life."},
            identifiers=identifier,
            private_notes="theirs",
            citations=[{"source_id": first}, {"source_id": first, "field": "birth_date"}, {"source_id": second}],
        ),
        named("Invented Hanna", birth_date="1991", nationalities=["BY"], biography={"en": "Life."}, private_notes="x"),
    )
    before = (await register.admin.get(f"/v1/persons/{staying}")).json()
    found = await merged(register, going, staying)
    assert [(name["kind"], name["full"]) for name in found["names"]] == [
        ("legal", "Invented Hanna"),
        ("alias", "Invented Anna"),
    ]
    assert (found["identifiers"], found["sex"], found["death_date"]) == (identifier, "female", "2024")
    assert (found["birth_date"], found["nationalities"]) == ("1991", ["BY", "PL"])
    assert found["biography"] == {"en": "Life.", "be": "Жыла."}
    assert found["private_notes"] == "x\n\ntheirs"
    # What was cited for a date that the other does not give stays in the history.
    assert [(one["source_id"], one["field"]) for one in found["citations"]] == [(first, None), (second, None)]
    assert found["visibility"] == before["visibility"]
    assert (await register.public.get("/v1/persons?q=Anna+Invented")).json()["items"][0]["id"] == staying


async def test_the_old_id_leads_to_the_record_it_is_part_of(register: Register) -> None:
    going, staying = await two(register.editor)
    await merged(register, going, staying)
    for path in ("", "/file", "/timeline", "/address", "/envelope.pdf?size=C5", "?as_of=2024-01-01"):
        answer = await register.public.get(f"/v1/persons/{going}{path}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/persons/{staying}{path}"), path
        assert answer.headers["cache-control"] == "no-store"
    assert (await register.public.head(f"/v1/persons/{going}")).status_code == 308
    printed = await register.public.post(f"/v1/persons/{going}/envelope.pdf", json={"size": "C6"})
    assert printed.headers["location"] == f"/v1/persons/{staying}/envelope.pdf"
    assert (await register.public.get(f"/v1/persons/{going}", follow_redirects=True)).json()["id"] == staying


async def test_what_it_said_stays_readable_in_its_history(register: Register) -> None:
    going, staying = await two(register.editor, named("Invented Anna"))
    stay = (await create(register.editor, "detentions", detention(going)))["id"]
    await merge(register.admin, going, staying, **{"X-Change-Reason": "one%20person"})
    history = (await register.partner.get(f"/v1/persons/{going}/history")).json()["items"]
    assert [item["action"] for item in history] == ["upsert", "merge"]
    assert (history[1]["into"], history[1]["reason"], history[1]["author"]) == (staying, "one person", "admin")
    old = await register.public.get(f"/v1/persons/{going}", params={"version": 1})
    assert (old.status_code, old.json()["names"][0]["full"]) == (200, "Invented Anna")
    assert (await register.public.get(f"/v1/persons/{going}", params={"version": 2})).status_code == 404
    change = (await register.public.get(f"/v1/detentions/{stay}/history")).json()["items"][1]["changes"]
    assert change == [{"field": "person_id", "before": going, "after": staying}]


async def test_nothing_is_written_to_a_record_that_is_part_of_another(register: Register) -> None:
    going, staying = await two(register.editor)
    await merged(register, going, staying)
    before = (await register.admin.get(f"/v1/persons/{staying}")).content
    place = f"/v1/persons/{going}"
    operation = {"op": "delete", "kind": "persons", "id": going, "if_match": "*"}
    for answer in (
        await register.admin.put(place, json=person(), headers=ANY),
        await register.admin.patch(place, json={"sex": "male"}, headers=ANY),
        await register.admin.delete(place, headers=ANY),
        await register.admin.post("/v1/batch", json={"operations": [operation]}),
        await merge(register.admin, going, staying),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/merged"), answer.text
    assert (await register.admin.patch(place, json={}, headers=ANY)).json()["into"] == staying
    new = await register.admin.put(place, json=person(), headers={"If-None-Match": "*"})
    assert (new.status_code, new.json()["type"]) == (412, "/problems/taken")
    belonging = await register.editor.post("/v1/hearings", json=hearing(going))
    assert (belonging.status_code, belonging.json()["errors"][0]["pointer"]) == (422, "/person_id")
    assert (await register.admin.get(f"/v1/persons/{staying}")).content == before


async def test_only_admins_merge_and_only_what_can_be_merged(register: Register) -> None:
    going, staying = await two(register.editor)
    gone, elsewhere = await two(register.editor)
    await register.editor.delete(f"/v1/persons/{gone}", headers=ANY)
    assert (await merge(register.public, going, staying)).status_code == 401
    assert (await merge(register.keeper, going, staying)).status_code == 403
    place = f"/v1/persons/{going}/merge"
    assert (await register.admin.post(place, json={"into": staying})).status_code == 428
    stale = await register.admin.post(place, json={"into": staying}, headers={"If-Match": '"7-0000000000000000"'})
    assert stale.status_code == 412
    assert (await merge(register.admin, str(uuid4()), staying)).status_code == 404
    assert (await merge(register.admin, gone, staying)).status_code == 410
    await merged(register, elsewhere, staying)
    for target in (going, gone, elsewhere, str(uuid4())):
        refused = await merge(register.admin, going, target)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/into"), refused.text
    bodies: list[Any] = [{}, {"into": "x"}, {"into": staying, "nope": 1}, []]
    for body in bodies:
        assert (await register.admin.post(place, json=body, headers=ANY)).status_code == 422
    assert (await register.public.get(f"/v1/persons/{going}")).status_code == 200


async def test_what_both_records_say_becomes_one_with_the_sources_of_both(register: Register) -> None:
    going, staying = await two(register.editor)
    what = (await create(register.editor, "articles", article()))["id"]
    mine: dict[str, str] = {}
    theirs: dict[str, str] = {}
    for who, where in ((going, mine), (staying, theirs)):
        cited = (await create(register.editor, "sources", source()))["id"]
        said = {"citations": [{"source_id": cited}]}
        where["sentences"] = (await create(register.editor, "sentences", sentence(who, **said)))["id"]
        accused = charge(who, what, sentence_id=where["sentences"], **said)
        where["charges"] = (await create(register.editor, "charges", accused))["id"]
        stay = detention(who, started_on="2021-05-18", **said)
        where["detentions"] = (await create(register.editor, "detentions", stay))["id"]
    another = charge(going, what, sentence_id=mine["sentences"], part="2")
    extra = (await create(register.editor, "charges", another))["id"]
    await merged(register, going, staying)
    found = await belongings(register.public, staying)
    assert [one["id"] for one in found["charges"]] == [theirs["charges"], extra]
    for kind in ("sentences", "detentions"):
        assert [one["id"] for one in found[kind]] == [theirs[kind]]
    assert {one["sentence_id"] for one in found["charges"]} == {theirs["sentences"]}
    assert [len(found[kind][0]["citations"]) for kind in theirs] == [2, 2, 2]
    for kind, record_id in mine.items():
        answer = await register.public.get(f"/v1/{kind}/{record_id}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/{kind}/{theirs[kind]}")
    await is_sound(register)


async def test_stays_that_cannot_both_be_stop_a_merge_and_are_named(register: Register) -> None:
    going, staying = await two(register.editor)
    mine = (await create(register.editor, "detentions", detention(going, started_on="2021-05-18")))["id"]
    theirs = (await create(register.editor, "detentions", detention(staying, started_on="2021-06")))["id"]
    refused = await merge(register.admin, going, staying)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/unmergeable")
    (conflict,) = refused.json()["conflicts"]
    assert (conflict["kind"], conflict["id"], conflict["other_id"]) == ("detentions", mine, theirs)
    assert (await register.public.get(f"/v1/detentions/{mine}")).json()["person_id"] == going
    await register.editor.delete(f"/v1/detentions/{theirs}", headers=ANY)
    await merged(register, going, staying)


@pytest.mark.parametrize(
    ("first", "second"),
    [({"birth_date": "1990"}, {"death_date": "1985-05"}), ({"death_date": "1985"}, {"birth_date": "1990"})],
)
async def test_who_died_before_the_other_was_born_is_somebody_else(
    register: Register, first: dict[str, str], second: dict[str, str]
) -> None:
    going, staying = await two(register.editor, person(**first), person(**second))
    refused = await merge(register.admin, going, staying)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/unmergeable")
    (conflict,) = refused.json()["conflicts"]
    assert (conflict["kind"], conflict["id"], conflict["other_id"]) == ("persons", going, staying)
    assert "two people" in conflict["detail"]
    for name, value in second.items():
        assert (await register.public.get(f"/v1/persons/{staying}")).json()[name] == value


async def test_what_few_may_see_is_not_put_on_a_record_that_more_may_see(register: Register) -> None:
    going, staying = await two(register.keeper, named("Invented Secret", visibility="private"))
    refused = await merge(register.admin, going, staying)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/unmergeable")
    assert "Secret" not in (await register.public.get(f"/v1/persons/{staying}")).text


async def test_who_may_not_see_the_other_sees_no_trace_of_a_merge(register: Register) -> None:
    going, staying = await two(register.keeper, None, person(visibility="private"))
    stay = (await create(register.editor, "detentions", detention(going)))["id"]
    cursor = (await register.public.get("/v1/changes")).json()["cursor"]
    await merged(register, going, staying)
    never = (await register.public.get(f"/v1/persons/{uuid4()}")).content
    for path in ("", "/history", "/file", "?version=1"):
        for client in (register.public, register.editor):
            answer = await client.get(f"/v1/persons/{going}{path}")
            assert (answer.status_code, answer.content) == (404, never), path
    assert (await register.public.get(f"/v1/detentions/{stay}")).status_code == 404
    feed = await register.public.get("/v1/changes", params={"after": cursor})
    assert [(item["id"], item["action"]) for item in feed.json()["items"]] == [(stay, "withdraw"), (going, "withdraw")]
    assert staying not in feed.text + (await register.public.get("/v1/changes")).text
    assert (await register.admin.get(f"/v1/persons/{going}")).status_code == 308
    assert (await register.keeper.get(f"/v1/persons/{going}")).status_code == 308


async def test_who_lost_sight_of_a_record_before_its_merge_is_not_led_on_later(register: Register) -> None:
    going, staying = await two(register.keeper, None, person(visibility="private"))
    await register.keeper.patch(f"/v1/persons/{going}", json={"visibility": "private"}, headers=ANY)
    await merged(register, going, staying)
    await register.keeper.patch(f"/v1/persons/{staying}", json={"visibility": "public"}, headers=ANY)
    assert (await register.public.get(f"/v1/persons/{staying}")).status_code == 200
    assert (await register.public.get(f"/v1/persons/{going}")).status_code == 404
    actions = {item["id"]: item["action"] for item in await items_of(register.public)}
    assert actions == {going: "withdraw", staying: "upsert"}
    assert (await register.keeper.get(f"/v1/persons/{going}")).status_code == 308


async def test_the_feed_tells_of_a_merge_once_nothing_belongs_to_the_record(register: Register) -> None:
    going, staying = await two(register.editor)
    stay = (await create(register.editor, "detentions", detention(going)))["id"]
    cursor = (await register.public.get("/v1/changes")).json()["cursor"]
    digest = (await register.public.get("/v1/digest")).json()["kinds"]
    await merged(register, going, staying)
    items = (await register.public.get("/v1/changes", params={"after": cursor})).json()["items"]
    assert [(item["id"], item["action"]) for item in items] == [
        (staying, "upsert"),
        (stay, "upsert"),
        (going, "merge"),
    ]
    assert (items[2]["into"], items[2]["record"], items[2]["version"]) == (staying, None, 2)
    assert [("into" in item) for item in items] == [False, False, True]
    assert [item["action"] for item in await items_of(register.public)][-1] == "merge"
    lines = (await register.public.get("/v1/export", params={"kind": "persons"})).text.splitlines()
    assert [line for line in lines if going in line] == []
    now = (await register.public.get("/v1/digest")).json()["kinds"]
    assert now["persons"]["count"] == digest["persons"]["count"] - 1


async def test_a_chain_of_merges_leads_to_its_end(register: Register) -> None:
    first, second = await two(register.editor)
    last = (await create(register.editor, "persons", person()))["id"]
    await merged(register, first, second)
    await merged(register, second, last)
    for record_id in (first, second):
        assert (await register.public.get(f"/v1/persons/{record_id}")).headers["location"] == f"/v1/persons/{last}"
    later = await undo(register.admin, first)
    assert (later.status_code, later.json()["type"], later.json()["into"]) == (409, "/problems/merged", last)
    for record_id in (second, first):
        assert (await undo(register.admin, record_id)).status_code == 204
        assert (await register.public.get(f"/v1/persons/{record_id}")).status_code == 200
    await is_sound(register)


@pytest.mark.parametrize("end", ["hidden", "deleted", "purged"])
async def test_a_merge_leads_nowhere_when_its_end_is_out_of_sight(register: Register, end: str) -> None:
    first, second = await two(register.editor, named("Invented Anna"))
    last = (await create(register.editor, "persons", person()))["id"]
    await merged(register, first, second)
    await merged(register, second, last)
    cursor = (await register.public.get("/v1/changes")).json()["cursor"]
    place = f"/v1/persons/{last}"
    if end == "hidden":
        await register.admin.patch(place, json={"visibility": "private"}, headers=ANY)
    else:
        await register.admin.delete(place, params={"purge": end == "purged"}, headers=ANY)
    status = {"hidden": 404, "deleted": 410, "purged": 410}[end]
    for record_id in (first, second):
        for path in ("", "/file", "/history", "?version=1"):
            answer = await register.public.get(f"/v1/persons/{record_id}{path}")
            assert (answer.status_code, "location" in answer.headers) == (status, False)
    items = (await register.public.get("/v1/changes", params={"after": cursor})).json()["items"]
    action = {"hidden": "withdraw", "deleted": "delete", "purged": "purge"}[end]
    assert {item["id"]: item["action"] for item in items} == dict.fromkeys((first, second, last), action)
    assert all("into" not in item for item in await items_of(register.public))
    if end == "hidden":
        assert (await register.admin.get(f"/v1/persons/{first}")).headers["location"] == place
        await register.admin.patch(place, json={"visibility": "public"}, headers=ANY)
        assert (await register.public.get(f"/v1/persons/{first}")).headers["location"] == place
    await is_sound(register)


async def test_a_merged_record_is_erased_for_good_alone_or_with_its_end(register: Register) -> None:
    going, staying = await two(register.editor, named("Invented Anna"))
    stay = {"started_on": "2021-05-18"}
    twin = (await create(register.editor, "detentions", detention(going, **stay)))["id"]
    same = (await create(register.editor, "detentions", detention(staying, **stay)))["id"]
    await merged(register, going, staying)
    assert (await register.admin.delete(f"/v1/persons/{going}?purge=true", headers=ANY)).status_code == 204
    for path in ("", "/history", "?version=1"):
        assert (await register.admin.get(f"/v1/persons/{going}{path}")).status_code == 410
    assert (await undo(register.admin, going)).status_code == 410
    assert (await items_of(register.public, kind="persons"))[-1]["action"] == "purge"
    gone = await register.admin.delete(f"/v1/persons/{staying}?purge=true&cascade=true", headers=ANY)
    assert gone.status_code == 204, gone.text
    for one in (twin, same):
        assert (await register.admin.get(f"/v1/detentions/{one}?version=1")).status_code == 410
    async with register.database.read() as session:
        assert (await verify(session, KINDS)).sound
        kept = [*(await session.execute(select(changes.c.body))), *(await session.execute(select(documents.c.body)))]
    assert not any(b"Anna" in (row.body or b"") for row in kept)


async def test_the_same_merge_with_its_key_is_done_once(register: Register) -> None:
    going, staying = await two(register.editor)
    key = {"Idempotency-Key": "one"}
    first = await merge(register.admin, going, staying, **key)
    again = await merge(register.admin, going, staying, **key)
    assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])
    assert again.content == first.content


async def test_an_address_of_the_person_and_the_lists_follow(register: Register) -> None:
    going, staying = await two(register.editor)
    place = (await create(register.editor, "facilities", facility(country="BY")))["id"]
    await create(register.editor, "addresses", address(place, postal_code="246035", verified_on="2026-01-01"))
    await create(register.editor, "detentions", detention(going, facility_id=place, started_on="2021-05-18"))
    held = f"/v1/persons?facility={place}"
    assert [one["id"] for one in (await register.public.get(held)).json()["items"]] == [going]
    await merged(register, going, staying)
    assert [one["id"] for one in (await register.public.get(held)).json()["items"]] == [staying]
    assert (await register.public.get("/v1/persons/facets")).json()["status"] == [{"value": "imprisoned", "count": 1}]


async def test_a_batch_names_the_operation_on_a_merged_record(register: Register) -> None:
    going, staying = await two(register.editor)
    await merged(register, going, staying)
    operation = {"op": "patch", "kind": "persons", "id": going, "if_match": "*", "record": {"sex": "female"}}
    refused = await register.editor.post("/v1/batch", json={"operations": [operation]})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/merged")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/operations/0/id"]
