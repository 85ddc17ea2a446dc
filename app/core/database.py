"""Connections and transactions: one for reading or one for writing per request."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from app.core import recorder
from app.core.access import still_valid
from app.core.collecting import not_collecting
from app.core.cursors import Identity
from app.core.dialects import (
    brief_engine,
    bulk_engine,
    empty_log,
    pouring_engine,
    reading_engine,
    writing_engine,
)
from app.core.dialects.direct import as_driven, direct_reader
from app.core.dialects.watching import LAST_HEARD, FileWatch, watched_file
from app.core.express import Direct
from app.core.history import Writing, register
from app.core.hot import Watch
from app.core.kinds import Kinds
from app.core.ledger import Ledger
from app.core.polled import Polled
from app.core.recorder import Plug, Recorder
from app.core.touched import Touched, named, touched_since

_T = TypeVar("_T")
_AGAIN_SECONDS = 5


class Database:
    """The register's database: its readers, and its writers one at a time.

    ``patience`` is for how many seconds a server may work on a statement that reads for a request; the rest has a
    multiple of it. Without, as for commands, it takes its time.
    """

    def __init__(
        self,
        url: str,
        kinds: Kinds,
        read_url: str | None = None,
        plugs: Iterable[Plug] = (),
        patience: float | None = None,
    ) -> None:
        self.url = url
        self._read_url = read_url or url
        self.kinds = kinds
        self._patience = patience
        turn, long = (patience * 2, patience * 10) if patience else (None, None)
        self.reading = reading_engine(self._read_url, seconds=patience)
        self.brief = brief_engine(self._read_url)
        self.primary = self.reading if self._read_url == url else reading_engine(url, seconds=patience)
        # A reader of everything may take an hour over a bad line, and others must not wait for it.
        self.copying = reading_engine(self._read_url, connections=3, seconds=long)
        self.pouring = pouring_engine(self._read_url, seconds=long)
        self.writing = writing_engine(url, seconds=turn)
        self.bulk = bulk_engine(url, seconds=long)
        self._aside: ThreadPoolExecutor | None = None
        file = watched_file(self._read_url)
        self._direct: Direct | None = None
        self._asked: Direct | None = None
        plugs = tuple(plugs)
        # Where answers hang on more than the record, those who keep that know whose are others than before.
        self._touched = touched_since(plug.touched for plug in plugs if plug.touched is not None)
        self.watch: Watch = FileWatch(file, self._touched_behind) if file else Polled(self._last_heard, self._changed)
        self._identity: Identity | None = None
        self._emptying: asyncio.Task[None] | None = None
        session_class: type[Session] = type("RecordedSession", (Session,), {})
        self.recorder = Recorder(kinds, plugs)
        self.recorder.follow(session_class)
        self._read = async_sessionmaker(self.reading, autoflush=False)
        self._read_briefly = async_sessionmaker(self.brief or self.reading, autoflush=False)
        self._read_primary = async_sessionmaker(self.primary, autoflush=False)
        self._copy = async_sessionmaker(self.copying, autoflush=False)
        self._pour = async_sessionmaker(self.pouring, autoflush=False)
        said: dict[str, Any] = {"sync_session_class": session_class, "autoflush": False, "expire_on_commit": False}
        self._write = async_sessionmaker(self.writing, **said)
        self._write_much = async_sessionmaker(self.bulk, **said)
        self.ledger = Ledger(async_sessionmaker(self.writing, autoflush=False).begin)

    async def identity(self) -> Identity:
        """Give the register's id and the secret that signs its cursors."""
        if self._identity is None:
            async with self.read(primary=True) as session:
                row = (await session.execute(select(register.c.register_id, register.c.secret))).one()
            self._identity = Identity(*row)
        return self._identity

    async def reads_itself(self) -> bool | None:
        """Tell whether what answers reads is this register; None while a replica that is behind holds none."""
        if self.reading is self.primary:
            return True
        async with self.read() as session:
            there = (await session.execute(select(register.c.register_id))).scalar()
        return None if there is None else there == (await self.identity()).register_id

    @property
    def direct(self) -> Direct:
        """Give what reads past everything that is not the driver."""
        if self._direct is None:
            # What is asked directly is asked again by the route when that takes long.
            self._direct = direct_reader(self._read_url, self._patience and self._patience / 4)
        return self._direct

    @asynccontextmanager
    async def read(self, *, brief: bool = False, primary: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a transaction that reads one state of the register; of the primary's, if a replica is behind.

        A ``brief`` one may raise ``TooLong``, and has then to be done again otherwise.
        """
        ahead = primary and self.primary is not self.reading
        sessions = self._read_primary if ahead else self._read_briefly if brief else self._read
        async with sessions() as session:
            yield session

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that may read one state of the register for long; a few at a time have their turn."""
        async with self._copy() as session:
            yield session

    @asynccontextmanager
    async def pour(self) -> AsyncIterator[AsyncSession]:
        """Open the same for what is read in portions by the driver, see ``dialects.direct.portions``."""
        async with self._pour() as session:
            yield session

    @asynccontextmanager
    async def write(
        self,
        author: str,
        *,
        bulk: bool = False,
        **said: Any,  # noqa: ANN401 - the rest of Writing
    ) -> AsyncIterator[AsyncSession]:
        """Open the transaction that writes, when its turn comes; committed when the block ends well.

        Who writes with a key that has ended meanwhile is refused. A ``bulk`` one has a connection of its own and serves
        in any event loop, that of `aside` for one.
        """
        sessions = self._write_much if bulk else self._write
        async with sessions() as session, session.begin():
            writing = await session.run_sync(lambda sync: recorder.begin(sync, author, **said))
            if writing.key_id is not None:
                await still_valid(session, writing.key_id)
            yield session
        self.watch.stir()
        if writing.left:  # other processes have forgotten by then what they had ready
            await asyncio.sleep(self.watch.lag)
        if writing.erased and not await asyncio.to_thread(empty_log, self.url) and not bulk:
            self._emptying = asyncio.create_task(self._empty_log())

    async def _empty_log(self) -> None:
        """Empty the database's log as soon as nobody reads an earlier state any more."""
        while not await asyncio.to_thread(empty_log, self.url):  # noqa: ASYNC110 - no event tells of other processes
            await asyncio.sleep(_AGAIN_SECONDS)

    async def aside(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do what takes seconds in a thread and an event loop of its own, so that requests are served meanwhile.

        One such work is done at a time: writers take turns anyway.
        """
        if self._aside is None:
            self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")

        def do() -> _T:
            with not_collecting():
                return asyncio.run(work())

        return await asyncio.get_running_loop().run_in_executor(self._aside, do)

    @property
    def _state(self) -> Direct:
        """Give what is asked for the state: plans that take long must not keep it from who has ready answers."""
        if self._asked is None:
            self._asked = direct_reader(self._read_url, self._patience and self._patience / 4, connections=1)
        return self._asked

    async def _last_heard(self) -> tuple[int, int]:
        ((found,),) = await self._state.read([(LAST_HEARD, ())])
        return found[0] or 0, found[1]

    async def _changed(self, since: int) -> Touched | None:
        (rows,) = await self._state.read([self._touched_behind(since)])
        return named(rows)

    def _touched_behind(self, since: int) -> tuple[str, tuple[Any, ...]]:
        return as_driven(self._touched, self.reading.dialect, {"since": since})

    @property
    def engines(self) -> tuple[AsyncEngine, ...]:
        """Give every engine there is."""
        engines = (self.reading, self.primary, self.copying, self.pouring, self.writing, self.bulk, self.brief)
        return tuple(dict.fromkeys(engine for engine in engines if engine is not None))

    async def close(self) -> None:
        """Close every connection."""
        self.watch.close()
        if self._emptying is not None:
            self._emptying.cancel()
        await self.ledger.close()
        if self._aside is not None:
            await asyncio.to_thread(self._aside.shutdown)
        for direct in (self._direct, self._asked):
            if direct is not None:
                await direct.close()
        for engine in self.engines:
            await engine.dispose()


def writing_of(session: AsyncSession) -> Writing:
    """Give the author, reason and time of the transaction at hand."""
    writing = session.info[recorder.WRITING]
    if not isinstance(writing, Writing):
        raise TypeError("not a transaction of Database.write()")
    return writing
