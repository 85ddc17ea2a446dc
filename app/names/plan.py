"""From a typed name to the words of the vocabulary that it may mean, each with what a match of it says."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, NamedTuple

from app.names.fold import words
from app.names.keys import Keys, keys
from app.names.likeness import first_letters
from app.names.roles import Role, roles
from app.names.vocabulary import Vocabulary

CUT_OFF: Final = 0.48
"""Score below which a name is somebody else's."""
MAX_ROWS: Final = 40_000
"""Names that the most telling words of one query may bring."""
_MAX_ALONE: Final = 5_000
"""The same where one word is all that was typed: nothing else tells which of them is meant."""

SILENT_PATRONYMIC: Final = 0.25
"""Share of its weight that a patronymic keeps when the register's name has none."""
ABBREVIATED: Final = 0.6
"""Share of its weight that a word keeps when the register has its initial only."""
_PATRONYMIC: Final = 0.5
_INITIAL: Final = 1.5
_STRANGE_GIVEN: Final = 4.0
_FLOOR: Final = 0.5
_POWER: Final = 1.5
_SURE: Final = 0.75
_GLUED: Final = 0.9
_KNOWN: Final = 0.96
_LIKE_KNOWN: Final = 0.78
"""How like a word must be to one that somebody is called as typed: two slips seldom make a name that there is."""
_SPLIT_BELOW: Final = 0.8
_MIN_PART: Final = 3
_MAX_JOINED: Final = 4


class Term(NamedTuple):
    """One word of the query."""

    keys: Keys
    role: Role
    weight: float
    """What a full match of it says, in nats."""


class Link(NamedTuple):
    """That a word of the vocabulary may be what one or two terms of the query mean."""

    gain: float
    terms: int
    """The terms, as bits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to fetch for a query and how to weigh what comes."""

    terms: tuple[Term, ...]
    links: Mapping[int, tuple[Link, ...]]
    drivers: tuple[int, ...]
    """Ids of the words that a name must have one of to reach the cut-off, the most telling first, and never so common
    that together they bring too many names."""
    surnames: int
    """The terms that are surnames, as bits."""
    needed: float
    """What the words of a name must gain together for it to reach the cut-off."""
    firm: Mapping[int, float]
    """Of each term (as a bit) that is a surname somebody has as typed: the gain from which another word may be it."""
    initials: int
    """The terms that are initials, as bits: which word each stands for depends on its place, so links only find it."""
    repeats: bool
    """Whether a word was typed more than once."""


def plan(query: str, vocabulary: Vocabulary, *, prefix: bool = False) -> Plan:
    """Read a query against a vocabulary; with `prefix` its last word may be the beginning of one.

    Total over any text. The work is bounded by `fold`'s limits and the size of the vocabulary.
    """
    typed = [part for word in words(query) for part in _split(word, vocabulary)]
    named = any(keys(word).personal for word in typed)
    meant = [_meant(word, vocabulary, named=named) for word in typed]
    terms = tuple(
        Term(keys(word), role, _weight(sure, role, vocabulary))
        for word, sure, role in zip(typed, meant, _roles(meant, typed, vocabulary), strict=True)
    )
    links: defaultdict[int, list[Link]] = defaultdict(list)
    for word_id, link in _links(terms, vocabulary, prefix=prefix):
        links[word_id].append(link)
    found = {word_id: tuple(sorted(entries, reverse=True)) for word_id, entries in links.items()}
    single = _single(terms)
    needed = sum(_needed(terms[place]) for place in single)
    surnames = _bits(terms, Role.SURNAME)
    initials = _bits(terms, Role.INITIAL) if len(terms) > 1 else 0
    firm = dict(_firm(terms, vocabulary))
    drivers = _drivers({place: terms[place].weight for place in single}, found, needed, vocabulary)
    repeats = len(set(typed)) < len(typed)
    return Plan(terms, found, drivers, surnames, needed, firm, initials, repeats)


def _bits(terms: Sequence[Term], role: Role) -> int:
    return sum(1 << place for place, term in enumerate(terms) if term.role is role)


def _single(terms: Sequence[Term]) -> list[int]:
    """Return the places of the terms, of a word that was typed more than once only where it says most.

    A name need not have it as often as it was typed; each initial stands for another word.
    """
    found: dict[str | int, int] = {}
    for place, term in enumerate(terms):
        same = place if term.role is Role.INITIAL else term.keys.word
        if same not in found or term.weight > terms[found[same]].weight:
            found[same] = place
    return list(found.values())


def _firm(terms: tuple[Term, ...], vocabulary: Vocabulary) -> Iterator[tuple[int, float]]:
    for place, term in enumerate(terms):
        surname = term.role is Role.SURNAME and not term.keys.rough
        if surname and max(vocabulary.near(term.keys.word).values(), default=0.0) >= _KNOWN:
            yield 1 << place, term.weight * _share(_LIKE_KNOWN)


def _meant(word: str, vocabulary: Vocabulary, *, named: bool) -> Keys:
    """Return the keys of the word, or of the one it was surely meant to be when nobody is called as typed.

    Where a given name stands already (`named`), a strange word is no misspelt second one.
    """
    own = keys(word)
    if own.given or own.initial or vocabulary.id_of(word) is not None:
        return own
    near = sorted(((likeness, -word_id) for word_id, likeness in vocabulary.near(word).items()), reverse=True)
    sure = (keys(vocabulary.text(-word_id)) for likeness, word_id in near if likeness >= _SURE)
    return next((found for found in sure if not (named and found.personal)), own)


