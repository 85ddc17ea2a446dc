"""The page of documentation in a real browser: it works, and asks nobody but this server."""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.serving import served

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
COMMAND = [
    str(BROWSER),
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--virtual-time-budget=8000",
    "--enable-logging=stderr",
    "--dump-dom",
]


def browse(url: str, profile: Path) -> tuple[str, str, list[dict[str, Any]]]:
    """Give what a page has become when its scripts have run, what the console said, and each request that was sent."""
    log = profile / "log.json"
    profile.mkdir()
    command = [*COMMAND, f"--user-data-dir={profile}", f"--log-net-log={log}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    noted = json.loads(log.read_text(encoding="utf-8"))
    begun = noted["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    return done.stdout, done.stderr, [event.get("params", {}) for event in noted["events"] if event["type"] == begun]


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium: install it to see the page in a browser")
def test_the_page_works_in_a_browser_and_asks_nobody_else(sqlite_url: str, tmp_path: Path) -> None:
    """What the browser asks its makers for by itself has no page as its origin."""
    with served(sqlite_url) as running:
        page, console, requests = browse(f"{running.base}/docs", tmp_path / "profile")
    asked = [one["url"] for one in requests if one.get("initiator") == running.base]
    assert len(asked) >= 5
    assert [url for url in asked if not url.startswith(f"{running.base}/")] == []
    assert page.count('class="opblock ') > 50
    assert "CONSOLE" not in console, console  # where the browser says what it refused to load
    for kept in (tmp_path / "profile").rglob("Cookies"):
        with closing(sqlite3.connect(kept)) as database:
            hosts = [host for (host,) in database.execute("SELECT host_key FROM cookies")]
        assert [host for host in hosts if host in {"127.0.0.1", "localhost"}] == []
