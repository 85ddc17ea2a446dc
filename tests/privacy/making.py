"""Makes registers of the story: at the same times, with the same ids and secrets in each."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import event, update

from app.core import recorder
from app.core.access import make_key
from app.core.database import Database
from app.core.history import register as registers
from app.core.migrating import migrate
from app.core.record import Tier
from app.main import Served, create_app
from app.parts import open_database
from app.register import KINDS
from app.settings import Settings
from app.sync.filling import fill
from app.sync.watch import Watch
from tests.conftest import counting
from tests.privacy.asking import Answer, Asked, ask
from tests.privacy.marks import MARKS
from tests.privacy.story import Step, Story, public_at_first

STORY: Final = Story()
WITHDRAWAL: Final = Story(public_at_first)
_BEGUN: Final = datetime(2024, 1, 1, tzinfo=UTC)
_ID: Final = UUID("9e0000e9-0000-4000-8000-000000000001")
# Who holds a key is the author of its changes, and for partners; of what partners never hear of, for nobody.
_OWNERS: Final = {tier: f"{marks.stem} owner" for tier, marks in MARKS.items()}
_SETTINGS: Final = Settings(seed=False, rate_limit_public=0, rate_limit_key=0)
_SCOPES: Final = {"partners": ["read:partners"], "editor": ["write"], "admin": ["admin"]}


class _Clock(datetime):
    """Says when a step of the story happens."""

    shown = _BEGUN

    @classmethod
    def now(cls, tz: Any = None) -> Any:  # noqa: ARG003 - as datetime's own
        return cls.shown


@dataclass
class Told:
    """A register that tells the story, and the keys that open it."""

    app: Served
    database: Database
    keys: Mapping[str, str]
    statements: list[str] = field(default_factory=list)

    async def ask(self, who: str, asked: Asked) -> Answer:
        """Ask as somebody."""
        self.app.state.database = self.database
        key = self.keys.get(who)
        headers = (("authorization", f"Bearer {key}"), *asked.headers) if key else asked.headers
        return await ask(self.app, Asked(asked.method, asked.target, headers, asked.body))


@asynccontextmanager
async def told(url: str) -> AsyncIterator[Told]:
    """Open a register in which the story was told."""
    database = open_database(url)
    made = Told(create_app(_SETTINGS), database, await _keys(database, _SCOPES))
    await database.identity()  # asked for once, as is whether a key was used today
    for who in made.keys:
        await made.ask(who, Asked("GET", "/v1/cases?limit=1"))
    await database.ledger.close()
    for engine in database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", counting(made.statements))
    try:
        yield made
    finally:
        watch: Watch | None = getattr(made.app.state, "watch", None)
        if watch is not None:
            await watch.close()
        await database.close()


def whole(url: str) -> None:
    """Make the register in which all of the story happened."""
    _make(url, STORY, Tier.PRIVATE)


def twin_for_partners(url: str) -> None:
    """Make the register in which nothing happened that partners do not see."""
    _make(url, STORY, Tier.PARTNERS)


def twin_for_all(url: str) -> None:
    """Make the register in which nothing happened that not everybody sees."""
    _make(url, STORY, Tier.PUBLIC)


def before_a_withdrawal(url: str) -> None:
    """Make the register in which what is to be withdrawn is still public."""
    _make(url, WITHDRAWAL, Tier.PARTNERS)


def without_what_is_withdrawn(url: str) -> None:
    """Make its twin, in which that never was."""
    _make(url, WITHDRAWAL, Tier.PUBLIC)


TWINS: Final[Mapping[Tier, Callable[[str], None]]] = {Tier.PUBLIC: twin_for_all, Tier.PARTNERS: twin_for_partners}


def _make(url: str, story: Story, tier: Tier) -> None:
    migrate(url)
    asyncio.run(_tell(url, story, tier))


async def _tell(url: str, story: Story, tier: Tier) -> None:
    database = open_database(url)
    async with database.write("tests") as session:
        await session.execute(update(registers).values(register_id=_ID, secret=bytes(32)))
    try:
        with _clock() as at:  # from the first change on: none has a time before the last one's
            made = Told(create_app(_SETTINGS), database, await _keys(database, {}))
            filled = False
            for step in story.told(tier):
                at(step.number)
                if not filled and step.number > len(story.steps) // 2:
                    filled = await _fill(database)
                await _take(made, step, tier)
            await _fill(database)
    finally:
        await database.close()


async def _fill(database: Database) -> bool:
    """Have blocks of the export made, of what is hidden later too."""
    for tier in Tier:
        for kind in KINDS:
            await fill(database, tier, kind, size=1)
    return True


@contextmanager
def _clock() -> Iterator[Callable[[int], None]]:
    """Stop the clock by which changes are told."""

    def at(minute: int) -> None:
        _Clock.shown = _BEGUN + timedelta(minutes=minute)

    at(0)
    with patch.object(recorder, "datetime", _Clock):
        yield at


async def _keys(database: Database, scopes: Mapping[str, list[str]]) -> dict[str, str]:
    tokens: dict[str, str] = {}
    owners = {name: (_OWNERS[Tier.PARTNERS], said) for name, said in scopes.items()}
    if not scopes:
        owners = {tier.name: (owner, ["admin"]) for tier, owner in _OWNERS.items()}
    async with database.write("tests") as session:
        for name, (owner, said) in owners.items():
            key, tokens[name] = make_key(owner, said)
            session.add(key)
    return tokens


async def _take(made: Told, step: Step, tier: Tier) -> None:
    body = step.body(tier)
    who = max(step.tier, Tier.PARTNERS) if step.tier <= tier else Tier.PARTNERS
    headers = {"content-type": "application/json", "x-change-reason": quote(step.reason), **step.headers}
    sent = b"" if body is None else json.dumps(body).encode()
    answer = await made.ask(who.name, Asked(step.method, step.path, tuple(headers.items()), sent))
    assert answer.status in {200, 201, 204}, (step, answer.status, answer.body)
