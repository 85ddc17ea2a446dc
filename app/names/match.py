"""Scores names against a query: the rarer what agrees, the more it says."""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Self

from app.names.choosing import best
from app.names.given import misspelt_given_names
from app.names.keys import keys
from app.names.likeness import SAME_SOUND, first_letters
from app.names.plan import CUT_OFF, SILENT_PATRONYMIC, Link, Plan, Term
from app.names.roles import Role
from app.names.sound import is_rough
from app.names.vocabulary import Vocabulary

PLAIN_CUT_OFF: Final = 0.5
"""The same as `CUT_OFF` where one of the names has a patronymic: no land's spelling excuses little likeness."""
MAX_NAMES: Final = 1_500
"""Names that are scored for one query; the others have less in common with it."""

_CONTRADICTED: Final = 0.8
"""What a score keeps when both names have a patronymic and the two differ."""
_OTHER_GIVEN: Final = 0.6
"""The same of given names."""
_ROUGHLY_CONTRADICTED: Final = 0.78
_NEARLY: Final = 0.95
_ONE_SLIP: Final = 0.735
"""Likeness of a given name that one slip can have made; of four letters with another one in it there are too many."""
_DOUBTED: Final = 0.85
_SAID_AGAIN: Final = 0.85
"""What a score keeps when the query has a word more often than the stored name: that is another name than this one."""
_OTHER_INITIALS: Final = 0.9
"""What a score keeps when the two names' initials differ, or stand in another order, so that it is no match."""
_ABSENT_INITIAL: Final = 0.2
_OTHER_ROLE: Final = 0.85
"""What it says that a typed surname is a patronymic of the register's name."""
_TURNED: Final = 0.5
"""What an initial keeps that stands before the other one's word, or for a second name as if it were the first."""
_LEFT_OVER: Final = {Role.SURNAME: 0.93, Role.GIVEN: 0.9, Role.PATRONYMIC: 0.985, Role.INITIAL: 0.985}
"""What a score keeps for each word of the register's name that the query lacks."""


class Candidate(NamedTuple):
    """A stored name as the index keeps it."""

    name: int
    """Its number."""
    owner: Hashable
    """Whose name it is; owners of equal score are ordered by their text."""
    text: str
    words: tuple[int, ...]
    """Ids of its words in the vocabulary, in order."""
    roles: tuple[Role, ...]
    """What each word does in it."""


class Hit(NamedTuple):
    """A person that the query may mean."""

    owner: Hashable
    score: float
    """How surely, 0..1."""
    on: str
    """The stored name that matched best."""


def sift(plan: Plan, postings: Mapping[int, Iterable[int]]) -> Iterable[int]:
    """Return the numbers of the names that may reach the cut-off, if there are many the most promising ones.

    ``postings`` holds the numbers of the names that have each of the plan's words.
    """
    names = {name for word_id in plan.drivers for name in postings.get(word_id, ())}
    promise: defaultdict[int, float] = defaultdict(float)
    groups: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for word_id, links in plan.links.items():
        for gain, terms in links:
            groups[terms].append((gain, word_id))
    for group in groups.values():
        taken: set[int] = set()
        for gain, word_id in sorted(group, reverse=True):
            fresh = names.intersection(postings.get(word_id, ()))
            for name in fresh - taken:
                promise[name] += gain
            taken |= fresh
    return best({name: gain for name in names if (gain := promise[name]) >= plan.needed}, MAX_NAMES)


class Scored(NamedTuple):
    """How surely a stored name is the query's."""

    score: float
    """What agrees over what was asked, less what is left over, 0..1."""
    kept: float
    """What of it is left by words that stand in one role and differ; 1 when none do."""
    open: tuple[Term, ...]
    """What was asked and it lacks, or has otherwise."""

    @property
    def silent(self) -> bool:
        """Whether it lacks a patronymic or an initial that was asked, so that it cannot differ in it."""
        return self.kept == 1 and any(term.role in {Role.PATRONYMIC, Role.INITIAL} for term in self.open)

    def speaks_for(self, other: Self) -> bool:
        """Tell whether it answers all that another one does, and has a word for what that one is silent on."""
        return not self.silent and all(self.open.count(term) <= other.open.count(term) for term in self.open)


def rank(plan: Plan, candidates: Iterable[Candidate], vocabulary: Vocabulary) -> list[Hit]:
    """Return whom the query may mean, best first, each once; nobody when no name reaches the cut-off."""
    found: defaultdict[Hashable, list[tuple[Scored, str]]] = defaultdict(list)
    for candidate in candidates:
        scored = score(plan, candidate, vocabulary)
        if scored.score >= PLAIN_CUT_OFF or (scored.score >= CUT_OFF and _may_be_foreign(plan, candidate, vocabulary)):
            found[candidate.owner].append((scored, candidate.text))
    hits = [_hit(owner, names) for owner, names in found.items()]
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.owner)))


