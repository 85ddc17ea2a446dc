"""Everything about one word that matching needs, computed once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Self

from app.names.given import fathers, given_names, is_daughter, table
from app.names.sound import Sound, is_rough, readings, roughs, skeleton

KEY_VERSION: Final = 4
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
    rough: bool
    """The script keeps only `sound.roughs` of foreign names."""

    @property
    def initial(self) -> bool:
        """Whether the word is one letter that stands for a name."""
        return is_initial(self.word)


def is_initial(word: str) -> bool:
    """Tell a letter that stands for a name from a syllable that is one."""
    return len(word) == 1 and not is_rough(word)


@lru_cache(maxsize=16384)
def keys(word: str) -> Keys:
    """Return the keys of a word as `fold.words` gives it."""
    sounds = readings(word)
    given = {} if is_initial(word) else given_names(word)
    return Keys(
        word=word,
        sounds=sounds,
        k2s=frozenset(sound.k2 for sound in sounds),
        k3s=frozenset(map(skeleton, roughs(word))) - {""},
        given=given,
        personal=any(table()[number].sex != "s" for number in given),
        fathers=fathers(word),
        daughter=is_daughter(word),
        rough=is_rough(word),
    )


class Entry(NamedTuple):
    """A word as a vocabulary enters it; an index keeps it written, which is read ten times faster than worked out."""

    word: str
    said: str
    """Its sounds as text, which takes a fifth of the room."""
    k3s: tuple[str, ...]
    classes: tuple[str, ...]
    """What is counted as one with the word: its given names, its father's, and its own sound."""
    rough: bool

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """What the word may sound like."""
        return _spoken(self.said)

    @classmethod
    def of(cls, word: str) -> Self:
        """Return the entry of a folded word."""
        own = keys(word)
        return cls(word, " ".join(map(",".join, own.sounds)), tuple(sorted(own.k3s)), classes(own), own.rough)

    def written(self) -> str:
        """Return the entry as text, without its word."""
        return "|".join((self.said, " ".join(self.k3s), " ".join(self.classes), "r" * self.rough))

    @classmethod
    def read(cls, word: str, text: str) -> Self:
        """Return the entry that `written` wrote."""
        said, k3s, named, rough = text.split("|")
        return cls(word, said, tuple(k3s.split()), tuple(named.split()), bool(rough))


def classes_of(written: str) -> list[str]:
    """Read the classes that an entry wrote."""
    return written.split("|")[2].split()


@lru_cache(maxsize=16384)
def _spoken(said: str) -> tuple[Sound, ...]:
    return tuple(Sound(*one.split(",")) for one in said.split())


def classes(word: Keys) -> tuple[str, ...]:
    """Return what is counted as one with a word: its given names, its father's, and its own sound."""
    own = word.sounds[0].k1 if word.sounds else word.word
    return (*(f"g{number}" for number in word.given), *(f"p{father}" for father in sorted(word.fathers)), f"s{own}")
