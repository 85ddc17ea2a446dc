"""The words of the register's names, and which of them a typed word may mean."""

import math
import re
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from app.names.given import FULL, is_plainly_given, misspelt_given_names
from app.names.hearing import MAX_NEAR, Hearing
from app.names.keys import Entry, Keys, classes, classes_of, is_initial, keys
from app.names.likeness import NEAR, SAME_SOUND, similarity
from app.names.neighbours import Neighbours, added, removed
from app.names.roles import Role
from app.names.slips import restored
from app.names.sound import is_rough, readings

MAX_PREFIXED: Final = 200
"""Words that one prefix may stand for."""

_PREFIX_FLOOR: Final = 0.9
_DRAWN_OUT: Final = re.compile(r"(.)\1\1")
"""Doubled letters sound as one, but no name has three: what is left of `zzzz` begins every name in З."""
_CACHED_WORDS: Final = 8192
_MANY: Final = 1000
"""Beginnings from which to sort them all is quicker than to put each in its place."""
_OTHER_STEM: Final = 0.1
"""What patronymics of one father lose that sound unlike: of surnames in -vich the nearest one is meant."""
_ONE_NAME: Final = 0.96
"""Similarity from which two given names are one, though the table has them apart (Ніна, Ніно)."""

# Before any name is known a given name is already commoner than a surname: counts that every class starts with.
_PRIOR_NAMES: Final = 1000
_PRIOR_SURNAME: Final = 1.0
_PRIOR_PATRONYMIC: Final = 10.0
_PRIOR_GIVEN: Final = 20.0


