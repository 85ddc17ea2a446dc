"""``GET /v1/persons/{id}/file`` and ``/timeline``: one person's whole case in one answer, as records or as events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic_core import to_json

from app.core.asked import PathId
from app.core.contract import IF_NONE_MATCH, MOVED, answers
from app.core.documents import tag_at
from app.core.express import Written
from app.core.problems import docs
from app.core.requests import STRICT, ReadDesk
from app.reading.days import AsOf, today
from app.reading.dossier import Dossier, Record, dated, made
from app.reading.mail import letters_address, reach_of
from app.reading.situation import Situation, legal_key, situation
from app.reading.staleness import intervals_of
from app.reading.standing import Standing
from app.reading.stays import in_order
from app.reading.timeline import Event, told
from app.reading.whole import Case, answered, bare
from app.register import RESOURCES
from app.register.persons import persons
from app.register.sources import sources

_PROBLEMS: Final = ("malformed", "unauthorized", "not-found", "gone", "invalid", "unavailable", "internal")
_TEXT: Final = """\
Everything that a page about one person shows, as far as you may see it: the record, how the person stands, all that
belongs to the person in the order of time, and once each the places, articles, cases, organizations and sources that
these speak of. A list is empty when nothing is known; every `source_id` of the answer is among `sources`.

`as_of` moves `situation` and `address` to a day in the past. The records are those of the whole case, whatever the day.
"""
_LISTS: Final[Mapping[str, str]] = {
    "affiliations": "What the person was to organizations, the earliest first.",
    "recognitions": "Who calls the person a political prisoner, or no longer does; the earliest first.",
    "detentions": "Every stay, in order; the last one holds the person, unless it has ended.",
    "facilities": "The places of the stays, in the order in which they held the person.",
    "cases": "The prosecutions that charges, sentences and hearings are part of, the earliest first.",
    "hearings": "Days in court, past and to come, the earliest first.",
    "charges": "What the person is or was charged with, in the order of the law.",
    "articles": "The articles of the charges, in the order of the law.",
    "sentences": "Punishments, one each, the earliest first.",
    "organizations": "Those that affiliations, recognitions and sources name.",
    "sources": "All that anything here cites, each once, the earliest first.",
}
_ADDRESS: Final = (
    "Where letters reach the person, as `/v1/persons/{id}/address` says it; or, with `reachable: false`, why there is "
    "no such place, since when and who says so."
)
_IN_ORDER: Final = """\
All that is dated in a person's case, in the order of time: by the earliest day that a date can mean, then by the
latest. A date without a year comes last; what has no date is no event.

Sources that give one event different dates are all there, each at its own date, and each says beside it in
`disagrees_with` what the others say. Which is right is not decided here.

