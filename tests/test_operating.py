"""What those meet who run a register: how it stops, what it refuses, and what it says then."""

import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from app import cli
from app.core.dialects import trouble
from app.core.migrating import migrate
from tests.serving import ROOT, free_port, run, served


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_ends_a_server_ends_it_in_order(sqlite_url: str, tmp_path: Path, workers: str) -> None:
    (kept := tmp_path / "kept").mkdir()
    settings = {"VESTKA_METRICS_PORT": str(free_port()), "TMPDIR": str(kept)}
    with served(sqlite_url, "--workers", workers, **settings) as server:
        assert list(kept.iterdir()) != []
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        assert list(kept.iterdir()) == []


def test_who_waits_for_news_is_answered_when_the_server_ends(sqlite_url: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    with served(sqlite_url, said=str(said)) as server, httpx2.Client(timeout=30) as client:
        cursor = client.get(f"{server.base}/v1/digest").json()["cursor"]
        with ThreadPoolExecutor() as aside, client.stream("GET", f"{server.base}/v1/changes/stream") as stream:
            polled = aside.submit(client.get, f"{server.base}/v1/changes?after={cursor}&wait=60")
            time.sleep(
                0.5
            )  # whether it waits already shows nowhere; a poll that comes later is refused and fails below
            server.process.send_signal(signal.SIGTERM)
            ended = time.monotonic()
            assert b"".join(stream.iter_bytes()).startswith(b"retry:")  # to its end, and not cut off
            assert (polled.result().status_code, polled.result().json()["items"]) == (200, [])
            assert server.process.wait(timeout=30) == 0
    assert time.monotonic() - ended < 8  # uvicorn waits for ten
    assert "error" not in said.read_text(encoding="utf-8")


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


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_metrics_that_cannot_be_served_are_told_with_their_settings(sqlite_url: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {"VESTKA_METRICS_PORT": str(taken.getsockname()[1]), "VESTKA_METRICS_HOST": host}
        said = run(sqlite_url, "serve", "--no-seed", "--port", str(free_port()), **settings)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "VESTKA_METRICS_PORT (and VESTKA_METRICS_HOST)" in said.stderr


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("&-", b"Standard output is closed, and a key is printed only once. No key was made.\n"),
        pytest.param(
            "/dev/full",
            b"The key could not be printed (No space left on device). No key was made.\n",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full"),
        ),
    ],
)
def test_a_key_that_nobody_would_see_is_not_made(sqlite_url: str, output: str, words: bytes) -> None:
    command = ["/bin/sh", "-c", f'"$0" -P -m app key create --owner one --scope write >{output}', sys.executable]
    settings = {**os.environ, "VESTKA_DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=settings, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, words)
    assert run(sqlite_url, "key", "list").stdout == ""


def test_the_owners_of_keys_stand_below_each_other(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VESTKA_DATABASE_URL", sqlite_url)
    for scopes in (("write",), ("read:partners", "read:private", "write")):
        asked = [word for scope in scopes for word in ("--scope", scope)]
        assert cli.main(["key", "create", "--owner", "somebody", *asked]) == 0
    capsys.readouterr()
    assert cli.main(["key", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert len({len(line) for line in lines}) == 1


def test_a_copy_of_nothing_is_wrong_usage(tmp_path: Path) -> None:
    said = run(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", "mirror")
    assert (said.returncode, "which register to copy" in said.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_whatever_sqlite_says_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"
    error = sqlite3.OperationalError("disk I/O error")
    assert "the disk is full" not in trouble.trouble(url, error)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert trouble.trouble(url, error) == f"{tmp_path / 'x.db'} cannot grow: the disk is full."