def _roles(meant: list[Keys], typed: list[str], vocabulary: Vocabulary) -> list[Role]:
    """Return the words' roles; where no given name is known, the word least like any other is taken for one."""
    found = roles(meant)
    strange = [place for place, role in enumerate(found) if role is Role.SURNAME]
    if len(strange) > 1 and not {Role.GIVEN, Role.INITIAL} & set(found):
        known = {place: max(vocabulary.near(typed[place]).values(), default=0.0) for place in strange}
        found[min(strange, key=lambda place: (known[place], typed[place]))] = Role.GIVEN
    return found


def _weight(word: Keys, role: Role, vocabulary: Vocabulary) -> float:
    if role is Role.INITIAL:
        return _INITIAL
    if role is Role.GIVEN and not (word.personal and vocabulary.has_given(word)):
        return _STRANGE_GIVEN
    return vocabulary.rarity(word, role) * (_PATRONYMIC if role is Role.PATRONYMIC else 1)


def _links(terms: tuple[Term, ...], vocabulary: Vocabulary, *, prefix: bool) -> Iterator[tuple[int, Link]]:
    alone = len({term.keys.word for term in terms}) == 1
    for place, term in enumerate(terms):
        starts = prefix and place == len(terms) - 1
        likely = _likely(term, vocabulary, starts=starts, alone=len(terms) == 1)
        for word_id, likeness in likely.items():
            yield word_id, Link(term.weight * _share(likeness), 1 << place)
        # That a name begins with a letter is too little to be all that is known of it.
        for word_id in vocabulary.initials if term.role is not Role.INITIAL and not alone else ():
            if first_letters(term.keys) & first_letters(vocabulary[word_id]):
                yield word_id, Link(term.weight * ABBREVIATED, 1 << place)
    if len(terms) <= _MAX_JOINED:
        yield from _joined(terms, vocabulary)


def _joined(terms: tuple[Term, ...], vocabulary: Vocabulary) -> Iterator[tuple[int, Link]]:
    """Yield the words that two terms make when they are written as one; not one that either is by itself."""
    whole = [(place, term) for place, term in enumerate(terms) if term.role is not Role.INITIAL]
    for (one, first), (two, second) in permutations(whole, 2):
        for word_id, likeness in vocabulary.sounding(first.keys.word + second.keys.word):
            alone = max(vocabulary.near(term.keys.word).get(word_id, 0.0) for term in (first, second))
            if likeness >= _GLUED and likeness > alone:
                yield word_id, Link((first.weight + second.weight) * _share(likeness), 1 << one | 1 << two)


def _share(likeness: float) -> float:
    """Return the share of a term's weight that so similar a word is worth."""
    return math.pow(max(0.0, (likeness - _FLOOR) / (1 - _FLOOR)), _POWER)


def _likely(term: Term, vocabulary: Vocabulary, *, starts: bool, alone: bool) -> Mapping[int, float]:
    """Return the words that a term may mean; an initial means none by itself, unless it is all that was typed."""
    if term.role is Role.INITIAL and not (starts and alone):
        own = vocabulary.id_of(term.keys.word)
        return {} if own is None else {own: 1.0}
    near = vocabulary.near(term.keys.word)
    if not starts:
        return near
    begun = vocabulary.starting(term.keys.word)
    return {word_id: max(near.get(word_id, 0), begun.get(word_id, 0)) for word_id in near.keys() | begun.keys()}


def _split(word: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Part two words of the vocabulary that were written as one."""
    if len(word) < 2 * _MIN_PART or max(vocabulary.near(word).values(), default=0.0) >= _SPLIT_BELOW:
        return (word,)
    for place in range(_MIN_PART, len(word) - _MIN_PART + 1):
        parts = word[:place], word[place:]
        if all(_known(part, vocabulary) for part in parts):
            return parts
    return (word,)


def _known(word: str, vocabulary: Vocabulary) -> bool:
    return any(likeness >= _GLUED for _, likeness in vocabulary.sounding(word))


def _needed(term: Term) -> float:
    """Return what a term adds, at least, to what a name must gain to reach the cut-off.

    An initial that fits gains outside the links, so with it the others need less.
    """
    if term.role is Role.INITIAL:
        return -term.weight * (1 - CUT_OFF)
    return CUT_OFF * term.weight * (SILENT_PATRONYMIC if term.role is Role.PATRONYMIC else 1)


def _drivers(
    weights: Mapping[int, float], links: Mapping[int, tuple[Link, ...]], needed: float, vocabulary: Vocabulary
) -> tuple[int, ...]:
    """Choose the words whose names are fetched (the MaxScore rule: Turtle and Flood, 1995), by the terms' weights.

    Terms too common to reach the cut-off together are left to the ranking; a name that passes has then at least one
    word that brings its share of what the other terms must.
    """
    telling = 0
    for place in sorted(weights, key=weights.__getitem__):
        if weights[place] < needed and not telling:
            needed -= weights[place]
        else:
            telling |= 1 << place
    least = needed / max(1, telling.bit_count())
    gains = {word_id: _gain(entries, telling) for word_id, entries in links.items()}
    chosen = [word_id for word_id, gain in gains.items() if gain and gain >= least]
    chosen.sort(key=lambda one: (-gains[one], vocabulary.text(one)))
    return tuple(_within(MAX_ROWS if len(weights) > 1 else _MAX_ALONE, chosen, vocabulary))


def _gain(entries: tuple[Link, ...], telling: int) -> float:
    return max((link.gain for link in entries if link.terms & telling), default=0.0)


def _within(most: int, chosen: list[int], vocabulary: Vocabulary) -> Iterator[int]:
    rows = 0
    for word_id in chosen:
        rows += vocabulary.count(word_id)
        if rows > most and rows != vocabulary.count(word_id):
            return
        yield word_id
