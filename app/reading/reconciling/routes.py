"""``/v1/reconcile``: the W3C Entity Reconciliation Service API 0.2."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from app.core.asked import PathId
from app.core.contract import IF_NONE_MATCH, MOVED, NEEDS_NO_KEY, headers
from app.core.documents import etag
from app.core.lists import Item
from app.core.problems import Problem, docs, fault, invalid
from app.core.requests import JSON, ReadDesk, answer, database_of, reading, strict
from app.reading.finding.finder import finder_of
from app.reading.reconciling.answering import TYPES, reconciled, suggested
from app.reading.reconciling.asking import BATCH, PROPERTIES, batch_of, id_in, is_person
from app.reading.reconciling.preview import HEIGHT, POLICY, WIDTH, page
from app.register.persons import persons

# What OpenRefine, and the widget with which it suggests, add by themselves and no reader has typed.
PASSED_OVER: Final = frozenset(
    {"callback", "_", "exact", "filter", "lang", "limit", "scoring", "spell", "type", "type_strict"}
)
router: Final = APIRouter(prefix="/v1/reconcile", tags=["names"], dependencies=strict(PASSED_OVER))
FORM: Final = "application/x-www-form-urlencoded"
HTML: Final = "text/html; charset=utf-8"
_PROBLEMS: Final = ("malformed", "unauthorized", "too-large", "invalid", "unavailable", "internal")
_FAR: Final = 10_000
_SCHEMA_SPACE: Final = "https://schema.org/Person"


class Suggestion(BaseModel):
    """Somebody or something that may be meant."""

    id: str = Field(description="The identifier to send.")
    name: str = Field(description="What it is called.")
    description: str | None = Field(default=None, description="What tells it from others of that name.")


class Suggestions(BaseModel):
    """What may be meant."""

    result: list[Suggestion] = Field(description="Best first.")


def _said(text: str, *, model: Any = None, content: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401 - a model or nothing
    success: dict[str, Any] = {"description": text, "headers": headers("ETag", "Cache-Control")}
    success |= {"model": model} if model else {}
    success |= {"content": content} if content else {}
    return {200: success, 304: {"description": "You have this answer already."}, **docs(*_PROBLEMS)}


def _manifest(base: str) -> dict[str, Any]:
    root = f"{base}{router.prefix}"
    return {
        "versions": ["0.2"],
        "name": "Vestka: political prisoners",
        "identifierSpace": f"{base}{persons.path}/",
        "schemaSpace": _SCHEMA_SPACE,
        "documentation": f"{base}/docs",
        "defaultTypes": TYPES,
        "view": {"url": f"{root}/preview/{{{{id}}}}"},
        "preview": {"url": f"{root}/preview/{{{{id}}}}", "width": WIDTH, "height": HEIGHT},
        "suggest": {
            name: {"service_url": root, "service_path": f"/suggest/{name}"} for name in ("entity", "property", "type")
        },
        "batchSize": BATCH,
    }


@router.get(
    "",
    summary="Read the manifest of the reconciliation service",
    operation_id="read_reconciliation",
    response_model=None,
    responses=_said("The manifest, or the answers to the queries.", content={JSON: {}}),
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def read_reconciliation(
    request: Request,
    queries: Annotated[str | None, Query(description="A batch of queries, as JSON.")] = None,
) -> Response:
    """What OpenRefine needs to compare a column of names with the register: enter this address as a service.

    With `queries` it answers a batch (W3C Entity Reconciliation Service API 0.2). Needs no key. Here and below
    `callback`, `_`, `exact`, `filter`, `lang`, `limit`, `scoring`, `spell`, `type` and `type_strict` are passed over
    where they are no parameters: clients add them by themselves. Others are refused, as everywhere; there is no JSONP.
    """
    if queries is not None:
        body = await _reconciled(request, queries)
        return answer(request, body, etag(1, body))
    public = request.app.state.settings.public_url
    body = to_json(_manifest(public or str(request.base_url).rstrip("/")))
    # Without an address of its own the register repeats what it was called, which is not for others.
    return answer(request, body, etag(1, body), None if public else {"Cache-Control": "no-store"})


@router.post(
    "",
    summary="Answer a batch of reconciliation queries",
    operation_id="reconcile",
    response_model=None,
    responses={
        200: {
            "description": "The candidates of each query.",
            "content": {JSON: {}},
            "headers": headers("Cache-Control"),
        },
        **docs(*_PROBLEMS, "media-type"),
    },
    openapi_extra={
        "security": NEEDS_NO_KEY,
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {"type": "object", "required": ["queries"], "properties": {"queries": {"type": "string"}}}
                }
            },
        },
    },
)
async def reconcile(request: Request) -> Response:
    """Give candidates for each query of a batch; nothing is written, and what you send is kept nowhere.

    The form field `queries` holds JSON: an object of up to 100 queries. `match` is true where no other is near and no
    property contradicts. Scores go to 100. `callback` and the like are passed over, as the manifest says.
    """
    body = await _reconciled(request, await _form(request, "queries"))
    return Response(body, 200, {"Cache-Control": "no-store"}, JSON)


async def _reconciled(request: Request, queries: str) -> bytes:
    batch = batch_of(queries)
    async with reading(request) as desk:
        return to_json(await reconciled(desk, finder_of(database_of(request)), batch))


async def _form(request: Request, name: str) -> str:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != FORM:
        raise Problem("media-type", f"Send `Content-Type: {FORM}`.")
    try:
        form = parse_qs((await request.body()).decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise Problem("malformed", "The body is no valid form in UTF-8.") from None
    if others := [other for other in form if other != name and other not in PASSED_OVER]:
        raise invalid(*(fault(f"/{other[:60]}", f"There is no such field here. Known: {name}.") for other in others))
    if len(form.get(name, ())) != 1:
        raise invalid(fault(f"/{name}", "Send this form field once."))
    return form[name][0]


@router.get(
    "/suggest/entity",
    summary="Suggest people",
    operation_id="suggest_entities",
    response_model=None,
    responses=_said("People whose name begins so.", model=Suggestions),
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def suggest_entities(
    request: Request,
    desk: ReadDesk,
    prefix: Annotated[str, Query(description="What was typed: the beginning of a name, or an id.")],
    cursor: Annotated[int, Query(ge=0, le=_FAR, description="How many to skip.")] = 0,
    type: Annotated[list[str] | None, Query(description="`person`; any of several.")] = None,  # noqa: A002 - the API's word
) -> Response:
    """People while somebody types, best first, twenty at a time.

    `callback` and the like are passed over, as the manifest says.
    """
    finder = finder_of(database_of(request))
    found = await suggested(desk, finder, prefix, id_in(prefix), cursor) if is_person(type) else []
    return _suggestions(request, found)


@router.get(
    "/suggest/property",
    summary="Suggest properties",
    operation_id="suggest_properties",
    response_model=None,
    responses=_said("Properties that are compared.", model=Suggestions),
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def suggest_properties(
    request: Request, prefix: Annotated[str, Query(description="The beginning of a word.")] = ""
) -> Response:
    """What else can be compared beside the name. `callback` and the like are passed over, as the manifest says."""
    known = [{"id": pid, "name": name, "description": text} for pid, name, text in PROPERTIES]
    return _suggestions(request, _beginning(known, prefix))


@router.get(
    "/suggest/type",
    summary="Suggest types",
    operation_id="suggest_types",
    response_model=None,
    responses=_said("The types there are.", model=Suggestions),
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def suggest_types(
    request: Request, prefix: Annotated[str, Query(description="The beginning of a word.")] = ""
) -> Response:
    """The only type there is: person. `callback` and the like are passed over, as the manifest says."""
    return _suggestions(request, _beginning(TYPES, prefix))


def _beginning(known: list[dict[str, str]], prefix: str) -> list[dict[str, str]]:
    begun = prefix.strip().lower()
    return [one for one in known if any(word.startswith(begun) for word in (one["id"], *one["name"].lower().split()))]


def _suggestions(request: Request, found: list[Any]) -> Response:
    body = to_json({"result": found})
    return answer(request, body, etag(len(found), body))


@router.get(
    "/preview/{id}",
    summary="Preview a person",
    operation_id="preview_person",
    response_class=Response,
    responses=_said("A small page.", content={"text/html": {}}) | MOVED | docs("not-found", "gone"),
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def preview_person(request: Request, desk: ReadDesk, id: PathId) -> Response:  # noqa: A002 - the path's word
    """A small page about a person, to be shown in a frame; it loads nothing and runs nothing.

    `callback` and the like are passed over, as the manifest says.
    """
    found = await desk.find(persons.kind, id)
    (body,) = await persons.enriched(request, desk, [Item(found.body or b"")], None)
    written = page(from_json(body))
    return answer(request, written, etag(found.version, written), {"Content-Security-Policy": POLICY}, HTML)
