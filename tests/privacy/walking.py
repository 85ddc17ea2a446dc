"""Asks a register and its twin the same, and says what shows."""

import json

from app.register import KINDS
from tests.privacy.asking import Answer, Asked
from tests.privacy.calls import Walk
from tests.privacy.making import Told
from tests.privacy.twins import differences, shown

_LISTS = (*(f"/v1/{kind}" for kind in KINDS), "/v1/addressees", "/v1/changes")


async def beside(register: Told, twin: Told, walk: Walk, who: str) -> tuple[int, list[str]]:
    """Ask all of a walk of both; give how many answers there were, and each mark and difference in them."""
    wrong: list[str] = []
    requests = list(dict.fromkeys(walk.requests()))
    for asked in requests:
        answer, other = await register.ask(who, asked), await twin.ask(who, asked)
        wrong += [*shown(asked, answer, walk.tier), *differences(asked, answer, other, walk.story)]
    count = len(requests)
    for path in _LISTS:
        pages, others = await _pages(register, who, path), await _pages(twin, who, path)
        count += len(pages)
        wrong += [f"{path}: {len(pages)} pages, the twin {len(others)}"] if len(pages) != len(others) else []
        for (asked, answer), (_, other) in zip(pages, others, strict=False):
            wrong += [*shown(asked, answer, walk.tier), *differences(asked, answer, other, walk.story)]
    return count, wrong


async def _pages(register: Told, who: str, path: str) -> list[tuple[Asked, Answer]]:
    """Give every page of a list, by the cursor of the one before."""
    found: list[tuple[Asked, Answer]] = []
    word, name = ("cursor", "after") if path == "/v1/changes" else ("next_cursor", "cursor")
    cursor = None
    while True:
        answer = await register.ask(who, Asked("GET", f"{path}?limit=3" + (f"&{name}={cursor}" if cursor else "")))
        found.append((Asked("GET", f"{path}, page {len(found)}"), answer))
        page = json.loads(answer.body)
        cursor = page[word]
        if not page.get("has_more", cursor is not None):
            return found
