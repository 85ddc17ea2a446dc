"""Finds keys that are nearly a given one without looking at all of them."""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import chain
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

_VOWELS: Final = str.maketrans("", "", "aeiou")
_LONG: Final = 5
"""Consonants of a key that may differ in two of them and still be near."""
_MOST: Final = 2
_GOOD: Final = 0.85
"""Similarity of a key beyond which none that differs in two consonants is looked for."""


class Neighbours:
    """Keys of words, each with the finer keys that it is of, and the ids of the words that have these.

    Keys are grouped by their consonants, and the groups are entered under every form that lacks one of these. Keys that
    are near share a form, whichever vowels differ, so a look-up costs the same among ten thousand words and among a
    hundred thousand. Where it brings nothing good, long keys are compared with all whose consonants differ in two.
    """

    def __init__(self, least: float, most: int) -> None:
        """Take the similarity from which keys are near, and how many finer keys are."""
        self._least = least
        self._most = most
        self._ids: dict[str, dict[str, set[int]]] = {}
        self._groups: dict[str, set[str]] = {}
        self._forms: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def get(self, key: str) -> set[int]:
        """Return the ids of the words that have exactly this key."""
        return set().union(*self._ids.get(key, {}).values())

    def add(self, key: str, fine: str, word_id: int) -> None:
        """Enter a word under a key and a finer one."""
        if key not in self._ids:
            self._ids[key] = {}
            group = _consonants(key)
            if group not in self._groups:
                self._groups[group] = set()
                for form in _forms(group):
                    self._forms.setdefault(form, set()).add(group)
            self._groups[group].add(key)
        self._ids[key].setdefault(fine, set()).add(word_id)

    def remove(self, key: str, fine: str, word_id: int) -> None:
        """Take a word out from under a key."""
        known = self._ids[key]
        known[fine].discard(word_id)
        if not known[fine]:
            del known[fine]
        if known:
            return
        del self._ids[key]
        group = _consonants(key)
        self._groups[group].discard(key)
        if not self._groups[group]:
            del self._groups[group]
            for form in _forms(group):
                self._forms[form].discard(group)
                if not self._forms[form]:
                    del self._forms[form]

    def near(self, asked: Iterable[tuple[str, str]]) -> set[int]:
        """Return the ids of the words with the keys that are nearest to one of these pairs of a key and a finer one.

        Equally near ones are taken in the order of the alphabet, so that where the rest is cut off does not depend on
        the order in which words were entered.
        """
        best: dict[tuple[str, str], float] = {}
        for key, fine in asked:
            for pair, score in self._scored(key, fine):
                if score > best.get(pair, 0):
                    best[pair] = score
        nearest = nsmallest(self._most, best.items(), key=lambda found: (-found[1], found[0]))
        return set().union(*(self._ids[key][own] for (key, own), _ in nearest))

    def _scored(self, key: str, fine: str) -> Iterator[tuple[tuple[str, str], float]]:
        """Yield the pairs whose keys are near, scored by both."""
        hits = self._hits(key)
        pairs = [(near, own, score) for near, score, _ in hits for own in self._ids[near]]
        finer = process.extract(fine, [own for _, own, _ in pairs], scorer=OSA.normalized_similarity, limit=None)
        for _, score, place in finer:
            near, own, coarse = pairs[place]
            yield (near, own), score + coarse

    def _hits(self, key: str) -> list[tuple[str, float, int]]:
        group = _consonants(key)
        hits = self._compared(key, {known for form in _forms(group) for known in self._forms.get(form, ())})
        if len(group) < _LONG or (hits and hits[0][1] >= _GOOD):
            return hits
        further = process.extract(group, list(self._groups), scorer=OSA.distance, score_cutoff=_MOST, limit=None)
        return self._compared(key, {known for known, _, _ in further})

    def _compared(self, key: str, groups: Iterable[str]) -> list[tuple[str, float, int]]:
        known = list(chain.from_iterable(map(self._groups.__getitem__, groups)))
        return process.extract(key, known, scorer=OSA.normalized_similarity, score_cutoff=self._least, limit=None)


def _consonants(key: str) -> str:
    return key.translate(_VOWELS)


def _forms(group: str) -> set[str]:
    return {group, *(group[:place] + group[place + 1 :] for place in range(len(group)))}
