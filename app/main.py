"""The application: settings in, ASGI app out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app import service
from app.core import acts, keys, logs, metrics, readers
from app.core.atonce import AtOnce, at_once_of
from app.core.clients import Clients
from app.core.collecting import collect_seldom
from app.core.contract import NEEDS_NO_KEY
from app.core.database import Database
from app.core.edge import REFUSED, Edge, Methods, failure
from app.core.express import Express
from app.core.hot import Hot
from app.core.limits import Limits
from app.core.migrating import migrate
from app.core.problems import Moved, Problem, faults
from app.core.reads import Recorded
from app.core.requests import sent_on
from app.core.scribe import Apart, Scribe
from app.letters import addressees, agenda, letter
from app.letters.coverage import font_set
from app.letters.pressroom import PressRoom
from app.openapi import describe
from app.parts import open_database, prepare, refuse_another
from app.places import STATIC, mark_of_code
from app.reading import casefile, facets, matching, stats
from app.reading.finding.finder import know_the_names
from app.reading.keeping import follow_the_calendar
from app.reading.reconciling import routes as reconciliation
from app.reading.searching import routes as searching
from app.register import KINDS, RESOURCES, merging
from app.register.seeding import seed
from app.settings import Settings
from app.sync import batch, changes, digest, export
from app.sync.filling import Filler

_ROUTERS: Final = (
    service.router,
    facets.router(),  # before what reads one person
    *(resource.router for resource in RESOURCES),
    merging.router(),
    casefile.router(letter.IN_A_FILE),
    stats.router(),
    searching.router(),
    matching.router,
    reconciliation.router,
    letter.router,
    addressees.router(),
    agenda.router(),
    changes.router,
    export.router,
    digest.router,
    batch.router,
    keys.router,
    acts.router,
    readers.router,
)
_PATIENCE: Final = 20.0  # seconds that a database server has for a statement of a request
# The framework would otherwise offer spans with addresses and queries of readers to whoever listens.
_NO_TELEMETRY: Final[Any] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


class OtherVersion(Exception):  # noqa: N818 - an upgrade, not a fault
    """The program's files have changed since the server began: it writes by itself until it is started again."""


class Served(FastAPI):
    """The application, with what is ready in front of it."""

    front: ASGIApp | None = None
    at_once: AtOnce | None = None  # gives the answer to a request that can be given without waiting

    def stop(self) -> None:
        """Hear that the server stops: whoever waits for news is answered now."""
        self.state.stopped = True
        if (watch := getattr(self.state, "watch", None)) is not None:
            watch.stop()

    async def routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request by the routes."""
        await super().__call__(scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what fails before the routes is a problem too."""
        try:
            await ((REFUSED not in scope and self.front) or self.routed)(scope, receive, send)
        except ConnectionAbortedError:
            raise  # an answer had begun: the connection breaks
        except Exception as error:
            if scope["type"] != "http":
                raise
            await self.routed({**scope, REFUSED: failure(scope, error)}, receive, send)


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[Database]:
    """Open the database of an application."""
    settings: Settings = app.state.settings
    logs.guard()
    database = app.state.database = open_database(settings.url, settings.read_url, _PATIENCE)
    try:
        await database.identity()  # while the primary is there: it may be away when somebody asks
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def written_apart(opened: tuple[Settings, str]) -> AsyncIterator[ASGIApp]:
    """Give what answers in a process that carries out writes for one that serves; none of another version does."""
    settings, mark = opened
    if mark != mark_of_code():
        raise OtherVersion
    app = create_app(settings)
    async with _opened(app):
        collect_seldom()
        yield app.routed


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    await asyncio.to_thread(migrate, app.state.settings.url)
    async with _opened(app) as database:
        await prepare(database)
        await refuse_another(database)
        async with _serving(app, database):
            yield


@asynccontextmanager
async def _serving(app: FastAPI, database: Database) -> AsyncIterator[None]:
    """Do beside the requests what a server does."""
    settings: Settings = app.state.settings
    if settings.font_dir:  # large fonts take seconds to read, which no request should wait for
        await asyncio.to_thread(font_set, str(settings.font_dir))
    if settings.seed:
        await seed(database, only_if_empty=True)
    app.state.filler = Filler(database)
    behind = [asyncio.create_task(follow_the_calendar(database)), asyncio.create_task(app.state.filler.run())]
    if app.state.alone:
        behind.append(asyncio.create_task(_warm_up(database)))
        app.state.scribe = _scribe(settings, database)
    for task in behind:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)
        for ending in (getattr(app.state, "watch", None), app.state.scribe):
            if ending is not None:
                await ending.close()


