"""Merging over HTTP, and people to whom records of every kind belong."""

from typing import Any

from httpx2 import AsyncClient, Response

from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from tests.conftest import Register
from tests.factories import (
    affiliation,
    article,
    charge,
    create,
    detention,
    hearing,
    organization,
    person,
    recognition,
    sentence,
)

ANY = {"If-Match": "*"}
Fields = dict[str, Any]


def named(full: str, **said: Any) -> Fields:
    return person(names=[{"kind": "legal", "full": full, "language": "en"}], **said)


async def two(client: AsyncClient, one: Fields | None = None, other: Fields | None = None) -> tuple[str, str]:
    """Create two records, and give the ids of the one that goes and the one that stays."""
    made = [await create(client, "persons", fields or person()) for fields in (one, other)]
    return made[0]["id"], made[1]["id"]


async def merge(client: AsyncClient, going: str, staying: str, **headers: str) -> Response:
    return await client.post(f"/v1/persons/{going}/merge", json={"into": staying}, headers={**ANY, **headers})


async def merged(register: Register, going: str, staying: str) -> Fields:
    answer = await merge(register.admin, going, staying)
    assert answer.status_code == 200, answer.text
    found: Fields = answer.json()
    return found


async def undo(client: AsyncClient, going: str, **headers: str) -> Response:
    return await client.delete(f"/v1/persons/{going}/merge", headers={**ANY, **headers})


async def belongings(client: AsyncClient, person_id: str) -> dict[str, list[Fields]]:
    kinds = ("affiliations", "recognitions", "detentions", "charges", "hearings", "sentences", "addresses")
    return {
        kind: (await client.get(f"/v1/{kind}", params={"person_id": person_id, "sort": "created_at"})).json()["items"]
        for kind in kinds
    }


async def is_sound(register: Register) -> None:
    async with register.database.read() as session:
        assert (await verify(session, KINDS)).sound
    assert await reindex(register.database) == 0


async def one_with_everything(client: AsyncClient, **said: Any) -> tuple[str, dict[str, str]]:
    """Create a person to whom a record of every kind belongs."""
    who = (await create(client, "persons", person(**said)))["id"]
    society = (await create(client, "organizations", organization()))["id"]
    what = (await create(client, "articles", article()))["id"]
    how_long = (await create(client, "sentences", sentence(who)))["id"]
    theirs = {
        "affiliations": affiliation(who, society),
        "recognitions": recognition(who, society),
        "detentions": detention(who, started_on="2021-05-18"),
        "charges": charge(who, what, sentence_id=how_long),
        "hearings": hearing(who),
        "addresses": {"visibility": "public", "person_id": who, "country": "BY", "postal_code": "220000"},
    }
    made = {kind: (await create(client, kind, fields))["id"] for kind, fields in theirs.items()}
    return who, {**made, "sentences": how_long}
