"""Everything about one word that matching needs, computed once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from app.names.given import fathers, given_names, is_daughter, table
from app.names.sound import Sound, is_consonantal, readings, skeleton

KEY_VERSION: Final = 1
"""Raised with every change of the rules: stored keys of another version are stale and rebuilt."""


class Keys(NamedTuple):
    """What a folded word may sound like and which given name or patronymic it is."""

    word: str
    sounds: tuple[Sound, ...]
    k2s: frozenset[str]
    k3s: frozenset[str]
    given: Mapping[int, float]
    """Ids of the names of `given.txt` that it is a form of; `personal` if one is not a surname there."""
    personal: bool
    fathers: frozenset[str]
    daughter: bool
    consonantal: bool
    """The script writes no vowels: compare by k3 alone."""

    @property
    def initial(self) -> bool:
        """Whether the word is one letter that stands for a name."""
        return len(self.word) == 1


@lru_cache(maxsize=65536)
def keys(word: str) -> Keys:
    """Return the keys of a word as `fold.words` gives it."""
    sounds = readings(word)
    given = given_names(word) if len(word) > 1 else {}
    return Keys(
        word=word,
        sounds=sounds,
        k2s=frozenset(sound.k2 for sound in sounds),
        k3s=frozenset(skeleton(sound.k2) for sound in sounds) - {""},
        given=given,
        personal=any(table()[number].sex != "s" for number in given),
        fathers=fathers(word),
        daughter=is_daughter(word),
        consonantal=is_consonantal(word),
    )
