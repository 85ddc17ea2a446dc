"""A merge is undone later: what was deleted stays deleted, and what others have by now is left alone."""

from typing import Any

import pytest

from tests.conftest import Register
from tests.factories import (
    article,
    charge,
    create,
    detention,
    facility,
    hearing,
    organization,
    person,
    recognition,
    sentence,
    source,
)
from tests.register.merging import ANY, Fields, is_sound, merged, named, two, undo
from tests.sync.following import items_of


async def changed(register: Register, path: str, fields: Fields) -> None:
    answer = await register.keeper.patch(path, json=fields, headers=ANY)
    assert answer.status_code == 200, answer.text


async def deleted(register: Register, path: str, **said: Any) -> None:
    answer = await register.admin.delete(path, headers=ANY, params=said)
    assert answer.status_code == 204, answer.text


async def undone(register: Register, going: str) -> None:
    answer = await undo(register.admin, going)
    assert answer.status_code == 204, answer.text
    assert (await register.public.get(f"/v1/persons/{going}")).status_code == 200
    await is_sound(register)


async def twins(register: Register, kind: str, one: Fields, other: Fields) -> tuple[str, str]:
    """Create a record of each of two people that say the same."""
    made = [await create(register.editor, kind, fields) for fields in (one, other)]
    return made[0]["id"], made[1]["id"]


@pytest.mark.parametrize("purge", [False, True])
async def test_what_was_deleted_once_it_was_one_stays_deleted(register: Register, purge: bool) -> None:  # noqa: FBT001 - a case
    going, staying = await two(register.editor)
    same = {"started_on": "2020", "end_reason": "parole"}
    one, other = await twins(register, "detentions", detention(going, **same), detention(staying, **same))
    await merged(register, going, staying)
    await deleted(register, f"/v1/detentions/{other}", purge=purge)
    await undone(register, going)
    for record_id in (one, other):
        assert (await register.public.get(f"/v1/detentions/{record_id}")).status_code == 410


async def test_a_record_comes_back_without_the_place_that_was_deleted(register: Register) -> None:
    going, staying = await two(register.editor)
    place = (await create(register.editor, "facilities", facility()))["id"]
    same = {"started_on": "2020", "end_reason": "parole", "facility_id": place}
    one, other = await twins(register, "detentions", detention(going, **same), detention(staying, **same))
    await merged(register, going, staying)
    await changed(register, f"/v1/detentions/{other}", {"facility_id": None})
    await deleted(register, f"/v1/facilities/{place}")
    await undone(register, going)
    found = (await register.public.get(f"/v1/detentions/{one}")).json()
    assert (found["person_id"], found["facility_id"], found["started_on"]) == (going, None, "2020")


async def test_a_record_that_cannot_be_without_what_was_deleted_stays_part_of_the_other(register: Register) -> None:
    going, staying = await two(register.editor)
    gone, there = [(await create(register.editor, "organizations", organization()))["id"] for _ in range(2)]
    one, other = await twins(register, "recognitions", recognition(going, gone), recognition(staying, gone))
    await merged(register, going, staying)
    await changed(register, f"/v1/recognitions/{other}", {"organization_id": there})
    await deleted(register, f"/v1/organizations/{gone}")
    await undone(register, going)
    answer = await register.public.get(f"/v1/recognitions/{one}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/recognitions/{other}")


@pytest.mark.parametrize("end", ["deleted", "purged alone"])
async def test_charges_come_back_without_the_sentence_that_does_not(register: Register, end: str) -> None:
    going, staying = await two(register.editor)
    what, more = [(await create(register.editor, "articles", article(number=n)))["id"] for n in ("130", "361")]
    first, second = await twins(register, "sentences", sentence(going), sentence(staying))
    one, other = await twins(
        register,
        "charges",
        charge(going, what, sentence_id=first),
        charge(staying, what, sentence_id=second),
    )
    alone = (await create(register.editor, "charges", charge(going, more, sentence_id=first)))["id"]
    await merged(register, going, staying)
    if end == "deleted":
        for record_id in (other, alone):
            await changed(register, f"/v1/charges/{record_id}", {"sentence_id": None})
        await deleted(register, f"/v1/sentences/{second}")
    else:
        await deleted(register, f"/v1/sentences/{first}", purge=True)
    await undone(register, going)
    for record_id in (one, alone):
        found = (await register.public.get(f"/v1/charges/{record_id}")).json()
        assert (found["person_id"], found["sentence_id"]) == (going, None)


async def test_what_was_given_to_somebody_else_since_is_left_alone(register: Register) -> None:
    going, staying = await two(register.keeper, None, person(visibility="partners"))
    third = (await create(register.editor, "persons", person()))["id"]
    stay = (await create(register.editor, "detentions", detention(going, started_on="2020")))["id"]
    await merged(register, going, staying)
    await changed(register, f"/v1/detentions/{stay}", {"person_id": third})
    before = (await register.public.get(f"/v1/detentions/{stay}")).content
    await undone(register, going)
    answer = await register.public.get(f"/v1/detentions/{stay}")
    assert (answer.status_code, answer.content) == (200, before)
    assert {item["id"]: item["action"] for item in await items_of(register.public)}[stay] == "upsert"


async def test_a_sentence_and_its_charge_given_to_somebody_else_stay_together(register: Register) -> None:
    going, staying = await two(register.editor)
    third = (await create(register.editor, "persons", person()))["id"]
    what = (await create(register.editor, "articles", article()))["id"]
    first, second = await twins(register, "sentences", sentence(going), sentence(staying))
    alone = (await create(register.editor, "charges", charge(going, what, sentence_id=first)))["id"]
    await merged(register, going, staying)
    operations = [
        {"op": "patch", "kind": kind, "id": record_id, "if_match": "*", "record": {"person_id": third}}
        for kind, record_id in (("sentences", second), ("charges", alone))
    ]
    given = await register.editor.post("/v1/batch", json={"operations": operations})
    assert given.status_code == 200, given.text
    await undone(register, going)
    found = (await register.public.get(f"/v1/charges/{alone}")).json()
    assert (found["person_id"], found["sentence_id"]) == (third, second)
    assert (await register.public.get(f"/v1/sentences/{first}")).json()["person_id"] == going


async def test_what_stays_with_the_second_is_shown_as_before(register: Register) -> None:
    going, staying = await two(register.keeper, None, person(visibility="partners"))
    days = [hearing(one, closed=True) for one in (going, staying)]
    days[0]["citations"] = [{"source_id": (await create(register.editor, "sources", source()))["id"]}]
    _, other = await twins(register, "hearings", *days)
    await merged(register, going, staying)
    await changed(register, f"/v1/hearings/{other}", {"starts_on": "2020"})
    await undone(register, going)
    found = (await register.keeper.get(f"/v1/hearings/{other}")).json()
    assert (found["visibility"], found["starts_on"], found["citations"]) == ("public", "2020", [])


async def test_names_that_came_by_the_merge_stay_where_they_are_the_only_ones_left(register: Register) -> None:
    going, staying = await two(register.editor, named("Invented Anna"), named("Invented Hanna"))
    found = await merged(register, going, staying)
    await changed(register, f"/v1/persons/{staying}", {"names": found["names"][1:]})
    await undone(register, going)
    for record_id in (going, staying):
        said = (await register.public.get(f"/v1/persons/{record_id}")).json()
        assert [name["full"] for name in said["names"]] == ["Invented Anna"]