class Vocabulary:
    """Words of one visibility tier with their counts, held in memory and kept current word by word.

    Rarity is counted in here alone, so a vocabulary filled from what a tier may see tells nothing of the rest.
    Ids are the caller's. Not safe for concurrent change; reading is pure but for a bounded cache. It is held as
    `Neighbours` are, in what the collector of garbage does not walk over.
    """

    def __init__(self) -> None:
        self.names = 0
        self.initials: set[int] = set()
        """Ids of words of one letter."""
        self._words: dict[int, str] = {}
        self._written: dict[int, str] = {}
        """What each word is found by, as `Entry` writes it."""
        self._uses: dict[int, int] = {}
        self._ids: dict[str, int] = {}
        self._heard = Hearing()
        self._rough = Neighbours(NEAR, MAX_NEAR)
        self._skeletons: Neighbours | None = None
        """Words of scripts that are not rough by their third keys; made when one that is rough is asked for."""
        self._by_name: dict[str, tuple[int, ...]] = {}
        """Ids by those of their classes that are names of the table or patronymics."""
        self._counts: Counter[str] = Counter()
        self._starts: defaultdict[str, list[str]] = defaultdict(list)
        """What beginnings are compared with, by the first letter: all words, and all that they may sound like (k1)."""
        self._fresh: defaultdict[str, list[str]] = defaultdict(list)
        """What `_starts` lacks; it is put there letter by letter, when one is typed."""
        self._near: dict[str, Mapping[int, float]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def __getitem__(self, word_id: int) -> Entry:
        return Entry.read(self._words[word_id], self._written[word_id])

    def __contains__(self, word_id: object) -> bool:
        return word_id in self._words

    def text(self, word_id: int) -> str:
        """Return a word."""
        return self._words[word_id]

    def count(self, word_id: int) -> int:
        """Return the number of times that names have a word."""
        return self._uses[word_id]

    def id_of(self, word: str) -> int | None:
        """Return the id of a folded word, or None when no name has it."""
        return self._ids.get(word)

    def put(self, word_id: int, word: str, written: str, count: int) -> None:
        """Say how often names have a word, with what it is found by as `Entry` writes it.

        It enters with its first time and leaves when there is none.
        """
        if self._words.get(word_id, word) != word:
            self.drop(word_id)
        if not count:
            self.drop(word_id)
            return
        if word_id not in self._words:
            self._enter(word_id, word, written)
        self._count(word_id, count)

    def drop(self, word_id: int) -> None:
        """Take a word out; nothing happens when it is not there."""
        if word_id in self._words:
            self._count(word_id, 0)
            self._leave(word_id)

    def sounding(self, word: str) -> Iterator[tuple[int, float]]:
        """Yield the ids of the words, initials left out, that sound, coarsely, as a folded word does, and how alike."""
        sounds = readings(word)
        k2s = dict.fromkeys(sound.k2 for sound in sounds)
        for word_id in sorted(set().union(*map(self._heard.like, k2s)) - self.initials):
            yield word_id, similarity(keys(word), self[word_id])

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
        sounds = () if _DRAWN_OUT.search(prefix) else keys(prefix).sounds
        for start in dict.fromkeys([prefix, *(sound.k1 for sound in sounds)]):
            begun = ((written, word_id) for written in self._range(start) for word_id in self._begun(written))
            for written, word_id in islice(begun, MAX_PREFIXED):
                likeness = _PREFIX_FLOOR + (1 - _PREFIX_FLOOR) * len(start) / len(written) * SAME_SOUND
                found[word_id] = max(likeness, found.get(word_id, 0))
        return found

    def has_given(self, word: Keys) -> bool:
        """Tell whether anybody has one of the given names that the word is a form of."""
        return any(f"g{number}" in self._by_name for number in word.given)

    def rarity(self, word: Keys, role: Role) -> float:
        """Return in nats how much it says that a name has this word in this role, by the share of names that do."""
        named = {Role.GIVEN: "g", Role.PATRONYMIC: "p"}.get(role, "s")
        return min((self._rarity(name) for name in classes(word) if name[0] == named), default=0.0)

    def _rarity(self, name: str) -> float:
        prior = {"g": _PRIOR_GIVEN, "p": _PRIOR_PATRONYMIC}.get(name[0], _PRIOR_SURNAME)
        return math.log((self.names + _PRIOR_NAMES) / (self._counts[name] + prior))

    def _find_near(self, asked: Keys) -> dict[int, float]:
        found = {
            word_id: likeness
            for word_id, likeness in self._alike(asked)
            if likeness >= NEAR and not self._another(asked, word_id, likeness)
        }
        for word_id, likeness in self._restored(asked, max(found.values(), default=0.0)):
            found[word_id] = max(likeness, found.get(word_id, 0))
        for number, likeness in self._meant_names(asked).items():
            for word_id in self._by_name.get(f"g{number}", ()):
                theirs = likeness * keys(self._words[word_id]).given[number] / FULL
                found[word_id] = max(theirs, found.get(word_id, 0))
        for father in asked.fathers:
            for word_id in self._by_name.get(f"p{father}", ()):
                found[word_id] = max(FULL - _OTHER_STEM * (1 - found.get(word_id, 0)), found.get(word_id, 0))
        return found

    def _restored(self, asked: Keys, best: float) -> Iterator[tuple[int, float]]:
        """Yield the words that sound as one does without a slip that takes a sound apart, if none sounds so with it."""
        likeness = 1 - 1 / len(asked.word)
        for word in restored(asked.word) if best < likeness else ():
            for sound in readings(word):
                for word_id in self._heard.exactly(sound.k1):
                    yield word_id, likeness

    def _alike(self, asked: Keys) -> Iterator[tuple[int, float]]:
        """Yield the words that sound like one, each with its similarity."""
        own = self._ids.get(asked.word)
        if own is not None:
            yield own, 1.0
        heard = self._heard.near(asked.sounds)
        bones = sorted((k3, k3) for k3 in asked.k3s)
        rough = self._rough.near(bones) if self._rough else set()
        if asked.rough:
            rough |= self._bones().near(bones) | heard.keys()
        for word_id in rough - {own}:
            yield word_id, similarity(asked, self[word_id])
        for word_id in heard.keys() - rough - {own}:
            yield word_id, heard[word_id]

    def _meant_names(self, asked: Keys) -> Mapping[int, float]:
        if asked.given or asked.fathers or asked.word in self._ids:
            return asked.given
        return misspelt_given_names(asked.word)

    def _bones(self) -> Neighbours:
        if self._skeletons is None:
            self._skeletons = Neighbours(NEAR, MAX_NEAR)
            for word_id, written in self._written.items():
                for k3 in self._k3s(word_id, written):
                    self._skeletons.add(k3, k3, word_id)
        return self._skeletons

    def _k3s(self, word_id: int, written: str) -> list[str]:
        return [] if is_rough(self._words[word_id]) else written.split("|")[1].split()

    def _range(self, start: str) -> Iterable[str]:
        """Give what begins so, the shortest first, then by the alphabet."""
        known = self._beginning(start[0])
        found = known[bisect_left(known, start) : bisect_left(known, start + "\U0010ffff")]
        return dict.fromkeys(sorted(found, key=len)[: 2 * MAX_PREFIXED])

    def _beginning(self, letter: str) -> list[str]:
        """Give all that begins with a letter, in order."""
        known, fresh = self._starts[letter], self._fresh.pop(letter, [])
        if len(fresh) > _MANY:
            known += fresh
            known.sort()
        else:
            for one in fresh:
                insort(known, one)
        return known

    def _begun(self, start: str) -> list[int]:
        own = self._ids.get(start)
        heard = self._heard.exactly(start)
        return sorted(heard if own is None else heard | {own})

    def _count(self, word_id: int, count: int) -> None:
        more = count - self._uses.get(word_id, 0)
        for name in classes_of(self._written[word_id]):
            self._counts[name] += more
            if not self._counts[name]:
                del self._counts[name]
        self._uses[word_id] = count

    def _enter(self, word_id: int, word: str, written: str) -> None:
        self._words[word_id], self._written[word_id], self._ids[word] = word, written, word_id
        for name in classes_of(written):
            if name[0] != "s":
                added(self._by_name, name, word_id)
        said, k3s, _, rough = written.split("|")
        for start in (word, *self._heard.add(said, word_id)):
            self._fresh[start[0]].append(start)
        index = self._rough if rough else self._skeletons
        if index is not None:
            for k3 in k3s.split():
                index.add(k3, k3, word_id)
        if is_initial(word):
            self.initials.add(word_id)
        self._near.clear()

    def _leave(self, word_id: int) -> None:
        word, written = self._words.pop(word_id), self._written.pop(word_id)
        del self._uses[word_id]
        if self._ids[word] == word_id:
            del self._ids[word]
        for name in classes_of(written):
            if name[0] != "s":
                removed(self._by_name, name, word_id)
        said, k3s, _, rough = written.split("|")
        for start in (word, *self._heard.remove(said, word_id)):
            known = self._beginning(start[0])
            del known[bisect_left(known, start)]
        index = self._rough if rough else self._skeletons
        if index is not None:
            for k3 in k3s.split():
                index.remove(k3, k3, word_id)
        self.initials.discard(word_id)
        self._near.clear()

    def _another(self, asked: Keys, word_id: int, likeness: float) -> bool:
        """Tell whether one is an initial and the other a word, or both are given names and not one.

        Алена is not Аліна, however near they sound; a name that nobody has may still be another one with a slip.
        """
        if word_id in self.initials:
            return not asked.initial
        entry = self[word_id] if asked.personal and likeness < _ONE_NAME else None
        if entry is None or not entry.classes[0].startswith("g") or asked.rough or entry.rough:
            return False
        other = keys(entry.word)
        apart = other.personal and asked.given.keys().isdisjoint(other.given)
        return apart and is_plainly_given(asked.word) and self.has_given(asked)
