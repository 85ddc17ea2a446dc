"""What tries the promises: it counts what went wrong, also when a check itself does."""

import importlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.trust import CHECKS
from bench.trust.checks import REGISTRY, Check, Ground, Row
from bench.trust.telling import printed, write

GOOD = Row("something", "SQLite", 1_000, "tried", 0, "lost")


def test_every_check_has_a_promise() -> None:
    for name in CHECKS:
        importlib.import_module(name)
    assert len({one.name for one in REGISTRY}) == len(REGISTRY) >= len(CHECKS)
    assert all(one.promise.endswith(".") and one.carry_out.__module__ in CHECKS for one in REGISTRY)


def test_quick_is_less_and_never_nothing(tmp_path: Path) -> None:
    assert Ground(tmp_path).times(10_000) == 10_000
    assert Ground(tmp_path, quick=True).times(10_000) == 500
    assert Ground(tmp_path, quick=True).times(3) == 1


def test_a_check_that_raises_went_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def half(_: Ground) -> Iterator[Row]:
        yield GOOD
        raise ValueError

    rows = Check("half", "It ends.", half, 1).rows(Ground(tmp_path))
    assert [row.wrong for row in rows] == [0, 1]
    assert "ValueError" in rows[1].note
    assert "!! the check itself" in printed(Check("half", "It ends.", half, 1), rows)
    capsys.readouterr()


def test_a_check_that_takes_too_long_went_wrong(tmp_path: Path) -> None:
    def slow(_: Ground) -> Iterator[Row]:
        time.sleep(5)
        yield GOOD

    rows = Check("slow", "It ends.", slow, minutes=0.001).rows(Ground(tmp_path))
    assert [(row.wrong, row.note.split(",")[0]) for row in rows] == [(1, "TimeoutError")]


def test_the_page_says_what_was_tried_where_and_keeps_what_was_not_tried_again(tmp_path: Path) -> None:
    for name in CHECKS:
        importlib.import_module(name)
    (one, other), page = REGISTRY[:2], tmp_path / "trust.md"
    write([(other, [GOOD]), (one, [GOOD])], "15.1", page)
    whole = page.read_text(encoding="utf-8")
    assert f"## {one.name.capitalize()}\n\n{one.promise} (Tried on 20" in whole
    assert whole.index(one.promise) < whole.index(other.promise)
    assert "| something | SQLite | 1,000 tried | 0 lost |  |" in whole
    assert "PostgreSQL 15.1" in whole
    write([(one, [GOOD, GOOD])], "15.1", page)
    before, _, after = page.read_text(encoding="utf-8").partition(other.promise)
    assert (before.count("| something |"), after.count("| something |")) == (2, 1)
    write([(one, [GOOD])], "15.1", page)
    assert page.read_text(encoding="utf-8") == whole
