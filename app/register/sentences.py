"""Sentences: one punishment each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import CurrencyCode, Id, LocalizedLine, PartialDate, PastDate, Prose, Term
from app.register.rules import charges_stay_with_their_sentence, none_replaces_itself, of_one_person
from app.register.words import PERSON, Names

SentenceKind = Literal[
    "imprisonment",
    "restriction_open_facility",
    "restriction_home",
    "arrest",
    "suspended",
    "fine",
    "community_service",
    "ban",
    "life_imprisonment",
    "death",
    "compulsory_treatment",
]
Regime = Literal["general", "enhanced", "strict", "special", "settlement", "prison", "unknown"]
Stage = Literal["first_instance", "appeal", "supervision", "retrial", "added_term", "regime_change", "in_absentia"]
Status = Literal["in_force", "appealed", "quashed", "replaced", "served", "pardoned"]

_KINDS = (
    "What the punishment is. Deprivation of liberty: `imprisonment`, `life_imprisonment`; `death`. Restriction of "
    "liberty: in an open facility (`restriction_open_facility`) or at home (`restriction_home`). `arrest` (days or "
    "months in a cell), a `suspended` sentence, a `fine`, `community_service`, a `ban` on posts or activities, "
    "`compulsory_treatment`."
)
REGIMES = (
    "Under which regime: in a colony, from the mildest to the hardest, `general`, `enhanced`, `strict`, `special`; in"
    " a `settlement`; in a `prison`; `unknown`."
)
_STAGES = (
    "Which kind of decision it is: of the `first_instance`, on `appeal`, by way of `supervision`, after a `retrial`; "
    "an `added_term` from a trial in custody, a `regime_change` (how, not how long), a verdict `in_absentia`."
)
_STATUSES = (
    "What became of it: `in_force`, `appealed` (not in force yet), `quashed`, `replaced` by another sentence, "
    "`served`, `pardoned`. Without one it counts as in force until the person is free; then nothing is said of it."
)


class Fine(BaseModel):
    """A sum of money."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False, description="How much.")]
    currency: CurrencyCode


class CreditRule(BaseModel):
    """How time before the verdict counts, as a source states it."""

    model_config = ConfigDict(extra="forbid")

    text: Prose = Field(description="The rule, as stated.")
    factor: Annotated[float, Field(gt=0, le=10, description="Days of the term that one day before it counts for.")]


class SentenceIn(Input):
    """One punishment; a term, a fine and a ban from one verdict are three."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    case_id: Id | None = field(None, text="The case it ends.", references="cases")
    kind: SentenceKind = choice(text=_KINDS)
    term: Term | None = field(None, text="How long.")
    regime: Regime | None = choice(None, text=REGIMES)
    fine: Fine | None = compound(None, text="How much, for a fine.")
    credit_rule: CreditRule | None = compound(None, text="How time before the verdict counts.")
    stage: Stage | None = choice(None, text=_STAGES)
    court: LocalizedLine | None = compound(None, text="The court.")
    judges: Names = compound(default_factory=list, text="Who judged.", filter=False)
    prosecutors: Names = compound(default_factory=list, text="Who prosecuted.", filter=False)
    decided_on: PastDate | None = field(None, text="The day of the verdict.")
    in_force_on: PartialDate | None = field(None, text="The day it takes effect.")
    status: Status | None = choice(None, text=_STATUSES)
    replaces_id: Id | None = field(None, text="The sentence it takes the place of.", references="sentences")
    as_written: Prose | None = field(None, text="How the source put it.")


class Sentence(SentenceIn, Record, table=True):
    """A sentence as kept."""

    __tablename__ = "sentences"


sentences = Resource(
    "sentences",
    "a sentence",
    record=Sentence,
    write=SentenceIn,
    sort="-decided_on",
    rules=[of_one_person("replaces_id"), none_replaces_itself, charges_stay_with_their_sentence],
    text="Punishments, one each: a prison term, a fine and a ban from one verdict are three. Terms stay in years, "
    "months and days as stated.",
)
