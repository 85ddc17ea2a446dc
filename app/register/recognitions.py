"""Recognitions: who calls a person a political prisoner, and since when."""

from typing import Literal

from app.core.record import Input, Record, choice, field
from app.core.resource import Resource
from app.core.types import Id, PastDate
from app.register.words import PERSON

Decision = Literal["recognized", "withdrawn", "posthumous", "ex_post_facto"]
Scheme = Literal[
    "political_prisoner", "prisoner_of_conscience", "persecuted_journalist", "arbitrary_detention", "other"
]

_DECISIONS = (
    "What was decided: `recognized`, `withdrawn` (no longer recognized), `posthumous` (after death), `ex_post_facto` "
    "(after the person was free)."
)
_SCHEMES = (
    "As what the person is recognized: `political_prisoner`, `prisoner_of_conscience` (as Amnesty International has "
    "it), `persecuted_journalist`, `arbitrary_detention` (as the UN working group has it), `other`."
)


class RecognitionIn(Input):
    """An organization's decision about a person."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    organization_id: Id = field(text="Who decided.", references="organizations")
    decision: Decision = choice(text=_DECISIONS)
    scheme: Scheme = choice(text=_SCHEMES)
    decided_on: PastDate | None = field(None, text="When it was decided.")


class Recognition(RecognitionIn, Record, table=True):
    """A recognition as kept."""

    __tablename__ = "recognitions"


recognitions = Resource(
    "recognitions",
    "a recognition",
    record=Recognition,
    write=RecognitionIn,
    sort="-decided_on",
    text="Which organization recognized whom as what, and when; status is a claim by somebody on a date.",
)
