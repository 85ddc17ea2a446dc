"""Detentions: where a person was held, under which regime, from when to when."""

from typing import Literal

from app.core.record import Input, Record, choice, field
from app.core.resource import Resource
from app.core.types import Id, PastDate
from app.register.rules import in_order, stays_follow_each_other
from app.register.sentences import REGIMES, Regime
from app.register.words import MAIL, PERSON, Mail

DetentionKind = Literal[
    "administrative_arrest",
    "police_custody",
    "pretrial",
    "colony",
    "prison",
    "open_facility",
    "home_confinement",
    "house_arrest",
    "hospital",
    "juvenile_colony",
    "in_transit",
    "unknown",
]
EndReason = Literal[
    "transferred",
    "sentence_served",
    "parole",
    "pardoned",
    "amnestied",
    "acquitted",
    "released_unspecified",
    "exchanged_or_expelled",
    "died",
    "escaped",
    "unknown",
]

KINDS = (
    "What kind of detention it is: `administrative_arrest` (days in a cell without a criminal case), `police_custody`"
    " (the first days), `pretrial` (until a verdict is in force), `colony`, `prison`, `juvenile_colony`, "
    "`open_facility` (lives and works there and may not leave), `home_confinement` (sentenced to stay at home), "
    "`house_arrest` (before trial), `hospital`, `in_transit` (between two places), `unknown`."
)
_ENDS = (
    "Why it ended: `transferred` (held elsewhere since), `sentence_served`, `parole`, `pardoned`, `amnestied`, "
    "`acquitted`, `released_unspecified` (no source says on what grounds), `exchanged_or_expelled` (out of the "
    "country), `died`, `escaped`, `unknown`. Null and no `ended_on`: still there."
)


class DetentionIn(Input):
    """A stay of one person in one place under one regime."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    facility_id: Id | None = field(None, text="The place, if known.", references="facilities")
    kind: DetentionKind = choice(text=KINDS)
    regime: Regime | None = choice(None, text=REGIMES)
    started_on: PastDate | None = field(None, text="When it began; null if unknown.")
    ended_on: PastDate | None = field(None, text="When it ended. Null with an `end_reason`: on an unknown day.")
    end_reason: EndReason | None = choice(None, text=_ENDS)
    confirmed_on: PastDate | None = field(None, text="The last day a source confirms that the person is held.")
    place_confirmed_on: PastDate | None = field(None, text="The last day a source confirms that it is here.")
    mail: Mail | None = choice(None, text=f"Whether letters reach the person: {MAIL}; beats what the facility says.")

    _order = in_order("started_on", "ended_on")


class Detention(DetentionIn, Record, table=True):
    """A detention as kept."""

    __tablename__ = "detentions"


detentions = Resource(
    "detentions",
    "a detention",
    record=Detention,
    write=DetentionIn,
    sort="-started_on",
    rules=[stays_follow_each_other],
    text="Stays: one person in one place under one regime. History is data: who was where on a day can be asked.",
)
