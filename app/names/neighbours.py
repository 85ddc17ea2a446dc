"""Finds keys that are nearly a given one without looking at all of them."""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import chain
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.names.sound import skeleton

_LONG: Final = 5
"""Consonants of a skeleton that may differ in two of them and still be near."""


class Neighbours:
    """Keys of words, each with the ids of the words that have it.

    Keys are grouped by their consonants, and the groups are entered under every form that lacks one of these (of
    long ones, two). Keys that are near share a form, whichever vowels differ, so a look-up costs the same among ten
    thousand words and among a hundred thousand.
    """

    def __init__(self, least: float, most: int) -> None:
        """Take the similarity from which keys are near, and how many are."""
        self._least = least
        self._most = most
        self._ids: dict[str, set[int]] = {}
        self._groups: dict[str, set[str]] = {}
        self._forms: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def get(self, key: str) -> Iterable[int]:
        """Return the ids of the words that have exactly this key."""
        return self._ids.get(key, ())

    def add(self, key: str, word_id: int) -> None:
        """Enter a word under a key."""
        known = self._ids.get(key)
        if known is not None:
            known.add(word_id)
            return
        self._ids[key] = {word_id}
        group = skeleton(key)
        if group not in self._groups:
            self._groups[group] = set()
            for form in _forms(group):
                self._forms.setdefault(form, set()).add(group)
        self._groups[group].add(key)

    def remove(self, key: str, word_id: int) -> None:
        """Take a word out from under a key."""
        known = self._ids[key]
        known.discard(word_id)
        if known:
            return
        del self._ids[key]
        group = skeleton(key)
        self._groups[group].discard(key)
        if not self._groups[group]:
            del self._groups[group]
            for form in _forms(group):
                self._forms[form].discard(group)
                if not self._forms[form]:
                    del self._forms[form]

    def near(self, keys: Iterable[str]) -> list[tuple[str, float]]:
        """Return the keys that are nearly one of these, the nearest first, each with its similarity.

        Equally near ones stand in the order of the alphabet, so that where the rest is cut off does not depend on the
        order in which words were entered.
        """
        best: dict[str, float] = {}
        for key in keys:
            for hit, score, _ in self._hits(key):
                if score > best.get(hit, 0):
                    best[hit] = score
        return nsmallest(self._most, best.items(), key=lambda found: (-found[1], found[0]))

    def _hits(self, key: str) -> list[tuple[str, float, int]]:
        groups = {group for form in _forms(skeleton(key)) for group in self._forms.get(form, ())}
        known = list(chain.from_iterable(map(self._groups.__getitem__, groups)))
        return process.extract(key, known, scorer=OSA.normalized_similarity, score_cutoff=self._least, limit=None)


def _forms(group: str) -> set[str]:
    forms = {group, *_shorter(group)}
    if len(group) >= _LONG:
        forms.update(form for one in tuple(forms) for form in _shorter(one))
    return forms


def _shorter(group: str) -> Iterator[str]:
    for place in range(len(group)):
        yield group[:place] + group[place + 1 :]
