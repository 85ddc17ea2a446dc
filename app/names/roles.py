"""Which word of a name is the surname, the given name, the patronymic."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Self

from app.names.keys import Keys

_GIVEN_AND_SURNAME: Final = 2
_SURE_PATRONYMIC: Final = 7
"""Sounds of a patronymic whose stem is a name of more than a syllable."""


class Role(Enum):
    """What a word does in a name."""

    SURNAME = "surname"
    GIVEN = "given"
    PATRONYMIC = "patronymic"
    INITIAL = "initial"

    # A role is asked for some thousand times a search; that of Enum is worked out in Python.
    __hash__ = object.__hash__

    @property
    def letter(self) -> str:
        """The letter that an index writes for it."""
        return self.value[0]

    @classmethod
    def written(cls, letters: str) -> tuple[Self, ...]:
        """Return the roles that an index wrote."""
        return tuple(_BY_LETTER[letter] for letter in letters)


_BY_LETTER: Final[Mapping[str, Any]] = {role.letter: role for role in Role}


def roles(name: Sequence[Keys]) -> list[Role]:
    """Return the role of each word of a name in its order.

    A word in -vich is a patronymic only beside another surname: Bahdanovich is both, so `Багданович Ларыса` has a
    surname, `Петрова Ларыса Багданаўна` a patronymic, and of two the one after the given name is the patronymic.
    """
    found = [_alone(word) for word in name]
    candidates = [place for place, role in enumerate(found) if role is Role.PATRONYMIC]
    for place in candidates:
        found[place] = Role.SURNAME
    patronymic = _patronymic(name, found, candidates)
    if patronymic is not None:
        found[patronymic] = Role.PATRONYMIC
    if Role.SURNAME not in found and found.count(Role.GIVEN) > 1:
        found[_rarest_given(name, found)] = Role.SURNAME
    return found


def is_whole(name: Sequence[Keys]) -> bool:
    """Tell a name that can mean one person from a surname alone, a given name alone, or one with a patronymic."""
    found = roles(name)
    return Role.SURNAME in found and len(found) > found.count(Role.PATRONYMIC) + 1


def _alone(word: Keys) -> Role:
    if word.initial:
        return Role.INITIAL
    if word.fathers:
        return Role.PATRONYMIC
    return Role.GIVEN if word.personal else Role.SURNAME


def _patronymic(name: Sequence[Keys], found: Sequence[Role], candidates: Sequence[int]) -> int | None:
    daughters = [place for place in candidates if name[place].daughter]
    if daughters:
        return daughters[0]
    rest = len(name) - 1 - found.count(Role.INITIAL)
    least = _GIVEN_AND_SURNAME if Role.GIVEN in found or Role.INITIAL not in found else 1
    if not candidates or rest < least:
        return None
    return max(candidates, key=lambda place: (_fatherly(name[place]), _after_given(found, place), place))


def _fatherly(word: Keys) -> int:
    """Tell how surely it is a patronymic: whether the father's name is a known one, and long enough to be no chance."""
    known = any(father.isdigit() for father in word.fathers)
    return known + (known and min(len(sound.k1) for sound in word.sounds) >= _SURE_PATRONYMIC)


def _after_given(found: Sequence[Role], place: int) -> bool:
    return place > 0 and found[place - 1] in {Role.GIVEN, Role.INITIAL}


def _rarest_given(name: Sequence[Keys], found: Sequence[Role]) -> int:
    """Choose which of several given names is the surname: not the one before the patronymic, with fewest meanings."""
    places = [place for place, role in enumerate(found) if role is Role.GIVEN]
    followed = [place for place in places if Role.PATRONYMIC not in found[place + 1 : place + 2]]
    places = followed or places
    return min(places, key=lambda place: (len(name[place].given), -place))
