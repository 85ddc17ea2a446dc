"""Keeps the index of names in the transaction that changes a person."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.core.bulk import among, insert_rows, run, run_many
from app.core.kinds import Fields
from app.core.record import Tier
from app.names.fold import words
from app.names.keys import KEY_VERSION, Entry, keys
from app.names.roles import roles
from app.reading.finding.blocks import block_of, changed
from app.reading.finding.tables import name_postings, name_state, name_words, person_names

_CHUNK: Final = 1000
_T = TypeVar("_T")


class Spelling(NamedTuple):
    """One name of a person as the index keeps it, its words still words."""

    tier: int
    text: str
    words: tuple[str, ...]

    @property
    def roles(self) -> str:
        """What each word does, a letter each."""
        return "".join(role.letter for role in roles([keys(word) for word in self.words]))


class Place(NamedTuple):
    """Where it is written which names of a block have a word."""

    word_id: int
    tier: int
    block: int


_AT: Final = Place._fields
_NAMES: Final = select(person_names).where(among(person_names.c.person_id))
_WORDS: Final = select(name_words.c.word, name_words.c.id).where(among(name_words.c.word, "words"))
_LAST_WORD: Final = select(func.coalesce(func.max(name_words.c.id), 0))
_LAST_NAME: Final = select(func.coalesce(func.max(person_names.c.id), 0))
_STATES: Final = select(name_state)
_ADVANCED: Final = (
    update(name_state)
    .where(name_state.c.tier == bindparam("at_tier"))
    .values(version=bindparam("version"), names=bindparam("names"))
)
_p = name_postings.c
_POSTINGS: Final = select(_p.word_id, _p.tier, _p.block, _p.names).where(among(_p.word_id), among(_p.block, "blocks"))
_MOVED: Final = (
    update(name_postings)
    .where(*(_p[name] == bindparam(f"at_{name}") for name in _AT))
    .values(names=bindparam("names"), version=bindparam("version"))
)
_UNUSED: Final = (
    select(_p.word_id).where(among(_p.word_id)).group_by(_p.word_id).having(func.sum(func.length(_p.names)) == 0)
)


def spellings(fields: Fields | None) -> list[Spelling]:
    """Give what is indexed of a person: each name once, however it is punctuated."""
    if fields is None:
        return []
    tier = int(Tier.named(fields["visibility"]))
    full = {words(name["full"]): name["full"] for name in reversed(fields["names"])}
    known = [set(folded) for folded in full]
    for name in fields["names"]:
        # Where the parts say more than the whole, as after `Invented I. P.`, they are a spelling too.
        parts = words(" ".join(name[part] for part in ("family", "given", "patronymic") if name.get(part)))
        if not any(set(parts) <= folded for folded in known):
            full.setdefault(parts, name["full"])
    return [Spelling(tier, text, folded) for folded, text in full.items() if folded]


def portions(items: Iterable[_T], size: int = _CHUNK) -> Iterator[list[_T]]:
    """Give items in portions that a statement can take."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def keep(session: Session, told: Mapping[UUID, Fields | None]) -> int:
    """Make the index say what these persons' records say; give the number of names that it did not have right."""
    return _Keeping(session).keep({person_id: spellings(fields) for person_id, fields in told.items()})


