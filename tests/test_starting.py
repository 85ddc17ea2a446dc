"""What a start loads: what only some requests need is loaded by the first of them, or behind the start."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import event, insert

from app import main
from app.cli import main as cli
from app.core.copies import mirrors
from app.core.database import Database
from app.main import Served, create_app
from app.parts import open_database
from app.register.seeding import seed
from app.settings import Settings
from tests import postgres
from tests.databases import PostgresTemplates
from tests.serving import ROOT, free_port, new_key, run, served

LATER = ("typst", "segno", "icalendar", "xlsxwriter", "alembic", "asyncpg")
ASK = f"; print([name for name in {LATER} if name in sys.modules])"


@pytest.mark.parametrize("module", ["app.main", "app.cli"])
def test_what_is_not_used_is_not_loaded(module: str) -> None:
    asked = [sys.executable, "-c", f"import sys, {module}{ASK}"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def alone(url: str) -> Served:
    """Give an application for which a process is there."""
    app = create_app(Settings(database_url=SecretStr(url), seed=False))
    app.state.alone = True
    return app


async def test_the_names_are_learnt_behind_the_start_of_what_is_served(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: asyncio.Queue[Database] = asyncio.Queue()
    monkeypatch.setattr(main, "know_the_names", learnt.put)
    monkeypatch.setattr(gc, "freeze", lambda: None)  # what other tests left is not to stay
    app = alone(sqlite_url)
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        assert await learnt.get() is app.state.database
    assert main.app.state.alone


async def test_what_ends_something_behind_the_start_is_logged_without_its_words(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(_: Database) -> None:
        raise KeyError("Invented Name")

    monkeypatch.setattr(main, "know_the_names", broken)
    app = alone(sqlite_url)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.05)
    said = "".join(capfd.readouterr())
    assert "KeyError" in said
    assert "Invented Name" not in said


async def test_who_the_register_is_was_asked_before_the_primary_can_go_away(sqlite_url: str) -> None:
    app = create_app(Settings(database_url=SecretStr(sqlite_url), seed=False))
    asked: list[str] = []
    async with app.router.lifespan_context(app):
        primary = app.state.database.primary.sync_engine
        event.listen(primary, "before_cursor_execute", lambda *said: asked.append(said[2]))
        assert await app.state.database.identity()
    assert asked == []


async def test_a_register_that_has_a_key_and_no_record_is_seeded(database_url: str) -> None:
    new_key(database_url, "write")
    database = open_database(database_url)
    assert await seed(database, only_if_empty=True) > 0
    assert await seed(database, only_if_empty=True) == 0
    await database.close()


async def test_a_register_whose_copy_of_another_was_begun_is_not_seeded(database_url: str) -> None:
    database = open_database(database_url)
    async with database.write("tests") as session:
        row = {"register_id": uuid4(), "url": "http://other.example", "tier": 0, "state": "fetching", "copied": 0}
        await session.execute(insert(mirrors), [row])
    assert await seed(database, only_if_empty=True) == 0
    await database.close()


def test_a_server_whose_replica_is_away_starts_and_serves_who_has_a_key(postgresql_url: str) -> None:
    key = new_key(postgresql_url, "read:partners")
    nowhere = f"postgresql+asyncpg://u@127.0.0.1:{free_port()}/x"
    with served(postgresql_url, "--workers", "1", VESTKA_READ_DATABASE_URL=nowhere, ready="/healthz") as server:
        assert httpx2.get(f"{server.base}/v1/cases", headers=key).status_code == 200
        away = httpx2.get(f"{server.base}/v1/cases")
        assert (away.status_code, away.json()["type"]) == (503, "/problems/unavailable")
        assert httpx2.get(f"{server.base}/healthz").headers["cache-control"] == "no-store"


def test_a_server_whose_workers_cannot_begin_ends_with_a_failure(sqlite_url: str, tmp_path: Path) -> None:
    nowhere = f"sqlite+aiosqlite:///{tmp_path}/nowhere/x.db"
    words = ("serve", "--no-seed", "--port", str(free_port()), "--workers", "2")
    assert run(sqlite_url, *words, VESTKA_READ_DATABASE_URL=nowhere).returncode == 1


@pytest.mark.parametrize("file", ["nowhere/x.db", ""])
def test_a_file_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path, file: str) -> None:
    said = run(f"sqlite+aiosqlite:///{tmp_path / file}", "migrate")
    words = f"{tmp_path / file} cannot be opened. Does its folder exist, and may you write there? "
    assert (said.returncode, said.stdout, said.stderr) == (1, "", f"{words}VESTKA_DATABASE_URL names it.\n")


@pytest.mark.parametrize("setting", ["VESTKA_DATABASE_URL", "VESTKA_READ_DATABASE_URL"])
@pytest.mark.parametrize("address", ["u:p@ss:S3CRETw@host/db", "u:p@S3CRETw@host/db", "u:p#x@h:S3CRETw/db"])
def test_a_password_that_is_not_encoded_is_told_without_a_word_of_it(
    setting: str, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(setting, f"postgresql+asyncpg://{address}")
    assert cli(["migrate"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{setting}: ")
    assert "percent-encoded" in said
    assert "S3CRET" not in said


def test_who_stops_a_command_at_once_is_told_nothing(sqlite_url: str) -> None:
    settings = {**os.environ, "VESTKA_DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT)}
    # A test run that was begun in the background hands on that interrupts are ignored.
    heard = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    for seconds in (0.15, 0.3, 0.5):
        command = [sys.executable, "-P", "-c", heard, "-P", "-m", "app", "serve", "--no-seed", f"--port={free_port()}"]
        with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as begun:
            time.sleep(seconds)
            begun.send_signal(signal.SIGINT)
            try:
                said, _ = begun.communicate(timeout=30)
            finally:
                begun.kill()  # or the block waits for it
        assert b"Traceback" not in said, seconds
        assert begun.returncode in {-signal.SIGINT, 130, 0}, seconds


def test_a_command_whose_output_is_closed_does_its_work(sqlite_url: str) -> None:
    command = ["/bin/sh", "-c", '"$0" -P -m app verify >&-', sys.executable]
    settings = {**os.environ, "VESTKA_DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=settings, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_database_that_cannot_hold_every_name_is_refused(postgresql_templates: PostgresTemplates) -> None:
    admin, name = postgresql_templates.admin, f"{postgresql_templates.prefix}latin"
    admin.execute(f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        said = run(postgres.database_at(admin.url, name), "migrate")
    finally:
        postgres.drop_database(admin, name)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "keeps text as LATIN1" in said.stderr
    assert "--encoding=UTF8" in said.stderr


def test_the_first_content_can_be_the_first_thing_that_a_process_writes(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    assert run(url, "migrate").returncode == 0
    assert run(url, "seed").returncode == 0
