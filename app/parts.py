"""What the other parts plug into the engine and the kinds of record."""

from typing import Final

from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from app.core.database import Database
from app.core.dialects import Unfit, is_passing
from app.core.idempotency import Forgetting
from app.core.patience import within
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

_ANSWERS_WITHIN: Final = 4.0  # seconds; a start waits no longer for a replica
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


async def refuse_another(database: Database) -> None:
    """Raise ``Unfit`` if what answers reads is another register; what is away or behind may be the right one."""
    try:
        itself = await within(_ANSWERS_WITHIN, database.reads_itself())
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        if not (is_passing(error) or isinstance(error, ProgrammingError)):  # no tables yet
            raise
        return
    if itself is False:
        raise Unfit(
            "VESTKA_READ_DATABASE_URL names the database of another register. Name a replica of the one in "
            "VESTKA_DATABASE_URL, or none."
        )


async def prepare(database: Database) -> None:
    """Make what is kept beside the records current, where other rules made it."""
    await make_current(database)
    await restoring.make_current(database)
