"""A backup is the whole register, and comes back as it was, on either database, or not at all."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.cli import main
from app.core.dialects import InUse, alone
from app.core.documents import documents
from app.core.migrating import is_current, migrate
from app.core.plain import declared, plain, written
from app.core.verifying import verify
from app.parts import open_database
from app.register import KINDS
from app.sync.backup.archive import Contents, reading, writing
from app.sync.backup.making import back_up
from app.sync.backup.restoring import Refused, check, restore
from tests.conftest import Register, running
from tests.databases import PostgresTemplates, SqliteTemplates
from tests.factories import article, charge, create, detention, person
from tests.serving import ROOT
from tests.sync.following import cursor_of

ANY = {"If-Match": "*"}
FIRST = "c1a0bed29c67"  # the first migration
_EPOCH = "epoch"
of_sqlite = pytest.mark.parametrize("seeded_url", ["sqlite"], indirect=True)
Rows = dict[str, list[bytes]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "register.vestka"


@pytest.fixture
def other_url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    """An empty register on SQLite, beside the one that a test has."""
    with sqlite_templates.copy(migrate) as url:
        yield url


@pytest.fixture
def first_url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    """A register as the first version of the program made it."""
    with sqlite_templates.copy(as_at_first) as url:
        yield url


def as_at_first(url: str) -> None:
    migrate(url, FIRST)


async def rows_of(url: str) -> Rows:
    """Give every row of every table, but for the epoch, which a restore moves on."""
    found: Rows = {}
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        for table in declared():
            columns = [column for column in table.columns if column.name != _EPOCH]
            rows = await connection.execute(select(*columns).order_by(*table.primary_key))
            found[table.name] = [written(row) for row in rows]
    await engine.dispose()
    return found


async def lived_in(register: Register) -> None:
    """Give a register a past: edits, deletions, a purge, a withdrawal, secrets, a revoked key."""
    editor, keeper, admin, any_version = register.editor, register.keeper, register.admin, {"If-Match": "*"}
    notes = person(private_notes="Invented note with Ўў, 字 and \u00ff", visibility="partners")
    whom = await create(keeper, "persons", notes)
    law = await create(editor, "articles", article(number="361-4"))
    await create(editor, "charges", charge(whom["id"], law["id"], part="3", brought_on="2021-05~"))
    stay = await create(editor, "detentions", detention(whom["id"], started_on="2021-05-18"))
    await editor.patch(f"/v1/detentions/{stay['id']}", json={"kind": "prison"}, headers=any_version)
    for query in ("", "?purge=true"):
        gone = await create(admin, "persons", person())
        await admin.delete(f"/v1/persons/{gone['id']}{query}", headers=any_version)
    shown = await create(editor, "persons", person())
    await editor.patch(f"/v1/persons/{shown['id']}", json={"visibility": "partners"}, headers=any_version)
    key = (await admin.post("/v1/keys", json={"owner": "another", "scopes": ["write"]})).json()
    assert (await admin.delete(f"/v1/keys/{key['id']}")).status_code == 204
    kept = await editor.post("/v1/articles", json=article(), headers={"Idempotency-Key": "once"})
    assert kept.status_code == 201


def content(file: Path) -> bytes:
    return file.read_bytes()


def there(file: Path) -> list[Path]:
    """Give what lies beside a file, itself included."""
    return list(file.parent.iterdir())


async def backed_up(url: str, file: Path, *, replace: bool = False) -> Contents:
    database = open_database(url)
    try:
        contents, verdict = await back_up(database, file, replace=replace)
    finally:
        await database.close()
    assert verdict.sound
    return contents


@of_sqlite
async def test_a_backup_goes_to_the_other_database_and_back_row_for_row(
    seeded_url: str, file: Path, postgresql_url: str, other_url: str
) -> None:
    async with running(seeded_url) as register:
        await lived_in(register)
    before = await rows_of(seeded_url)
    for source, target in ((seeded_url, postgresql_url), (postgresql_url, other_url)):
        contents = await backed_up(source, file)
        assert (await restore(target, KINDS, check(file))).contents == contents
        assert await rows_of(target) == before
    async with running(other_url) as restored:
        async with restored.database.read() as session:
            assert (await verify(session, KINDS)).sound
            c = documents.c
            lying = (await session.execute(select(c.tier, c.position).order_by(text("rowid")))).all()
            assert lying == sorted(lying)
        await create(restored.editor, "articles", article())


async def test_every_table_is_part_of_a_backup(database_url: str, file: Path) -> None:
    await backed_up(database_url, file)
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        there = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    await engine.dispose()
    with reading(file) as reader:
        held = {name: len(list(rows)) for name, _, rows in reader.tables()}
    assert held.keys() == there - {"alembic_version"}
    assert held["register"] == 1


async def test_a_backup_made_while_others_write_is_one_state(register: Register, file: Path, other_url: str) -> None:
    async def write() -> None:
        while not done.is_set():
            await create(register.editor, "articles", article())

    done = asyncio.Event()
    writers = [asyncio.create_task(write()) for _ in range(3)]
    await create(register.editor, "articles", article())
    contents, _ = await back_up(register.database, file)
    await create(register.editor, "articles", article())
    done.set()
    await asyncio.gather(*writers)
    after = (await register.public.get("/v1/articles?count=true&limit=1")).json()["total"]
    await restore(other_url, KINDS, check(file))  # compares every digest, and walks the chain
    async with running(other_url) as restored:
        total = (await restored.public.get("/v1/articles?count=true&limit=1")).json()["total"]
    assert 0 < total == contents.digests["public"]["articles"].count < after


async def test_a_register_is_replaced_only_if_that_is_said(database_url: str, other_url: str, file: Path) -> None:
    contents = await backed_up(other_url, file)
    async with running(database_url) as register:
        await create(register.editor, "articles", article())
    before = await rows_of(database_url)
    with pytest.raises(Refused, match="--replace"):
        await restore(database_url, KINDS, check(file))
    assert await rows_of(database_url) == before
    await restore(database_url, KINDS, check(file), replace=True)
    database = open_database(database_url)
    assert (await database.identity()).register_id == contents.register_id
    await database.close()


async def test_nothing_is_restored_while_a_server_runs(database_url: str, file: Path) -> None:
    await backed_up(database_url, file)
    async with running(database_url) as register:
        await register.public.get("/v1/persons")
        with pytest.raises(Refused, match="Stop its servers"):
            await restore(database_url, KINDS, check(file), replace=True)


@pytest.fixture
def clerk_url(postgresql_templates: PostgresTemplates, postgresql_url: str) -> Iterator[str]:
    """The address of a register as a role that may not see what others do."""
    admin, name = postgresql_templates.admin, f"{postgresql_templates.prefix}clerk"
    admin.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'invented'")
    yield make_url(postgresql_url).set(username=name, password="invented").render_as_string(hide_password=False)
    admin.execute(f'DROP ROLE "{name}"')


async def test_a_server_that_runs_as_another_role_is_seen(postgresql_url: str, clerk_url: str) -> None:
    for there, here in ((clerk_url, postgresql_url), (postgresql_url, clerk_url)):
        engine = create_async_engine(there)
        async with engine.connect():
            with pytest.raises(InUse):
                async with alone(here):
                    pass
        await engine.dispose()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from app.parts import open_database
from app.register import KINDS
from app.sync.backup import making, restoring
async def end(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
restoring._verify = making.verify = end
if sys.argv[1] == "restore":
    asyncio.run(restoring.restore(sys.argv[2], KINDS, restoring.check(Path(sys.argv[3])), replace=True))
making._table = end
async def verified(*_): return making.Verdict(True, "")
making.verify = verified
asyncio.run(making.back_up(open_database(sys.argv[2]), Path(sys.argv[3])))
"""


