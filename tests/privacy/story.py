"""How a register comes to be, step by step: whole, or as a twin in which nothing hidden ever happened."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from app.core.record import Tier
from tests import factories
from tests.factories import (
    address,
    affiliation,
    article,
    case,
    charge,
    detention,
    facility,
    hearing,
    organization,
    recognition,
    sentence,
    source,
)
from tests.privacy.contents import Fields, Pen, bland

_HIDDEN: Final = (Tier.PARTNERS, Tier.PRIVATE)
# Each kind after those that it refers to; from the ninth on, nothing refers to them.
_IN_ORDER: Final = (
    *("organizations", "sources", "persons", "cases", "articles", "facilities", "addresses", "sentences"),
    *("affiliations", "recognitions", "charges", "hearings", "detentions"),
)


@dataclass(frozen=True)
class Hidden:
    """A value that is there for those only who see this tier; in a twin it never was."""

    tier: Tier
    value: Any


@dataclass(frozen=True)
class Step:
    """One request: by whom, when in the story, and from which tier on it happens."""

    number: int
    method: str
    kind: str
    id: str
    fields: Fields | None = None
    tier: Tier = Tier.PUBLIC
    blank: Fields | None = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def path(self) -> str:
        return f"/v1/{self.kind}/{self.id}{self.query}"

    def body(self, told: Tier) -> Fields | None:
        """Give what is sent to a register that holds what this tier sees."""
        if self.tier > told:
            return self.blank
        return None if self.fields is None else _cut(self.fields, told)

    def happens(self, told: Tier) -> bool:
        """Tell whether it happens in that register, be it in bland words."""
        return self.tier <= told or self.blank is not None


def _cut(value: Any, told: Tier) -> Any:
    if isinstance(value, Hidden):
        return _cut(value.value, told)
    if isinstance(value, dict):
        return {name: _cut(item, told) for name, item in value.items() if _there(item, told)}
    if isinstance(value, list):
        return [_cut(item, told) for item in value if _there(item, told)]
    return value


def _there(value: Any, told: Tier) -> bool:
    return not isinstance(value, Hidden) or value.tier <= told


class Story:
    """The steps, and the ids of what they make."""

    def __init__(self, chapter: "Chapter | None" = None) -> None:
        self.steps: list[Step] = []
        self.ids: dict[str, list[str]] = {}
        self.hidden: dict[Tier, dict[str, list[str]]] = {tier: {} for tier in _HIDDEN}
        self.gone: list[tuple[str, str]] = []
        self.citing: dict[str, str] = {}  # by kind, a record that cites what is hidden
        self.cut: set[str] = set()  # records of which a reference is absent here and null in a twin
        self._pens = {tier: Pen(tier) for tier in _HIDDEN}
        # What others made up before must not show in it: all registers of a run tell the same story.
        with patch.object(factories, "_numbers", count(1)):
            _everybody_sees(self)
            for tier, pen in self._pens.items():
                (chapter or _chapter)(self, tier, pen)

    def make(self, kind: str, fields: Fields, tier: Tier = Tier.PUBLIC, **said: Any) -> str:
        """Have a record made, and give its id."""
        number = len(self.steps) + 1
        if tier is Tier.PUBLIC:
            record_id = str(UUID(f"c0ffee00-0000-4000-8000-{number:012x}"))
            self.ids.setdefault(kind, []).append(record_id)
        else:
            record_id = str(self._pens[tier].marks.id(number))
            self.hidden[tier].setdefault(kind, []).append(record_id)
        self._add("PUT", kind, record_id, fields, tier, headers={"If-None-Match": "*"}, **said)
        return record_id

    def change(self, kind: str, record_id: str, fields: Fields, tier: Tier = Tier.PUBLIC, **said: Any) -> None:
        """Have a record changed."""
        self._add("PATCH", kind, record_id, fields, tier, headers={"If-Match": "*"}, **said)

    def end(self, kind: str, record_id: str, tier: Tier = Tier.PUBLIC, query: str = "") -> None:
        """Have a record deleted."""
        self.gone.append((kind, record_id))
        self._add("DELETE", kind, record_id, None, tier, query=query, headers={"If-Match": "*"})

    def unite(self, kind: str, record_id: str, into: str, tier: Tier = Tier.PUBLIC) -> None:
        """Have a record become part of another."""
        self.gone.append((kind, record_id))
        self._add("POST", kind, record_id, {"into": into}, tier, query="/merge", headers={"If-Match": "*"})

    def _add(self, method: str, kind: str, record_id: str, fields: Fields | None, tier: Tier, **said: Any) -> None:
        # Why something public was done is for partners.
        reason = self._pens[max(tier, Tier.PARTNERS)].word
        self.steps.append(
            Step(len(self.steps) + 1, method, kind, record_id, fields, tier, reason=f"because {reason}", **said)
        )

    @property
    def people(self) -> list[Fields]:
        """What was ever said of people who are hidden, or were withdrawn."""
        made = [step.fields for step in self.steps if step.kind == "persons" and step.method == "PUT" and step.fields]
        return [fields for fields in made if fields.get("identifiers")]

    @property
    def names(self) -> list[str]:
        """Their names, as written."""
        return [fields["names"][0]["full"] for fields in self.people]

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """Their ids in other registers."""
        return [(one["scheme"], one["value"]) for fields in self.people for one in fields["identifiers"]]

    def told(self, tier: Tier) -> Iterator[Step]:
        """Give the steps that happen in a register that holds what this tier sees, and nothing else."""
        return (step for step in self.steps if step.happens(tier))


def _named(full: str, **said: Any) -> Fields:
    return {"visibility": "public", "names": [{"kind": "legal", "full": full}], **said}


def _everybody_sees(story: Story) -> None:
    make = story.make
    paper = make("organizations", organization(kind="media", country="BY"))
    letter = make("sources", source(kind="open_letter", publisher_id=paper, published_on="2023-11-09", language="be"))
    cited = {"citations": [{"source_id": letter, "quote": "so printed"}]}
    big = make("cases", case(country="BY", opened_on="2021-05"))
    law = make("articles", article(number="361"))
    place = make("facilities", facility(country="BY", number="4", mail="open"))
    street = {"locality": {"en": "Gomel"}, "street": {"en": "Invented str., 3"}, "postal_code": "246035"}
    make("addresses", address(place, verified_on="2023-11-09", **street))
    anna = make("persons", _named("Vydumana Anna", sex="female", birth_date="1973-07-13", **cited))
    held = {"facility_id": place, "confirmed_on": "2023-11-09", "place_confirmed_on": "2023-11-09"}
    make("detentions", detention(anna, started_on="2021-05-18", **held, **cited))
    verdict = make("sentences", sentence(anna, case_id=big, decided_on="2023-03-17", term="P12Y", status="in_force"))
    make("charges", charge(anna, law, case_id=big, sentence_id=verdict, status="convicted"))
    make("hearings", hearing(anna, case_id=big, starts_on="2023-01-09", ends_on="2023-03-17"))
    make("affiliations", affiliation(anna, paper, since="2010"))
    make("recognitions", recognition(anna, paper, decided_on="2021-06"))
    gone = make("persons", _named("Vydumany Deleted"))
    story.end("persons", gone)


Chapter = Callable[[Story, Tier, Pen], None]


def public_at_first(story: Story, tier: Tier, pen: Pen) -> None:
    """Have a record of each kind be public; who withdraws them does that later."""
    ids: dict[str, str] = {}
    for kind in _IN_ORDER if tier is Tier.PARTNERS else ():
        more: Fields = {"private_notes": None} if kind == "persons" else {}
        ids[kind] = story.make(kind, pen.write(kind, ids, visibility="public", **more), tier)


def _chapter(story: Story, tier: Tier, pen: Pen) -> None:
    theirs = _hidden_records(story, tier, pen)
    _behind_the_public(story, tier, pen, theirs)
    _referred_to(story, tier, pen, theirs)
    _fields(story, tier, pen)
    _lives(story, tier, pen)


def _hidden_records(story: Story, tier: Tier, pen: Pen) -> dict[str, str]:
    """Have a record of each kind hidden, and public ones that are hidden with the person they belong to."""
    ids: dict[str, str] = {}
    for kind in _IN_ORDER[:8]:
        ids[kind] = story.make(kind, pen.write(kind, ids), tier, blank=bland(kind))
    for kind in _IN_ORDER[8:]:
        story.make(kind, pen.write(kind, ids), tier)
    for kind in ("affiliations", "recognitions", "sentences", "charges", "hearings"):
        story.make(kind, pen.write(kind, ids, visibility="public"), tier)
    at_home = {"facility_id": None, "person_id": ids["persons"], "visibility": "public"}
    story.make("addresses", pen.write("addresses", ids, **at_home), tier)
    before = {"started_on": pen.marks.month, "ended_on": pen.marks.month, "end_reason": "transferred"}
    story.make("detentions", pen.write("detentions", ids, visibility="public", **before), tier)
    dead = story.make("persons", pen.write("persons", ids, birth_date=pen.day, death_date=pen.day), tier)
    story.make("sentences", pen.write("sentences", {**ids, "persons": dead}, visibility="public"), tier)
    return ids


def _behind_the_public(story: Story, tier: Tier, pen: Pen, ids: dict[str, str]) -> None:
    """Have hidden records belong to somebody whom all see: what is derived of them must not show it."""
    law, place = story.ids["articles"][0], story.ids["facilities"][0]
    boris = story.make("persons", _named(f"Vydumany Boris {tier.name.title()}", birth_date="1980-02"))
    held = {"facility_id": place, "confirmed_on": "2023-02", "place_confirmed_on": "2023-02"}
    story.make("detentions", detention(boris, kind="pretrial", ended_on="2023-03", end_reason="transferred", **held))
    story.make("charges", charge(boris, law))
    mine = {**ids, "persons": boris}
    over = {"ended_on": pen.marks.stay, "end_reason": "released_unspecified"}
    story.make("detentions", pen.write("detentions", mine, **over), tier)
    for kind in ("affiliations", "recognitions", "sentences", "charges", "hearings"):
        mine[kind] = story.make(kind, pen.write(kind, mine), tier)
    at_home = {"facility_id": None, "person_id": boris}
    story.make("addresses", pen.write("addresses", {"facilities": place}, **at_home), tier)
    story.make("addresses", pen.write("addresses", {"facilities": place}), tier)


def _referred_to(story: Story, tier: Tier, pen: Pen, ids: dict[str, str]) -> None:
    """Have public records refer to hidden ones, by each reference that there is."""

    def hidden(value: Any) -> Hidden:
        return Hidden(tier, value)

    def made(kind: str, fields: Fields) -> str:
        quoted = [{"source_id": letter}, hidden({"source_id": ids["sources"], "quote": pen.word})]
        story.citing[kind] = story.make(kind, {**fields, "citations": quoted})
        return story.citing[kind]

    letter, law = story.ids["sources"][0], story.ids["articles"][0]
    clara = made("persons", _named(f"Vydumanaja Clara {tier.name.title()}"))
    secret = story.make("sentences", pen.write("sentences", {**ids, "persons": clara}), tier)
    case_id, sentence_id = hidden(ids["cases"]), hidden(secret)
    story.cut |= {
        clara,
        made("charges", charge(clara, law, case_id=case_id, sentence_id=sentence_id)),
        made("sentences", sentence(clara, case_id=case_id, replaces_id=sentence_id)),
        made("hearings", hearing(clara, case_id=case_id, starts_on="2022-01-10")),
        made("detentions", detention(clara, facility_id=hidden(ids["facilities"]), confirmed_on="2022")),
        made("sources", source(publisher_id=hidden(ids["organizations"]))),
    }
    # These must refer to something, so that a twin has something there as well.
    made("charges", charge(clara, ids["articles"]))
    made("affiliations", affiliation(clara, ids["organizations"], role={"en": "reporter"}))
    made("recognitions", recognition(clara, ids["organizations"], decided_on="2022-02"))
    made("addresses", address(ids["facilities"], postal_code="220000"))
    for kind in ("organizations", "cases", "articles", "facilities"):
        made(kind, factories.PLAIN[kind]())
    moved = story.make("charges", charge(ids["persons"], law, part="2"))
    story.change("charges", moved, {"person_id": clara})


def _fields(story: Story, tier: Tier, pen: Pen) -> None:
    """Have public records hold fields that are hidden, and citations that speak for them; change nothing else."""
    letter, place = story.ids["sources"][0], story.ids["facilities"][0]
    name, kind, said = {
        Tier.PARTNERS: ("verified_by", "addresses", address(place, purpose="parcels", verified_on="2023-01")),
        Tier.PRIVATE: ("private_notes", "persons", _named("Vydumany Noted")),
    }[tier]
    speaks = Hidden(tier, {"source_id": letter, "field": name, "quote": pen.word})
    made = story.make(kind, {**said, name: Hidden(tier, pen.word), "citations": [{"source_id": letter}, speaks]})
    for _ in range(2):
        story.change(kind, made, {name: pen.word}, tier)


def _lives(story: Story, tier: Tier, pen: Pen) -> None:
    """Have records come, go and come back; of what happened meanwhile, and of what is gone, nothing is left."""
    word = tier.name.lower()
    letter = story.ids["sources"][0]
    away, back = {"visibility": word}, {"visibility": "public"}
    for query in ("", "?purge=true"):
        never = story.make("organizations", pen.write("organizations", {}), tier)
        story.end("organizations", never, tier, query)
    # Withdrawn: what was public is marked, as nothing of it may be left.
    lost = story.make("persons", pen.write("persons", {}, visibility="public", private_notes=None))
    belongs = {"persons": lost, "articles": story.ids["articles"][0]}
    story.make("charges", pen.write("charges", belongs, visibility="public", citations=[]))
    story.change("persons", lost, {"occupation": {"en": pen.word}})
    story.change("persons", lost, away)
    story.change("persons", lost, {"occupation": {"en": pen.word}}, tier)
    # Purged while all could see it.
    story.end("sources", story.make("sources", pen.write("sources", {}, visibility="public")), query="?purge=true")
    # Merged into one that all see, into a hidden one, and hidden ones among themselves.
    anna = story.ids["persons"][0]
    story.unite("persons", story.make("persons", _named("Vydumana Hanna", visibility="public")), anna)
    shown = story.make("persons", pen.write("persons", {}, visibility="public", private_notes=None, identifiers=[]))
    belongs = {"persons": shown, "articles": story.ids["articles"][0]}
    story.make("charges", pen.write("charges", belongs, visibility="public", citations=[]))
    story.unite("persons", shown, story.hidden[tier]["persons"][0])
    double = story.make("persons", pen.write("persons", {}), tier)
    story.unite("persons", double, story.hidden[tier]["persons"][0], tier)
    # Away for a while, changed meanwhile, and back as it was.
    returned = story.make("cases", case(title={"en": "Returned"}, citations=[{"source_id": letter}]))
    story.change("cases", returned, away)
    story.change("cases", returned, {"title": {"en": pen.word}}, tier)
    story.change("cases", returned, {"title": {"en": "Returned"}}, tier)
    story.change("cases", returned, back)
    # Hidden at first, and cleaned before it was shown.
    draft = {"visibility": word, "title": {"en": "Cleaned"}}
    late = story.make("cases", {**draft, "description": Hidden(tier, pen.texts())})
    story.change("cases", late, {"description": None}, tier)
    story.change("cases", late, back)
