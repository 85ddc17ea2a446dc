"""Batches: all of it or nothing, with the same rules as single requests and a refusal that names each operation."""

import asyncio
import json
import threading
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.core.history import register as register_table
from app.core.idempotency import answers
from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from app.sync.batch import Batch
from tests.conftest import Register
from tests.factories import article, charge, create, detention, organization, person, sentence, source

Operation = dict[str, Any]


def makes(kind: str, record: dict[str, Any], record_id: str | None = None) -> Operation:
    return {"op": "create", "kind": kind, "record": record, **({"id": record_id} if record_id else {})}


def patches(kind: str, record_id: str, record: dict[str, Any], if_match: str | None = "*") -> Operation:
    said = {"op": "patch", "kind": kind, "id": record_id, "record": record}
    return said | ({"if_match": if_match} if if_match else {})


def deletes(kind: str, record_id: str, if_match: str = "*") -> Operation:
    return {"op": "delete", "kind": kind, "id": record_id, "if_match": if_match}


async def sent(client: AsyncClient, *operations: Operation, **said: Any) -> Response:
    return await client.post("/v1/batch", json={"operations": list(operations)}, **said)


async def position(register: Register) -> int:
    async with register.database.read() as session:
        return int((await session.execute(select(register_table.c.position))).scalar_one())


def places(answer: Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_records_of_a_batch_refer_to_each_other_in_any_order(register: Register) -> None:
    who, what, how_long = str(uuid4()), str(uuid4()), str(uuid4())
    answer = await sent(
        register.editor,
        makes("charges", charge(who, what, sentence_id=how_long)),
        makes("sentences", sentence(who), how_long),
        makes("persons", person(), who),
        makes("articles", article(number="361"), what),
    )
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["id"] for result in results[1:]] == [how_long, who, what]
    assert [result["version"] for result in results] == [1, 1, 1, 1]
    assert (await register.public.get(f"/v1/charges/{results[0]['id']}")).json()["person_id"] == who
    assert (await register.public.get(f"/v1/persons/{who}")).json()["situation"]["articles"] == ["361"]


async def test_one_batch_creates_replaces_patches_and_deletes(register: Register) -> None:
    old = [await create(register.editor, "organizations", organization(country="BY")) for _ in range(3)]
    ids = [record["id"] for record in old]
    tags = [(await register.editor.get(f"/v1/organizations/{record_id}")).headers["etag"] for record_id in ids]
    replaced = organization()
    reason = {"X-Change-Reason": "said%20so"}
    answer = await sent(
        register.editor,
        {"op": "replace", "kind": "organizations", "id": ids[0], "if_match": tags[0], "record": replaced},
        patches("organizations", ids[1], {"country": "PL"}, tags[1]),
        deletes("organizations", ids[2], tags[2]),
        makes("organizations", organization()),
        headers=reason,
    )
    assert [result["version"] for result in answer.json()["results"]] == [2, 2, 2, 1]
    read = [await register.public.get(f"/v1/organizations/{record_id}") for record_id in ids]
    assert (read[0].json()["name"], read[0].json()["country"]) == (replaced["name"], None)
    assert (read[1].json()["country"], read[2].status_code) == ("PL", 410)
    history = (await register.partner.get(f"/v1/organizations/{ids[1]}/history")).json()["items"]
    assert (history[1]["author"], history[1]["reason"]) == ("editor", "said so")
    assert history[1]["changes"] == [{"field": "country", "before": "BY", "after": "PL"}]
    feed = (await register.public.get("/v1/changes")).json()["items"]
    assert [item["action"] for item in feed] == ["upsert", "upsert", "upsert", "delete"]


