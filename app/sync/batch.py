"""``POST /v1/batch``: up to 1,000 operations, all of them or none."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import bindparam, select

from app.core.access import Caller
from app.core.bulk import among, run
from app.core.contract import WRITE_HEADERS, sends
from app.core.desk import Desk
from app.core.documents import documents
from app.core.idempotency import Claim, Kept, keep, once
from app.core.kinds import Key
from app.core.problems import Fault, Problem, docs, fault
from app.core.projection import by_kind
from app.core.requests import (
    JSON,
    STRICT,
    bytes_of,
    change_reason,
    database_of,
    desk_of,
    require_version,
    writer_of,
)
from app.sync.operations import BatchIn, Create, Delete, Operation, Replace, key_of, operations_of

Result = dict[str, Any]
# Where in an operation the fault lies that a problem of this type speaks of.
_PLACES: Final = {
    "unconditional": "/if_match",
    "changed": "/if_match",
    "not-found": "/id",
    "gone": "/id",
    "merged": "/id",
    "mirrored": "/id",
    "taken": "/id",
    "forbidden": "/record",
}
_PROBLEMS: Final = (
    *("malformed", "unauthorized", "forbidden", "not-found", "needed", "in-flight", "gone", "merged", "mirrored"),
    *("changed", "taken", "too-large", "media-type", "invalid", "key-reused", "unconditional", "unavailable"),
    "internal",
)


class ResultOut(BaseModel):
    """What an operation did."""

    id: UUID | None = Field(description="The record's id; null in a dry run where the register would choose it.")
    version: int = Field(description="Its version since; of a record that was deleted, the version of its tombstone.")


class BatchOut(BaseModel):
    """What a batch did."""

    results: list[ResultOut] = Field(description="One for each operation, in their order.")


class OperationFault(Fault):
    """A fault of another type than the problem that lists it."""

    type: str


PATH: Final = "/v1/batch"
router = APIRouter(prefix=PATH, tags=["sync"], dependencies=STRICT)


@router.post(
    "",
    summary="Write many records at once",
    operation_id="write_batch",
    response_model=None,
    responses={200: {"model": BatchOut, "description": "All of it is written."}, **docs(*_PROBLEMS)},
    openapi_extra=sends(BatchIn, JSON) | {"parameters": WRITE_HEADERS},
)
async def write_batch(
    request: Request,
    caller: Annotated[Caller, Depends(writer_of)],
    dry_run: Annotated[bool, Query(description="Check all of it and write nothing.")] = False,  # noqa: FBT002 - a parameter
) -> Response:
    """Up to 1,000 operations, carried out together or not at all, with the same rules as single requests.

    Records may refer to each other by ids of your own, in any order, and one that is deleted may be needed by others
    that are deleted with it. Each record may be in one operation only. What stands before the batch is what `if_match`
    and what you may read are held against; the rules between records hold for what stands after it.

    A refused batch has written nothing. Its problem is that of the first operation that is refused, and `errors`
    points to every fault (`/operations/3/record/names`), with a `type` where that is another. A dry run answers what
    the batch would; an `Idempotency-Key` does not apply to it.
    """
    body = await bytes_of(request, JSON)
    change_reason(request)  # refused before the key is looked up, or the same request had two answers
    if dry_run:
        return await _written(request, caller, body, None, dry_run=True)
    return await once(request, database_of(request), caller, partial(_written, request, caller, body), _again)


async def _again(kept: Kept) -> Response:
    return _answer(kept.results or [])


def _answer(results: Sequence[Result]) -> Response:
    return Response(to_json({"results": results}), media_type=JSON)


_c: Final = documents.c
_VERSIONS: Final = select(_c.id, _c.version).where(
    _c.kind == bindparam("kind"), among(_c.id), _c.tier == bindparam("tier")
)
_LITTLE: Final = 50_000  # bytes
_FEW: Final = 25  # operations


class _Checked(Exception):  # noqa: N818 - ends a dry run, so that nothing is committed
    pass


async def _written(
    request: Request, caller: Caller, body: bytes, held: Claim | None, *, dry_run: bool = False
) -> Response:
    results: list[Result] = []
    database, reason = database_of(request), change_reason(request)
    # A thread beside the event loop costs readers more than it spares them, unless it has much to do.
    much = len(body) > _LITTLE or body.count(b'"op"') > _FEW

    async def work() -> None:
        operations = operations_of(body)
        async with database.write(caller.name, bulk=much, key_id=caller.key_id, reason=reason) as session:
            results.extend(await Batch(desk_of(request, session, caller), operations).carry_out())
            if held is not None:
                await keep(session, held, Kept(200, None, None, None, results))
            if dry_run:
                results[:] = [{**one, "id": said.id} for one, said in zip(results, operations, strict=True)]
                raise _Checked

    with suppress(_Checked):
        await (database.aside(work) if much else work())
    return _answer(results)


@dataclass(slots=True)
class Batch:
    """Operations at a caller's desk."""

    desk: Desk
    operations: Sequence[Operation]
    refused: list[tuple[int, Problem]] = field(default_factory=list)

    async def carry_out(self) -> list[Result]:
        """Write all of it, or raise the problem that tells why not; give the result of each operation."""
        await self.desk.read_ahead({key for operation in self.operations if (key := key_of(operation))})
        keys = [await self._stage(number, operation) for number, operation in enumerate(self.operations)]
        if self.refused:
            raise _refusal(self.refused)
        await self.desk.settle()
        versions = await self._versions(keys)
        return [{"id": str(key[1]), "version": versions[key]} for key in keys]

    async def _stage(self, number: int, operation: Operation) -> Key:
        record_id = operation.id or UUID(int=0)
        try:
            record_id = await self._one(f"/operations/{number}", operation)
        except Problem as problem:
            self.refused.append((number, problem))
        return operation.kind, record_id

    async def _one(self, place: str, operation: Operation) -> UUID:
        desk, kind, inside = self.desk, self.desk.kinds[operation.kind], f"{place}/record"
        if isinstance(operation, Create):
            return await desk.create(kind, operation.record, operation.id, inside)
        found = await desk.find(kind, operation.id)
        if operation.if_match is None:
            raise Problem(
                "unconditional", "Send `if_match` with the ETag that you read, or `*` to overwrite on purpose."
            )
        require_version(operation.if_match, found)
        if isinstance(operation, Delete):
            await desk.delete(kind, operation.id, place)
        elif isinstance(operation, Replace):
            await desk.replace(kind, operation.id, operation.record, inside)
        else:
            await desk.patch(kind, operation.id, operation.record, inside)
        return operation.id

    async def _versions(self, keys: Sequence[Key]) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for kind, ids in by_kind(keys):
            said = {"kind": kind, "ids": ids, "tier": int(self.desk.caller.tier)}
            rows = await self.desk.session.run_sync(run, _VERSIONS, said)
            found |= {(kind, record_id): version for record_id, version in rows}
        return found


def _refusal(refused: Sequence[tuple[int, Problem]]) -> Problem:
    """Give one problem for all operations that are refused: that of the first, with the faults of all."""
    first = refused[0][1].type
    errors: list[Fault] = []
    for number, problem in refused:
        place = f"/operations/{number}{_PLACES.get(problem.type.slug, '')}"
        told: Sequence[Fault] = problem.errors or [fault(place, problem.detail)]
        if problem.type is not first:
            told = [OperationFault(pointer=one.pointer, detail=one.detail, type=problem.type.uri) for one in told]
        errors += told
    words = f"{first.text} Nothing was written; `errors` says which operations are refused."
    return Problem(first.slug, words, errors=errors[:100])