The ids in `what` are those of records in the case file.
"""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """How another part says where letters reach a person on a day: the model of what it says, and what says it."""

    model: type[BaseModel]
    say: Callable[[Request, Dossier, date], Row]


class FileAsked(BaseModel):
    """The parameters of a case file."""

    model_config = ConfigDict(extra="forbid")

    as_of: AsOf | None = None


def case_file(
    dossier: Dossier, beyond: Mapping[str, Iterable[Record]], said: Situation, address: Row
) -> dict[str, Any]:
    """Put a case file together; ``beyond`` are the organizations and sources that the case leads to."""
    numbers = {key: legal_key(article["number"]) for key, article in dossier.articles.items()}
    stays = [stay.record for stay in in_order(dossier)]
    places = dict.fromkeys(stay["facility_id"] for stay in stays if stay.get("facility_id"))
    charged = dated(dossier.charges, "brought_on")
    return {
        "person": {**dossier.person, "situation": said},
        "situation": said,
        "affiliations": dated(dossier.affiliations, "since"),
        "recognitions": dated(dossier.recognitions, "decided_on"),
        "detentions": stays,
        "facilities": [dossier.facilities[place] for place in places if place in dossier.facilities],
        "cases": dated(dossier.cases, "opened_on"),
        "hearings": dated(dossier.hearings, "starts_on"),
        "charges": sorted(charged, key=lambda one: numbers.get(one.get("article_id"), ())),
        "articles": sorted(dossier.articles.values(), key=lambda one: (numbers[one["id"]], one["id"])),
        "sentences": dated(dossier.sentences, "decided_on"),
        "address": address,
        "organizations": sorted(beyond["organizations"], key=made),
        "sources": dated(beyond["sources"], "published_on"),
    }


def router(address: Address) -> APIRouter:
    """Make the routes; what the file says of letters is told by the part that knows of them."""
    routes = APIRouter(prefix=f"{persons.path}/{{id}}", tags=[persons.kind.name], dependencies=STRICT)

    async def read_person_file(
        request: Request,
        desk: ReadDesk,
        id: PathId,  # noqa: A002 - the path's word
        asked: Annotated[FileAsked, Query()],
    ) -> Response:
        day, served = asked.as_of or today(), bare(request)

        def written(case: Case) -> Written:
            dossier = case.dossier
            said, where = situation(dossier, day, intervals_of(served)), address.say(served, dossier, day)
            beyond = case.beyond(*(_written_to(dossier, day) if where["reachable"] else ()))
            return _of(case, case_file(dossier, beyond, said, where))

        return await answered(request, desk, id, written)

    async def read_person_timeline(request: Request, desk: ReadDesk, id: PathId) -> Response:  # noqa: A002 - the same
        return await answered(request, desk, id, lambda case: _of(case, told(case.dossier)))

    _add(routes, "/file", read_person_file, "Read a person's whole case", _TEXT, _file_model(address.model))
    _add(routes, "/timeline", read_person_timeline, "Read a person's timeline", _IN_ORDER, _timeline_model())
    return routes


def _of(case: Case, said: Row) -> Written:
    body, person = to_json(said), case.dossier.person
    return Written(body, tag_at(person["version"], person["updated_at"].encode(), body))


def _add(
    routes: APIRouter, path: str, endpoint: Callable[..., Any], summary: str, text: str, model: type[BaseModel]
) -> None:
    routes.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        summary=summary,
        description=text,
        operation_id=endpoint.__name__,
        response_model=None,
        responses={**answers("GET", 200, model), **MOVED, **docs(*_PROBLEMS)},
        openapi_extra={"parameters": [IF_NONE_MATCH]},
    )


def _written_to(dossier: Dossier, on: date) -> list[tuple[str, str]]:
    """Give the address that letters go to on a day, for what it cites."""
    found = letters_address(reach_of(Standing.of(dossier, on)), list(dossier.addresses.values()), on)
    return [("addresses", found["id"])] if found else []


def _file_model(address: type[BaseModel]) -> type[BaseModel]:
    """Give the model of a file, of the models in which its records are read."""
    read = {resource.kind.name: resource.models.read for resource in RESOURCES}
    fields: dict[str, Any] = {
        "person": (read["persons"], Field(description="The person, as read alone.")),
        "situation": (Situation, Field(description="How the person stands on the day; the same as in `person`.")),
    }
    for name, text in _LISTS.items():
        fields[name] = (list[read[name]], Field(description=text))  # type: ignore[valid-type]  # made at run time
    fields["address"] = (address, Field(description=_ADDRESS))
    return create_model("CaseFile", __doc__="One person's whole case.", **fields)


def _timeline_model() -> type[BaseModel]:
    cited = (
        list[sources.models.read],  # type: ignore[name-defined]  # made at run time
        Field(description="The sources that the events name, each once, the earliest first."),
    )
    return create_model(
        "Timeline",
        __doc__="What happened to a person.",
        person_id=(UUID, Field(description="The person.")),
        events=(list[Event], Field(description="What happened, in order; empty when nothing is dated.")),
        sources=cited,
    )
