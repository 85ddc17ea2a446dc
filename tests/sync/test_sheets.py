"""The register as tables, and as a file without a server."""

import asyncio
import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from app.cli import main
from app.register import KINDS
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, facility, person
from tests.serving import run
from tests.sync.following import exported


async def test_a_kind_is_a_table_of_all_that_a_tier_sees(register: Register) -> None:
    await create(register.admin, "facilities", facility(name={"en": "=1+1", "be": "Выдуманая"}))
    await create(register.admin, "facilities", facility(name={"ru": "Выдуманная"}))
    await create(register.admin, "facilities", facility(visibility="partners"))
    for role, count in (("public", 2), ("partner", 3)):
        answer = await register.clients[role].get("/v1/export?kind=facilities&format=csv")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert len(rows) == count
    assert {row["name.en"] for row in rows} >= {"'=1+1", ""}
    assert {"name.be", "name.ru"} <= rows[0].keys()
    assert "situation.status" not in rows[0]


async def test_a_zip_has_a_table_of_each_kind_and_nothing_hidden(register: Register) -> None:
    made = await create(register.admin, "persons", person(private_notes="hush"))
    for role in ("public", "keeper"):
        answer = await register.clients[role].get("/v1/export?format=zip")
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            assert file.namelist() == [f"{kind}.csv" for kind in KINDS]
            text = file.read("persons.csv").decode("utf-8-sig")
        assert made["id"] in text
        assert ("hush" in text) == ("private_notes" in text) == (role == "keeper")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("format=csv", "/query/kind"),
        ("format=csv&kind=persons&kind=cases", "/query/kind"),
        ("format=xml", "/query/format"),
        ("format=zip&cursor=x&after=persons/x", "/query/cursor"),
        ("format=zip&after=persons/00000000-0000-0000-0000-000000000000", "/query/after"),
        ("format=csv&kind=persons&after=bogus", "/query/after"),
    ],
)
async def test_what_is_no_table_is_refused_by_name(register: Register, query: str, pointer: str) -> None:
    refused = await register.public.get(f"/v1/export?{query}")
    is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_the_command_writes_what_the_route_gives(
    seeded: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    url = seeded.database.url
    first, records, last = await exported(seeded.public)
    done = run(url, "export")
    assert list(map(json.loads, done.stdout.splitlines())) == [first, *records, last]
    # The rest here: it takes a second to start the program.
    monkeypatch.setenv("VESTKA_DATABASE_URL", url)
    into = str(tmp_path / "persons.jsonl")
    code = await asyncio.to_thread(main, ["export", "--kind", "persons", "--tier", "private", into])
    assert (code, capfd.readouterr().out) == (0, "")
    lines = [json.loads(line) for line in (tmp_path / "persons.jsonl").read_text().splitlines()]
    first, records, last = await exported(seeded.keeper, kind="persons")
    assert lines == [first, *records, last]
    assert not (tmp_path / "persons.jsonl.part").exists()
    with pytest.raises(SystemExit, match="2"):
        main(["export", "--kind", "nobody"])
