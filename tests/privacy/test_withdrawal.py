"""What is withdrawn is gone at once from every answer, also where answers were kept: as if it had never been public.

`python3 run.py trust` asks with every parameter as well, and on PostgreSQL.
"""

import json
from collections.abc import Iterator

import pytest

from app.main import openapi_text
from tests.databases import DIALECTS
from tests.privacy.leaving import left_of, requests
from tests.privacy.making import before_a_withdrawal, told, without_what_is_withdrawn


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The addresses of a register and of its twin, in which what is withdrawn never was."""
    from tests.databases import templates  # noqa: PLC0415 - a plugin is not imported before pytest has rewritten it

    made = templates(request, DIALECTS[0])
    with made.copy(before_a_withdrawal) as url, made.copy(without_what_is_withdrawn) as twin:
        yield url, twin


async def test_nothing_is_left_of_what_was_withdrawn_as_if_it_had_never_been(urls: tuple[str, str]) -> None:
    asked = requests(json.loads(openapi_text()), brief=True)
    async with told(urls[0]) as register, told(urls[1]) as twin:
        before, wrong = await left_of(register, twin, asked, brief=True)
    assert before > 40
    assert not wrong, "\n".join([f"{len(wrong)} in {len(asked)} answers:", *wrong[:20]])
