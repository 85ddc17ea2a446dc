"""What records must fulfil together, beyond their own form."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any
from uuid import UUID

from pydantic import ValidationInfo, field_validator

from app.core.desk import Desk, Rule, Staged
from app.core.edtf import PartialDate, certainly_before
from app.core.kinds import Fields, Key
from app.core.problems import Fault, fault


def in_order(first: str, last: str) -> Any:  # noqa: ANN401 - a pydantic validator
    """Make the validator that refuses an end that is certain to lie before its start."""

    def check(value: PartialDate | None, info: ValidationInfo) -> PartialDate | None:
        start = info.data.get(first)
        if value is not None and start is not None and certainly_before(value, start):
            raise ValueError(f"this lies before `{first}`: an end cannot come before its start")
        return value

    return field_validator(last)(check)


def of_one_person(name: str) -> Rule:
    """Make the rule that the record named in this field belongs to the same person."""

    async def rule(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
        asked = {item: key for item in staged if (key := _sentence(item.fields or {}, name))}
        found = await desk.load(asked.values())
        words = "That sentence is of another person."
        return [
            (item, fault(f"/{name}", words))
            for item, key in asked.items()
            if key in found and found[key].get("person_id") != (item.fields or {}).get("person_id")
        ]

    return rule


def _sentence(fields: Fields, name: str) -> Key | None:
    return ("sentences", UUID(fields[name])) if fields.get(name) else None


async def stays_follow_each_other(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
    """Refuse stays of one person that overlap for certain, and an open stay before another.

    Each caller's writes are held against the stays that this caller sees: what is hidden from them must not
    show in a refusal.
    """
    owners: dict[Key, list[Staged]] = defaultdict(list)
    for item in staged:
        owners["persons", UUID((item.fields or {})["person_id"])].append(item)
    stays = await desk.belonging("detentions", owners)
    by_person: dict[str, dict[Key, Fields]] = defaultdict(dict)
    for key, fields in stays.items():
        if "person_id" in fields:  # absent where there is no such person, which is refused as such
            by_person[fields["person_id"]][key] = fields
    found: list[tuple[Staged, Fault]] = []
    for (_, person_id), items in owners.items():
        mine = {item.key: item for item in items}
        for pair in combinations(by_person[str(person_id)].items(), 2):
            written = [mine[key] for key, _ in pair if key in mine]
            complaint = clash(pair[0][1], pair[1][1])
            if written and complaint:
                found.append((written[-1], fault(*complaint)))
    return found


def clash(one: Fields, other: Fields) -> tuple[str, str] | None:
    """Give what speaks against two stays of one person: field and words; None if some reading lets both be.

    Sharing a day is allowed: somebody is moved in the course of it.
    """
    if _open(one) and _open(other):
        return "/ended_on", "Another stay of this person is open as well; only the last may be. End the earlier one."
    first, second = _span(one), _span(other)
    if first and second and _overlap(first, second):
        return "/started_on", "This overlaps another stay of the person, however the dates are read."
    for ongoing, later in ((one, other), (other, one)):
        if _open(ongoing) and _open_before(ongoing, later):
            return "/ended_on", "An open stay lies before another of the same person; only the last may be open."
    return None


def _open(stay: Fields) -> bool:
    return stay.get("ended_on") is None and stay.get("end_reason") is None


def _date(stay: Fields, name: str) -> PartialDate | None:
    return PartialDate(stay[name]) if stay.get(name) else None


def _span(stay: Fields) -> tuple[PartialDate, PartialDate] | None:
    start, end = _date(stay, "started_on"), _date(stay, "ended_on")
    return (start, end) if start and end else None


def _overlap(one: tuple[PartialDate, PartialDate], other: tuple[PartialDate, PartialDate]) -> bool:
    """Tell whether in every reading one begins before the other ends, both ways round."""
    return certainly_before(one[0], other[1]) and certainly_before(other[0], one[1])


def _open_before(ongoing: Fields, later: Fields) -> bool:
    """Tell whether a stay without end began, for certain, before another one began."""
    mine, theirs = _date(ongoing, "started_on"), _date(later, "started_on")
    return mine is not None and theirs is not None and certainly_before(mine, theirs)
