"""What a start loads: what only some requests need is loaded by the first of them, or behind the start."""

import asyncio
import gc
import subprocess
import sys

import pytest
from pydantic import SecretStr

from app import main
from app.core.database import Database
from app.main import Served, create_app
from app.settings import Settings
from tests.serving import ROOT

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
