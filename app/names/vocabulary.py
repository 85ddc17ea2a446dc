"""The words of the register's names, and which of them a typed word may mean."""

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.names.given import FULL, misspelt_given_names
from app.names.keys import Keys, keys
from app.names.likeness import NEAR, SAME_SOUND, similarity
from app.names.roles import Role
from app.names.sound import coarse

MAX_NEAR: Final = 60
"""Keys that one reading of a typed word may stand for."""
MAX_PREFIXED: Final = 200
"""Words that one prefix may stand for."""

_PREFIX_FLOOR: Final = 0.9
_SHORT: Final = 6
"""Sounds of a word in which one slip beside й or a soft vowel leaves too little of k2."""
_CACHED_WORDS: Final = 8192

# Before any name is known a given name is already commoner than a surname: counts that every class starts with.
_PRIOR_NAMES: Final = 1000
_PRIOR_SURNAME: Final = 1.0
_PRIOR_PATRONYMIC: Final = 10.0
_PRIOR_GIVEN: Final = 20.0


@dataclass(slots=True)
class Word:
    """A word of the vocabulary and the number of names that have it."""

    id: int
    keys: Keys
    count: int


class Vocabulary:
    """Words of one visibility tier with their keys and counts, held in memory and kept current word by word.

    Rarity is counted in here alone, so a vocabulary filled from what a tier may see tells nothing of the rest.
    Ids are the caller's. Not safe for concurrent change; reading is pure but for a bounded cache.
    """

    def __init__(self) -> None:
        self.names = 0
        self._words: dict[int, Word] = {}
        self._ids: dict[str, int] = {}
        self._by_k2: defaultdict[str, set[int]] = defaultdict(set)
        self._by_k3: defaultdict[str, set[int]] = defaultdict(set)
        self._consonantal: defaultdict[str, set[int]] = defaultdict(set)
        self._by_class: defaultdict[str, set[int]] = defaultdict(set)
        self._counts: Counter[str] = Counter()
        self._prefixes: list[tuple[str, int]] = []
        self._k2_sizes: Mapping[int, list[str]] | None = None
        self._k3_sizes: Mapping[int, list[str]] | None = None
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

    def add(self, word_id: int, word: str, count: int = 1) -> None:
        """Count a folded word in `count` more names, entering it when it is new."""
        known = self._words.get(word_id)
        if known is None:
            known = self._words[word_id] = Word(word_id, keys(word), 0)
            self._enter(known)
        known.count += count
        for name in _classes(known.keys):
            self._counts[name] += count

    def remove(self, word_id: int, count: int = 1) -> None:
        """Count a word in `count` fewer names; it leaves with its last one."""
        known = self._words[word_id]
        count = min(count, known.count)
        known.count -= count
        for name in _classes(known.keys):
            self._counts[name] -= count
        if not known.count:
            self._leave(known)

    def with_k2(self, k2s: frozenset[str]) -> set[int]:
        """Return the ids of the words that sound so, coarsely."""
        return {word_id for k2 in k2s for word_id in self._by_k2.get(k2, ())}

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

    def rarity(self, word: Keys, role: Role) -> float:
        """Return in nats how much it says that a name has this word in this role, by the share of names that do."""
        named = {Role.GIVEN: "g", Role.PATRONYMIC: "p"}.get(role, "s")
        return min((self._rarity(name) for name in _classes(word) if name[0] == named), default=0.0)

    def _rarity(self, name: str) -> float:
        prior = {"g": _PRIOR_GIVEN, "p": _PRIOR_PATRONYMIC}.get(name[0], _PRIOR_SURNAME)
        return math.log((self.names + _PRIOR_NAMES) / (self._counts[name] + prior))

    def _find_near(self, asked: Keys) -> dict[int, float]:
        found: dict[int, float] = {}
        for word_id in self._candidates(asked):
            likeness = similarity(asked, self._words[word_id].keys)
            if likeness >= NEAR:
                found[word_id] = likeness
        for number, likeness in self._meant_names(asked).items():
            for word_id in self._by_class.get(f"g{number}", ()):
                theirs = likeness * self._words[word_id].keys.given[number] / FULL
                found[word_id] = max(theirs, found.get(word_id, 0))
        for father in asked.fathers:
            for word_id in self._by_class.get(f"p{father}", ()):
                found[word_id] = max(FULL, found.get(word_id, 0))
        return found

    def _meant_names(self, asked: Keys) -> Mapping[int, float]:
        if asked.given or asked.fathers or asked.word in self._ids:
            return asked.given
        return misspelt_given_names(asked.word)

    def _candidates(self, asked: Keys) -> set[int]:
        if asked.consonantal:
            return set(self._scan(asked.k3s, self._skeletons(), self._by_k3))
        slow = {coarse(sound.slow) for sound in asked.sounds if len(sound.slow) <= _SHORT}
        found = set(self._scan(asked.k2s | slow, self._coarse(), self._by_k2))
        if self._consonantal:
            found.update(self._scan(asked.k3s, _by_size(self._consonantal), self._consonantal))
        return found

    @staticmethod
    def _scan(sought: frozenset[str], among: Mapping[int, list[str]], ids: Mapping[str, set[int]]) -> Iterator[int]:
        for key in sought:
            hits = process.extract(
                key, _window(among, len(key)), scorer=OSA.normalized_similarity, score_cutoff=NEAR, limit=MAX_NEAR
            )
            for hit, _, _ in hits:
                yield from ids[hit]

    def _coarse(self) -> Mapping[int, list[str]]:
        if self._k2_sizes is None:
            self._k2_sizes = _by_size(self._by_k2)
        return self._k2_sizes

    def _skeletons(self) -> Mapping[int, list[str]]:
        if self._k3_sizes is None:
            self._k3_sizes = _by_size(self._by_k3)
        return self._k3_sizes

    def _range(self, start: str) -> list[tuple[str, int]]:
        first = bisect_left(self._prefixes, (start, -1))
        last = bisect_left(self._prefixes, (start + "\U0010ffff", -1), lo=first)
        if last - first <= MAX_PREFIXED:
            return self._prefixes[first:last]
        return sorted(self._prefixes[first:last], key=lambda entry: (len(entry[0]), entry))[:MAX_PREFIXED]

    def _enter(self, word: Word) -> None:
        self._ids[word.keys.word] = word.id
        for name, key in self._places(word.keys):
            name[key].add(word.id)
        for start in _starts(word.keys):
            insort(self._prefixes, (start, word.id))
        self._forget()

    def _leave(self, word: Word) -> None:
        del self._words[word.id], self._ids[word.keys.word]
        for name, key in self._places(word.keys):
            name[key].discard(word.id)
            if not name[key]:
                del name[key]
        for start in _starts(word.keys):
            del self._prefixes[bisect_left(self._prefixes, (start, word.id))]
        self._forget()

    def _forget(self) -> None:
        self._k2_sizes = self._k3_sizes = None
        self._near.clear()

    def _places(self, word: Keys) -> Iterator[tuple[defaultdict[str, set[int]], str]]:
        for name in _classes(word):
            yield self._by_class, name
        for k3 in word.k3s:
            yield (self._consonantal if word.consonantal else self._by_k3), k3
        if not word.consonantal:
            for k2 in word.k2s:
                yield self._by_k2, k2


def _window(among: Mapping[int, list[str]], size: int) -> list[str]:
    """Return the keys whose length lets them be near one of this length."""
    lengths = range(ceil(size * NEAR), int(size / NEAR) + 1)
    return list(chain.from_iterable(among[length] for length in lengths if length in among))


def _by_size(found: Iterable[str]) -> Mapping[int, list[str]]:
    """Group keys by length, in one order whatever the order of entry, so that equal hits are cut the same way."""
    sizes: defaultdict[int, list[str]] = defaultdict(list)
    for key in sorted(found):
        sizes[len(key)].append(key)
    return dict(sizes)


def _classes(word: Keys) -> list[str]:
    """Return what is counted as one with the word: its given names, its father's, and its own sound."""
    own = word.sounds[0].k1 if word.sounds else word.word
    return [*(f"g{number}" for number in word.given), *(f"p{father}" for father in word.fathers), f"s{own}"]


def _starts(word: Keys) -> list[str]:
    return list(dict.fromkeys([word.word, *(sound.k1 for sound in word.sounds)]))
