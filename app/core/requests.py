"""What every route asks of a request, and how every record is answered."""

import json
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, unquote_to_bytes

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import IDENTIFIED, Caller, identify
from app.core.ahead import Document
from app.core.database import Database
from app.core.desk import Desk, Rule
from app.core.dialects import TooLong
from app.core.documents import is_of, tag_of
from app.core.kinds import Fields, Kinds
from app.core.problems import Moved, Problem, fault, faults, invalid
from app.core.reads import note_reader

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_REASON_LENGTH: Final = 500
_QUERY_SIGNS: Final = "!$%&'()*+,/:;=?@[]~"
_Model = TypeVar("_Model", bound=BaseModel)
JSON: Final = "application/json"
PATIENT: Final = "vestka.patient"  # in a request's scope: its reads take longer than the event loop should wait
MERGE_PATCH: Final = "application/merge-patch+json"


def database_of(request: Request) -> Database:
    """Give the application's database."""
    database: Database = request.app.state.database
    return database


def desk_of(request: Request, session: AsyncSession, caller: Caller) -> Desk:
    """Open a caller's desk in a transaction."""
    note_reader(request, caller)
    kinds: Kinds = database_of(request).kinds
    rules: dict[str, list[Rule]] = request.app.state.rules
    return Desk(session, kinds, caller, dict(rules))