def _scribe(settings: Settings, database: Database) -> Scribe | None:
    """Give what carries out writes, where that is to be another process and can be."""
    wanted = settings.writing_process and sys.platform != "win32"
    return Scribe("app.scribing", (settings, mark_of_code()), database.watch.stir) if wanted else None


def _ended(task: "asyncio.Task[None]") -> None:
    """Log what ended a task that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger("vestka").error("failed", **logs.told(error))


async def _warm_up(database: Database) -> None:
    """Do behind the first answers what a reader would wait for later."""
    await know_the_names(database)
    collect_seldom()


def create_app(settings: Settings | None = None) -> Served:
    """Make the application; without settings, from the environment."""
    settings = settings or Settings()
    logs.configure(settings.log_level)
    app = Served(
        lifespan=_life, docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY, redirect_slashes=False
    )
    app.state.settings = settings
    app.state.alone = False
    app.state.scribe = None
    app.state.rules = {resource.kind.name: resource.rules for resource in RESOURCES}
    app.state.parameters = {}
    app.state.press = PressRoom(settings.press_queue)
    for router in _ROUTERS:
        # As they are: the framework builds each route that is included once more, when it is first asked for.
        app.router.routes.extend(router.routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    routes = [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    methods = Methods((route.path, route.path_regex, frozenset(route.methods or ())) for route in routes)
    app.state.methods = methods
    if metrics.wanted():
        app.add_middleware(metrics.Counted)
    app.add_middleware(Recorded)
    writes = [(method, route.path_regex) for route in routes if _writes(route) for method in route.methods or ()]
    app.add_middleware(Apart, scribe=lambda: app.state.scribe, writes=writes)
    app.add_middleware(
        Edge,
        methods=methods,
        limit=settings.max_body_bytes,
        limits={batch.PATH: settings.max_batch_bytes},
        longest=settings.max_address_bytes,
    )
    app.front = _front(app, settings)
    app.at_once = at_once_of(app.front)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Moved, _moved)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.openapi = lambda: describe(app, RESOURCES)  # type: ignore[method-assign]  # the framework's way to say it
    return app


def _writes(route: APIRoute) -> bool:
    """Tell whether a route changes something: what is only asked by POST needs no key."""
    return "GET" not in (route.methods or ()) and (route.openapi_extra or {}).get("security") != NEEDS_NO_KEY


def _front(app: Served, settings: Settings) -> ASGIApp:
    """Give what stands in front of the routes: what is ready, what is planned, and what counts requests."""
    counted, refused = (metrics.count_ready, metrics.count_refused) if metrics.wanted() else (None, None)
    front: ASGIApp = Express(app.routed, lambda: app.state["database"].direct, counted)
    if settings.hot_cache_mb:
        front = Hot(front, lambda: app.state["database"].watch, settings.hot_cache_mb * 1_000_000, counted, KINDS)
    public, key = settings.rate_limit_public, settings.rate_limit_key
    if public or key:
        front = Limits(front, app.routed, Clients(settings.proxies), public=public, key=key, counted=refused)
    return front


def _problem(_: Request, error: Exception) -> Response:
    return error.response() if isinstance(error, Problem) else Problem("internal").response()


def _moved(request: Request, error: Exception) -> Response:
    return sent_on(request, error) if isinstance(error, Moved) else Problem("internal").response()


def _refused(_: Request, error: Exception) -> Response:
    said = error.errors() if isinstance(error, RequestValidationError) else []
    return Problem("invalid", errors=faults(said)).response()


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:  # noqa: PLR2004 - the HTTP status
        allow = request.app.state.methods.at(request.url.path) or "GET, HEAD"  # files are no routes
        return Problem("method-not-allowed", headers={"Allow": allow}).response()
    slug = {404: "not-found", 413: "too-large", 400: "malformed"}.get(status, "internal")
    return Problem(slug).response()


@cache
def openapi_text() -> str:
    """Give ``openapi.json`` as it is written to the file."""
    return json.dumps(describe(app, RESOURCES), ensure_ascii=False, indent=1) + "\n"


app = create_app()
app.state.alone = True  # the process is there for this one
