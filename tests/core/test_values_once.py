"""Values that exist once in the register: who sends one again is told where it is already."""

from httpx2 import Response

from tests.conftest import Register
from tests.factories import Fields, case, create, person

ANY = {"If-Match": "*"}
ONE, OTHER = {"scheme": "elsewhere", "value": "1"}, {"scheme": "elsewhere", "value": "2"}
TAKEN = "Another record has this already; it exists once in the register."
WRITTEN = "A record further up has this too; it exists once in the register. Leave it out of one of the two."
TWICE = "This is here twice: it stands further up already. Leave it out."
NOBODY = "00000000-0000-4000-8000-000000000000"


def told(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(one["pointer"], one["detail"]) for one in answer.json()["errors"]]


def new(**said: object) -> Fields:
    return {"op": "create", "kind": "persons", "record": person(**said)}


async def test_a_value_that_is_sent_twice_is_told_as_that_where_it_is_the_second(register: Register) -> None:
    sent = person(identifiers=[ONE, OTHER, ONE, ONE])
    assert told(await register.editor.post("/v1/persons", json=sent)) == [
        ("/identifiers/2", TWICE),
        ("/identifiers/3", TWICE),
    ]
    sent = case(identifiers=[ONE, ONE])
    assert told(await register.editor.post("/v1/cases", json=sent)) == [("/identifiers/1", TWICE)]
    who = (await create(register.editor, "persons", person(identifiers=[ONE])))["id"]
    patch = await register.editor.patch(f"/v1/persons/{who}", json={"identifiers": [ONE, ONE]}, headers=ANY)
    assert told(patch) == [("/identifiers/1", TWICE)]


async def test_a_value_that_another_record_has_is_told_as_that(register: Register) -> None:
    await create(register.editor, "persons", person(identifiers=[ONE]))
    sent = person(identifiers=[OTHER, ONE, ONE])
    assert told(await register.editor.post("/v1/persons", json=sent)) == [
        ("/identifiers/1", TAKEN),
        ("/identifiers/2", TWICE),
    ]


async def test_two_records_of_a_batch_with_one_value_are_told_at_the_later(register: Register) -> None:
    operations = [new(identifiers=[ONE]), new(identifiers=[OTHER]), new(identifiers=[OTHER, ONE])]
    assert told(await register.editor.post("/v1/batch", json={"operations": operations})) == [
        ("/operations/2/record/identifiers/0", WRITTEN),
        ("/operations/2/record/identifiers/1", WRITTEN),
    ]
    await create(register.editor, "persons", person(identifiers=[ONE]))
    assert told(await register.editor.post("/v1/batch", json={"operations": operations[::2]})) == [
        ("/operations/0/record/identifiers/0", TAKEN),
        ("/operations/1/record/identifiers/1", WRITTEN),
    ]


async def test_values_that_change_places_are_no_fault_beside_one(register: Register) -> None:
    made = [(await create(register.editor, "persons", person(identifiers=[one])))["id"] for one in (ONE, OTHER)]
    swap = [
        {"op": "patch", "kind": "persons", "id": who, "if_match": "*", "record": {"identifiers": [one]}}
        for who, one in zip(made, (OTHER, ONE), strict=True)
    ]
    wrong = {"op": "create", "kind": "hearings", "record": {"person_id": NOBODY, "kind": "trial"}}
    assert [
        place for place, _ in told(await register.editor.post("/v1/batch", json={"operations": [*swap, wrong]}))
    ] == ["/operations/2/record/person_id"]
    assert (await register.editor.post("/v1/batch", json={"operations": swap})).status_code == 200
