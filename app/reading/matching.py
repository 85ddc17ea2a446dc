"""``POST /v1/match``: an organization compares its list with the register, and nothing is written."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.core.contract import NEEDS_NO_KEY, headers, sends
from app.core.problems import docs
from app.core.requests import JSON, STRICT, database_of, model_of, reading
from app.core.types import CountryCode, Id, Line, PartialDate
from app.names.verdict import Agreement, Evidence, Facts
from app.reading.finding.comparing import Compared, Question, compared
from app.reading.finding.finder import finder_of
from app.register.persons import Identifier

router: Final = APIRouter(prefix="/v1/match", tags=["names"], dependencies=STRICT)
_PROBLEMS: Final = ("malformed", "unauthorized", "too-large", "media-type", "invalid", "unavailable", "internal")
_MOST: Final = 100
_CANDIDATES: Final = 10


class MatchQuery(BaseModel):
    """Somebody on your list, as far as you know them."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(description="The name, in any spelling.", examples=["Марина Золотова"])
    birth_date: PartialDate | None = Field(default=None, description="When they were born.")
    country: CountryCode | None = Field(
        default=None, description="Of citizenship, of a case against them, or of a place that holds them."
    )
    facility: Id | None = Field(default=None, description="A place that holds or held them.")
    identifiers: list[Identifier] = Field(default=[], max_length=50, description="Their ids in other registers.")


class MatchIn(BaseModel):
    """A list of people to compare with the register."""

    model_config = ConfigDict(extra="forbid")

    queries: Annotated[list[MatchQuery], Field(min_length=1, max_length=_MOST, description="The people.")]


class MatchEvidence(BaseModel):
    """What the facts say; what is not known of both is left out."""

    birth_date: Literal["agrees", "fits", "differs", "contradicts"] = Field(
        default="agrees",
        description="`agrees`: the same day; `fits`: as far as it is known; `differs`: a slip may be why; "
        "`contradicts`: another day.",
    )
    country: Literal["fits", "differs"] = Field(
        default="fits", description="Of citizenship, a case or a place: `fits` one of them, or `differs` from all."
    )
    facility: Literal["fits"] = Field(default="fits", description="It holds or held the person.")
    identifiers: Literal["agrees", "contradicts"] = Field(
        default="agrees", description="In the same other register: `agrees` is the same, `contradicts` another one."
    )


class MatchCandidate(BaseModel):
    """Somebody in the register who may be meant."""

    id: UUID = Field(description="The person's id.")
    score: float = Field(ge=0, le=1, description="How surely: by the name, with what the facts say.")
    on: str = Field(description="The name of the person that fits best, as it is stored.")
    evidence: MatchEvidence = Field(description="What the facts that you sent say.")


class MatchResult(BaseModel):
    """What the register says to one of them."""

    verdict: Literal["match", "possible", "none"] = Field(
        description="`match`: the first candidate is the one. `possible`: look yourself. `none`: it is nobody here."
    )
    candidates: list[MatchCandidate] = Field(description="Up to ten, best first.")


class MatchOut(BaseModel):
    """What the register says, in the order in which you asked."""

    results: list[MatchResult] = Field(description="One for each query.")


@router.post(
    "",
    summary="Compare a list with the register",
    operation_id="match_persons",
    response_model=None,
    responses={
        200: {"model": MatchOut, "description": "What the register says.", "headers": headers("Cache-Control")},
        **docs(*_PROBLEMS),
    },
    openapi_extra={**sends(MatchIn, JSON), "security": NEEDS_NO_KEY},
)
async def match_persons(request: Request) -> Response:
    """Compare up to 100 people with those of the register; nothing is written, and what you send is kept nowhere.

    The name alone makes a match when it agrees almost wholly and nobody else comes near. Birth date, country, place
    and identifiers speak for or against: a shared identifier or birth date tells namesakes apart, a contradiction
    never lets a match stand. Needs no key; with one you compare with all that you may see.
    """
    asked = await model_of(request, MatchIn)
    async with reading(request) as desk:
        finder = finder_of(database_of(request))
        found = await compared(desk.session, desk.caller.tier, finder, [_question(one) for one in asked.queries])
    body = to_json({"results": [_result(one) for one in found]})
    return Response(body, 200, {"Cache-Control": "no-store"}, JSON)


def _question(asked: MatchQuery) -> Question:
    facts = Facts(
        str(asked.birth_date) if asked.birth_date else None,
        frozenset([asked.country] if asked.country else ()),
        frozenset([str(asked.facility)] if asked.facility else ()),
        frozenset((one.scheme, one.value) for one in asked.identifiers),
    )
    return Question(asked.name, facts)


def _result(found: Compared) -> dict[str, Any]:
    candidates = [
        {"id": one.id, "score": one.score, "on": one.on, "evidence": _said(one.evidence)}
        for one in found.candidates[:_CANDIDATES]
    ]
    return {"verdict": found.verdict.value, "candidates": candidates}


def _said(evidence: Evidence) -> dict[str, str]:
    return {name: said.name.lower() for name, said in evidence if said is not Agreement.UNKNOWN}
