"""The page about security names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (API\d+) [^|]+\|([^|]+)\|([^|]+)\|$", PAGE, re.MULTILINE)


def test_each_of_the_ten_risks_has_what_protects_and_tests_that_show_it() -> None:
    assert [name for name, _, _ in ROWS] == [f"API{number}" for number in range(1, 11)]
    assert all(len(protects) > 40 and re.search("`test_", shown) for _, protects, shown in ROWS)


def test_the_tests_that_are_named_exist() -> None:
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"def (test_\w+)\(", written))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) > 20
    assert [one for one in named if one not in defined] == []
