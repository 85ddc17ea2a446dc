"""What may have been meant where one slip took several letters of one sound apart.

A slip is a letter dropped, doubled or put in, replaced, or exchanged with the next one (Damerau, 1964). Most change one
sound, and are found by comparing sounds; within `ch`, `sch` or `zh` they change several.
"""

from collections.abc import Iterator
from typing import Final

_MIN_WORD: Final = 5
_SECONDS: Final = {"h": "cszktg", "z": "csdr"}
"""Letters that make one sound of the one before, and which these are."""
_DIGRAPHS: Final = frozenset(first + second for second, firsts in _SECONDS.items() for first in firsts)


def restored(word: str) -> list[str]:
    """Return the Latin words from which one slip within a digraph makes this one."""
    if len(word) < _MIN_WORD or not word.isascii():
        return []
    return list(dict.fromkeys(meant for meant in _restored(word) if meant != word))


def _restored(word: str) -> Iterator[str]:
    for place in range(len(word)):
        before, here, after = word[:place], word[place], word[place + 1 :]
        if before[-1:] + after[:1] in _DIGRAPHS:
            yield before + after
        if after and _joins(before[-1:] + after[0] + here + after[1:2]):
            yield before + after[0] + here + after[1:]
        if after[:1] in _SECONDS:
            for first in _SECONDS[after[0]]:
                yield before + first + after
        if before and before[-1] in _SECONDS["h"] and before[-1] + here not in _DIGRAPHS:
            yield f"{before}h{after}"
            yield f"{before}h{here}{after}"


def _joins(letters: str) -> bool:
    return any(letters[place : place + 2] in _DIGRAPHS for place in range(len(letters) - 1))
