"""The first person of the seeds whole, as the register answers about a fixed day; a test holds that it does."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

from app.core.kinds import Key
from app.letters.recipients import Manner, row
from app.reading.casefile import case_file
from app.reading.dossier import Dossier, Record
from app.reading.mail import ReviewIntervals
from app.reading.situation import situation
from app.reading.timeline import told
from app.reading.whole import OWN
from app.register import KINDS, RESOURCES
from app.register.seeding import seeds

DAY: Final = date(2026, 1, 1)
_WRITTEN: Final = f"{DAY}T00:00:00Z"
_LOOKED_UP: Final = ("facilities", "articles", "sources", "addresses")


def as_read(kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Give a seed as the public reads it, as recorded on the day."""
    known = KINDS[kind]
    value = known.write.model_validate({name: v for name, v in said.items() if name != "id"})
    stored = value.model_dump(mode="json")
    common = {"id": said["id"], "version": 1, "created_at": _WRITTEN, "updated_at": _WRITTEN}
    return common | {name: stored[name] for name in known.fields if known.tiers[name] == 0}


@cache
def _everything() -> dict[Key, Record]:
    return {
        (resource.kind.name, UUID(said["id"])): as_read(resource.kind.name, said)
        for resource in RESOURCES
        for said in seeds()[resource.kind.name]
    }


def _walked(start: Iterable[Key]) -> set[Key]:
    """Give the records that these lead to, themselves among them."""
    found: set[Key] = set()
    ahead = list(start)
    while ahead:
        key = ahead.pop()
        if key not in found:
            found.add(key)
            ahead += [to for _, to, _ in KINDS[key[0]].links(dict(_everything()[key]))]
    return found


def _case() -> tuple[Dossier, dict[str, list[Record]]]:
    """Give the person's dossier, and the organizations and sources that it leads to."""
    person = seeds()["persons"][0]["id"]
    everything = _everything()
    own = [key for key, record in everything.items() if key[0] in OWN and record["person_id"] == person]
    places = {everything[key].get("facility_id") for key in own if key[0] == "detentions"}
    posts = [key for key, record in everything.items() if key[0] == "addresses" and record["facility_id"] in places]
    walked = _walked([("persons", UUID(person)), *own, *posts])
    these: dict[str, list[Record]] = {kind: [] for kind in KINDS}
    for key, record in everything.items():
        if key in walked:
            these[key[0]].append(record)
    looked_up: dict[str, Any] = {kind: {record["id"]: record for record in these[kind]} for kind in _LOOKED_UP}
    belonging: dict[str, Any] = {kind: these[kind] for kind in (*OWN, "cases")}
    return Dossier(these["persons"][0], **belonging, **looked_up), these


def example_file() -> dict[str, Any]:
    """Give the case file."""
    dossier, beyond = _case()
    intervals = ReviewIntervals()
    return case_file(dossier, beyond, situation(dossier, DAY, intervals), row(dossier, Manner(DAY, DAY, intervals)))


def example_timeline() -> dict[str, Any]:
    """Give the timeline."""
    return told(_case()[0])
