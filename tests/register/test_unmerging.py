"""A merge is undone: two records again, and nothing that was written since is lost or shown to whom it was not."""

from tests.conftest import Register
from tests.factories import create, detention, hearing, person
from tests.register.merging import (
    ANY,
    Fields,
    belongings,
    is_sound,
    merge,
    merged,
    named,
    one_with_everything,
    two,
    undo,
)
from tests.sync.following import items_of


async def test_an_undone_merge_leaves_two_records_as_they_were(register: Register) -> None:
    going, _ = await one_with_everything(register.keeper, private_notes="theirs", sex="female")
    staying, theirs = await one_with_everything(register.keeper, private_notes="mine")
    await register.editor.delete(f"/v1/detentions/{theirs['detentions']}", headers=ANY)
    people = [await register.admin.get(f"/v1/persons/{one}") for one in (going, staying)]
    before = [await belongings(register.admin, one) for one in (going, staying)]
    answer = await merge(register.admin, going, staying)
    stale = await undo(register.admin, going, **{"If-Match": people[1].headers["etag"]})
    assert stale.status_code == 412
    done = await undo(register.admin, going, **{"If-Match": answer.headers["etag"]})
    assert (done.status_code, done.content) == (204, b"")
    for was in people:
        now = (await register.admin.get(f"/v1/persons/{was.json()['id']}")).json()
        assert without_times(now) == without_times(was.json())
    after = [await belongings(register.admin, one) for one in (going, staying)]
    assert [ids_and_fields(one) for one in after] == [ids_and_fields(one) for one in before]
    history = (await register.public.get(f"/v1/persons/{going}/history")).json()["items"]
    assert [item["action"] for item in history] == ["upsert", "merge", "upsert"]
    items = {item["id"]: item["action"] for item in await items_of(register.public)}
    assert (items[going], items[staying]) == ("upsert", "upsert")
    assert (await undo(register.admin, going)).status_code == 404
    acts = (await register.admin.get("/v1/acts", params={"id": going})).json()["items"]
    assert [act["action"] for act in acts] == ["restore", "merge"]
    await is_sound(register)


def without_times(record: Fields) -> Fields:
    return {name: value for name, value in record.items() if name not in {"version", "updated_at"}}


def ids_and_fields(found: dict[str, list[Fields]]) -> dict[str, list[Fields]]:
    return {kind: sorted(map(without_times, some), key=lambda one: str(one["id"])) for kind, some in found.items()}


async def test_what_was_edited_since_a_merge_outlives_its_undoing(register: Register) -> None:
    going, staying = await two(register.editor, named("Invented Anna", sex="female"), named("Invented Hanna"))
    same = {"started_on": "2021-05-18", "ended_on": "2022-01-01"}
    twin = (await create(register.editor, "detentions", detention(going, **same)))["id"]
    await create(register.editor, "detentions", detention(staying, **same))
    day = (await create(register.editor, "hearings", hearing(going)))["id"]
    lost = (await create(register.editor, "hearings", hearing(going, kind="appeal")))["id"]
    found = await merged(register, going, staying)
    names = [*found["names"], {"kind": "alias", "full": "Invented Anya"}]
    await register.editor.patch(f"/v1/persons/{staying}", json={"names": names, "sex": "other"}, headers=ANY)
    await register.editor.patch(f"/v1/hearings/{day}", json={"closed": True}, headers=ANY)
    await register.editor.delete(f"/v1/hearings/{lost}", headers=ANY)
    new = (await create(register.editor, "hearings", hearing(staying, kind="other")))["id"]
    assert (await undo(register.admin, going)).status_code == 204
    one, other = [(await register.public.get(f"/v1/persons/{record_id}")).json() for record_id in (going, staying)]
    assert [name["full"] for name in one["names"]] == ["Invented Anna"]
    assert [name["full"] for name in other["names"]] == ["Invented Hanna", "Invented Anya"]
    assert (one["sex"], other["sex"]) == ("female", "other")
    heard = (await belongings(register.public, going))["hearings"]
    assert [(record["id"], record["closed"]) for record in heard] == [(day, True)]
    assert [record["id"] for record in (await belongings(register.public, staying))["hearings"]] == [new]
    assert (await register.public.get(f"/v1/detentions/{twin}")).json()["person_id"] == going
    assert (await register.public.get(f"/v1/hearings/{lost}")).status_code == 410


async def test_undoing_shows_nobody_what_was_written_under_cover(register: Register) -> None:
    going, staying = await two(register.keeper, None, person(visibility="private"))
    days = [hearing(going, kind=kind) for kind in ("trial", "other")]
    quiet, told = [(await create(register.editor, "hearings", day))["id"] for day in days]
    await merged(register, going, staying)
    await register.keeper.patch(f"/v1/hearings/{told}", json={"outcome": {"en": "A secret."}}, headers=ANY)
    assert (await undo(register.admin, going)).status_code == 204
    assert (await register.public.get(f"/v1/persons/{going}")).status_code == 200
    assert [(await register.public.get(f"/v1/hearings/{one}")).status_code for one in (quiet, told)] == [200, 404]
    assert (await register.admin.get(f"/v1/hearings/{told}")).json()["person_id"] == going
