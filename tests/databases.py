"""Fresh databases for tests, on SQLite and on PostgreSQL.

In `tests/conftest.py`:

    pytest_plugins = ["tests.databases"]

Then a test, or a fixture, that takes `database_url` runs once on each database, with the address of one that is
migrated, empty and its own. `sqlite_url` and `postgresql_url` are the same on one of them. What many tests want in it,
such as the seeds, is prepared once too:

    @pytest.fixture(params=DIALECTS)
    def seeded_url(request: pytest.FixtureRequest) -> Iterator[str]:
        with templates(request, request.param).copy(migrate_and_seed) as url:  # def migrate_and_seed(url: str) -> None
            yield url

These fixtures are plain functions; an `async` fixture takes them as arguments and does not call `getfixturevalue`.
Who has opened an engine closes it before the test ends.

PostgreSQL is the server that VESTKA_TEST_POSTGRES_URL names, or else a throw-away one (`tests.postgres`), one for the
whole run: the process that starts xdist's workers starts it when the first of them is made. Where there is none the
tests are skipped and say so; with VESTKA_TEST_REQUIRE_POSTGRES=1 they fail.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.core.migrating import migrate
from tests import postgres

DIALECTS = ("sqlite", "postgresql")
NONE = "there is no PostgreSQL: install it, or name a server in VESTKA_TEST_POSTGRES_URL"
Prepare = Callable[[str], None]


class Templates(Protocol):
    """Gives copies of databases that were prepared once."""

    def copy(self, prepare: Prepare) -> AbstractContextManager[str]:
        """Gives the address of a database on which `prepare` was run, and removes it afterwards."""


@dataclass
class SqliteTemplates:
    """Copies files. What was prepared is in a folder that all workers of a run share."""

    folder: Path
    shared: Path
    prepared: dict[str, Path] = field(default_factory=dict)

    @contextlib.contextmanager
    def copy(self, prepare: Prepare) -> Iterator[str]:
        """Gives the address of a copy of the file that `prepare` has filled."""
        copy = self.folder / f"{secrets.token_hex(6)}.db"
        shutil.copyfile(self._template(prepare), copy)
        try:
            yield sqlite_address(copy)
        finally:
            for left in self.folder.glob(f"{copy.name}*"):
                left.unlink()

    def _template(self, prepare: Prepare) -> Path:
        key = name_of(prepare)
        if key not in self.prepared:
            file = self.shared / f"template-{key}.db"
            with file.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not file.exists():
                    self._prepare_once(file, prepare)
            self.prepared[key] = file
        return self.prepared[key]

    def _prepare_once(self, file: Path, prepare: Prepare) -> None:
        draft = self.folder / f"draft-{file.name}"  # a preparation that fails leaves no half-made template
        draft.unlink(missing_ok=True)
        prepare(sqlite_address(draft))
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(draft, file.with_suffix(".whole")).rename(file)
        draft.unlink()


@dataclass
class PostgresTemplates:
    """Copies databases on a server that all workers of a run share."""

    admin: postgres.Admin
    prefix: str
    prepared: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def copy(self, prepare: Prepare) -> Iterator[str]:
        """Gives the address of a copy of the database that `prepare` has filled."""
        name = f"{self.prefix}{secrets.token_hex(6)}"
        try:
            yield postgres.create_database(self.admin, name, self._template(prepare))
        finally:
            postgres.drop_database(self.admin, name)

    def _template(self, prepare: Prepare) -> str:
        name = f"{self.prefix}template_{name_of(prepare)}"
        if name not in self.prepared:
            with postgres.advisory_lock(self.admin, zlib.crc32(name.encode())):
                self._prepare_once(name, prepare)
            self.prepared.add(name)
        return name

    def _prepare_once(self, name: str, prepare: Prepare) -> None:
        if name in postgres.databases(self.admin, self.prefix):
            return
        draft = f"{name}_draft"  # a run that is broken off leaves no half-made template
        postgres.drop_database(self.admin, draft)
        prepare(postgres.create_database(self.admin, draft))
        self.admin.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')


@dataclass
class Provider:
    """Has the server of a run and knows how to end it."""

    url: str | None
    prefix: str = field(default_factory=lambda: f"vestka_test_{secrets.token_hex(4)}_")
    cluster: postgres.Cluster | None = None

    @classmethod
    def find(cls) -> "Provider":
        """Takes the server that the environment names, or starts one, or has none."""
        named = postgres.named_server()
        if named:
            return cls(named)
        binaries = postgres.find_server()
        if binaries is None:
            return cls(None)
        cluster = postgres.start(binaries)
        return cls(cluster.url, cluster=cluster)

    def end(self) -> None:
        """Stops the server, or leaves it as it was found."""
        if self.cluster:
            self.cluster.stop()
        elif self.url:
            with contextlib.closing(postgres.Admin(self.url)) as admin:
                for name in postgres.databases(admin, self.prefix):
                    postgres.drop_database(admin, name)


PROVIDER = pytest.StashKey[Provider]()


def provider(config: pytest.Config) -> Provider:
    """Returns this process's server, looking for it the first time."""
    if PROVIDER not in config.stash:
        try:
            config.stash[PROVIDER] = Provider.find()
        except postgres.PostgresError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[PROVIDER]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hands the server to one of xdist's workers."""
    found = provider(node.config)
    node.workerinput["vestka_postgres"] = (found.url, found.prefix)


