"""What records must fulfil together, beyond their own form."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations, islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationInfo, field_validator

from app.core.desk import Desk, Rule
from app.core.edtf import PartialDate, bounds, certainly_before, parse
from app.core.kinds import Fields, Key
from app.core.problems import Fault, fault
from app.core.record import Tier
from app.core.staged import Staged

_ENOUGH: Final = 100  # faults that an answer lists
_MOST: Final = (
    300  # stays of a person: each is held against each, and looked at for each day on which one begins or ends
)
_NO_END: Final = (date.max, date.max)
_SEEN: Final = ("confirmed_on", "place_confirmed_on")


def in_order(first: str, last: str) -> Any:  # noqa: ANN401 - a pydantic validator
    """Make the validator that refuses an end that is certain to lie before its start.

    Where both were so before, as the validation's context says, it is not held against who changes something else.
    """

    def check(value: PartialDate | None, info: ValidationInfo) -> PartialDate | None:
        start, before = info.data.get(first), info.context or {}
        if (start, value) == (before.get(first), before.get(last)):
            return value
        if value is not None and start is not None and certainly_before(value, start):
            raise ValueError(f"this lies before `{first}`: an end cannot come before its start")
        return value

    return field_validator(last)(check)


def of_one_person(name: str) -> Rule:
    """Make the rule that the record named in this field belongs to the same person."""

    async def rule(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
        named = ((item, _sentence(item.fields or {}, name)) for item in staged)
        # What was so before is not held against who changes something else, such as who may see it.
        asked = {
            item: key for item, key in named if key and not item.kept >= {(name, key), ("person_id", _person(item))}
        }
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


async def none_replaces_itself(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
    """Refuse a sentence that takes the place of itself, be it by way of others: none of them would be in force."""
    named = ((item, _sentence(item.fields or {}, "replaces_id")) for item in staged)
    # What was so before is not held against who changes something else, such as who may see it.
    replacing = [item for item, key in named if key and ("replaces_id", key) not in item.kept]
    if not replacing:
        return []
    theirs = await desk.belonging("sentences", {_person(item) for item in replacing})
    before = {key: _sentence(fields, "replaces_id") for key, fields in theirs.items()}
    words = "A sentence cannot take the place of itself, be it by way of others."
    return [(item, fault("/replaces_id", words)) for item in replacing if item.key in _behind(item.key, before)]


def _behind(key: Key, before: Mapping[Key, Key | None]) -> set[Key]:
    """Give everything that one comes to from there."""
    found: set[Key] = set()
    at = before.get(key)
    while at is not None and at not in found:
        found.add(at)
        at = before.get(at)
    return found


async def charges_stay_with_their_sentence(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
    """Refuse to give a sentence to another person while charges, or sentences in its place, are left behind."""
    moved = {item.key: item for item in staged if item.kept and ("person_id", _person(item)) not in item.kept}
    found = await desk.referring("charges", "sentence_id", moved)
    found |= await desk.referring("sentences", "replaces_id", moved)
    words = "What refers to this sentence is of another person. Change that too, in one batch."
    behind = {
        _sentence(fields, name)
        for fields in found.values()
        for name in ("sentence_id", "replaces_id")
        if (key := _sentence(fields, name)) in moved and fields.get("person_id") != str(_person(moved[key])[1])
    }
    return [(item, fault("/person_id", words)) for key, item in moved.items() if key in behind]


def _person(item: Staged) -> Key:
    return "persons", UUID((item.fields or {})["person_id"])


async def stays_follow_each_other(desk: Desk, staged: Sequence[Staged]) -> list[tuple[Staged, Fault]]:
    """Refuse stays of one person that overlap for certain, and an open stay before another.

    Each caller's writes are held against the stays that this caller sees: what is hidden from them must not
    show in a refusal.
    """
    owners: dict[Key, list[Staged]] = defaultdict(list)
    for item in staged:
        owners["persons", UUID((item.fields or {})["person_id"])].append(item)
    stays = await desk.belonging("detentions", owners)
    by_person: dict[str, dict[Key, Stay]] = defaultdict(dict)
    for key, fields in stays.items():
        if "person_id" in fields:  # absent where there is no such person, which is refused as such
            by_person[fields["person_id"]][key] = Stay.of(fields)
    found = (one for (_, person_id), items in owners.items() for one in _held_against(items, by_person[str(person_id)]))
    return list(islice(found, _ENOUGH))


def _held_against(items: Sequence[Staged], theirs: Mapping[Key, "Stay"]) -> Iterator[tuple[Staged, Fault]]:
    """Hold what is written against all stays of the person."""
    moved = _moved(items)
    if moved and len(theirs) > _MOST:
        yield items[-1], fault("/person_id", f"A person has {_MOST} stays at most. Put some into one.")
        return
    mine = {item.key: number for number, item in enumerate(items)}
    for pair in combinations(theirs.items(), 2):
        written = [mine[key] for key, _ in pair if key in moved]
        complaint = clash(pair[0][1], pair[1][1]) if written else None
        if complaint:
            yield items[max(written)], fault(*complaint)


def _moved(items: Sequence[Staged]) -> set[Key]:
    """Give the stays that are new, of other days, of another person, or shown to more people than before.

    What was so before is not held against who changes something else, such as who may no longer see it.
    """
    before = {item.key: item.before for item in reversed(items)}  # of one that is written twice, before the first time
    now = {item.key: item.fields or {} for item in items}
    return {key for key, fields in now.items() if not _stands(before[key], fields)}


def _stands(before: Fields | None, now: Fields) -> bool:
    return (
        before is not None
        and (before["person_id"], Stay.of(before)) == (now["person_id"], Stay.of(now))
        and Tier.named(now["visibility"]) >= Tier.named(before["visibility"])
    )


class Stay(NamedTuple):
    """What decides whether two stays can both be: whether it goes on, and the days its dates can mean."""

    open: bool
    start: tuple[date, date] | None
    end: tuple[date, date] | None

    @classmethod
    def of(cls, fields: Fields) -> "Stay":
        """Read it off a detention: it began by the day on which it ended, or the person was seen in it."""
        ongoing = fields.get("ended_on") is None and fields.get("end_reason") is None
        start, end = (_days(fields.get(name)) for name in ("started_on", "ended_on"))
        seen = [days for name in _SEEN if (days := _days(fields.get(name)))]
        if ongoing:
            end = _NO_END
        elif end is None and seen:
            end = max(first for first, _ in seen), date.max
        by = min((last for _, last in (*seen, *([end] if end else []))), default=date.max)
        first, last = start or (date.min, date.max)
        return cls(ongoing, (first, by) if first <= by < last else start, end)


def _days(text: str | None) -> tuple[date, date] | None:
    return bounds(parse(text)) if text else None


def clash(one: Stay, other: Stay) -> tuple[str, str] | None:
    """Give what speaks against two stays of one person: field and words; None if some reading lets both be.

    Sharing a day is allowed: somebody is moved in the course of it.
    """
    if one.open and other.open:
        return "/ended_on", "Another stay of this person is open as well; only the last may be. End the earlier one."
    if (one.open and _before(one.start, other.start)) or (other.open and _before(other.start, one.start)):
        return "/ended_on", "An open stay lies before another of the same person; only the last may be open."
    if _before(one.start, other.end) and _before(other.start, one.end):
        return "/started_on", "This overlaps another stay of the person, however the dates are read."
    return None


def _before(one: tuple[date, date] | None, other: tuple[date, date] | None) -> bool:
    """Tell whether one lies before the other however both are read; never where one is unknown."""
    return one is not None and other is not None and one[1] < other[0]