async def test_a_fault_in_one_operation_undoes_all_and_is_pointed_to(register: Register) -> None:
    before = await position(register)
    answer = await sent(
        register.editor,
        makes("organizations", organization()),
        makes("organizations", organization(nope="secret value")),
        makes("persons", {"names": []}),
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert places(answer) == ["/operations/1/record/nope", "/operations/2/record/names"]
    assert "secret value" not in answer.text
    assert await position(register) == before


async def test_an_operation_out_of_form_is_refused_by_its_place(register: Register) -> None:
    made, record_id = organization(), str(uuid4())
    table = [
        (makes("organizations", made) | {"nope": 1}, "/operations/0/nope"),
        (makes("organizations", made) | {"if_match": "*"}, "/operations/0/if_match"),
        (makes("organisations", made), "/operations/0/kind"),
        (makes("organizations", made) | {"op": "merge"}, "/operations/0/op"),
        (makes("organizations", made, "not an id"), "/operations/0/id"),
        (deletes("organizations", record_id) | {"record": {}}, "/operations/0/record"),
        ({"op": "create", "kind": "organizations"}, "/operations/0/record"),
        ({"op": "patch", "kind": "organizations", "record": {}}, "/operations/0/id"),
        (makes("organizations", made | {"visibility": []}), "/operations/0/record/visibility"),
        (makes("organizations", made | {"id": record_id}), "/operations/0/record/id"),
    ]
    for operation, place in table:
        answer = await sent(register.editor, operation)
        assert (answer.status_code, places(answer)) == (422, [place]), answer.text
    bodies: list[Any] = [
        {},
        {"operations": []},
        {"operations": {}},
        [],
        {"operations": [makes("cases", {})], "nope": 1},
    ]
    for body in bodies:
        assert (await register.editor.post("/v1/batch", json=body)).status_code == 422
    many = await sent(register.editor, *[makes("organizations", made)] * 1001)
    assert (many.status_code, places(many)) == (422, ["/operations"])
    assert (await register.editor.post("/v1/batch?dry=true", json={"operations": []})).status_code == 422


async def test_each_refusal_has_its_status_and_names_its_operation(register: Register) -> None:
    editor = register.editor
    kept, gone = [(await create(editor, "organizations", organization()))["id"] for _ in range(2)]
    await editor.delete(f"/v1/organizations/{gone}", headers={"If-Match": "*"})
    await create(editor, "sources", source(publisher_id=kept))
    someone = (await create(editor, "persons", person()))["id"]
    table = [
        (patches("organizations", str(uuid4()), {}), 404, "not-found", "/id"),
        (patches("organizations", gone, {}), 410, "gone", "/id"),
        (patches("organizations", kept, {}, None), 428, "unconditional", "/if_match"),
        (patches("organizations", kept, {"nope": 1}, '"7-0000000000000000"'), 412, "changed", "/if_match"),
        (patches("persons", someone, {"private_notes": "x"}), 403, "forbidden", "/record"),
        (makes("organizations", organization(visibility="private")), 403, "forbidden", "/record"),
        (makes("organizations", organization(), gone), 412, "taken", "/id"),
        (deletes("organizations", kept), 409, "needed", ""),
        (makes("detentions", detention(str(uuid4()))), 422, "invalid", "/record/person_id"),
        (makes("persons", person(birth_date="2021-13")), 422, "invalid", "/record/birth_date"),
    ]
    before = await position(register)
    for operation, status, slug, place in table:
        answer = await sent(editor, makes("organizations", organization()), operation)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
        assert places(answer) == [f"/operations/1{place}"], answer.text
    assert await position(register) == before


async def test_the_first_refusal_is_the_answers_and_all_are_listed(register: Register) -> None:
    one = (await create(register.editor, "organizations", organization()))["id"]
    answer = await sent(
        register.editor,
        patches("organizations", one, {}, '"9-0000000000000000"'),
        patches("organizations", str(uuid4()), {}),
        makes("organizations", organization(nope=1)),
    )
    assert answer.status_code == 412
    types = [error.get("type") for error in answer.json()["errors"]]
    assert types == [None, "/problems/not-found", "/problems/invalid"]
    assert places(answer) == ["/operations/0/if_match", "/operations/1/id", "/operations/2/record/nope"]


async def test_a_record_may_be_in_one_operation_only(register: Register) -> None:
    record_id = str(uuid4())
    answer = await sent(
        register.editor,
        makes("organizations", organization(), record_id),
        makes("sources", source(), record_id),  # another kind, so another record
        deletes("organizations", record_id.upper()),
    )
    assert (answer.status_code, places(answer)) == (422, ["/operations/2/id"])


async def test_a_person_goes_in_one_batch_with_all_that_belongs_to_them(register: Register) -> None:
    who = (await create(register.editor, "persons", person()))["id"]
    what = (await create(register.editor, "articles", article()))["id"]
    how_long = (await create(register.editor, "sentences", sentence(who)))["id"]
    why = (await create(register.editor, "charges", charge(who, what, sentence_id=how_long)))["id"]
    alone = await sent(register.editor, deletes("persons", who), deletes("charges", why))
    assert (alone.status_code, places(alone)) == (409, ["/operations/0"])
    assert [needed["id"] for needed in alone.json()["needed_by"]] == [how_long]
    whole = await sent(
        register.editor, deletes("persons", who), deletes("sentences", how_long), deletes("charges", why)
    )
    assert [result["version"] for result in whole.json()["results"]] == [2, 2, 2]
    assert (await register.public.get(f"/v1/charges/{why}")).status_code == 410


async def test_rules_hold_for_what_stands_after_the_batch(register: Register) -> None:
    one, other = str(uuid4()), str(uuid4())
    mine, theirs = ({"identifiers": [{"scheme": "elsewhere", "value": value}]} for value in "12")
    twice = await sent(register.editor, makes("persons", person(**mine)), makes("persons", person(**mine)))
    assert places(twice) == ["/operations/1/record/identifiers/0"]
    await sent(register.editor, makes("persons", person(**mine), one), makes("persons", person(**theirs), other))
    swapped = await sent(register.editor, patches("persons", one, theirs), patches("persons", other, mine))
    assert swapped.status_code == 200, swapped.text
    stays = [detention(one, started_on="2021-01-01", ended_on="2022-01-01"), detention(one, started_on="2021-06-01")]
    overlapping = await sent(
        register.editor, *(makes("detentions", stay | {"ended_on": "2022-01-01"}) for stay in stays)
    )
    assert (overlapping.status_code, places(overlapping)) == (422, ["/operations/1/record/started_on"])
    first = (await create(register.editor, "detentions", detention(one)))["id"]
    moved = await sent(
        register.editor,
        makes("detentions", detention(one, started_on="2022-01-01")),  # open, while the first one is too
        patches("detentions", first, {"ended_on": "2022-01-01", "end_reason": "transferred"}),
    )
    assert moved.status_code == 200, moved.text


async def test_a_dry_run_checks_all_and_writes_nothing(register: Register) -> None:
    chosen, before = str(uuid4()), await position(register)
    operations = [makes("persons", person(), chosen), makes("detentions", detention(chosen))]
    key = {"Idempotency-Key": "one"}
    dry = await sent(register.editor, *operations, params={"dry_run": "true"}, headers=key)
    assert dry.json() == {"results": [{"id": chosen, "version": 1}, {"id": None, "version": 1}]}
    refused = await sent(register.editor, makes("detentions", detention(chosen)), params={"dry_run": "true"})
    assert places(refused) == ["/operations/0/record/person_id"]
    assert await position(register) == before
    real = await sent(register.editor, *operations, headers=key)
    assert real.json()["results"][1]["id"] is not None
    assert (await register.public.get(f"/v1/persons/{chosen}")).status_code == 200


async def test_the_same_batch_with_its_key_is_carried_out_once(register: Register) -> None:
    operations, key = [makes("organizations", organization()), makes("sources", source())], {"Idempotency-Key": "one"}
    first = await sent(register.editor, *operations, headers=key)
    written = await position(register)
    again = await sent(register.editor, *operations, headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert await position(register) == written
    assert (await sent(register.editor, operations[0], headers=key)).json()["type"] == "/problems/key-reused"
    async with register.database.read() as session:
        row = (await session.execute(select(answers))).one()
    assert (row.status, row.kind, row.id, row.results) == (200, None, None, first.json()["results"])
    refused = await sent(register.editor, makes("cases", {}), headers={"Idempotency-Key": "two"})
    assert refused.status_code == 422
    assert (await sent(register.editor, operations[0], headers={"Idempotency-Key": "two"})).status_code == 200


async def test_who_may_not_write_is_refused_and_what_is_hidden_is_not_there(register: Register) -> None:
    operation = makes("organizations", organization())
    assert (await sent(register.public, operation)).status_code == 401
    assert (await sent(register.partner, operation)).status_code == 403
    hidden = (await create(register.keeper, "organizations", organization(visibility="private")))["id"]
    never = str(uuid4())
    for operation in (patches("organizations", "ID", {}), makes("sources", source(publisher_id="ID"))):
        said = [
            (await sent(register.editor, json.loads(json.dumps(operation).replace("ID", record_id)))).text
            for record_id in (hidden, never)
        ]
        assert said[0] == said[1]


async def test_the_history_of_a_batch_is_whole(register: Register) -> None:
    who = str(uuid4())
    answer = await sent(
        register.keeper,
        makes("persons", person(private_notes="an invented note"), who),
        *(makes("organizations", organization(visibility=seen)) for seen in ("public", "partners", "private")),
    )
    history = [
        (await register.admin.get(f"/v1/organizations/{result['id']}/history")).json()["items"]
        for result in answer.json()["results"][1:]
    ]
    assert [[item["author"] for item in items] for items in history] == [["keeper"]] * 3
    assert (await register.admin.get(f"/v1/persons/{who}")).json()["private_notes"] == "an invented note"
    assert "private_notes" not in (await register.partner.get(f"/v1/persons/{who}")).json()
    async with register.database.read() as session:
        assert (await verify(session, KINDS)).sound
    assert await reindex(register.database) == 0


async def test_a_larger_batch_takes_no_more_statements(register: Register) -> None:
    async def statements(count: int) -> int:
        people = [makes("persons", person(identifiers=[{"scheme": "x", "value": str(uuid4())}])) for _ in range(count)]
        made = await sent(register.editor, *people)
        ids = [result["id"] for result in made.json()["results"]]
        register.statements.clear()
        changed = await sent(register.editor, *(patches("persons", i, {"sex": "male"}) for i in ids), *people[:0])
        assert changed.status_code == 200
        patched = len(register.statements)
        register.statements.clear()
        assert (await sent(register.editor, *(deletes("persons", i) for i in ids))).status_code == 200
        return patched + len(register.statements)

    await statements(2)
    assert await statements(40) <= await statements(5) + 4


async def test_others_are_served_while_a_batch_of_many_is_written(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, served = threading.Event(), threading.Event()
    carry_out = Batch.carry_out

    async def slow(batch: Batch) -> Any:
        begun.set()
        assert served.wait(20), "nobody was served meanwhile"
        return await carry_out(batch)

    monkeypatch.setattr(Batch, "carry_out", slow)
    some = [makes("organizations", organization()) for _ in range(26)]
    writing = asyncio.create_task(sent(register.editor, *some))
    await asyncio.to_thread(begun.wait, 20)
    assert (await register.public.get("/v1/organizations")).json()["items"] == []
    served.set()
    assert (await writing).status_code == 200


async def test_a_batch_may_be_larger_than_other_bodies_up_to_its_own_limit(register: Register) -> None:
    text = {"en": "An invented life. " * 1000}
    long = [makes("persons", person(biography=text)) for _ in range(80)]
    assert len(json.dumps(long)) > 1_000_000
    assert (await sent(register.editor, *long)).status_code == 200
    huge = await register.editor.post(
        "/v1/batch", content=b" " * 32_000_001, headers={"Content-Type": "application/json"}
    )
    assert (huge.status_code, huge.json()["type"]) == (413, "/problems/too-large")
