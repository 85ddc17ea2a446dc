"""What a page of the feed costs: the same at the start and deep in a long history."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, text

from app.core.documents import documents
from app.core.record import Tier
from app.sync.feed import View, _after, last_of
from tests.conftest import Register
from tests.core.test_plans import lone as lone  # noqa: PLC0414 - a fixture
from tests.factories import article, create, person
from tests.sync.following import cursor_of

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_page_of_what_leads_on_is_read_along_an_index_of_that_alone_in_a_large_register(
    register: Register,
) -> None:
    row = {"kind": "persons", "tier": 1, "version": 1, "created_at": NOW, "updated_at": NOW, "gone": False, "hash": ""}
    rows = [row | {"id": uuid4(), "position": n, "action": "upsert" if n % 500 else "merge"} for n in range(1, 5001)]
    async with register.database.write("tests") as session:
        await session.execute(insert(documents), rows)
    async with register.database.write("tests") as session:
        await session.execute(text("ANALYZE"))
    view = View(Tier.PARTNERS, (), "merge")
    async with register.database.read() as session:
        for query in (_after(view, 2000, 501), last_of(view)):
            asked = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            explain = "EXPLAIN" if register.database.reading.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            steps = [str(tuple(row)[-1]) for row in await session.execute(text(f"{explain} {asked}"))]
            assert any("ix_documents_merged" in step for step in steps), steps


async def test_a_page_of_what_leads_on_is_read_along_an_index_of_that_alone(lone: Register) -> None:
    made = [(await create(lone.editor, "persons", person()))["id"] for _ in range(3)]
    await lone.admin.post(f"/v1/persons/{made[0]}/merge", json={"into": made[1]}, headers={"If-Match": "*"})
    after = (await lone.partner.get("/v1/changes?action=merge")).json()["cursor"]
    for query in ("", f"&after={after}", "&kind=persons", "&kind=articles&kind=persons"):
        steps = await _steps(lone, f"/v1/changes?action=merge{query}")
        assert "SEARCH documents USING INDEX ix_documents_merged (tier=? AND action=? AND position>?)" in steps
        assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in steps)


async def _steps(register: Register, path: str) -> list[str]:
    """Give the steps in which SQLite reads a page of the feed."""
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, said: Any, *___: object) -> None:
        asked.append((statement, said))

    for engine in register.database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    assert (await register.partner.get(path)).status_code == 200
    steps = []
    async with register.database.read() as session:
        connection = await session.connection()
        for statement, said in [one for one in asked if "FROM documents" in one[0]]:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", said)
            steps += [str(tuple(row)[-1]) for row in rows]
    assert steps
    return steps


@pytest.mark.parametrize("kinds", [[], ["articles"], ["articles", "persons"]])
async def test_a_page_is_read_from_its_place_on(lone: Register, kinds: list[str]) -> None:
    for _ in range(3):
        await create(lone.editor, "articles", article())
    path = "/v1/changes?" + "".join(f"kind={kind}&" for kind in kinds)
    after = await cursor_of(lone.partner)
    for query in (path, f"{path}after={after}"):
        steps = await _steps(lone, query)
        assert any("position>?" in step for step in steps)
        assert [step for step in steps if step.startswith(("SCAN documents", "SCAN changes"))] == []
        # A union of the places of several kinds is a few rows, and sorted as such.
        assert len(kinds) > 1 or not any("TEMP B-TREE" in step for step in steps)
