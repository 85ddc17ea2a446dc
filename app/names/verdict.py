"""Says how sure a match is, with what else is known of both."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from itertools import product
from typing import Final

SURE: Final = 0.9
"""Score from which a name alone can be a match."""
MARGIN: Final = 0.08
"""How far ahead of the next person the best one must be, unless other evidence tells them apart."""
POSSIBLE: Final = 0.5
"""Score below which nobody is meant."""
SUPPORTED: Final = 0.75
"""Score from which a name with a birth date that agrees is a match."""

_DATE: Final = re.compile(r"(?P<year>\d{4}|XXXX)(?:-(?P<month>\d\d|XX)(?:-(?P<day>\d\d|XX))?)?(?P<vague>[~?%]?)")
_VAGUE_YEARS: Final = 2


class Verdict(Enum):
    """The three answers of `/v1/match`."""

    MATCH = "match"
    POSSIBLE = "possible"
    NONE = "none"


class Agreement(Enum):
    """What one fact says about two records being one person."""

    CONTRADICTS = -2
    DIFFERS = -1
    UNKNOWN = 0
    FITS = 1
    AGREES = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person beside the name; empty where nothing is."""

    birth_date: str | None = None
    """EDTF text: 1973, 1973-07, 1973-07-13, XXXX-07-13, with ~ or ? at the end."""
    countries: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2."""
    facilities: frozenset[str] = frozenset()
    """Ids of places that hold or held the person."""
    identifiers: frozenset[tuple[str, str]] = frozenset()
    """Scheme and value."""

    def __bool__(self) -> bool:
        return self != NO_FACTS


NO_FACTS: Final = Facts()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the facts of two records say, apart from their names."""

    birth_date: Agreement = Agreement.UNKNOWN
    country: Agreement = Agreement.UNKNOWN
    facility: Agreement = Agreement.UNKNOWN
    identifiers: Agreement = Agreement.UNKNOWN

    def __iter__(self) -> Iterator[tuple[str, Agreement]]:
        return ((each.name, getattr(self, each.name)) for each in fields(self))


NO_EVIDENCE: Final = Evidence()
# What evidence adds of that which the name lacks, and what it leaves of a score.
_GAINS: Final = {Agreement.AGREES: 0.5, Agreement.FITS: 0.2}
_KEPT: Final = {Agreement.DIFFERS: 0.9, Agreement.CONTRADICTS: 0.6}


def compare(asked: Facts, known: Facts) -> Evidence:
    """Return what two persons' facts say about their being one."""
    return Evidence(
        birth_date=compare_dates(asked.birth_date, known.birth_date),
        country=_compare_countries(asked.countries, known.countries),
        # People are moved, and not every move is known: another place says nothing.
        facility=Agreement.FITS if asked.facilities & known.facilities else Agreement.UNKNOWN,
        identifiers=_compare_identifiers(asked.identifiers, known.identifiers),
    )


def compare_dates(one: str | None, other: str | None) -> Agreement:
    """Compare two partial dates (EDTF) as birth dates.

    The same day agrees; the same year, or day and month with no year known, fits; day and month exchanged, or one part
    of a vague date apart, differs; anything else contradicts. A text that is not such a date says nothing.
    """
    first, second = _parse(one), _parse(other)
    if first is None or second is None:
        return Agreement.UNKNOWN
    shared = [(a, b) for a, b in zip(first.parts, second.parts, strict=True) if a and b]
    if not shared:
        return Agreement.UNKNOWN
    if all(a == b for a, b in shared):
        return Agreement.AGREES if len(shared) == len(first.parts) else Agreement.FITS
    return Agreement.DIFFERS if _explicable(first, second) else Agreement.CONTRADICTS


@dataclass(frozen=True, slots=True)
class _Date:
    parts: tuple[int, int, int]
    """Year, month and day; 0 for unknown."""
    vague: bool = field(default=False)


def _parse(text: str | None) -> _Date | None:
    found = _DATE.fullmatch(text or "")
    if found is None:
        return None
    year, month, day = (int(part) if part and part.isdigit() else 0 for part in found.group("year", "month", "day"))
    return _Date((year, month, day), vague=bool(found["vague"]))


