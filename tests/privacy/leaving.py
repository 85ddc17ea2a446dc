"""Withdraws what was public, and says what is left of it in any answer."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from app.core.record import Tier
from tests.privacy.asking import Answer, Asked
from tests.privacy.calls import JSON, Walk
from tests.privacy.making import WITHDRAWAL, Told
from tests.privacy.twins import differences, shown

_PARTNERS: Final = b'{"visibility": "partners"}'
_WITHDRAWN: Final = {(kind, one) for kind, ids in WITHDRAWAL.hidden[Tier.PARTNERS].items() for one in ids}
# When the register changed last for the public, which the feed tells as well.
_STAMP: Final = re.compile(rb'DTSTAMP:[0-9TZ]+|"at":"[^"]+"')
_STAMPED: Final = ("/v1/calendar.ics", "/v1/export", "/v1/digest")
_OF_THE_STAMP: Final = {"etag", "content-length"}


def requests(document: dict[str, Any], *, brief: bool) -> list[Asked]:
    """Give what is asked; ``brief`` leaves out what parameters make of it. Of the feed something else is wanted."""
    walk = Walk(document, WITHDRAWAL, Tier.PUBLIC, brief=True)
    every = [asked for asked in dict.fromkeys(walk.requests()) if not asked.target.startswith("/v1/changes")]
    every = [asked for asked in every if "accept-encoding" not in dict(asked.headers)]  # the same, packed
    return [asked for asked in every if "?" not in asked.target] if brief else every


async def left_of(
    register: Told, twin: Told, asked_for: Sequence[Asked], *, brief: bool = False
) -> tuple[int, list[str]]:
    """Ask, withdraw, and ask again; give how many answers showed it, and what differs from those of its twin then.

    With ``brief``, asked again is only what showed it.
    """
    showed: list[Asked] = []
    for asked in asked_for:  # so that whatever keeps answers has them
        showed += [asked] if any(shown(asked, await register.ask("public", asked), Tier.PUBLIC)) else []
    await _withdraw(register)
    wrong: list[str] = []
    for asked in showed if brief else asked_for:
        answer, other = await register.ask("public", asked), await twin.ask("public", asked)
        wrong += shown(asked, answer, Tier.PUBLIC)
        if asked.target.startswith(_STAMPED):
            answer, other = _unstamped(answer), _unstamped(other)
        wrong += differences(asked, answer, other, WITHDRAWAL)
    return len(showed), wrong + await _told(register, twin)


async def _withdraw(register: Told) -> None:
    """Leave each record to partners, the last ones first."""
    for kind, ids in reversed(WITHDRAWAL.hidden[Tier.PARTNERS].items()):
        for one in ids:
            asked = Asked("PATCH", f"/v1/{kind}/{one}", (*JSON, ("if-match", "*")), _PARTNERS)
            answer = await register.ask("editor", asked)
            if answer.status != 200:
                raise AssertionError(asked, answer.status, answer.body)


def _unstamped(answer: Answer) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_STAMP}
    return Answer(answer.status, headers, _STAMP.sub(b"", answer.body))


async def _told(register: Told, twin: Told) -> list[str]:
    """Who had copied it hears that it is gone, and nothing else of it."""
    said, never = await _feed(register), await _feed(twin)
    of_it = [item for item in said if (item["kind"], item["id"]) in _WITHDRAWN]
    words = {(item["action"], item["record"]) for item in of_it}
    wrong = [] if words == {("withdraw", None)} and len(of_it) == len(_WITHDRAWN) else [f"the feed says {words}"]
    return wrong if [item for item in said if item not in of_it] == never else [*wrong, "the feed differs"]


async def _feed(register: Told) -> list[dict[str, Any]]:
    answer = await register.ask("public", Asked("GET", "/v1/changes?limit=1000"))
    items = json.loads(answer.body)["items"]
    return [{name: value for name, value in item.items() if name != "cursor"} for item in items]
