"""A person's situation on a day, derived from what the caller may see and never written by an editor."""

from datetime import date
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.core.ranks import Rank
from app.core.types import LocalizedLine
from app.reading.dossier import Dossier, reach
from app.reading.estimate import ReleaseEstimate, release_estimate
from app.reading.mail import Mail, ReviewIntervals, mail
from app.reading.sentences import terms_in_force
from app.reading.standing import Standing, Status
from app.register.detentions import KINDS, DetentionKind

STATUSES: Final = (
    "`detained`: held without a sentence to deprivation of liberty, or for another trial. `imprisoned`: serving one. "
    "`restricted`: in an open facility, in home confinement or under house arrest. `released`: the last stay ended "
    "otherwise than by transfer, death or escape. `deceased`. `unknown`: nothing is known of where the person is."
)
LAPSED: Final = frozenset({"dropped", "acquitted"})
DEFAULT_INTERVALS: Final = ReviewIntervals()


class Situation(TypedDict):
    """How a person stands on a day. It is derived from the records that you may see and is never written."""

    status: Annotated[Status, Field(description=STATUSES)]
    since: Annotated[
        str | None,
        Field(description="Since when the status is this one without a break, as far as known.", examples=["2021-05"]),
    ]
    custody_since: Annotated[
        str | None,
        Field(description="Start of custody without a break; null when unknown, or when the person is not held."),
    ]
    as_of: Annotated[
        str | None,
        Field(description="The last day on which a source confirms this: how old the knowledge is."),
    ]
    facility_id: NotRequired[
        Annotated[str | None, Field(description="Where the person is held; null when unknown, or not held.")]
    ]
    facility_name: NotRequired[
        Annotated[LocalizedLine | None, Field(description="The name of that place, language tag → text.")]
    ]
    detention_kind: Annotated[DetentionKind | None, Field(description=f"{KINDS} Null when not held.")]
    articles: Annotated[
        list[str],
        Field(
            description="The numbers of the articles charged, each once, in legal order; without charges that were "
            "dropped or ended in acquittal. Empty when no charge is known.",
            examples=[["130", "361"]],
        ),
    ]
    term: Annotated[
        str | None,
        Field(
            description="The deprivation of liberty in force, in years, months and days; null when none is known, or "
            "it has no end.",
            examples=["P12Y"],
        ),
    ]
    release_estimate: Annotated[
        ReleaseEstimate | None,
        Field(description="When the terms in force end; null when anything that is needed for it is not known."),
    ]
    mail: Annotated[Mail, Field(description="Whether letters reach the person.")]


class _Place(TypedDict, total=False):
    facility_id: str | None
    facility_name: dict[str, str] | None


def situation(dossier: Dossier, on: date, intervals: ReviewIntervals = DEFAULT_INTERVALS) -> Situation:
    """Derive how a person stands on a day (contract, section 3)."""
    standing = Standing.of(dossier, on)
    custody, stay = standing.custody, standing.stay
    terms = terms_in_force(dossier, on, custody)
    return {
        "status": standing.status,
        "since": standing.since,
        "custody_since": custody.since if custody else None,
        "as_of": standing.as_of,
        **_place(dossier, standing),
        "detention_kind": stay.kind if stay else None,
        "articles": articles(dossier, on),
        "term": terms.term,
        "release_estimate": release_estimate(custody, terms) if custody else None,
        "mail": mail(dossier, standing, intervals),
    }


def articles(dossier: Dossier, on: date) -> list[str]:
    """Give the distinct article numbers, in legal order, of charges neither dropped nor acquitted.

    A charge that was certainly brought after the day is left out; one without a date counts on any day.
    """
    numbers = {
        dossier.articles.get(charge.get("article_id") or "", {}).get("number")
        for charge in dossier.charges
        if charge.get("status") not in LAPSED and not _brought_after(charge.get("brought_on"), on)
    }
    return sorted((number for number in numbers if number), key=legal_key)


def legal_key(number: str) -> tuple[str, str]:
    """Give what sorts article numbers as a lawyer would: 130 < 203-1 < 361 < 361-1 < 361-10."""
    return Rank(number).key, number


def _brought_after(text: str | None, on: date) -> bool:
    return text is not None and reach(text)[0] > on


def _place(dossier: Dossier, standing: Standing) -> _Place:
    """Give where the person is held; nothing at all of a facility that the caller may not see."""
    if standing.stay is None:
        return {"facility_id": None, "facility_name": None}
    record = standing.stay.record
    if "facility_id" not in record:
        return {}
    facility = dossier.facilities.get(record["facility_id"] or "", {})
    return {"facility_id": record["facility_id"], "facility_name": facility.get("name")}
