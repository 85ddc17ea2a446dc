"""Invented records of every kind; no real person, place or organization."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from httpx2 import AsyncClient

_numbers = count(1)
Fields = dict[str, Any]


def person(**said: Any) -> Fields:
    number = next(_numbers)
    return {"visibility": "public", "names": [{"kind": "legal", "full": f"Invented Person {number}"}], **said}


def organization(**said: Any) -> Fields:
    return {"visibility": "public", "name": {"en": f"Invented Society {next(_numbers)}"}, "kind": "ngo", **said}


def source(**said: Any) -> Fields:
    return {"visibility": "public", "kind": "news", "title": f"Invented Title {next(_numbers)}", **said}


def case(**said: Any) -> Fields:
    return {"visibility": "public", "title": {"en": f"Invented Case {next(_numbers)}"}, **said}


def article(**said: Any) -> Fields:
    return {"visibility": "public", "country": "BY", "code": "criminal", "number": "130", **said}


def facility(**said: Any) -> Fields:
    return {"visibility": "public", "name": {"en": f"Invented Colony {next(_numbers)}"}, "kind": "colony", **said}


def address(facility_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "facility_id": facility_id, "purpose": "letters", "country": "BY", **said}


def affiliation(person_id: str, organization_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "person_id": person_id, "organization_id": organization_id, **said}


def recognition(person_id: str, organization_id: str, **said: Any) -> Fields:
    given = {"person_id": person_id, "organization_id": organization_id}
    return {"visibility": "public", **given, "decision": "recognized", "scheme": "political_prisoner", **said}


def sentence(person_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "person_id": person_id, "kind": "imprisonment", "term": "P2Y", **said}


def charge(person_id: str, article_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "person_id": person_id, "article_id": article_id, "status": "charged", **said}


def hearing(person_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "person_id": person_id, "kind": "trial", **said}


def detention(person_id: str, **said: Any) -> Fields:
    return {"visibility": "public", "person_id": person_id, "kind": "colony", **said}


async def create(client: AsyncClient, kind: str, fields: Fields) -> Fields:
    """Create a record and give it as answered."""
    response = await client.post(f"/v1/{kind}", json=fields)
    assert response.status_code == 201, response.text
    made: Fields = response.json()
    return made


async def create_all(client: AsyncClient, *records: tuple[str, str, Fields]) -> None:
    """Create records of chosen kinds and ids at once, which is many times faster than one by one."""
    operations = [{"op": "create", "kind": kind, "id": key, "record": fields} for kind, key, fields in records]
    response = await client.post("/v1/batch", json={"operations": operations})
    assert response.status_code == 200, response.text


PLAIN = {
    "persons": person,
    "organizations": organization,
    "sources": source,
    "cases": case,
    "articles": article,
    "facilities": facility,
}
# A field of each kind that can be changed freely, and two values for it.
CHANGES: dict[str, tuple[str, Any, Any]] = {
    "persons": ("sex", "female", "male"),
    "organizations": ("country", "BY", "PL"),
    "sources": ("language", "be", "ru"),
    "cases": ("country", "BY", "PL"),
    "articles": ("number", "361", "361-4"),
    "facilities": ("number", "4", "9"),
    "addresses": ("postal_code", "123456", "654321"),
    "affiliations": ("since", "2016", "2017-03"),
    "recognitions": ("decided_on", "2021-05", "2022"),
    "sentences": ("term", "P7Y6M", "P12Y"),
    "charges": ("part", "3", "4"),
    "hearings": ("closed", True, False),
    "detentions": ("regime", "general", "strict"),
}
# What a record of each other kind refers to.
NEEDED = {
    "affiliations": ("persons", "organizations"),
    "recognitions": ("persons", "organizations"),
    "charges": ("persons", "articles"),
    "addresses": ("facilities",),
    "sentences": ("persons",),
    "hearings": ("persons",),
    "detentions": ("persons",),
}
_MADE: dict[str, Callable[..., Fields]] = {
    **PLAIN,
    "affiliations": affiliation,
    "recognitions": recognition,
    "charges": charge,
    "addresses": address,
    "sentences": sentence,
    "hearings": hearing,
    "detentions": detention,
}


async def one_of(client: AsyncClient, kind: str, **said: Any) -> Fields:
    """Give the fields of a record of any kind, with what it needs created."""
    needed = [(await create(client, one, PLAIN[one]()))["id"] for one in NEEDED.get(kind, ())]
    return _MADE[kind](*needed, **said)


POPULACE = 5


def id_of(kind: str, number: int) -> str:
    """Give the id of one of the five records of a kind."""
    return str(uuid5(NAMESPACE_OID, f"{kind} {number}"))


def one_more(kind: str, number: int = 0, /, **said: Any) -> Fields:
    """Give the fields of a record that belongs to one of five people, and refers to what else there is of the five."""
    return _MADE[kind](*(id_of(one, number) for one in NEEDED.get(kind, ())), **said)


def populace() -> Iterator[list[tuple[str, str, Fields]]]:
    """Give five records of every kind, one of each at a time; the first three hold values of `CHANGES`."""
    past = {"started_on": "2021", "ended_on": "2022"}  # so that there may be another stay
    for number in range(POPULACE):
        some: list[tuple[str, str, Fields]] = []
        for kind, (name, first, second) in CHANGES.items():
            said = {name: (first, second, first)[number]} if number < 3 else {}
            more = past if kind == "detentions" else {}
            some.append((kind, id_of(kind, number), one_more(kind, number, **said, **more)))
        yield some
