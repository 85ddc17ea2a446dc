"""Reconciliation queries, and what of them the register can compare."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from app.core.edtf import PartialDate
from app.core.problems import Problem, faults
from app.core.requests import refuse_repeated
from app.core.types import COUNTRIES
from app.names.verdict import Facts
from app.reading.finding.comparing import Question

BATCH: Final = 100
"""Queries of one batch."""
PERSON: Final = "person"
"""The only type there is."""
_MOST: Final = 50
_LIMIT: Final = 10
_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:.*")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# What candidates can be told apart by: identifier, name, description.
PROPERTIES: Final = (
    ("birth_date", "Birth date", "1973-07-13, 13.07.1973, 1973-07 or 1973"),
    ("country", "Country", "Of citizenship, of a case or of a place, as two letters: BY"),
    ("facility", "Facility", "The id of a place that holds or held the person"),
    ("identifier", "Identifier", "The id in another register, with its scheme: wikidata:Q1"),
)


class EntityValue(BaseModel):
    """A value that was reconciled itself."""

    id: str
    name: str | None = None


Value = str | bool | int | float | EntityValue


class Property(BaseModel):
    """What else is known of somebody."""

    pid: str = Field(description="`birth_date`, `country`, `facility`, `identifier`; others are passed over.")
    v: Value | list[Value] = Field(description="A value, or several.")

    @property
    def texts(self) -> list[str]:
        """The values as texts."""
        values = self.v if isinstance(self.v, list) else [self.v]
        return [(value.id if isinstance(value, EntityValue) else str(value)).strip() for value in values]


class ReconciliationQuery(BaseModel):
    """Somebody who is looked for."""

    model_config = ConfigDict(extra="forbid")

    query: str | None = Field(default=None, description="A name in any spelling, or the id of a person.")
    type: str | list[str] | None = Field(default=None, description="`person`; there is nobody of another type.")
    # JSON has numbers that are larger than any float: `1e309` is read as infinity.
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, description="How many candidates at most."
    )
    properties: list[Property] = Field(default=[], description="What else is known.")
    type_strict: Literal["any", "should", "all"] | None = Field(default=None, description="Means nothing here.")

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.query is None and not self.properties:
            raise ValueError("send `query` or `properties`: one of them must say who is looked for")
        return self

    @property
    def most(self) -> int:
        """How many candidates are wanted."""
        return min(_MOST, max(1, int(self.limit or _LIMIT)))

    @property
    def person_id(self) -> UUID | None:
        """The id that was sent instead of a name."""
        return id_in(self.query or "")

    @property
    def question(self) -> Question:
        """What can be compared; what cannot be read of it says nothing."""
        if not is_person(self.type):
            return Question("")
        return Question(self.query or "", _facts(self.properties))


_BATCH: Final[TypeAdapter[dict[str, ReconciliationQuery]]] = TypeAdapter(dict[str, ReconciliationQuery])


def batch_of(text: str) -> dict[str, ReconciliationQuery]:
    """Read a batch of queries; 422 names what does not fit, 413 says that there are too many."""
    try:
        sent = from_json(text, allow_inf_nan=False)
        refuse_repeated(text, "`queries`")
    except ValueError:
        raise Problem("malformed", "`queries` is no valid JSON. Send an object of queries, each under a key.") from None
    if isinstance(sent, dict) and len(sent) > BATCH:
        raise Problem("too-large", f"Send up to {BATCH} queries at a time, as `batchSize` in the manifest says.")
    try:
        return _BATCH.validate_python(sent)
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False, include_context=False)
        raise Problem("invalid", errors=faults(said, "/queries")) from None


def is_person(types: str | list[str] | None) -> bool:
    """Tell whether the types that are wanted, if any are, have persons among them."""
    return not types or PERSON in ([types] if isinstance(types, str) else types)


def id_in(text: str) -> UUID | None:
    """Give the id that a text is, or that an address ends with."""
    last = text.strip().rstrip("/").rpartition("/")[2]
    return UUID(last) if _ID.fullmatch(last) else None


def _facts(properties: Iterable[Property]) -> Facts:
    said: dict[str, list[str]] = {}
    for one in properties:
        said.setdefault(one.pid, []).extend(text for text in one.texts if text)
    return Facts(
        next(filter(None, map(_date, said.get("birth_date", ()))), None),
        frozenset(text.upper() for text in said.get("country", ()) if text.upper() in COUNTRIES),
        frozenset(str(found) for text in said.get("facility", ()) if (found := id_in(text))),
        frozenset(_pairs(said)),
    )


def _pairs(said: Mapping[str, list[str]]) -> Iterable[tuple[str, str]]:
    for text in said.get("identifier", ()):
        scheme, colon, value = text.partition(":")
        if colon and value:
            yield scheme.lower(), value


def _date(text: str) -> str | None:
    """Read a date as tables have it."""
    if day := _DAY.fullmatch(text):
        text = f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    elif instant := _INSTANT.fullmatch(text):
        text = instant[1]
    try:
        return str(PartialDate(text))
    except ValueError:
        return None