def _explicable(one: _Date, other: _Date) -> bool:
    """Tell whether a difference is one that records of one person have: day and month exchanged, or a vague year."""
    (year, month, day), (other_year, other_month, other_day) = one.parts, other.parts
    if year == other_year and day and (month, day) == (other_day, other_month):
        return True
    close = bool(year and other_year) and abs(year - other_year) <= _VAGUE_YEARS
    return close and (one.vague or other.vague)


def _compare_countries(asked: frozenset[str], known: frozenset[str]) -> Agreement:
    """Compare countries: people have several, so a difference only weakens."""
    if not asked or not known:
        return Agreement.UNKNOWN
    return Agreement.FITS if asked & known else Agreement.DIFFERS


def _compare_identifiers(asked: frozenset[tuple[str, str]], known: frozenset[tuple[str, str]]) -> Agreement:
    """Compare identifiers: one shared settles it, one scheme with two values contradicts."""
    if asked & known:
        return Agreement.AGREES
    clash = any(one[0] == other[0] for one, other in product(asked, known))
    return Agreement.CONTRADICTS if clash else Agreement.UNKNOWN


def verdict(score: float, runner_up: float = 0.0, evidence: Evidence = NO_EVIDENCE) -> Verdict:
    """Judge the best candidate: `score` and `runner_up` as `match.rank` gives them (0 when there is no second).

    The runner-up is the next one whom the evidence does not rule out. A shared identifier decides for itself, unless
    the names have nothing in common. A contradiction never lets a match stand. Without evidence a match needs a name
    that agrees almost wholly and nobody near it.
    """
    facts = [agreement for _, agreement in evidence]
    shared = evidence.identifiers is Agreement.AGREES
    if (score < POSSIBLE and not shared) or facts.count(Agreement.CONTRADICTS) > 1:
        return Verdict.NONE
    if Agreement.CONTRADICTS in facts:
        return Verdict.POSSIBLE if score >= SURE else Verdict.NONE
    if shared:
        return Verdict.MATCH if score >= POSSIBLE else Verdict.POSSIBLE
    alone = score - runner_up >= MARGIN
    if evidence.birth_date is Agreement.AGREES:
        return Verdict.MATCH if score >= SUPPORTED and alone else Verdict.POSSIBLE
    doubted = Agreement.DIFFERS in facts
    return Verdict.MATCH if score >= SURE and alone and not doubted else Verdict.POSSIBLE


def weighed(score: float, evidence: Evidence) -> float:
    """Return the score of a name with the evidence in it: what agrees makes up for what the name lacks."""
    for _, agreement in evidence:
        score += (1 - score) * _GAINS.get(agreement, 0.0)
        score *= _KEPT.get(agreement, 1.0)
    return round(score, 4)


def judged(found: Sequence[tuple[float, Evidence]]) -> tuple[Verdict, list[int]]:
    """Judge candidates by name and evidence; return the verdict on the best, and all of them, best first."""
    order = sorted(range(len(found)), key=lambda place: (-weighed(*found[place]), -_support(found[place][1]), place))
    if not order:
        return Verdict.NONE, order
    score, evidence = found[order[0]]
    others = [found[place] for place in order[1:]]
    said = verdict(
        score, max((name for name, rival in others if not _ruled_out(rival, evidence)), default=0.0), evidence
    )
    # Somebody else has the identifier: the name or the identifier is wrong.
    torn = any(rival.identifiers is Agreement.AGREES for _, rival in others)
    return (Verdict.POSSIBLE if torn and said is Verdict.MATCH else said), order


def _support(evidence: Evidence) -> int:
    return sum(agreement.value for _, agreement in evidence)


def _ruled_out(rival: Evidence, best: Evidence) -> bool:
    """Tell whether the evidence for the best one speaks against another."""
    facts, theirs = dict(best), dict(rival)
    if Agreement.CONTRADICTS in theirs.values() or (best.birth_date is Agreement.AGREES is not rival.birth_date):
        return True
    return any(theirs[name] is Agreement.DIFFERS and facts[name].value > 0 for name in facts)
