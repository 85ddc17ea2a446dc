"""Tells queries that nobody could answer from those that somebody could."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Final

from rapidfuzz.distance import OSA

from bench.names_people import SCHEMES, Invented

_WITH_PATRONYMIC: Final = 3
"""Words of a whole name."""


def is_tie(text: str, owner: Invented, other: Invented, indexed: Mapping[int, str]) -> bool:
    """Tell whether a spelling of one person in a scheme means another as well, by all that is indexed of the two.

    It does when they are indexed alike, or when no more slips lie between what was typed and the other's spelling in
    some scheme than between it and the owner's. Who is indexed with the patronymic that was typed is meant rather than
    who is indexed without any.
    """
    typed = text.casefold()
    whole = len(typed.split()) == _WITH_PATRONYMIC
    mine, theirs = (indexed[person.number].casefold() for person in (owner, other))
    if mine == theirs:
        return True
    silent = len(theirs.split()) < _WITH_PATRONYMIC
    if whole and silent:
        if len(mine.split()) == _WITH_PATRONYMIC:
            return False
        names = {language: (*other.names[language][:2], parts[2]) for language, parts in owner.names.items()}
        other = replace(other, names=names)
    limit = min(_apart(typed, owner, each, whole=whole) for each in SCHEMES)
    return any(_apart(typed, other, each, whole=whole) <= limit for each in SCHEMES)


def _apart(typed: str, person: Invented, scheme: str, *, whole: bool) -> int:
    """Return how many slips a text is away from a person's name in a scheme, in the order that is nearest."""
    words = person.spelt(scheme, patronymic=whole).casefold().split()
    return min(OSA.distance(" ".join(order), typed) for order in permutations(words))
