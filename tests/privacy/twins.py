"""What a register's answers and those of its twin may differ in, and nothing else."""

import re
from collections.abc import Iterator
from typing import Final

from app.core.record import Tier
from app.register import KINDS
from tests.privacy.asking import Answer, Asked
from tests.privacy.marks import marks_in
from tests.privacy.story import Story

# Cursors of the feed are sealed places in the commit order, in which hidden changes have theirs; the head is a hash
# of the history, and says nothing of what is in it.
_PLACES: Final = re.compile(r'"cursor":"[\w-]+"|^id: [\w-]+$|"head":"[0-9a-f]{64}"', re.MULTILINE)
_PLACED: Final = ("/v1/changes", "/v1/export", "/v1/digest")
_FIELDS: Final = {"facility_name", *(name for kind in KINDS.values() for name in kind.references)}
# Absent where it leads to what is hidden, null where it leads nowhere: so the contract wants it.
_NOWHERE: Final = re.compile(rf'"(?:{"|".join(sorted(_FIELDS))})":null,|,"(?:{"|".join(sorted(_FIELDS))})":null')
_OF_THE_BODY: Final = {"etag", "content-length"}


def differences(asked: Asked, full: Answer, twin: Answer, story: Story) -> Iterator[str]:
    """Say how an answer differs from that of the twin, beyond what may be."""
    if full.status != twin.status:
        yield f"{asked}: {full.status}, the twin {twin.status}"
        return
    if (full.headers, full.body) == (twin.headers, twin.body):
        return
    mine, its = _same(asked, full, story), _same(asked, twin, story)
    if mine is None or mine != its:
        yield f"{asked}: {_first_difference(full.text, twin.text)}"


def _same(asked: Asked, answer: Answer, story: Story) -> tuple[str, dict[str, str]] | None:
    """Give what must be the same in both; None where all of it must be."""
    path = asked.target.partition("?")[0]
    text = answer.text.partition("\n\n")[2]
    placed = path.startswith(_PLACED)
    if not placed and asked.method != "HEAD" and not any(record_id in text for record_id in story.cut):
        return None
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_BODY}
    return _NOWHERE.sub("", _PLACES.sub("", text) if placed else text), headers


def _first_difference(one: str, other: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, at - 80) : at + 80]}… is in the twin …{other[max(0, at - 80) : at + 80]}…"


def shown(asked: Asked, answer: Answer, tier: Tier) -> Iterator[str]:
    """Say where an answer holds what the tier may not see, beside what was asked with."""
    if answer.status >= 500:
        yield f"{asked}: {answer.status}"
    yield from (f"{asked}: {mark}" for mark in marks_in(answer.text, tier))
