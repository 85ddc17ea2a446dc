"""What the other parts plug into the engine and the kinds of record."""

from typing import Final

from app.core.database import Database
from app.core.idempotency import Forgetting
from app.core.recorder import Plug
from app.reading import people
from app.reading.filtering import People
from app.reading.finding.restoring import NameIndex, make_current
from app.reading.keeping import Keeper
from app.reading.searching import restoring
from app.register import KINDS
from app.register.persons import persons
from app.sync.blocks import Blocks
from app.sync.digests import Digests

PLUGS: Final[tuple[Plug, ...]] = (Keeper(), NameIndex(), restoring.WordIndex(), Digests(), Forgetting(), Blocks())

persons.plug(
    enrich=people.with_situations,
    ready=people.ready,
    derived=people.DERIVED,
    asked=people.PersonAsked,
    face=People(),
)


def open_database(url: str, read_url: str | None = None, patience: float | None = None) -> Database:
    """Open a register's database, with every part that keeps something beside the records."""
    return Database(url, KINDS, read_url, PLUGS, patience)


async def prepare(database: Database) -> None:
    """Make what is kept beside the records current, where other rules made it."""
    await make_current(database)
    await restoring.make_current(database)