@dataclass
class _Keeping:
    """One transaction's change of the index."""

    session: Session
    added: dict[Place, set[int]] = field(default_factory=lambda: defaultdict(set))
    removed: dict[Place, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def keep(self, wanted: Mapping[UUID, Sequence[Spelling]]) -> int:
        ids = self._word_ids({word for these in wanted.values() for one in these for word in one.words})
        known = self._known(wanted)
        new: list[dict[str, Any]] = []
        old: list[int] = []
        for person_id, these in wanted.items():
            rows = {self._row(person_id, one, ids) for one in these}
            before = known.get(person_id, {})
            old += [self._count_out(number, row) for row, number in before.items() if row not in rows]
            new += [dict(zip(_NAMED, row, strict=True)) for row in sorted(rows - before.keys())]
        self._write_names(new, old)
        if new or old:
            self._write_postings()
        return len(new) + len(old)

    def _next(self, last: Select[int]) -> int:
        return int(run(self.session, last)[0][0]) + 1

    def _row(self, person_id: UUID, one: Spelling, ids: Mapping[str, int]) -> "_Row":
        return (person_id, one.tier, one.text, " ".join(str(ids[word]) for word in one.words), one.roles)

    def _known(self, person_ids: Iterable[UUID]) -> dict[UUID, dict["_Row", int]]:
        found: dict[UUID, dict[_Row, int]] = defaultdict(dict)
        for portion in portions(person_ids):
            for row in run(self.session, _NAMES, {"ids": portion}):
                found[row.person_id][row.person_id, row.tier, row.text, row.words, row.roles] = row.id
        return found

    def _word_ids(self, wanted: set[str]) -> dict[str, int]:
        """Give the ids of words; those that are new to the register get theirs."""
        found: dict[str, int] = {}
        for portion in portions(sorted(wanted)):
            found |= {row.word: row.id for row in run(self.session, _WORDS, {"words": portion})}
        fresh = sorted(wanted - found.keys())
        first = self._next(_LAST_WORD) if fresh else 0
        given = {word: first + i for i, word in enumerate(fresh)}
        if given:
            rows = [{"id": number, "word": word, "entry": Entry.of(word).written()} for word, number in given.items()]
            insert_rows(self.session, name_words, rows)
        return found | given

    def _write_names(self, new: list[dict[str, Any]], old: list[int]) -> None:
        for portion in portions(old):
            self.session.execute(delete(person_names).where(person_names.c.id.in_(portion)))
        first = self._next(_LAST_NAME) if new else 0
        for number, row in enumerate(new, first):
            row["id"] = number
            self._count_in(number, row["tier"], row["words"])
        if new:
            insert_rows(self.session, person_names, new)

    def _count_in(self, number: int, tier: int, written: str) -> None:
        self.names[tier] += 1
        for word_id in set(map(int, written.split())):
            self.added[Place(word_id, tier, block_of(number))].add(number)

    def _count_out(self, number: int, row: "_Row") -> int:
        _, tier, _, written, _ = row
        self.names[tier] -= 1
        for word_id in set(map(int, written.split())):
            self.removed[Place(word_id, tier, block_of(number))].add(number)
        return number

    def _write_postings(self) -> None:
        places = self.added.keys() | self.removed.keys()
        versions = self._advance({place.tier for place in places})
        before = self._postings(places)
        after = {one: changed(before.get(one, b""), self.removed[one], self.added[one]) for one in sorted(places)}
        rows = [{**one._asdict(), "names": names, "version": versions[one.tier]} for one, names in after.items()]
        write_postings(self.session, [row for row in rows if _place(row) not in before], insert_them=True)
        write_postings(self.session, [row for row in rows if _place(row) in before], insert_them=False)
        forget(self.session, {place.word_id for place in self.removed})

    def _postings(self, places: Iterable[Place]) -> dict[Place, bytes]:
        wanted = set(places)
        blocks = sorted({place.block for place in wanted})
        found = {}
        for portion in portions(sorted({place.word_id for place in wanted})):
            for *place, names in run(self.session, _POSTINGS, {"ids": portion, "blocks": blocks}):
                found[Place(*place)] = names
        return {place: names for place, names in found.items() if place in wanted}

    def _advance(self, tiers: Iterable[int]) -> dict[int, int]:
        """Count this change in each tier's state, and give their versions."""
        known = {row.tier: row for row in run(self.session, _STATES)}
        versions = {}
        for tier in set(tiers) | {tier for tier, names in self.names.items() if names}:
            row = known.get(tier)
            versions[tier] = row.version + 1 if row else 1
            said = {"version": versions[tier], "names": (row.names if row else 0) + self.names[tier]}
            if row:
                run(self.session, _ADVANCED, {"at_tier": tier, **said})
            else:
                insert_rows(self.session, name_state, [{"tier": tier, "rules": KEY_VERSION, **said}])
        return versions


_Row = tuple[UUID, int, str, str, str]
_NAMED: Final = ("person_id", "tier", "text", "words", "roles")


def _place(row: Mapping[str, Any]) -> Place:
    return Place(row["word_id"], row["tier"], row["block"])


def write_postings(session: Session, rows: list[dict[str, Any]], *, insert_them: bool) -> None:
    """Write rows of postings, new ones or in the place of those there are."""
    if not rows:
        return
    if insert_them:
        insert_rows(session, name_postings, rows)
        return
    said = [{f"at_{name}": row[name] for name in _AT} | {n: row[n] for n in ("names", "version")} for row in rows]
    run_many(session, _MOVED, said)


def forget(session: Session, word_ids: Iterable[int]) -> None:
    """Erase the words that no name has any more."""
    for portion in portions(sorted(word_ids)):
        unused = [row.word_id for row in run(session, _UNUSED, {"ids": portion})]
        if unused:
            session.execute(update(name_words).where(name_words.c.id.in_(unused)).values(word=None, entry=None))
