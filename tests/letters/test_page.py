"""docs/letters.md under test: what it names is what there is (`tests/test_documents.py` sends its JSON requests)."""

import json
import re
from pathlib import Path
from typing import get_args

from app.letters.agenda import Event
from app.letters.envelope import SIZES
from app.reading.mail import MailReason
from tests.conftest import Register

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")


async def test_the_envelope_of_the_page_is_printed(seeded: Register) -> None:
    found = re.search(r"curl -s -o letter.pdf localhost:8000(\S+) \\\n.*?-d '(.*?)'", PAGE, re.DOTALL)
    assert found is not None
    answer = await seeded.public.post(found[1], json=json.loads(found[2]))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")


async def test_the_sheets_of_the_page_are_known(seeded: Register) -> None:
    named = re.findall(r"`(?:sheet=)?(L\d{4}|\d{4}|[\d.]+x[\d.]+|cards-letter)`", PAGE)
    assert len(named) == 6
    for sheet in named:
        answer = await seeded.public.get("/v1/addressees", params={"format": "pdf", "sheet": sheet, "limit": 1})
        assert answer.status_code == 200, sheet


def test_every_reason_size_and_kind_of_day_is_on_the_page() -> None:
    words = {*get_args(MailReason), *get_args(Event), *SIZES}
    assert {word for word in words if not re.search(rf"\b{word}`", PAGE)} == set()


def test_every_warning_is_on_the_page() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "letters").glob("*.py"))
    warned = set(re.findall(r"""f?"([a-z_]+): [a-z]""", code))
    assert {"mail_unknown", "unprintable"} <= warned
    assert {word for word in warned if f"`{word}`" not in PAGE} == set()
