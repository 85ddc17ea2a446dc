"""Finds keys that are nearly a given one without looking at all of them."""

from collections.abc import Iterable, Iterator
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.names.likeness import NEAR
from app.names.sound import skeleton

MAX_NEAR: Final = 60
"""Keys that one key may stand for."""
_LONG: Final = 5
"""Consonants of a skeleton that may differ in two of them and still be near."""


class Neighbours:
    """Keys of words, each with the ids of the words that have it.

    Keys are grouped by their consonants, and the groups are entered under every form that lacks one of these (of
    long ones, two). Keys that are near share a form, whichever vowels differ, so a look-up costs the same among ten
    thousand words and among a hundred thousand.
    """

    def __init__(self) -> None:
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

    def near(self, keys: Iterable[str]) -> Iterator[int]:
        """Yield the ids of words with keys that are nearly one of these; some more than once."""
        for key in keys:
            hits = process.extract(
                key, self._candidates(key), scorer=OSA.normalized_similarity, score_cutoff=NEAR, limit=MAX_NEAR
            )
            for hit, _, _ in hits:
                yield from self._ids[hit]

    def _candidates(self, key: str) -> list[str]:
        """Return keys that may be near, in one order whatever the order of entry, so that equal hits are cut alike."""
        groups = {group for form in _forms(skeleton(key)) for group in self._forms.get(form, ())}
        shortest, longest = len(key) * NEAR, len(key) / NEAR
        return sorted(known for group in groups for known in self._groups[group] if shortest <= len(known) <= longest)


def _forms(group: str) -> set[str]:
    forms = {group, *_shorter(group)}
    if len(group) >= _LONG:
        forms.update(form for one in tuple(forms) for form in _shorter(one))
    return forms


def _shorter(group: str) -> Iterator[str]:
    for place in range(len(group)):
        yield group[:place] + group[place + 1 :]