async def caller_of(request: Request) -> Caller:
    """Give the caller, from the key in ``Authorization``."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return Caller()
    database = database_of(request)
    try:
        async with database.read(brief=True, primary=True) as session:
            return await identified(request, session)
    except TooLong:
        async with database.read(primary=True) as session:
            return await identified(request, session)


async def identified(request: Request, session: AsyncSession) -> Caller:
    """Give the caller, and note the key for those who count requests."""
    caller = await identify(session, request.headers.get("authorization"))
    if caller.key_id is not None:
        database_of(request).ledger.used(caller.key_id)
        request.scope.get(IDENTIFIED, set()).add(caller.key_id)
    return caller


def may_be_brief(request: Request) -> bool:
    """Tell whether a request can be done again: what has been read from a body cannot be read again."""
    return request.method == "GET" and not request.scope.get(PATIENT)


@asynccontextmanager
async def reading(request: Request, *, brief: bool = True) -> AsyncIterator[Desk]:
    """Open the caller's desk for a part of a request, so that what takes its time afterwards holds no connection.

    Say that it is not ``brief`` once an answer has begun: the request cannot be done again then.
    """
    # Who has a key may have written a moment ago, here or at another machine, and a replica may be behind.
    primary = "authorization" in request.headers
    async with database_of(request).read(brief=brief and may_be_brief(request), primary=primary) as session:
        yield desk_of(request, session, await identified(request, session))


async def _reading(request: Request) -> AsyncIterator[Desk]:
    async with reading(request) as desk:
        yield desk


async def writer_of(request: Request) -> Caller:
    """Give the caller, who must have the scope ``write``."""
    caller = await caller_of(request)
    caller.require("write")
    return caller


async def _writing(request: Request, caller: Annotated[Caller, Depends(writer_of)]) -> AsyncIterator[Desk]:
    reason = change_reason(request)
    # The whole body first: nobody waits for a slow client while the register is held for writing.
    await request.body()
    async with database_of(request).write(caller.name, key_id=caller.key_id, reason=reason) as session:
        yield desk_of(request, session, caller)


# Ended before the answer is sent, so that what was answered has been committed.
ReadDesk = Annotated[Desk, Depends(_reading, scope="function")]
WriteDesk = Annotated[Desk, Depends(_writing, scope="function")]


def change_reason(request: Request) -> str | None:
    """Give why a change is made, from ``X-Change-Reason`` (percent-encoded UTF-8)."""
    said = request.headers.get("x-change-reason")
    if said is None:
        return None
    try:
        reason = unquote_to_bytes(said).decode().strip()
    except UnicodeDecodeError:
        reason = "\0"
    if not said.isascii() or len(reason) > _REASON_LENGTH or not reason.isprintable():
        raise Problem("malformed", "`X-Change-Reason` takes up to 500 characters as percent-encoded UTF-8.")
    return reason or None


async def bytes_of(request: Request, *media_types: str) -> bytes:
    """Read a body as it came: 415 for another type."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in media_types:
        raise Problem("media-type", f"Send `Content-Type: {' or '.join(media_types)}`.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("media-type", "Send the body as it is, without `Content-Encoding`.")
    return await request.body()


async def body_of(request: Request, *media_types: str) -> Any:  # noqa: ANN401 - JSON
    """Read a JSON body: 415 for another type, 400 for what is not JSON."""
    return json_of(await bytes_of(request, *media_types))


def json_of(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read JSON: 400 for what is not."""
    try:
        read = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise Problem("malformed", "The body is no valid JSON in UTF-8. Nothing was changed.") from None
    refuse_repeated(body, "the body")
    return read


def refuse_repeated(read: bytes | str, what: str) -> None:
    """Refuse an object that has a member twice: parsers differ in which one they take (RFC 8259, section 4)."""

    def once(members: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in members]
        if len(names) != len(set(names)):
            raise Problem("malformed", f"An object of {what} has the same member twice. Nothing was changed.")

    json.loads(read, object_pairs_hook=once)


async def object_of(request: Request, *media_types: str) -> Fields:
    """Read a JSON object."""
    body = await body_of(request, *media_types)
    if not isinstance(body, dict):
        raise invalid(fault("", "Send a JSON object."))
    return body


async def model_of(request: Request, model: type[_Model]) -> _Model:
    """Read a JSON object as a model: 422 names what does not fit."""
    return model_from(await bytes_of(request, JSON), model)


def model_from(body: bytes, model: type[_Model]) -> _Model:
    """Read a JSON object as a model: 422 names what does not fit."""
    sent = json_of(body)
    if not isinstance(sent, dict):
        raise invalid(fault("", "Send a JSON object."))
    try:
        return model.model_validate_json(to_json(sent), strict=True)
    except ValidationError as error:
        said = faults(error.errors(include_url=False, include_input=False, include_context=False))
        raise Problem("invalid", errors=said) from None


def header_of(request: Request, name: str) -> str | None:
    """Give what a header says that is a list; it may come in several lines (RFC 9110, section 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def require_match(request: Request, found: Document) -> None:
    """Refuse a write without ``If-Match`` (428) or with that of another version (412)."""
    said = header_of(request, "if-match")
    if said is None:
        raise Problem("unconditional", "Send `If-Match` with the ETag that you read, or `*` to overwrite on purpose.")
    require_version(said, found)


def asks_for_new(request: Request) -> bool:
    """Tell whether a write makes a new record (``If-None-Match: *``); refuse what cannot be so (RFC 9110, 13.2.2)."""
    said = header_of(request, "if-none-match")
    if said is None:
        return False
    if said.strip() != "*":
        raise Problem("malformed", "`If-None-Match` takes `*` here: create only if the id is new.")
    if "if-match" in request.headers:
        raise Problem(
            "changed", "`If-Match` asks for a record that is there, `If-None-Match: *` for a new one. Send one."
        )
    return True


def require_version(said: str, found: Document) -> None:
    """Refuse a condition that names another version than the caller's tier has (412)."""
    if said.strip() == "*":
        return
    if found.body is None or not any(is_of(tag, found.body) for tag in _TAG.findall(said)):
        raise Problem("changed")


def answer(
    request: Request, body: bytes, tag: str, headers: dict[str, str] | None = None, media_type: str = JSON
) -> Response:
    """Answer a read, or 304 when the caller has this answer already."""
    said = header_of(request, "if-none-match")
    known = said is not None and (said.strip() == "*" or tag.strip('"') in _TAG.findall(said))
    # Answers to a key are for its holder alone; shared caches keep public ones and ask whether they still hold.
    for_whom = "private, no-cache" if "authorization" in request.headers else "public, no-cache"
    always = {"ETag": tag, "Vary": "Authorization, Accept, Accept-Encoding", "Cache-Control": for_whom}
    headers = {**always, **(headers or {})}
    return Response(status_code=304, headers=headers) if known else Response(body, 200, headers, media_type)


def written(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer a write with the record as it is now."""
    return Response(body, status, {"ETag": tag_of(body), **(headers or {})}, JSON)


def sent_on(request: Request, moved: Moved) -> Response:
    """Answer a read of a record that was merged: the same is asked of the record that it is part of."""
    path = request.url.path.replace(request.path_params["id"], str(moved.now), 1)
    query = quote(request.scope["query_string"], safe=_QUERY_SIGNS)
    place = f"{request.app.state.settings.public_url}{path}{'?' * bool(query)}{query}"
    # Not for long: the merge may be undone, or the other record be hidden.
    return Response(status_code=308, headers={"Location": place, "Cache-Control": "no-store"})


def _parameters(route: APIRoute) -> dict[str, bool]:
    """Give the query parameters of a route, and whether each may be repeated."""
    told: dict[str, bool] = {}
    dependants = [route.dependant]
    while dependants:
        dependant = dependants.pop()
        dependants += dependant.dependencies
        for field in dependant.query_params:
            model = field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                told |= {name: "list[" in str(info.annotation) for name, info in model.model_fields.items()}
            else:
                told[field.alias] = "list[" in str(model)
    return told


def _refuse_unreadable(query: bytes) -> None:
    """Refuse what is no text: no database can look for it, and it is nobody's name."""
    try:
        said = unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Problem("malformed", "The address is no UTF-8: percent-encode the UTF-8 bytes of a text.") from None
    if "\0" in said:
        raise Problem("malformed", "The address holds a NUL (`%00`). Leave it out.")


def strict(passed_over: Collection[str] = ()) -> list[Any]:
    """Refuse query parameters that a route does not have, and repeated ones that it takes once, but for some."""

    async def strict_query(request: Request) -> None:
        if request.query_params:
            _refuse_others(request, passed_over)

    return [Depends(strict_query)]


def _refuse_others(request: Request, passed_over: Collection[str]) -> None:
    _refuse_unreadable(request.scope["query_string"])
    route, known = request.scope["route"], request.app.state.parameters
    told = known.get((route.path, request.method)) or _parameters(route)
    known[route.path, request.method] = told
    wrong = []
    for name in dict.fromkeys(request.query_params):
        if name not in told and name in passed_over:
            continue
        if name not in told:
            these = ", ".join(sorted(told)) or "none"
            wrong.append(fault(f"/query/{name[:60]}", f"There is no such parameter here. Known: {these}."))
        elif not told[name] and len(request.query_params.getlist(name)) > 1:
            wrong.append(fault(f"/query/{name}", "Send this parameter once."))
    if wrong:
        raise invalid(*wrong)


STRICT: Final = strict()
