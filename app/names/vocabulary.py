"""The words of the register's names, and which of them a typed word may mean."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from app.names.given import FULL, is_plainly_given, misspelt_given_names
from app.names.keys import Entry, Keys, classes, is_initial, keys
from app.names.likeness import NEAR, SAME_SOUND, similarity
from app.names.neighbours import Neighbours
from app.names.roles import Role
from app.names.sound import coarse

MAX_NEAR: Final = 80
"""Sounds that one word may stand for."""
MAX_PREFIXED: Final = 200
"""Words that one prefix may stand for."""

_PREFIX_FLOOR: Final = 0.9
_SHORT: Final = 6
"""Sounds of a word in which one slip beside й or a soft vowel leaves too little of k2."""
_CACHED_WORDS: Final = 8192
_OTHER_STEM: Final = 0.1
"""What patronymics of one father lose that sound unlike: of surnames in -vich the nearest one is meant."""
_ONE_NAME: Final = 0.96
"""Similarity from which two given names are one, though the table has them apart (Ніна, Ніно)."""

# Before any name is known a given name is already commoner than a surname: counts that every class starts with.
_PRIOR_NAMES: Final = 1000
_PRIOR_SURNAME: Final = 1.0
_PRIOR_PATRONYMIC: Final = 10.0
_PRIOR_GIVEN: Final = 20.0


@dataclass(slots=True)
class Word:
    """A word of the vocabulary and the number of times that names have it."""

    id: int
    entry: Entry
    count: int

    @property
    def keys(self) -> Keys:
        """Return all that is known of the word."""
        return keys(self.entry.word)


class Vocabulary:
    """Words of one visibility tier with their counts, held in memory and kept current word by word.

    Rarity is counted in here alone, so a vocabulary filled from what a tier may see tells nothing of the rest.
    Ids are the caller's. Not safe for concurrent change; reading is pure but for a bounded cache.
    """

    def __init__(self) -> None:
        self.names = 0
        self.initials: set[int] = set()
        """Ids of words of one letter."""
        self._words: dict[int, Word] = {}
        self._ids: dict[str, int] = {}
        self._by_k2, self._rough, self._skeletons = (Neighbours(NEAR, MAX_NEAR) for _ in range(3))
        self._by_class: defaultdict[str, set[int]] = defaultdict(set)
        self._counts: Counter[str] = Counter()
        self._starts: list[tuple[str, int]] = []
        self._in_order = True
        self._near: dict[str, Mapping[int, float]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def __getitem__(self, word_id: int) -> Word:
        return self._words[word_id]

    def __contains__(self, word_id: object) -> bool:
        return word_id in self._words

    def id_of(self, word: str) -> int | None:
        """Return the id of a folded word, or None when no name has it."""
        return self._ids.get(word)

    def put(self, word_id: int, entry: Entry, count: int) -> None:
        """Say how often names have a word; it enters with its first time and leaves when there is none."""
        known = self._words.get(word_id)
        if known is not None and known.entry.word != entry.word:
            self._count(known, 0)
            known = None
        if known is None and count:
            known = self._enter(Word(word_id, entry, 0))
        if known is not None:
            self._count(known, count)

    def drop(self, word_id: int) -> None:
        """Take a word out; nothing happens when it is not there."""
        known = self._words.get(word_id)
        if known is not None:
            self._count(known, 0)

    def with_k2(self, k2s: Iterable[str]) -> set[int]:
        """Return the ids of the words that sound so, coarsely."""
        return set().union(*map(self._by_k2.get, k2s))

    def near(self, word: str) -> Mapping[int, float]:
        """Return the ids of the words that a folded word may mean, each with its similarity in 0..1."""
        found = self._near.get(word)
        if found is None:
            if len(self._near) >= _CACHED_WORDS:
                self._near.clear()
            found = self._near[word] = self._find_near(keys(word))
        return found

    def starting(self, prefix: str) -> Mapping[int, float]:
        """Return the words that begin as typed or sound so, the more similar the more of them is typed."""
        found: dict[int, float] = {}
        for start in dict.fromkeys([prefix, *(sound.k1 for sound in keys(prefix).sounds)]):
            for written, word_id in self._range(start):
                likeness = _PREFIX_FLOOR + (1 - _PREFIX_FLOOR) * len(start) / len(written) * SAME_SOUND
                found[word_id] = max(likeness, found.get(word_id, 0))
        return found

    def has_given(self, word: Keys) -> bool:
        """Tell whether anybody has one of the given names that the word is a form of."""
        return any(f"g{number}" in self._by_class for number in word.given)

    def rarity(self, word: Keys, role: Role) -> float:
        """Return in nats how much it says that a name has this word in this role, by the share of names that do."""
        named = {Role.GIVEN: "g", Role.PATRONYMIC: "p"}.get(role, "s")
        return min((self._rarity(name) for name in classes(word) if name[0] == named), default=0.0)

    def _rarity(self, name: str) -> float:
        prior = {"g": _PRIOR_GIVEN, "p": _PRIOR_PATRONYMIC}.get(name[0], _PRIOR_SURNAME)
        return math.log((self.names + _PRIOR_NAMES) / (self._counts[name] + prior))

    def _find_near(self, asked: Keys) -> dict[int, float]:
        found: dict[int, float] = {}
        for word_id in self._candidates(asked):
            entry = self._words[word_id].entry
            likeness = similarity(asked, entry)
            if likeness >= NEAR and not (likeness < _ONE_NAME and self._another_name(asked, entry)):
                found[word_id] = likeness
        for number, likeness in self._meant_names(asked).items():
            for word_id in self._by_class.get(f"g{number}", ()):
                theirs = likeness * self._words[word_id].keys.given[number] / FULL
                found[word_id] = max(theirs, found.get(word_id, 0))
        for father in asked.fathers:
            for word_id in self._by_class.get(f"p{father}", ()):
                found[word_id] = max(FULL - _OTHER_STEM * (1 - found.get(word_id, 0)), found.get(word_id, 0))
        return found

    def _meant_names(self, asked: Keys) -> Mapping[int, float]:
        if asked.given or asked.fathers or asked.word in self._ids:
            return asked.given
        return misspelt_given_names(asked.word)

    def _candidates(self, asked: Keys) -> set[int]:
        pairs = {(sound.k2, sound.k1) for sound in asked.sounds}
        pairs |= {(coarse(sound.slow), sound.slow) for sound in asked.sounds if len(sound.slow) <= _SHORT}
        found = self._by_k2.near(sorted(pairs))
        bones = sorted((k3, k3) for k3 in asked.k3s)
        if self._rough:
            found |= self._rough.near(bones)
        if asked.rough:
            found |= self._skeletons.near(bones)
        return found

    def _range(self, start: str) -> list[tuple[str, int]]:
        found = self._starts[self._place((start, -1)) : self._place((start + "\U0010ffff", -1))]
        return nsmallest(MAX_PREFIXED, found, key=lambda one: (len(one[0]), one))

    def _place(self, start: tuple[str, int]) -> int:
        if not self._in_order:
            self._starts.sort()
            self._in_order = True
        return bisect_left(self._starts, start)

    def _count(self, word: Word, count: int) -> None:
        for name in word.entry.classes:
            self._counts[name] += count - word.count
        word.count = count
        if not count:
            self._leave(word)

    def _enter(self, word: Word) -> Word:
        entry = word.entry
        self._words[word.id] = word
        self._ids[entry.word] = word.id
        for name in entry.classes:
            self._by_class[name].add(word.id)
        for index, key, fine in self._places(entry):
            index.add(key, fine, word.id)
        if is_initial(entry.word):
            self.initials.add(word.id)
        self._starts += [(start, word.id) for start in entry.starts]
        self._in_order = False
        self._near.clear()
        return word

    def _leave(self, word: Word) -> None:
        entry = word.entry
        del self._words[word.id]
        if self._ids[entry.word] == word.id:
            del self._ids[entry.word]
        for name in entry.classes:
            self._by_class[name].discard(word.id)
            if not self._by_class[name]:
                del self._by_class[name], self._counts[name]
        for index, key, fine in self._places(entry):
            index.remove(key, fine, word.id)
        for start in entry.starts:
            del self._starts[self._place((start, word.id))]
        self.initials.discard(word.id)
        self._near.clear()

    def _places(self, entry: Entry) -> Iterator[tuple[Neighbours, str, str]]:
        for k2, k1 in dict.fromkeys((sound.k2, sound.k1) for sound in entry.sounds):
            yield self._by_k2, k2, k1
        for k3 in entry.k3s:
            yield self._rough if entry.rough else self._skeletons, k3, k3

    def _another_name(self, asked: Keys, entry: Entry) -> bool:
        """Tell whether both are given names and not one: Алена is not Аліна, however near they sound.

        A name that nobody has may still be another one with a slip.
        """
        if not asked.personal or not entry.classes[0].startswith("g") or asked.rough or entry.rough:
            return False
        other = keys(entry.word)
        apart = other.personal and asked.given.keys().isdisjoint(other.given)
        return apart and is_plainly_given(asked.word) and self.has_given(asked)
