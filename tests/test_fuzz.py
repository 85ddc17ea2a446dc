"""What nobody thought of: noise at the socket, and requests made up from the description of the API.

`python3 run.py trust` tries the same a hundred times as much (`bench/noise.py`).
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.hostile import Address
from bench.noise import ALL_BUT_KEYS, broken, described, noise
from tests.conftest import filled
from tests.databases import SqliteTemplates
from tests.serving import Served, new_key, served


@pytest.fixture
def url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    """The address of the first content of the register; what is sent here tries the server, not its database."""
    with sqlite_templates.copy(filled) as url:
        yield url


@pytest.fixture
def running(url: str, tmp_path: Path) -> Iterator[Served]:
    """A server on it, and what it says in a file."""
    with served(url, said=str(tmp_path / "said")) as running:
        yield running


def address_of(running: Served) -> Address:
    parts = urlsplit(running.base)
    return str(parts.hostname), int(parts.port or 0)


def test_noise_is_answered_or_hung_up_on(running: Served, tmp_path: Path) -> None:
    found = asyncio.run(noise(address_of(running), 1500))
    assert sum(found.got.values()) == found.tried
    assert {"200", "400", "404", "415"} <= set(found.got)  # some of it gets through, and some does not
    assert "no status" not in found.got
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert "Traceback" not in said
    problems = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [one for one in problems if one["event"] == "failed" or one.get("level") == "error"] == []


def test_noise_is_the_same_each_time_and_of_many_kinds() -> None:
    one, other = ([broken(number) for number in range(400)] for _ in range(2))
    assert one == other
    assert len(set(one)) > 390


def test_the_description_is_kept_whatever_is_sent(running: Served, url: str) -> None:
    for headers in ({}, new_key(url, "admin")):
        described(running.base, headers, 1, *ALL_BUT_KEYS, "--phases", "fuzzing", "--max-time", "4")
