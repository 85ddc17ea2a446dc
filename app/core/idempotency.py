"""Idempotency-Key: a POST that is sent again gives its first answer, without being done twice."""

import hashlib
import math
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import Request, Response
from sqlalchemy import JSON, Column, Integer, String, Table, Uuid, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.access import Caller, first_of
from app.core.database import Database
from app.core.history import Change
from app.core.problems import Problem
from app.core.projection import by_kind

# What is kept tells which record was made, never what was sent: no body, no name.
answers: Final = Table(
    "idempotent_answers",
    SQLModel.metadata,
    Column("key", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("at", UTCDateTime(), nullable=False),
    Column("claim", Uuid, nullable=False),
    Column("status", Integer),
    Column("kind", String),
    Column("id", Uuid),
    Column("version", Integer),
    Column("results", JSON(none_as_null=True)),  # of a batch: id and version of each operation
)
KEPT: Final = timedelta(hours=24)
# A request that was cut off frees its key after this; what it wrote was not committed.
ABANDONED: Final = timedelta(seconds=60)
_PURGED: Final = "purged"  # the hash of nothing that can be sent
_FORM: Final = re.compile(r"^[!-~]{1,255}$")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out a request under its key."""

    key: str
    token: UUID


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of the first answer."""

    status: int
    kind: str | None
    id: UUID | None
    version: int | None
    results: list[dict[str, Any]] | None = None


def key_of(request: Request) -> str | None:
    """Give the key that a request has, or none."""
    said = request.headers.get("idempotency-key")
    if said is None:
        return None
    if _FORM.fullmatch(said) is None:
        raise Problem("malformed", "`Idempotency-Key` takes 1 to 255 letters, digits and signs of ASCII, no blanks.")
    return said


def request_mark(request: Request, body: bytes) -> str:
    """Give the hash that tells whether a request is the same."""
    return hashlib.sha256(f"{request.method} {request.url.path}\0".encode() + body).hexdigest()


async def once(
    request: Request,
    database: Database,
    caller: Caller,
    do: Callable[[Claim | None], Awaitable[Response]],
    again: Callable[[Kept], Awaitable[Response]],
) -> Response:
    """Carry out a request, or give the answer that it had under its key.

    ``do`` keeps its answer in the transaction that it answers.
    """
    key = key_of(request)
    if key is None:
        return await do(None)
    held = await claim(database, key, request_mark(request, await request.body()), caller)
    if isinstance(held, Kept):
        return await again(held)
    try:
        return await do(held)
    except Exception:
        await release(database, held, caller.name)
        raise


class Forgetting:
    """The plug that forgets the hash of what was sent, once what it made is purged: it would prove a guess."""

    touched = None

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow purges."""
        purged = [change.key for change in changes if change.action == "purge"]
        for kind, ids in by_kind(purged):
            made = and_(answers.c.kind == kind, answers.c.id.in_(ids))
            session.execute(update(answers).where(made).values(request=_PURGED))
        if purged:
            _forget_batches(session, {str(record_id) for _, record_id in purged})

    def rebuild(self, _: Session) -> int:
        """Do nothing: it is no index."""
        return 0

    def faults(self, _: Session) -> Iterator[str]:
        """Find nothing."""
        yield from ()


def _forget_batches(session: Session, ids: set[str]) -> None:
    """Forget what was sent in batches of which something was purged; they are those of a day."""
    batches = select(answers.c.key, answers.c.results).where(answers.c.results.is_not(None))
    for key, results in session.execute(batches).all():
        if any(one["id"] in ids for one in results):
            session.execute(update(answers).where(answers.c.key == key).values(request=_PURGED))


async def claim(database: Database, said: str, mark: str, caller: Caller) -> Claim | Kept:
    """Take up a key, or give the answer that it had; 409 while another request is at it, 422 for another body.

    Each API key has its own space of them, together with those that it was rotated from: what is sent again with the
    new one is not done twice.
    """
    async with database.write(caller.name, key_id=caller.key_id) as session:
        holder = await first_of(session, caller.key_id)
        key = hashlib.sha256(f"{holder}\0{said}".encode()).hexdigest()
        now = datetime.now(UTC)
        await session.execute(delete(answers).where(answers.c.at < now - KEPT))
        row = (await session.execute(select(answers).where(answers.c.key == key))).one_or_none()
        if row is not None and row.request != mark:
            raise Problem("key-reused")
        if row is not None and row.status is not None:
            return Kept(row.status, row.kind, row.id, row.version, row.results)
        if row is not None and row.at > now - ABANDONED:
            raise _in_flight(now - row.at)
        token = uuid4()
        if row is None:
            await session.execute(insert(answers).values(key=key, request=mark, at=now, claim=token))
        else:
            await session.execute(update(answers).where(answers.c.key == key).values(at=now, claim=token))
        return Claim(key, token)


def _in_flight(age: timedelta) -> Problem:
    """Tell when to ask again: soon where the request just came, later and later where it may be cut off."""
    left = math.ceil((ABANDONED - age).total_seconds())
    words = (
        "The request that came first with this key is being worked on; ask again, and get its answer. "
        f"If it was cut off, it wrote nothing, and this one can be carried out in {left} s."
    )
    after = max(1, min(left, math.floor(age.total_seconds())))
    return Problem("in-flight", words, headers={"Retry-After": str(after)})


async def keep(session: AsyncSession, held: Claim, kept: Kept) -> None:
    """Keep an answer in the transaction that it answers; 409 if another request has taken the key over."""
    mine = and_(answers.c.key == held.key, answers.c.claim == held.token)
    values = asdict(kept)
    done = await session.execute(update(answers).where(mine).values(**values).returning(answers.c.key))
    if done.first() is None:
        raise Problem("in-flight", headers={"Retry-After": "1"})


async def release(database: Database, held: Claim, author: str) -> None:
    """Free a key whose request failed, so that it can be sent again."""
    async with database.write(author) as session:
        mine = and_(answers.c.key == held.key, answers.c.claim == held.token, answers.c.status.is_(None))
        await session.execute(delete(answers).where(mine))
