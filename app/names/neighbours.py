"""Finds keys that are nearly a given one without looking at all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TypeVar

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.names.choosing import best

_T = TypeVar("_T")
_VOWELS: Final = str.maketrans("", "", "aeiou")
_LONG: Final = 5
"""Consonants of a key that may differ in two of them and still be near."""
_MOST: Final = 2
_GOOD: Final = 0.83
"""Similarity of a key beyond which none that differs in two consonants is looked for."""


class Neighbours:
    """Keys of words, each with the finer keys that it is of, and the ids of the words that have these.

    Keys are grouped by their consonants, and the groups are entered under every form that lacks one of these. Keys that
    are near share a form, whichever vowels differ, so a look-up costs the same among ten thousand words and among a
    hundred thousand. Where it brings nothing good, long keys are compared with all whose consonants differ in two.

    All is held as text, numbers and tuples of these, which the collector of garbage does not walk over: among a
    million sets and lists it would keep everybody waiting for a second.
    """

    def __init__(self, least: float, most: int) -> None:
        """Take the similarity from which keys are near, and how many finer keys are."""
        self._least = least
        self._most = most
        self._ids: dict[str, tuple[int, ...]] = {}
        """By a key and a finer one, as one text."""
        self._finer: dict[str, tuple[str, ...]] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._forms: dict[str, tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._finer)

    def get(self, key: str) -> set[int]:
        """Return the ids of the words that have exactly this key."""
        return {word_id for fine in self._finer.get(key, ()) for word_id in self.exactly(key, fine)}

    def finer(self, key: str) -> tuple[str, ...]:
        """Return the finer keys of a key."""
        return self._finer.get(key, ())

    def keys(self, asked: Sequence[str]) -> list[dict[str, float]]:
        """Return for each key those that are near it, with their similarity.

        Long keys are compared with all whose consonants differ in two, if nothing good is found for any of them.
        """
        found = [self._compared(key, self._alike(_consonants(key))) for key in asked]
        if any(score >= _GOOD for near in found for score in near.values()):
            return found
        return [
            self._compared(key, self._unlike(group)) if len(group := _consonants(key)) >= _LONG else near
            for key, near in zip(asked, found, strict=True)
        ]

    def exactly(self, key: str, fine: str) -> tuple[int, ...]:
        """Return the ids of the words that have exactly these two keys."""
        return self._ids.get(f"{key} {fine}", ())

    def add(self, key: str, fine: str, word_id: int) -> bool:
        """Enter a word, which is not there, under a key and a finer one; tell whether it is the first there."""
        if not added(self._ids, f"{key} {fine}", word_id):
            return False
        if added(self._finer, key, fine) and added(self._groups, group := _consonants(key), key):
            for form in _forms(group):
                added(self._forms, form, group)
        return True

    def remove(self, key: str, fine: str, word_id: int) -> bool:
        """Take a word out from under a key; tell whether it was the last there."""
        if not removed(self._ids, f"{key} {fine}", word_id):
            return False
        if removed(self._finer, key, fine) and removed(self._groups, group := _consonants(key), key):
            for form in _forms(group):
                removed(self._forms, form, group)
        return True

    def near(self, asked: Iterable[tuple[str, str]]) -> set[int]:
        """Return the ids of the words with the keys that are nearest to one of these pairs of a key and a finer one.

        Equally near ones are taken in the order of the alphabet, so that where the rest is cut off does not depend on
        the order in which words were entered.
        """
        pairs = list(asked)
        scored: dict[str, float] = {}
        for (_, fine), near in zip(pairs, self.keys([key for key, _ in pairs]), strict=True):
            for pair, score in self._scored(fine, near):
                scored[pair] = max(score, scored.get(pair, 0))
        return set(chain.from_iterable(map(self._ids.__getitem__, best(scored, self._most))))

    def _scored(self, fine: str, keys: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        """Yield the pairs of these keys, scored by both."""
        pairs = [(near, own, score) for near, score in keys.items() for own in self._finer[near]]
        finer = process.extract_iter(fine, [own for _, own, _ in pairs], scorer=OSA.normalized_similarity)
        for own, score, place in finer:
            near, _, coarse = pairs[place]
            yield f"{near} {own}", score + coarse

    def _alike(self, group: str) -> set[str]:
        """Give the groups that share a form with one."""
        return set(chain.from_iterable(filter(None, map(self._forms.get, _forms(group)))))

    def _unlike(self, group: str) -> Iterator[str]:
        """Give all groups that differ in no more than `_MOST` consonants."""
        found = process.extract(group, list(self._groups), scorer=OSA.distance, score_cutoff=_MOST, limit=None)
        return (known for known, _, _ in found)

    def _compared(self, key: str, groups: Iterable[str]) -> dict[str, float]:
        known = list(chain.from_iterable(map(self._groups.__getitem__, groups)))
        found = process.extract(key, known, scorer=OSA.normalized_similarity, score_cutoff=self._least, limit=None)
        return {near: score for near, score, _ in found}


def added(known: dict[str, tuple[_T, ...]], key: str, value: _T) -> bool:
    """Put a value to others under a key; tell whether it is the first there."""
    others = known.get(key)
    known[key] = (value,) if others is None else (*others, value)
    return others is None


def removed(known: dict[str, tuple[_T, ...]], key: str, value: _T) -> bool:
    """Take a value out from under a key; tell whether it was the last there."""
    others = tuple(other for other in known[key] if other != value)
    if others:
        known[key] = others
    else:
        del known[key]
    return not others


def _consonants(key: str) -> str:
    return key.translate(_VOWELS)


def _forms(group: str) -> set[str]:
    return {group, *(group[:place] + group[place + 1 :] for place in range(len(group)))}
