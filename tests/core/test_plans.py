"""How lists are read: along an index, whatever is asked for, so that a page costs the same in a large register."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import event, select, text
from sqlmodel import SQLModel

from app.core.dialects.direct import as_driven
from app.core.documents import documents
from app.core.filters import Filters
from app.core.migrating import migrate
from app.core.record import Tier
from app.register import KINDS, RESOURCES
from app.sync.feed import joined_after
from tests.conftest import Register, running
from tests.databases import SqliteTemplates
from tests.factories import create, create_all, detention, facility, organization, person, source

FILTERS: dict[str, Filters] = {resource.kind.name: resource.filters for resource in RESOURCES}
VALUES = {"uuid": "00000000-0000-4000-8000-000000000000", "date-time": "2021-05-18T00:00:00Z"}
BY_PATTERN = {"-02-29": "2021-05", "^P": "P2Y", "[a-z]{2,3}": "be", ":.+": "scheme:value", "0-9]{1,5}": "130"}
Plans = list[list[str]]
READ = re.compile(r"documents\.id|situations\.answer|search_")


def value_of(schema: dict[str, Any]) -> str:
    """Give a value that a parameter takes."""
    arms = [arm for arm in schema.get("anyOf", [schema]) if arm.get("type") != "null"]
    shape = arms[0].get("items", arms[0])
    if "enum" in shape or "const" in shape:
        return str(shape.get("enum", [shape.get("const")])[0])
    if shape.get("type") == "boolean":
        return "true"
    if shape.get("type") == "integer" or shape.get("format") == "date":
        return "2" if shape.get("type") == "integer" else "2021-05-18"
    pattern = str(shape.get("pattern", ""))
    fitting = (value for mark, value in BY_PATTERN.items() if mark in pattern)
    return str(VALUES.get(shape.get("format", "")) or next(fitting, "246035"))


CASES = [
    pytest.param(kind, name, value_of(schema), id=f"{kind}-{name}")
    for kind, filters in FILTERS.items()
    for name, schema in filters.model.model_json_schema()["properties"].items()
    if name not in {"limit", "cursor", "count", "sort", "q"}
]
SORTS = [(kind, way + word) for kind, filters in FILTERS.items() for word in filters.sorts for way in ("", "-")]


@pytest.fixture
async def lone(sqlite_url: str) -> AsyncIterator[Register]:
    """An empty register on SQLite, whose plans do not depend on what it holds: it keeps no statistics."""
    async with running(sqlite_url) as made:
        yield made


@pytest.fixture(scope="module")
def unchanged_url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    """The address of a database for all who only read."""
    with sqlite_templates.copy(migrate) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unchanged(unchanged_url: str) -> AsyncIterator[Register]:
    """An empty register for all who only read; its application is its own, as others come while it is there."""
    async with running(unchanged_url, 3) as made:
        yield made


async def plans(register: Register, path: str, read: re.Pattern[str] = READ, /, **parameters: str) -> Plans:
    """Give the plan of each statement of a list."""
    asked: list[tuple[str, tuple[Any, ...]]] = []

    def note(_: object, __: object, statement: str, said: tuple[Any, ...], *___: object) -> None:
        asked.append((statement, said))

    for engine in register.database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    answer = await register.partner.get(path, params=parameters)
    for engine in register.database.engines:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    found = []
    async with register.database.read() as session:
        connection = await session.connection()
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            # What has no index is walked row by row even so.
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explain = "EXPLAIN"
        for statement, said in [(s, p) for s, p in asked if read.search(s) and s.startswith(("SELECT", "WITH"))]:
            rows = await connection.exec_driver_sql(f"{explain} {statement}", said)
            found.append([str(tuple(row)[-1]) for row in rows])
    assert found
    return found


def scans(found: Plans, but: str = "USING NOTHING") -> list[str]:
    """Give the steps that walk over a whole table, but those that follow an index of this name."""
    return [step for plan in found for step in plan if step.startswith("SCAN") and but not in step]


def sorted_apart(found: Plans) -> list[str]:
    return [step for plan in found for step in plan if "TEMP B-TREE" in step]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("kind", "name", "value"), CASES)
async def test_a_filter_walks_over_no_table_unordered(unchanged: Register, kind: str, name: str, value: str) -> None:
    # Of a range nobody knows how much it holds: it is followed along the order of the list, page by page.
    ranged = name.endswith(("_from", "_to", "valid_on", "visibility", "as_of"))
    found = await plans(unchanged, f"/v1/{kind}", **{name: value})
    assert scans(found, "created_at" if ranged else "USING NOTHING") == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("kind", "sort"), SORTS)
async def test_a_sort_follows_an_index(unchanged: Register, kind: str, sort: str) -> None:
    found = await plans(unchanged, f"/v1/{kind}", sort=sort)
    assert (scans(found, f"INDEX ix_{kind}_{sort.removeprefix('-')}"), sorted_apart(found)) == ([], [])


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, shape in KINDS.items() for name in shape.references])
async def test_what_refers_to_one_record_comes_in_order(lone: Register, kind: str, name: str) -> None:
    found = await plans(lone, f"/v1/{kind}", **{name: VALUES["uuid"], "sort": "created_at"})
    assert (scans(found), sorted_apart(found)) == ([], [])


@pytest.mark.parametrize(
    "more",
    [
        *({}, {"country": "BY"}, {"sex": "male"}, {"article": "1"}, {"status": "released"}, {"as_of": "2020-01-01"}),
        *({"sort": "name"}, {"sort": "-updated"}, {"sort": "created_at", "count": "true"}),
        {"sort": "term", "status": "released"},
    ],
)
async def test_those_who_have_a_name_are_looked_up_one_by_one(lone: Register, more: dict[str, str]) -> None:
    await create(lone.keeper, "persons", person(names=[{"kind": "legal", "full": "Залескі Ігар"}]))
    steps = [step for plan in await plans(lone, "/v1/persons", q="Zaleski", **more) for step in plan]
    firsts = [step for step in steps if "situations" in step or "documents" in step]
    assert firsts
    for step in steps:
        assert not step.startswith("SCAN"), steps
    for step in firsts:
        assert "person_id=?" in step or "id=?" in step, steps


def tables_walked(found: Plans) -> set[str]:
    """Give the tables of which some plan reads every row."""
    walked = {step.split()[1] for plan in found for step in plan if step.startswith("SCAN")}
    return walked & SQLModel.metadata.tables.keys()


async def test_a_whole_case_is_read_by_keys(lone: Register) -> None:
    paper = await create(lone.editor, "sources", source())
    cites = {"citations": [{"source_id": paper["id"]}]}
    who = await create(lone.editor, "persons", person(**cites))
    place = await create(lone.editor, "facilities", facility(**cites))
    await create(lone.editor, "detentions", detention(who["id"], facility_id=place["id"], **cites))
    for path in ("file", "timeline"):
        found = await plans(lone, f"/v1/persons/{who['id']}/{path}")
        assert tables_walked(found) == set()
        # A kind alone leads to all that the register has of it.
        searched = [step for plan in found for step in plan if step.startswith("SEARCH")]
        assert [step for step in searched if "id=?" not in step] == []


async def test_a_search_looks_up_words_and_records_one_by_one(lone: Register) -> None:
    await create(lone.editor, "organizations", organization(name={"en": "Velmorka Watch"}))
    for asked in ({"q": "velmorca watch"}, {"q": "velm", "kind": "organizations"}, {"q": "4 watch", "records": "true"}):
        found = await plans(lone, "/v1/search", **asked)
        assert len(found) >= 3
        assert tables_walked(found) == set()


async def test_what_the_public_hears_since_a_place_is_read_along_indexes(lone: Register) -> None:
    text, parameters = lone.database._touched_behind(5)  # noqa: SLF001 - what the watch of a file asks
    async with lone.database.read() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)).all()
    found = [row.detail for row in rows if row.detail.startswith(("SCAN", "SEARCH"))]
    assert found == [
        "SEARCH documents USING INDEX ix_documents_feed (tier=? AND position>?)",
        "SEARCH situations USING INDEX ix_situations_place (tier=? AND place>?)",
    ]


async def test_a_page_of_the_feed_is_read_along_its_index(lone: Register) -> None:
    engine = lone.database.reading
    text, parameters = as_driven(joined_after(Tier.PUBLIC, 5, 501, engine.dialect), engine.dialect)
    async with lone.database.read() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)).all()
    found = [row.detail for row in rows if row.detail.startswith(("SCAN", "SEARCH"))]
    assert found[0] == "SEARCH documents USING INDEX ix_documents_feed (tier=? AND position>? AND position<?)"
    assert set(found[1:]) == {
        "SEARCH documents_1 USING COVERING INDEX ix_documents_feed (tier=? AND position>?)",  # where a full page ends
        "SEARCH documents_1 USING COVERING INDEX ix_documents_feed (tier=?)",  # and one that is not full
    }


async def test_what_a_tier_reads_lies_together(lone: Register) -> None:
    people = [("persons", str(uuid4()), person()) for _ in range(3)]
    await create_all(lone.editor, *people)
    async with lone.database.read() as session:
        tiers = (await session.execute(select(documents.c.tier).order_by(text("rowid")))).scalars().all()
    assert tiers == [tier for tier in Tier for _ in people]


async def test_no_statement_is_prepared_anew_whenever_it_is_run(lone: Register) -> None:
    """SQLite does so where the value of a parameter could tell that a partial index serves."""
    made = await create(lone.editor, "persons", person())
    await create(lone.editor, "detentions", detention(made["id"]))
    own = [f"/v1/persons/{made['id']}{part}" for part in ("", "/file", "/timeline", "/history", "/address")]
    for path in (
        *own,
        *(f"/v1/{kind}" for kind in FILTERS),
        "/v1/search?q=a",
        "/v1/digest",
        "/v1/stats",
        "/v1/changes",
    ):
        await lone.public.get(path)
    await lone.editor.patch(own[0], json={"sex": "male"}, headers={"If-Match": "*"})
    read = [
        said for said in lone.statements if re.search(r"\bdocuments\b", said) and said.startswith(("SELECT", "WITH"))
    ]
    assert len(read) > 30
    assert [said for said in read if re.search(r"\baction (=|IN) [?(]", said.partition("WHERE")[2])] == []
