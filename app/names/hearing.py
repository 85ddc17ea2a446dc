"""The words of a vocabulary by what they may sound like."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from app.names.choosing import best
from app.names.likeness import NEAR, OTHER_READING, likenesses
from app.names.neighbours import Neighbours
from app.names.sound import Sound, coarse

MAX_NEAR: Final = 120
"""Sounds that one word may stand for."""

_SHORT: Final = 6
"""Sounds of a word in which one slip beside й or a soft vowel leaves too little of k2."""
_Pair = tuple[str, str]  # a second key, and what is finer


class Hearing:
    """Words by each of their readings, of which the first is the likeliest."""

    def __init__(self) -> None:
        # The finer key is k1, raw and slow; numbers are twice a word's id, and one more for a reading not its first.
        self._readings = Neighbours(NEAR, MAX_NEAR)

    def add(self, said: str, word_id: int) -> Iterator[str]:
        """Enter a word under its sounds as an entry writes them; yield each k1 that no word had."""
        for k1, k2, fine, number in _numbered(said, word_id):
            known = any(other.startswith(f"{k1},") for other in self._readings.finer(k2))
            self._readings.add(k2, fine, number)
            if not known:
                yield k1

    def remove(self, said: str, word_id: int) -> Iterator[str]:
        """Take a word out from under its sounds; yield each k1 that no word has any more."""
        for k1, k2, fine, number in _numbered(said, word_id):
            self._readings.remove(k2, fine, number)
            if not any(other.startswith(f"{k1},") for other in self._readings.finer(k2)):
                yield k1

    def like(self, k2: str) -> set[int]:
        """Return the ids of the words that sound so, coarsely."""
        return {number >> 1 for number in self._readings.get(k2)}

    def exactly(self, k1: str) -> set[int]:
        """Return the ids of the words that sound so (k1)."""
        k2 = coarse(k1)
        finer = (fine for fine in self._readings.finer(k2) if fine.startswith(f"{k1},"))
        return {number >> 1 for fine in finer for number in self._readings.exactly(k2, fine)}

    def near(self, sounds: Sequence[Sound]) -> dict[int, float]:
        """Return the ids of the words with the readings that are most like one of these, each with its likeness."""
        likeliest, others = dict[_Pair, float](), dict[_Pair, float]()
        for place, (sound, keys) in enumerate(zip(sounds, self._keys(sounds), strict=True)):
            scored, kept = (others, OTHER_READING) if place else (likeliest, 1.0)
            for pair, likeness in self._scored(sound, keys):
                scored[pair] = max(likeness * kept, scored.get(pair, 0))
        found: dict[int, float] = {}
        alike = {pair: max(likeness, others.get(pair, 0)) for pair, likeness in (others | likeliest).items()}
        for pair in best(alike, MAX_NEAR):
            first, other = likeliest.get(pair, 0), others.get(pair, 0)
            values = max(first, other), max(first * OTHER_READING, other)
            for number in self._readings.exactly(*pair):
                found[number >> 1] = max(values[number & 1], found.get(number >> 1, 0))
        return found

    def _keys(self, sounds: Sequence[Sound]) -> list[Iterable[str]]:
        asked = [(sound.k2, coarse(sound.slow) if len(sound.slow) <= _SHORT else sound.k2) for sound in sounds]
        distinct = list(dict.fromkeys(chain.from_iterable(asked)))
        near = dict(zip(distinct, self._readings.keys(distinct), strict=True))
        return [near[k2] if k2 == slow else near[k2] | near[slow] for k2, slow in asked]

    def _scored(self, sound: Sound, keys: Iterable[str]) -> Iterator[tuple[_Pair, float]]:
        pairs = [(k2, fine) for k2 in keys for fine in self._readings.finer(k2)]
        if pairs:
            for pair, likeness in zip(pairs, likenesses(sound, map(_sound, pairs)), strict=True):
                if likeness >= NEAR:
                    yield pair, likeness


def _numbered(said: str, word_id: int) -> Iterator[tuple[str, str, str, int]]:
    later = 0
    for one in said.split():
        raw, k1, k2, slow = one.split(",")
        yield k1, k2, f"{k1},{raw},{slow}", word_id * 2 + later
        later = 1


def _sound(pair: _Pair) -> tuple[str, str, str, str]:
    k2, fine = pair
    k1, raw, slow = fine.split(",")
    return raw, k1, k2, slow
