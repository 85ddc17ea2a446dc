"""What a write asks the database: by an index, so that it costs the same however many records there are."""

import re
from typing import Any

from sqlalchemy import event

from tests.conftest import Register
from tests.core.test_plans import lone as lone  # noqa: PLC0414 - a fixture
from tests.factories import address, article, charge, create, detention, facility, person, sentence

ANY = {"If-Match": "*"}
ASKS = ("SELECT", "WITH", "UPDATE", "DELETE")
WHOLE = re.compile(r"^SCAN |\((tier|kind)=\?\)$")
# A row for the register, a tier, a kind or a copied register; what the statement itself chose; what is kept for a day.
FEW = re.compile(r"(SCAN|SEARCH) (register|name_state|digests|mirrors|anon_\d+|idempotent_answers)\b")


async def test_a_write_looks_at_nothing_that_it_does_not_concern(lone: Register) -> None:
    asked: dict[str, tuple[Any, ...]] = {}

    def note(_: object, __: object, statement: str, said: Any, *___: object) -> None:
        if statement.startswith(ASKS):
            asked.setdefault(statement, tuple(said[0] if isinstance(said, list) else said))

    for engine in (lone.database.writing, lone.database.bulk):
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    await every_write(lone)
    walked = []
    async with lone.database.read() as session:
        connection = await session.connection()
        for statement, said in asked.items():
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", said)
            steps = [str(row[-1]) for row in plan]
            walked += [f"{step}: {statement}" for step in steps if WHOLE.search(step) and not FEW.match(step)]
    assert len(asked) > 20
    assert not walked, "\n".join(walked)


async def every_write(register: Register) -> None:
    """Create, change, hide, show, delete, merge and purge."""
    editor, admin = register.editor, register.admin
    place = (await create(editor, "facilities", facility(country="BY")))["id"]
    await create(editor, "addresses", address(place))
    one, other = [(await create(editor, "persons", person()))["id"] for _ in range(2)]
    stay = (await create(editor, "detentions", detention(one, facility_id=place, started_on="2021-05-18")))["id"]
    against = (await create(editor, "articles", article()))["id"]
    for kind, fields in (("sentences", sentence(one)), ("charges", charge(one, against))):
        await create(editor, kind, fields)
    for path, said in (
        (f"persons/{one}", {"visibility": "public"}),
        (f"persons/{one}", {"visibility": "partners", "sex": "female"}),
        (f"facilities/{place}", {"name": {"en": "Another Invented Colony"}}),
        (f"detentions/{stay}", {"ended_on": "2022", "end_reason": "pardoned"}),
    ):
        assert (await editor.patch(f"/v1/{path}", json=said, headers=ANY)).status_code == 200
    assert (await admin.post(f"/v1/persons/{other}/merge", json={"into": one}, headers=ANY)).status_code == 200
    assert (await admin.delete(f"/v1/persons/{other}/merge", headers=ANY)).status_code == 204
    assert (await admin.delete(f"/v1/persons/{other}", headers=ANY)).status_code == 204
    operations = [{"op": "create", "kind": "persons", "record": person()} for _ in range(3)]
    assert (await editor.post("/v1/batch", json={"operations": operations})).status_code == 200
    assert (await admin.delete(f"/v1/persons/{one}?purge=true&cascade=true", headers=ANY)).status_code == 204