def _hit(owner: Hashable, names: Sequence[tuple[Scored, str]]) -> Hit:
    """Take the best of a person's names; where it is silent, what differs in a fuller one differs in the person."""
    best, on = min(names, key=_order)
    fuller = (
        min((name for name in names if name[0].speaks_for(best)), key=_order, default=None) if best.silent else None
    )
    if fuller is None:
        return Hit(owner, best.score, on)
    return Hit(owner, max(fuller[0].score, round(best.score * fuller[0].kept, 4)), on)


def _order(name: tuple[Scored, str]) -> tuple[float, str]:
    return -name[0].score, name[1]


def score(plan: Plan, candidate: Candidate, vocabulary: Vocabulary) -> Scored:
    """Say how surely a stored name is the query's."""
    gained, answered, taken, doubted = _assign(plan, candidate)
    open_terms = [term for place, term in enumerate(plan.terms) if not answered >> place & 1]
    again = _said_again(plan, open_terms, answered) if plan.repeats else []
    left = [place for place in range(len(candidate.words)) if not taken >> place & 1]
    turned = False
    if any(term.role is Role.INITIAL for term in open_terms):
        more, turned = _by_initials(open_terms, left, candidate, vocabulary)
        gained += more
    parts = [candidate.roles[place] for place in left]
    asked = _asked(plan, open_terms, candidate, parts) - sum(term.weight for term in again)
    kept = math.prod(_LEFT_OVER[role] for role in _missed(open_terms, parts))
    if doubted and not _is_rough(candidate.words, vocabulary):
        kept *= _DOUBTED
    if again:
        kept *= _SAID_AGAIN
    agreeing = _agreeing(open_terms, parts, _other_given(open_terms, left, candidate, vocabulary))
    if turned or _has_other_initials(open_terms, candidate, parts):
        agreeing *= _OTHER_INITIALS
    return Scored(round(agreeing * kept * gained / asked, 4) if asked else 0.0, agreeing, tuple(open_terms))


def _said_again(plan: Plan, open_terms: list[Term], answered: int) -> list[Term]:
    """Take out, and return, the open terms whose word was typed once more, so that it is asked for once.

    An initial is not: each stands for another word.
    """
    said = {term.keys.word for place, term in enumerate(plan.terms) if answered >> place & 1}
    again: list[Term] = []
    once: list[Term] = []
    for term in open_terms:
        (again if term.role is not Role.INITIAL and term.keys.word in said else once).append(term)
        said.add(term.keys.word)
    open_terms[:] = once
    return again


def _may_be_foreign(plan: Plan, candidate: Candidate, vocabulary: Vocabulary) -> bool:
    """Tell whether a name is written as a land may write it whose sounds are not ours."""
    if any(term.keys.rough for term in plan.terms) or _is_rough(candidate.words, vocabulary):
        return True
    return Role.PATRONYMIC not in {*candidate.roles, *(term.role for term in plan.terms)}


def _is_rough(words: Iterable[int], vocabulary: Vocabulary) -> bool:
    return any(is_rough(vocabulary.text(word)) for word in words if word in vocabulary)


def _other_given(
    open_terms: Sequence[Term], left: Sequence[int], candidate: Candidate, vocabulary: Vocabulary
) -> float:
    """Return what a score keeps when the given names differ: more if a slip made another one (Nasta, Nata).

    Or if one is written in a script that hears foreign names roughly, so that they may be one after all.
    """
    asked = [term for term in open_terms if term.role is Role.GIVEN]
    words = [candidate.words[place] for place in left if candidate.roles[place] is Role.GIVEN] if asked else []
    if not words:
        return 1.0
    if any(term.keys.rough for term in asked) or _is_rough(words, vocabulary):
        return _ROUGHLY_CONTRADICTED
    meant = {
        number
        for term in asked
        for number, likeness in misspelt_given_names(term.keys.word).items()
        if likeness >= _ONE_SLIP
    }
    slipped = any(not meant.isdisjoint(keys(vocabulary.text(word)).given) for word in words if word in vocabulary)
    return _NEARLY if slipped else _OTHER_GIVEN


def _assign(plan: Plan, candidate: Candidate) -> tuple[float, int, int, bool]:
    """Pair terms with words greedily; return what is gained, which terms are answered and which words taken (bits).

    And whether it is doubtful: as it was typed the surname is somebody else's, it is little like this one's, and no
    patronymic speaks for this one.
    """
    pairs = [
        (_in_role(link, role, plan), link.terms, place)
        for place, (word, role) in enumerate(zip(candidate.words, candidate.roles, strict=True))
        for link in plan.links.get(word, ())
        if not link.terms & plan.initials
    ]
    gained, terms, taken, doubted, supported = 0.0, 0, 0, False, False
    for gain, bits, place in sorted(pairs, reverse=True):
        if not terms & bits and not taken >> place & 1:
            gained += gain
            terms |= bits
            taken |= 1 << place
            doubted |= gain < plan.firm.get(bits, 0.0)
            supported |= candidate.roles[place] is Role.PATRONYMIC
    return gained, terms, taken, doubted and not supported