def killed(what: str, url: str, file: Path) -> None:
    """Begin a backup or a restore in a process that is killed just before its end."""
    ended = subprocess.run([sys.executable, "-c", KILLED, what, url, str(file)], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL


async def test_a_restore_that_is_killed_leaves_what_was_there(database_url: str, other_url: str, file: Path) -> None:
    await backed_up(other_url, file)
    async with running(database_url) as register:
        await create(register.editor, "persons", person())
    before = await rows_of(database_url)
    killed("restore", database_url, file)
    assert await rows_of(database_url) == before
    async with running(database_url) as register:
        await create(register.editor, "articles", article())


async def test_a_backup_that_is_killed_leaves_no_file_and_does_not_stop_the_next(sqlite_url: str, file: Path) -> None:
    killed("backup", sqlite_url, file)
    assert there(file) == [file.with_name(f".{file.name}.part")]
    await backed_up(sqlite_url, file)
    assert there(file) == [file]


async def test_after_a_restore_to_an_earlier_time_later_cursors_are_refused(database_url: str, file: Path) -> None:
    async with running(database_url) as register:
        await create(register.editor, "articles", article())
        early = await cursor_of(register.public)
    await backed_up(database_url, file)
    async with running(database_url) as register:
        await create(register.editor, "articles", article())
        late = await cursor_of(register.public)
    await restore(database_url, KINDS, check(file), replace=True)
    async with running(database_url) as register:
        for _ in range(2):
            assert (await register.public.get("/v1/changes", params={"after": early})).status_code == 200
            refused = await register.public.get("/v1/changes", params={"after": late})
            assert (refused.status_code, refused.json()["type"]) == (400, "/problems/foreign-cursor")
            # Also when the register has come to that place again, with something else.
            for _ in range(3):
                await create(register.editor, "articles", article())


async def test_what_a_restore_brings_back_is_told_and_revoked_keys_stay_revoked(database_url: str, file: Path) -> None:
    async with running(database_url) as register:
        key = (await register.admin.post("/v1/keys", json={"owner": "lost", "scopes": ["admin"]})).json()
        overlapping, sooner = [
            (await register.admin.post("/v1/keys", json={"owner": "old", "scopes": ["write"], **more})).json()
            for more in ({}, {"days": 3000})
        ]
        purged, withdrawn, shared = [await create(register.editor, "persons", person()) for _ in range(3)]
        await register.editor.patch(f"/v1/persons/{shared['id']}", json={"visibility": "partners"}, headers=ANY)
    await backed_up(database_url, file)
    async with running(database_url) as register:
        await register.admin.delete(f"/v1/keys/{key['id']}")
        await register.admin.delete(f"/v1/persons/{purged['id']}?purge=true", headers=ANY)
        place = f"/v1/persons/{withdrawn['id']}"
        await register.editor.patch(place, json={"visibility": "partners"}, headers=ANY)
        await register.admin.patch(f"/v1/persons/{shared['id']}", json={"visibility": "private"}, headers=ANY)
        for ending in (overlapping, sooner):
            rotated = await register.admin.post(f"/v1/keys/{ending['id']}/rotate", json={"days": 0})
            assert rotated.status_code == 201, rotated.text
    done = await restore(database_url, KINDS, check(file), replace=True)
    assert sorted(done.again) == sorted(
        [
            f"persons/{purged['id']} was purged and is here again",
            f"persons/{withdrawn['id']} had left the public and is public again",
            f"persons/{shared['id']} had left the partners' sight and is seen by partners again",
        ]
    )
    assert done.ended == 3
    async with running(database_url) as register:
        for ended in (key, overlapping, sooner):
            refused = await register.public.get("/v1/keys", headers={"Authorization": f"Bearer {ended['key']}"})
            assert refused.status_code == 401
        async with register.database.read() as session:
            assert (await verify(session, KINDS)).sound


async def test_a_backup_by_an_older_version_is_brought_to_this_one(
    database_url: str, first_url: str, file: Path
) -> None:
    columns = {"one": "integer", "register_id": "uuid", "secret": "bytes", "position": "integer", "head": "bytes"}
    engine = create_async_engine(first_url)
    async with engine.connect() as connection:
        row = (await connection.execute(select(plain("register", columns)))).one()
    await engine.dispose()
    said = {"made_at": "2026-11-22T00:00:00Z", "revision": FIRST, "sound": True, "digests": {}}
    said |= {"register_id": row.register_id, "position": row.position, "head": row.head.hex()}
    with writing(file, Contents.model_validate(said)) as writer:
        writer.begin("register", columns)
        writer.add([written(row)])
    await restore(database_url, KINDS, check(file))
    database = open_database(database_url)
    assert (await database.identity()).register_id == row.register_id
    async with database.read() as session:
        assert await is_current(session)
    await database.close()


def test_the_commands_say_what_they_did(
    sqlite_url: str,
    other_url: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def vestka(url: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("VESTKA_DATABASE_URL", url)
        return main(arguments), capsys.readouterr().err

    assert vestka(sqlite_url, "seed")[0] == 0
    made = vestka(sqlite_url, "backup", str(file))
    assert made[0] == 0
    assert "head 109:" in made[1]
    assert vestka(other_url, "restore", str(file), "--check") == made
    assert vestka(other_url, "restore", str(file)) == made
    ended, said = vestka(other_url, "restore", str(file))
    assert (ended, "--replace" in said) == (1, True)
    assert vestka(other_url, "restore", f"{file}x")[0] == 1
