"""Routes of the service itself: the way in, health, documentation, types of problems."""

import asyncio
import threading
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import text

from app.core.database import Database
from app.core.dialects import is_passing
from app.core.documents import etag
from app.core.migrating import is_current
from app.core.patience import within
from app.core.problems import Problem, docs
from app.core.requests import JSON, STRICT, answer, database_of, header_of
from app.openapi import describe, problem_types
from app.places import STATIC
from app.register import RESOURCES
from app.sync.compressing import codec_of, encoding_of

READY_SECONDS = 4  # a database that takes longer is not there
router = APIRouter(tags=["service"], dependencies=STRICT)
_DESCRIBING: Final = threading.Lock()
_NOT_READY: Final = "The database cannot be reached, is not migrated, or is another register's."
_NOW: Final = "no-store"  # what was so a minute ago is no answer
_FOR_A_WHILE: Final = {"Cache-Control": "public, max-age=300"}
# The page may load what this server has, and nothing else.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class ProblemTypeOut(BaseModel):
    """A type of problem."""

    type: str = Field(description="Its URI reference.")
    title: str
    status: int
    text: str = Field(description="What it means and what to do.")


class ProblemTypesOut(BaseModel):
    """Every type of problem."""

    items: list[ProblemTypeOut]


class IndexOut(BaseModel):
    """The way in."""

    name: str
    documentation: str
    openapi: str
    lists: dict[str, str] = Field(description="Each kind of record and its list.")


class StateOut(BaseModel):
    """A state."""

    status: str


@router.get("/", summary="Find the way in", response_model=None, responses={200: {"model": IndexOut}})
async def index() -> Response:
    """Where the documentation and the lists are."""
    lists = {resource.kind.name: resource.path for resource in RESOURCES}
    return _json({"name": "Vestka", "documentation": "/docs", "openapi": "/openapi.json", "lists": lists})


@router.get("/healthz", summary="Ask whether it is alive", response_model=None, responses={200: {"model": StateOut}})
async def healthz() -> Response:
    """Answer as long as the process serves; says nothing of the database."""
    return _json({"status": "alive"}, _NOW)


@router.get(
    "/readyz",
    summary="Ask whether it is ready",
    response_model=None,
    responses={200: {"model": StateOut}, **docs("unavailable")},
)
async def readyz(request: Request) -> Response:
    """Answer 200 when the database can be reached and its tables are current, 503 otherwise."""
    try:
        current = await within(READY_SECONDS, _is_current(database_of(request)))
    except Exception as error:
        if not is_passing(error):
            raise
        current = False
    if not current:
        raise Problem("unavailable", _NOT_READY, headers={"Retry-After": "5"})
    return _json({"status": "ready"}, _NOW)


@router.get(
    "/problems", summary="List the types of problems", response_model=None, responses={200: {"model": ProblemTypesOut}}
)
async def problems() -> Response:
    """Every type of problem that an answer may have, and what to do about it."""
    return _json({"items": problem_types()})


@router.get(
    "/problems/{slug}",
    summary="Read a type of problem",
    response_model=None,
    responses={200: {"model": ProblemTypeOut}, **docs("not-found")},
)
async def problem(slug: str) -> Response:
    """What a `type` in a problem means."""
    found = next((said for said in problem_types() if said["type"] == f"/problems/{slug}"), None)
    if found is None:
        raise Problem("not-found")
    return _json(found)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Give the description of the API."""
    # Made at first request, which takes a second that others should not wait for.
    encoding = encoding_of(header_of(request, "accept-encoding"))
    body, tag = await asyncio.to_thread(_described, request.app, encoding)
    encoded = {"Content-Encoding": encoding} if encoding else {}
    return answer(request, body, tag, {**_FOR_A_WHILE, **encoded})


@router.get("/docs", include_in_schema=False)
async def documentation(request: Request) -> Response:
    """Give the page that shows the description; it loads nothing from elsewhere."""
    page, tag = _page()
    policy = {"Content-Security-Policy": _PAGE_POLICY}
    return answer(request, page, tag, {**_FOR_A_WHILE, **policy}, "text/html; charset=utf-8")


@cache
def _page() -> tuple[bytes, str]:
    page = (STATIC / "docs.html").read_bytes()
    return page, etag(1, page)


def _described(app: FastAPI, encoding: str | None) -> tuple[bytes, str]:
    """Give the description in an encoding, and its entity tag: each encoding has one of its own (RFC 9110, 8.8.3)."""
    with _DESCRIBING:
        return _encoded(app, encoding)


@cache
def _encoded(app: FastAPI, encoding: str | None) -> tuple[bytes, str]:
    body, codec = _description(app), codec_of(encoding)
    if codec is not None:
        body = codec.portion(body) + codec.end()
    return body, etag(1, body)


@cache
def _description(app: FastAPI) -> bytes:
    return to_json(describe(app, RESOURCES))


async def _is_current(database: Database) -> bool:
    async with database.read() as session:
        await session.execute(text("SELECT 1"))
        return await is_current(session) and await database.reads_itself() is True


def _json(body: object, kept: str = "public, max-age=60") -> Response:
    return Response(to_json(body), media_type=JSON, headers={"Cache-Control": kept})
