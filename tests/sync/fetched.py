"""A copy that is watched while it fetches and takes in, and what is kept of it between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from sqlalchemy import select
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.copies import mirrored, mirrors
from app.core.database import Database
from app.core.documents import documents
from app.core.history import changes
from app.sync.mirror import kept
from app.sync.mirror.stops import Stopped
from app.sync.mirror.taking import Taker
from tests.conftest import Register
from tests.factories import create_all, detention, person
from tests.sync.mirroring import Copying
from tests.sync.test_mirror_troubles import answering

PEOPLE = 9
GONE = answering(503, {}, b"")
FETCHED, TAKEN = (kept, "keep"), (Taker, "_take")


class Asked:
    """An application that keeps what it was asked for, and may be put away."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.paths: list[str] = []
        self.exports: list[dict[str, list[str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        if scope["path"] == "/v1/export":
            self.exports.append(parse_qs(scope["query_string"].decode()))
        await self.app(scope, receive, send)


@dataclass
class Watched(Copying):
    """A copy whose source keeps what it is asked for."""

    asked: Asked = field(default_factory=lambda: Asked(GONE))

    async def stopped(self, owner: tuple[Any, str], number: int = 1, role: str = "public") -> None:
        """Copy until the power goes."""
        with stopping(owner, number):
            await self.copy(role)


async def fill(register: Register) -> None:
    records = []
    for number in range(PEOPLE):
        one, words = str(uuid4()), f"unforgettable {number} {token_hex(150)}"
        records.append(("persons", one, person(occupation={"en": words})))
        records.append(("detentions", str(uuid4()), detention(one)))
    await create_all(register.admin, *records)


@contextmanager
def stopping(owner: tuple[Any, str], number: int = 1) -> Iterator[None]:
    """Stop in the midst of a transaction, the first or a later one, before it is on disk."""
    place, name = owner
    real, calls = getattr(place, name), 0

    def stops(*said: Any) -> Any:
        nonlocal calls
        calls += 1
        done = real(*said)
        if calls == number:
            raise Stopped("The power goes.")
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, stops)
        with pytest.raises(Stopped, match="The power goes"):
            yield


async def state_of(database: Database) -> tuple[str, str, int]:
    """Give how far the copy is: its state, `KIND/ID` of the last record, how many there are."""
    async with database.read() as session:
        row = (await session.execute(select(mirrors))).one()
    return row.state, f"{row.copied_kind}/{row.copied_id}", row.copied


async def numbers(database: Database) -> list[int]:
    """Give the numbers of what was fetched and is kept."""
    async with database.read() as session:
        return list((await session.execute(select(mirrored.c.number).order_by(mirrored.c.number))).scalars())


async def content(database: Database) -> str:
    """Give all that was taken in."""
    async with database.read() as session:
        bodies = [*(await session.execute(select(documents.c.body))).scalars()]
        bodies += (await session.execute(select(changes.c.body).where(changes.c.kind != "keys"))).scalars()
    return b"".join(body for body in bodies if body).decode()
