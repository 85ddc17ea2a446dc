"""What null does in a JSON Merge Patch: it removes what there is, and is refused where there can be nothing."""

from typing import Any

import pytest

from app.register import KINDS
from tests.conftest import Register
from tests.factories import create, facility, one_of, person, sentence, source

OVERWRITE = {"If-Match": "*"}


@pytest.mark.parametrize("kind", list(KINDS))
async def test_null_for_what_there_is_none_of_is_refused(register: Register, kind: str) -> None:
    made = await create(register.editor, kind, await one_of(register.editor, kind))
    place = f"/v1/{kind}/{made['id']}"
    for name in ("nope", "visibility", "id"):
        refused = await register.editor.patch(place, json={"citations": [], name: None}, headers=OVERWRITE)
        assert refused.status_code == 422, name
        assert [error["pointer"] for error in refused.json()["errors"]] == [f"/{name}"]
    assert (await register.editor.get(place)).json() == made


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"fine": {"nope": None}}, "/fine/nope"),
        ({"fine": {"amount": None}}, "/fine/amount"),
        ({"credit_rule": {"~/": None}}, "/credit_rule/~0~1"),
    ],
)
async def test_null_inside_a_value_is_held_against_what_may_stand_there(
    register: Register, sent: dict[str, Any], pointer: str
) -> None:
    owner = await create(register.editor, "persons", person())
    fine = {"kind": "fine", "fine": {"amount": 100.5, "currency": "BYN"}}
    made = await create(register.editor, "sentences", sentence(owner["id"], **fine))
    refused = await register.editor.patch(f"/v1/sentences/{made['id']}", json=sent, headers=OVERWRITE)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


async def test_null_removes_a_list_and_a_text_in_one_language(register: Register) -> None:
    texts = {"occupation": {"en": "baker", "be": "пекар"}, "nationalities": ["BY"]}
    place = f"/v1/persons/{(await create(register.editor, 'persons', person(**texts)))['id']}"

    async def patched(**sent: Any) -> Any:
        answer = await register.editor.patch(place, json=sent, headers=OVERWRITE)
        return answer.status_code, answer.json()

    status, now = await patched(occupation={"be": None, "ru": None}, nationalities=None)
    assert (status, now["occupation"], now["nationalities"]) == (200, {"en": "baker"}, [])
    status, now = await patched(occupation={"no tag": None})
    assert (status, now["errors"][0]["pointer"]) == (422, "/occupation/no tag")
    status, now = await patched(occupation={"en": None})
    assert status == 422  # a text in no language is none: null in place of all of it


async def test_a_batch_refuses_the_same(register: Register) -> None:
    made = await create(register.editor, "facilities", facility())
    operation = {"op": "patch", "kind": "facilities", "id": made["id"], "if_match": "*", "record": {"nope": None}}
    refused = await register.editor.post("/v1/batch", json={"operations": [operation]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/operations/0/record/nope"


async def test_the_last_language_is_removed_by_null_for_the_whole(register: Register) -> None:
    made = await create(register.editor, "persons", person(occupation={"en": "invented"}))
    place = f"/v1/persons/{made['id']}"
    refused = await register.editor.patch(place, json={"occupation": {"en": None}}, headers=OVERWRITE)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/occupation")
    assert "null for the whole" in error["detail"]
    done = await register.editor.patch(place, json={"occupation": None}, headers=OVERWRITE)
    assert (done.status_code, done.json()["occupation"]) == (200, None)


async def test_how_many_citations_are_hidden_shows_in_no_refusal(register: Register) -> None:
    seen = (await create(register.editor, "sources", source()))["id"]
    secret = (await create(register.admin, "sources", source(visibility="private")))["id"]
    hidden = [{"source_id": secret}, {"source_id": seen, "field": "private_notes"}]
    twin = await create(register.editor, "persons", person())
    made = await create(register.admin, "persons", person(citations=hidden))
    for number, status in ((100, 200), (101, 422)):
        said = {"citations": [{"source_id": seen, "quote": str(place)} for place in range(number)]}
        answers = [
            await register.editor.patch(f"/v1/persons/{one['id']}", json=said, headers=OVERWRITE)
            for one in (made, twin)
        ]
        assert [answer.status_code for answer in answers] == [status] * 2
        assert (status == 200) or answers[0].content == answers[1].content
    # More than may be sent at once hinder nobody who changes something else, and are kept.
    changed = await register.admin.patch(f"/v1/persons/{made['id']}", json={"sex": "female"}, headers=OVERWRITE)
    assert changed.json()["citations"] == kept([*said["citations"][:100], *hidden])
    emptied = await register.editor.put(f"/v1/persons/{made['id']}", json=person(), headers=OVERWRITE)
    assert (emptied.status_code, emptied.json()["citations"]) == (200, [])
    assert (await register.admin.get(f"/v1/persons/{made['id']}")).json()["citations"] == kept(hidden)


def kept(citations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"field": None, "quote": None, "accessed_on": None, **one} for one in citations]
