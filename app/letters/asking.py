"""Who is asked for: the filters of persons with those of letters, and the people they find, portion by portion."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from fastapi import Request
from pydantic import create_model

from app.core.filters import Filter
from app.core.lists import page_of
from app.core.problems import fault, invalid
from app.core.requests import database_of, reading
from app.letters.letter import fonts_of
from app.letters.recipients import Manner
from app.letters.shapes import Origin
from app.reading.days import AsOf, today
from app.reading.dossier import Dossier
from app.reading.gather import dossiers
from app.reading.staleness import intervals_of
from app.register.persons import persons

_PORTION = 50  # persons read at once for a file: some ten milliseconds of work


class PeopleAsked(Filter):
    """What routes about many people take beside the filters of persons."""

    as_of: AsOf | None = None
    origin: Origin | None = None


_Asked = TypeVar("_Asked", bound=PeopleAsked)


def with_filters(own: type[_Asked]) -> type[_Asked]:
    """Give a route's parameters with the filters of persons, as they are when the routes are made."""
    both: Any = (persons.filters.model, own)
    return cast("type[_Asked]", create_model(own.__name__, __base__=both, __doc__=own.__doc__))


@dataclass(frozen=True)
class People(Generic[_Asked]):
    """The people that a request asks for, in the order of the list of persons."""

    request: Request
    asked: _Asked

    @property
    def manner(self) -> Manner:
        """Give how their addresses are written."""
        day = today()
        on = self.asked.as_of or day
        return Manner(on, day, intervals_of(self.request), self.asked.origin, None, fonts_of(self.request))

    async def portion(self, cursor: str | None, limit: int) -> tuple[list[Dossier], str | None]:
        """Give some of them and the cursor of the next: five statements, however many they are."""
        model = persons.filters.model
        told = {name: getattr(self.asked, name) for name in model.model_fields}
        query = model.model_construct(**told | {"cursor": cursor, "limit": limit, "count": False})
        secret = (await database_of(self.request).identity()).secret
        # Not brief: by the second portion an answer has begun, and cannot be begun again.
        async with reading(self.request, brief=False) as desk:
            page = await page_of(desk, persons.kind, persons.filters, query, self.request, secret)
            found = await dossiers(desk, [item.id for item in page.items])
        return [found[item.id] for item in page.items], page.next_cursor

    async def portions(self) -> AsyncIterator[list[Dossier]]:
        """Give all of them; each portion in a transaction of its own, so that a slow reader holds up nobody."""
        cursor = None
        while True:
            found, cursor = await self.portion(cursor, _PORTION)
            yield found
            if cursor is None:
                return

    @property
    def most(self) -> int | None:
        """Give how many are asked for; None for all: a limit that was not sent is one of pages only."""
        return self.asked.limit if "limit" in self.asked.model_fields_set else None


def refuse(wrong: Mapping[str, bool], said: str) -> None:
    """Refuse parameters that mean nothing here, rather than pass over them."""
    if any(wrong.values()):
        raise invalid(*(fault(f"/query/{name}", said) for name, is_so in wrong.items() if is_so))
