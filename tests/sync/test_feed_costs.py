"""What a page of the feed costs: the same at the start and deep in a long history."""

from typing import Any

import pytest
from sqlalchemy import event

from tests.conftest import Register
from tests.core.test_plans import lone as lone  # noqa: PLC0414 - a fixture
from tests.factories import article, create
from tests.sync.following import cursor_of


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
