"""What those meet who run a register: how it stops, what it refuses, and what it says then."""

import os
import signal
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from app import cli
from app.core.migrating import migrate
from tests.serving import free_port, run, served


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_ends_a_server_ends_it_in_order(sqlite_url: str, tmp_path: Path, workers: str) -> None:
    (kept := tmp_path / "kept").mkdir()
    settings = {"VESTKA_METRICS_PORT": str(free_port()), "TMPDIR": str(kept)}
    with served(sqlite_url, "--workers", workers, **settings) as server:
        assert list(kept.iterdir()) != []
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        assert list(kept.iterdir()) == []


@pytest.mark.parametrize("command", ["backup x.vestka", "verify", "export", "reindex", "key list", "key revoke a"])
def test_a_command_that_needs_a_register_makes_none(tmp_path: Path, command: str) -> None:
    file = tmp_path / "nowhere.db"
    said = run(f"sqlite+aiosqlite:///{file}", *command.split())
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == f"{file} is not there. Name the register's file in VESTKA_DATABASE_URL.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_for_its_owner_alone_whoever_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    before = os.umask(0o022)
    try:
        migrate(f"sqlite+aiosqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE register SET epoch = epoch")
            modes = {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
            assert (len(list(tmp_path.iterdir())), modes) == (3, {0o600})
    finally:
        os.umask(before)


def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "others.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE sqlitelike (id)")
        connection.commit()
    before = file.read_bytes()
    said = run(f"sqlite+aiosqlite:///{file}", "migrate")
    assert (said.returncode, said.stderr.partition(" It ")[0]) == (1, f"{file} is the database of another program.")
    assert file.read_bytes() == before


def test_a_description_that_is_not_there_is_told_from_one_that_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "OPENAPI", file := tmp_path / "openapi.json")
    for state in ("missing", "stale"):
        assert cli.main(["openapi", "--check"]) == 1
        assert capsys.readouterr().err == f"openapi.json is {state}: run `vestka openapi`.\n"
        file.write_text("{}")