def pytest_configure(config: pytest.Config) -> None:
    """Takes over what the controller has found, in a worker."""
    handed = getattr(config, "workerinput", {}).get("vestka_postgres")
    if handed:
        config.stash[PROVIDER] = Provider(*handed)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the server, in the process that has found it."""
    if PROVIDER in config.stash and not hasattr(config, "workerinput"):
        config.stash[PROVIDER].end()


@pytest.fixture(scope="session")
def sqlite_templates(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[SqliteTemplates]:
    """Gives what makes SQLite databases, in memory where there is room: each write waits until it is on the disk."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if hasattr(pytestconfig, "workerinput") else own) / "templates"
    shared.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vestka-sqlite-", dir=postgres.memory()) as folder:
        yield SqliteTemplates(Path(folder), shared)


@pytest.fixture(scope="session")
def postgres_admin_url(pytestconfig: pytest.Config) -> str:
    """Gives the address at which databases can be made, or skips."""
    url = provider(pytestconfig).url
    if url:
        return url
    if os.environ.get("VESTKA_TEST_REQUIRE_POSTGRES") == "1":
        pytest.fail(NONE, pytrace=False)
    pytest.skip(NONE)


@pytest.fixture(scope="session")
def postgresql_templates(postgres_admin_url: str, pytestconfig: pytest.Config) -> Iterator[PostgresTemplates]:
    """Gives what makes PostgreSQL databases."""
    with contextlib.closing(postgres.Admin(postgres_admin_url)) as admin:
        yield PostgresTemplates(admin, provider(pytestconfig).prefix)


def templates(request: pytest.FixtureRequest, dialect: str) -> Templates:
    """Returns what makes databases of a dialect."""
    found: Templates = request.getfixturevalue(f"{dialect}_templates")
    return found


@pytest.fixture
def sqlite_url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    """Gives an empty, migrated SQLite database."""
    with sqlite_templates.copy(migrate) as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_templates: PostgresTemplates) -> Iterator[str]:
    """Gives an empty, migrated PostgreSQL database."""
    with postgresql_templates.copy(migrate) as url:
        yield url


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> str:
    """Gives an empty, migrated database, on each of the two in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def sqlite_address(file: Path) -> str:
    """Returns the address of a file."""
    return f"sqlite+aiosqlite:///{file}"


def name_of(prepare: Prepare) -> str:
    """Names a way to prepare a database, so that what it makes is found again."""
    full = f"{prepare.__module__}.{prepare.__qualname__}"
    return f"{prepare.__name__[:12].lower()}_{zlib.crc32(full.encode()):08x}"
