"""What the sentences say of a day: whether there is a conviction, and how long a term is in force.

"Deprivation of liberty" is the law's own word for imprisonment and life imprisonment, as against arrest and
restriction of liberty (an open facility, one's home); a death sentence is served in prison until then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.terms import Term
from app.reading.dossier import Dossier, Record, known_from
from app.reading.stays import Custody, in_order, last_begun

_ENDLESS: Final = frozenset({"life_imprisonment", "death"})
_DEPRIVATION: Final = _ENDLESS | {"imprisonment"}
_FINISHED: Final = frozenset({"served", "pardoned"})


@dataclass(frozen=True, slots=True)
class Terms:
    """The deprivation of liberty in force on a day.

    ``base`` are sentences that stand for themselves, the newest last; ``added`` follow after, in the order
    of their decisions; ``endless`` means for life, or death.
    """

    base: tuple[Record, ...]
    added: tuple[Record, ...]
    endless: bool

    @property
    def term(self) -> str | None:
        """Give the term in force as one ISO 8601 text, ``None`` when unknown or without end.

        An added term is put behind the base, years to years, months to months and days to days, none
        turned into another. Of several that stand for themselves the newest counts, as its verdict covers
        what is left of the others.
        """
        parts = [sentence.get("term") for sentence in (*self.base[-1:], *self.added)]
        if self.endless or not parts or None in parts:
            return None
        return _joined([Term(part) for part in parts if part])


def conviction(dossier: Dossier, custody: Custody) -> tuple[date, str | None] | None:
    """Give the first day of a conviction to deprivation of liberty that still counts, and its date.

    A quashed one does not count; one served or pardoned counts for the custody that it was served in.
    """
    days = (
        known_from(dossier, sentence, "decided_on", "in_force_on")
        for sentence in dossier.sentences
        if sentence.get("kind") in _DEPRIVATION
        and sentence.get("status") != "quashed"
        and (sentence.get("status") not in _FINISHED or _belongs(dossier, sentence, custody))
    )
    return min(days, key=lambda found: (found[0], found[1] or ""), default=None)


def terms_in_force(dossier: Dossier, on: date, custody: Custody | None) -> Terms:
    """Give the deprivation of liberty in force on a day, of a person in the given custody on that day.

    A change of regime that replaces nothing sets no term: it says how, not how long. An added term that
    replaces another sentence is the new whole, and stands for itself.
    """
    found = [
        (known_from(dossier, sentence, "in_force_on", "decided_on")[0], sentence)
        for sentence in dossier.sentences
        if sentence.get("kind") in _DEPRIVATION and _in_force(dossier, sentence, on, custody)
    ]
    running = [sentence for _, sentence in sorted(found, key=_decided) if not _how_only(sentence)]
    return Terms(
        tuple(sentence for sentence in running if not _follows(sentence)),
        tuple(sentence for sentence in running if _follows(sentence)),
        any(sentence.get("kind") in _ENDLESS for sentence in running),
    )


def _decided(found: tuple[date, Record]) -> tuple[date, int, str]:
    since, sentence = found
    term = sentence.get("term")
    return since, Term(term).key if term else 0, str(sentence.get("id"))


def _how_only(sentence: Record) -> bool:
    return sentence.get("stage") == "regime_change" and not sentence.get("replaces_id")


def _follows(sentence: Record) -> bool:
    return sentence.get("stage") == "added_term" and not sentence.get("replaces_id")


def _in_force(dossier: Dossier, sentence: Record, on: date, custody: Custody | None) -> bool:
    """Tell whether a sentence was in force on a day.

    The status is today's; a sentence without one is in force until who serves it is free. Before the day of the
    sentence that replaced it a replaced one was in force; a served or pardoned one was as long as the custody lasted
    that it belongs to, if that has ended.
    """
    status = sentence.get("status")
    if status in {"appealed", "quashed"} or _starts(dossier, sentence) > on:
        return False
    replaced_from = _replaced_from(dossier, sentence)
    if replaced_from is not None or status == "replaced":
        return replaced_from is not None and on < replaced_from
    if status in _FINISHED:
        return custody is not None and custody.over and _belongs(dossier, sentence, custody)
    return status is not None or custody is not None or not _left(dossier, sentence, on)


def _left(dossier: Dossier, sentence: Record, on: date) -> bool:
    """Tell whether the custody that it was passed in had ended: only a status says what became of it then."""
    stay = last_begun(in_order(dossier), on)
    decided = known_from(dossier, sentence, "decided_on", "in_force_on")[0]
    return stay is not None and stay.over_from is not None and decided < stay.over_from <= on


def _starts(dossier: Dossier, sentence: Record) -> date:
    return known_from(dossier, sentence, "in_force_on", "decided_on")[0]


def _replaced_from(dossier: Dossier, sentence: Record) -> date | None:
    replacing = (
        other
        for other in dossier.sentences
        if other.get("replaces_id") is not None
        and other.get("replaces_id") == sentence.get("id")
        and other.get("status") not in {"appealed", "quashed"}
    )
    return min((_starts(dossier, other) for other in replacing), default=None)


def _belongs(dossier: Dossier, sentence: Record, custody: Custody) -> bool:
    """Tell whether a sentence was not already decided when an earlier custody ended."""
    earlier = custody.before.over_from if custody.before else None
    return earlier is None or known_from(dossier, sentence, "decided_on", "in_force_on")[0] >= earlier


def _joined(terms: Sequence[Term]) -> str | None:
    sums = [sum(part) for part in zip(*(term.parts for term in terms), strict=True)]
    text = "P" + "".join(f"{count}{unit}" for count, unit in zip(sums, "YMD", strict=True) if count)
    try:
        return str(Term(text))
    except ValueError:  # more than the notation can write
        return None
