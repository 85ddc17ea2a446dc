"""Scores names against a query: the rarer what agrees, the more it says."""

from collections.abc import Hashable, Iterable, Sequence
from heapq import nlargest
from typing import Final, NamedTuple

from app.names.plan import CUT_OFF, SILENT_PATRONYMIC, Plan, Term
from app.names.roles import Role, roles
from app.names.vocabulary import Vocabulary

RANKED: Final = 50
"""Names that are scored in full; the others have less in common with the query."""

_CONTRADICTED: Final = {Role.PATRONYMIC: 0.8, Role.GIVEN: 0.95}
"""What a score keeps when both names have a word in the role and the two differ."""
_ABSENT_INITIAL: Final = 0.2
_ABBREVIATED: Final = 0.6
"""Share of its weight that a word keeps when the register has its initial only."""
_LEFT_OVER: Final = {Role.SURNAME: 0.93, Role.GIVEN: 0.9, Role.PATRONYMIC: 0.985, Role.INITIAL: 0.985}
"""What a score keeps for each word of the register's name that the query lacks."""
_VOWELS: Final = "aeiou"


class Candidate(NamedTuple):
    """A stored name as the index keeps it."""

    name: int
    owner: Hashable
    """Whose name it is; owners of equal score are ordered by their text."""
    text: str
    words: tuple[int, ...]
    """Ids of its words in the vocabulary, in order."""


class Hit(NamedTuple):
    """A person that the query may mean."""

    owner: Hashable
    score: float
    """How surely, 0..1."""
    on: str
    """The stored name that matched best."""


def rank(plan: Plan, candidates: Iterable[Candidate], vocabulary: Vocabulary, limit: int = 20) -> list[Hit]:
    """Return whom the query may mean, best first, each once; nobody when no name reaches the cut-off."""
    promising = nlargest(
        max(limit, RANKED), ((_promise(plan, one.words), -len(one.words), -one.name, one) for one in candidates)
    )
    best: dict[Hashable, Hit] = {}
    for *_, candidate in promising:
        found = score(plan, candidate.words, vocabulary)
        known = best.get(candidate.owner)
        if found >= CUT_OFF and (known is None or found > known.score):
            best[candidate.owner] = Hit(candidate.owner, round(found, 4), candidate.text)
    return sorted(best.values(), key=lambda hit: (-hit.score, str(hit.owner)))[:limit]


def _promise(plan: Plan, words: Sequence[int]) -> float:
    return sum(gain for gain, _ in _assign(plan, words))


def _assign(plan: Plan, words: Sequence[int]) -> list[tuple[float, tuple[int, int]]]:
    """Pair terms with words greedily; return the gain, the terms (bits) and the word's place of each pair."""
    pairs = sorted(
        ((link.gain, link.terms, place) for place, word in enumerate(words) for link in plan.links.get(word, ())),
        reverse=True,
    )
    terms, used, chosen = 0, 0, []
    for gain, bits, place in pairs:
        if not terms & bits and not used >> place & 1:
            terms |= bits
            used |= 1 << place
            chosen.append((gain, (bits, place)))
    return chosen


def score(plan: Plan, words: Sequence[int], vocabulary: Vocabulary) -> float:
    """Return how surely a stored name is the query's, 0..1: what agrees over what was asked, less what is left over."""
    pairs = _assign(plan, words)
    gained = sum(gain for gain, _ in pairs)
    open_terms = [term for place, term in enumerate(plan.terms) if not any(bits >> place & 1 for _, (bits, _) in pairs)]
    taken = {place for _, (_, place) in pairs}
    own = [vocabulary[word].keys for word in words]
    parts = roles(own)
    left = [Term(own[place], parts[place], 0.0) for place in range(len(words)) if place not in taken]
    gained += _by_initials(open_terms, left)
    asked = _asked(plan, open_terms, left)
    return _kept(open_terms, left) * gained / asked if asked else 0.0


def _kept(open_terms: Sequence[Term], left: Sequence[Term]) -> float:
    """Return what a score keeps for words of the stored name that the query lacks or contradicts."""
    open_roles = {term.role for term in open_terms if term.keys.personal or term.role is not Role.GIVEN}
    misspelt = any(term.role is Role.GIVEN and not term.keys.personal for term in open_terms)
    kept = 1.0
    for word in left:
        if not (misspelt and word.role is Role.GIVEN):
            kept *= _LEFT_OVER[word.role]
    for role in open_roles & {word.role for word in left}:
        kept *= _CONTRADICTED.get(role, 1.0)
    return kept


def _asked(plan: Plan, open_terms: Sequence[Term], left: Sequence[Term]) -> float:
    """Return what the query says in all, less what a stored name without patronymic or initials cannot answer."""
    asked = sum(term.weight for term in plan.terms)
    answered = {word.role for word in left}
    for term in open_terms:
        if term.role is Role.PATRONYMIC and Role.PATRONYMIC not in answered:
            asked -= term.weight * (1 - SILENT_PATRONYMIC)
        elif term.role is Role.INITIAL and not answered & {Role.GIVEN, Role.PATRONYMIC}:
            asked -= term.weight * (1 - _ABSENT_INITIAL)
    return asked


def _by_initials(open_terms: list[Term], left: list[Term]) -> float:
    """Pair the initials on either side with words on the other, take both out, and return the gain."""
    gained = 0.0
    for term in list(open_terms):
        fitting = [word for word in left if _abbreviates(term, word)]
        if fitting:
            open_terms.remove(term)
            left.remove(fitting[0])
            gained += term.weight * (1.0 if term.role is Role.INITIAL else _ABBREVIATED)
    return gained


def _abbreviates(one: Term, other: Term) -> bool:
    if one.role is not Role.INITIAL and other.role is not Role.INITIAL:
        return False
    return bool(_first_letters(one) & _first_letters(other))


def _first_letters(word: Term) -> set[str]:
    """Return the sounds a word begins with; vowels and Latin j and y, which stand before any, are one."""
    letters = {"a" if sound.k2[0] in _VOWELS else sound.k2[0] for sound in word.keys.sounds if sound.k2}
    return letters | {"a"} if word.keys.word[0] in "jyйж" else letters