def _in_role(link: Link, role: Role, plan: Plan) -> float:
    """Return what a link gains; a surname that is only like a patronymic says little of it."""
    if role is not Role.PATRONYMIC or not link.terms & plan.surnames:
        return link.gain
    asked = sum(term.weight for place, term in enumerate(plan.terms) if link.terms >> place & 1)
    return link.gain * _OTHER_ROLE * link.gain / asked


def _missed(open_terms: Sequence[Term], left: Sequence[Role]) -> list[Role]:
    """Return what the query lacks of the stored name; a misspelt given name is not lacked."""
    misspelt = any(term.role is Role.GIVEN and not term.keys.personal for term in open_terms)
    return [role for role in left if not (misspelt and role is Role.GIVEN)]


def _agreeing(open_terms: Sequence[Term], left: Sequence[Role], other_given: float) -> float:
    """Return what a score keeps for words of the stored name that the query contradicts."""
    open_roles = {term.role for term in open_terms if term.keys.personal or term.role is not Role.GIVEN}
    kept = {Role.GIVEN: other_given, Role.PATRONYMIC: _CONTRADICTED}
    return math.prod(kept.get(role, 1.0) for role in open_roles.intersection(left))


def _asked(plan: Plan, open_terms: Sequence[Term], candidate: Candidate, left: Sequence[Role]) -> float:
    """Return what the query says in all, less what a stored name without patronymic or initials cannot answer."""
    asked = sum(term.weight for term in plan.terms)
    for term in open_terms:
        if term.role is Role.PATRONYMIC and Role.PATRONYMIC not in left:
            asked -= 0 if _is_other(term, open_terms, candidate, left) else term.weight * (1 - SILENT_PATRONYMIC)
        elif term.role is Role.INITIAL and not _is_other(term, open_terms, candidate, left):
            asked -= term.weight * (1 - _ABSENT_INITIAL)
    return asked


def _has_other_initials(open_terms: Sequence[Term], candidate: Candidate, left: Sequence[Role]) -> bool:
    return any(_is_other(term, open_terms, candidate, left) for term in open_terms)


def _is_other(term: Term, open_terms: Sequence[Term], candidate: Candidate, left: Sequence[Role]) -> bool:
    """Tell whether an initial differs from what the other name has in its place.

    A name has nothing there that ends before, or is a surname alone. Where no given name is known, one of several
    surnames is it; an initial that is left over is first of all the given name's.
    """
    if term.role is Role.PATRONYMIC:
        return Role.INITIAL in left and all(other.role is not Role.GIVEN for other in open_terms)
    if term.role is not Role.INITIAL:
        return False
    return any(role is not Role.SURNAME for role in left) or (
        Role.SURNAME in left and not {Role.GIVEN, Role.INITIAL} & {*candidate.roles}
    )


def _begins(word_id: int, vocabulary: Vocabulary) -> set[str]:
    # A name may have been read before the vocabulary heard that nobody has the word any more.
    return first_letters(vocabulary[word_id]) if word_id in vocabulary else set()


def _by_initials(
    open_terms: list[Term], left: list[int], candidate: Candidate, vocabulary: Vocabulary
) -> tuple[float, bool]:
    """Pair the query's initials with words, take both out; return the gain, and whether their order is another.

    Initials are written in the order of given name and patronymic; out of it they say less. So they do where the first
    one would be the patronymic's.
    """
    gained, before, turned = 0.0, -1, False
    for term in [term for term in open_terms if term.role is Role.INITIAL]:
        letters = first_letters(term.keys)
        fitting = [place for place in left if letters & _begins(candidate.words[place], vocabulary)]
        if fitting:
            place = next((place for place in fitting if place > before), fitting[0])
            open_terms.remove(term)
            left.remove(place)
            here = place < before or (before < 0 and _stands_behind(place, left, candidate.roles))
            turned |= here
            gain = term.weight * (_TURNED if here else 1)
            # The same letter comes before a name that begins with it.
            gained += gain if vocabulary.id_of(term.keys.word) == candidate.words[place] else gain * SAME_SOUND
            before = place
    return gained, turned


def _stands_behind(place: int, left: Sequence[int], roles: Sequence[Role]) -> bool:
    """Tell whether a word is no surname, and behind a given name or its initial that nothing was paired with."""
    return roles[place] is not Role.SURNAME and any(
        other < place and roles[other] in {Role.GIVEN, Role.INITIAL} for other in left
    )
