"""Lists of persons: filters, sorts and days, over HTTP, on both databases."""

from datetime import date
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy import select, update

from app.core.documents import documents
from app.core.rebuilding import reindex
from app.reading.days import today
from app.reading.kept import situations
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import (
    address,
    affiliation,
    article,
    case,
    charge,
    create,
    detention,
    facility,
    organization,
    person,
    sentence,
)

LETTER = "2023-11-09"
COLONY = "c85fba29-049c-5f76-bb19-be65fd1dc198"


async def names(client: AsyncClient, **query: Any) -> list[str]:
    """Give the family names that a list holds, in its order."""
    answer = await client.get("/v1/persons", params=query)
    assert answer.status_code == 200, answer.text
    return [item["names"][0].get("family") or item["names"][0]["full"] for item in answer.json()["items"]]


async def found(client: AsyncClient, **query: Any) -> set[str]:
    return set(await names(client, **query))


async def test_the_seeds_answer_as_the_letters_say(seeded: Register) -> None:
    public = seeded.public
    assert await found(public, article="361") == {"Chekina", "Zolatava"}
    assert await found(public, article="130") == {"Chekina", "Zolatava", "Loika"}
    assert await found(public, article=["243", "342"]) == {"Chekina", "Loika"}
    assert await found(public, status="released") == {"Zolatava", "Povalishev"}
    assert await found(public, status="imprisoned") == {"Chekina", "Loika"}
    assert await found(public, status="imprisoned", as_of=LETTER) == {"Chekina", "Zolatava", "Loika"}
    assert await found(public, facility=COLONY) == {"Chekina", "Loika"}
    assert await found(public, facility=COLONY, as_of=LETTER) == {"Chekina", "Zolatava", "Loika"}
    assert await found(public, can_receive_mail=True, as_of=LETTER) == {"Chekina", "Zolatava", "Loika"}
    assert await found(public, can_receive_mail=True) == {"Chekina", "Loika"}
    assert await found(public, birth_month=7) == {"Chekina"}
    assert await found(public, article="361", status="released") == {"Zolatava"}
    assert await found(public, detained_from="2022") == {"Loika"}
    assert await found(public, detained_to="2021-05-17") == {"Povalishev"}


async def test_the_situations_of_the_seeds(seeded: Register) -> None:
    async def of(name: str, **query: Any) -> dict[str, Any]:
        items = (await seeded.public.get("/v1/persons", params=query)).json()["items"]
        (one,) = [item for item in items if name in item["names"][0]["full"]]
        said: dict[str, Any] = one["situation"]
        return said

    freed = await of("Zolatava")
    assert (freed["status"], freed["since"]) == ("released", "2025-12-13")
    assert (await of("Zolatava", as_of=LETTER))["status"] == "imprisoned"
    assert (await of("Chekina"))["as_of"] == LETTER
    assert (await of("Loika"))["as_of"] == "2025-12-15"
    gone = await of("Povalishev")
    assert (gone["status"], gone["since"]) == ("released", "2021-09")


async def invented(register: Register) -> dict[str, str]:
    """Make three people, and give their ids by name."""
    made = {}
    for name, sex, born in (("Adam", "male", "1980-02"), ("Berta", "female", "1990"), ("Cyril", "male", "XXXX-02-29")):
        fields = person(names=[{"kind": "legal", "full": f"{name} Invented"}], sex=sex, birth_date=born)
        made[name] = (await create(register.editor, "persons", fields))["id"]
    return made


async def test_everything_a_person_is_known_by_finds_them(register: Register) -> None:
    people = await invented(register)
    editor = register.editor
    place = await create(editor, "facilities", facility(country="PL"))
    prosecution = await create(editor, "cases", case(country="BY"))
    law = await create(editor, "articles", article(number="203-1"))
    club = await create(editor, "organizations", organization())
    await create(editor, "charges", charge(people["Adam"], law["id"], case_id=prosecution["id"]))
    await create(editor, "affiliations", affiliation(people["Adam"], club["id"]))
    stay = detention(people["Berta"], facility_id=place["id"], started_on="2022-05", kind="pretrial")
    await create(editor, "detentions", stay)
    await create(editor, "sentences", sentence(people["Adam"], term="P3Y"))

    async def one(**query: Any) -> set[str]:
        return {name.split()[0] for name in await names(register.public, **query)}

    assert await one(article="203-1") == {"Adam"}
    assert await one(case=prosecution["id"]) == {"Adam"}
    assert await one(organization=club["id"]) == {"Adam"}
    assert await one(country="BY") == {"Adam"}
    assert await one(country=["PL", "BY"]) == {"Adam", "Berta"}
    assert await one(facility=place["id"]) == {"Berta"}
    assert await one(status="detained") == {"Berta"}
    assert await one(status="detained", as_of="2022-04-30") == set()
    assert await one(sex="male") == {"Adam", "Cyril"}
    assert await one(birth_month=[2]) == {"Adam", "Cyril"}
    assert await one(born_from="1985", born_to="1991") == {"Berta", "Cyril"}
    assert await one(detained_from="2022-05-20", detained_to="2022-06") == {"Berta"}
    assert await one(sex="male", article="203-1") == {"Adam"}
    assert await one(id=people["Cyril"], sex="female") == set()


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("name", "Adam", "Cyril"),
        ("-name", "Cyril", "Adam"),
        ("age", "Berta", "Cyril"),
        ("-age", "Adam", "Cyril"),
        ("since", "Berta", None),
        ("term", "Adam", None),
        ("updated", None, "Berta"),
        ("-created_at", "Cyril", "Adam"),
    ],
)
async def test_people_come_in_the_order_asked_for(
    register: Register, sort: str, first: str | None, last: str | None
) -> None:
    people = await invented(register)
    stay = detention(people["Berta"], started_on="2022-05-01")
    await create(register.editor, "sentences", sentence(people["Adam"], term="P3Y", decided_on="2022-01-01"))
    await create(register.editor, "detentions", detention(people["Adam"]))
    await create(register.editor, "detentions", stay)
    seen: list[str] = []
    query: dict[str, Any] = {"sort": sort, "limit": 1}
    while True:
        page = (await register.public.get("/v1/persons", params=query)).json()
        seen += [item["names"][0]["full"].split()[0] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(seen) == ["Adam", "Berta", "Cyril"]
    assert first in {None, seen[0]}
    assert last in {None, seen[-1]}


async def test_what_belongs_to_a_person_counts_as_a_change_of_theirs(register: Register) -> None:
    people = await invented(register)
    made = await create(register.editor, "detentions", detention(people["Adam"]))
    since = (await register.public.get(f"/v1/persons/{people['Cyril']}")).json()["updated_at"]

    async def changed() -> list[str]:
        return [name.split()[0] for name in await names(register.public, updated_since=since)]

    assert await changed() == ["Cyril", "Adam"]
    await register.editor.delete(f"/v1/detentions/{made['id']}", headers={"If-Match": "*"})
    later = (await register.public.get("/v1/persons?sort=-updated&limit=1")).json()["items"][0]
    assert later["id"] == people["Adam"]
    assert await found(register.public, status="unknown", updated_since=since)


async def test_a_change_anywhere_reaches_the_people_it_describes(register: Register) -> None:
    people = await invented(register)
    editor, public = register.editor, register.public
    place = await create(editor, "facilities", facility())
    law = await create(editor, "articles", article(number="1"))
    accused = await create(editor, "charges", charge(people["Adam"], law["id"]))
    await create(editor, "detentions", detention(people["Adam"], facility_id=place["id"]))
    anything = {"If-Match": "*"}

    async def situation() -> dict[str, Any]:
        said: dict[str, Any] = (await public.get(f"/v1/persons/{people['Adam']}")).json()["situation"]
        return said

    await editor.patch(f"/v1/articles/{law['id']}", json={"number": "2"}, headers=anything)
    assert (await situation())["articles"] == ["2"]
    assert await found(public, article="1") == set()
    await editor.patch(f"/v1/facilities/{place['id']}", json={"name": {"en": "Renamed"}}, headers=anything)
    assert (await situation())["facility_name"] == {"en": "Renamed"}
    where = {"visibility": "public", "facility_id": place["id"], "country": "BY", "verified_on": "2020-01-01"}
    sent = await create(editor, "addresses", where)
    assert (await situation())["mail"]["reachable"] is True
    await editor.patch(f"/v1/addresses/{sent['id']}", json={"purpose": "parcels"}, headers=anything)
    assert (await situation())["mail"]["reason"] == "no_address"
    await editor.patch(f"/v1/charges/{accused['id']}", json={"person_id": people["Berta"]}, headers=anything)
    assert (await situation())["articles"] == []
    assert await found(public, article="2") == {"Berta Invented"}
    assert await reindex(register.database) == 0


async def test_what_is_hidden_moves_no_list(register: Register) -> None:
    people = await invented(register)
    editor, public = register.editor, register.public
    law = await create(editor, "articles", article(number="7"))
    before = (await public.get("/v1/persons?count=true")).content
    hidden = await create(editor, "charges", charge(people["Adam"], law["id"], visibility="partners"))
    secret = await create(editor, "detentions", detention(people["Adam"], visibility="partners"))
    assert (await public.get("/v1/persons?count=true")).content == before
    assert await found(public, article="7") == set()
    assert await found(public, status="imprisoned") == set()
    assert await found(register.partner, article="7") == {"Adam Invented"}
    assert await found(register.partner, status="imprisoned") == {"Adam Invented"}
    for kind, record in (("charges", hidden), ("detentions", secret)):
        await editor.patch(f"/v1/{kind}/{record['id']}", json={"visibility": "public"}, headers={"If-Match": "*"})
    assert await found(public, article="7", status="imprisoned") == {"Adam Invented"}
    place = f"/v1/persons/{people['Adam']}"
    await register.keeper.patch(place, json={"visibility": "private"}, headers={"If-Match": "*"})
    assert await found(public, article="7") == set()
    assert await reindex(register.database) == 0


async def test_a_page_of_people_takes_the_same_few_statements(register: Register) -> None:
    counts = []
    await register.partner.get("/v1/persons")
    for _ in range(2):
        for _ in range(4):
            made = await create(register.editor, "persons", person())
            await create(register.editor, "detentions", detention(made["id"]))
        register.statements.clear()
        await register.partner.get("/v1/persons?status=imprisoned")
        counts.append(sum(1 for statement in register.statements if statement.startswith("SELECT")))
    assert counts[0] == counts[1] <= 4


async def test_mistyped_questions_are_refused(register: Register) -> None:
    for query in ({"status": "imprisond"}, {"birth_month": 13}, {"as_of": "2999-01-01"}, {"sort": "nam"}):
        is_problem(await register.public.get("/v1/persons", params=query), 422, "invalid")


async def test_a_page_is_another_answer_when_a_place_is_called_otherwise(register: Register) -> None:
    place = await create(register.editor, "facilities", facility(name={"en": "Old Name"}))
    who = await create(register.editor, "persons", person())
    await create(register.editor, "detentions", detention(who["id"], facility_id=place["id"]))
    before = await register.public.get("/v1/persons")
    named = {"name": {"en": "New Name"}}
    await register.editor.patch(f"/v1/facilities/{place['id']}", json=named, headers={"If-Match": "*"})
    after = await register.public.get("/v1/persons", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["items"][0]["version"]) == (200, who["version"])
    assert after.json()["items"][0]["situation"]["facility_name"] == named["name"]


async def test_a_page_is_another_answer_when_what_is_known_grows_old(register: Register) -> None:
    place = await create(register.editor, "facilities", facility(mail="open"))
    day = today().isoformat()
    await create(register.editor, "addresses", address(place["id"], verified_on=day))
    who = await create(register.editor, "persons", person())
    stay = {"facility_id": place["id"], "started_on": "2021-05-18", "confirmed_on": day, "place_confirmed_on": day}
    await create(register.editor, "detentions", detention(who["id"], **stay))
    before = await register.partner.get("/v1/persons")
    assert before.json()["items"][0]["situation"]["mail"]["stale"] is False
    async with register.database.write("tests") as session:  # as if that had been long ago
        await session.execute(update(situations).values(confirmed=date(2022, 1, 1)))
    after = await register.partner.get("/v1/persons", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200, after.text
    assert after.json()["items"][0]["situation"]["mail"]["stale"] is True


async def test_a_tier_has_the_answers_of_those_whom_it_sees(register: Register) -> None:
    changed, hidden, gone, purged, merged, into = [
        (await create(register.keeper, "persons", person(private_notes="x")))["id"] for _ in range(6)
    ]
    anyway = {"If-Match": "*"}
    await register.keeper.patch(f"/v1/persons/{changed}", json={"sex": "female"}, headers=anyway)
    await register.keeper.patch(f"/v1/persons/{hidden}", json={"visibility": "private"}, headers=anyway)
    await register.admin.delete(f"/v1/persons/{gone}", headers=anyway)
    await register.admin.delete(f"/v1/persons/{purged}?purge=true", headers=anyway)
    joined = await register.admin.post(f"/v1/persons/{merged}/merge", json={"into": into}, headers=anyway)
    assert joined.status_code == 200, joined.text
    d, s = documents.c, situations.c
    async with register.database.read() as session:
        seen = await session.execute(select(d.tier, d.id, d.body).where(d.kind == "persons", d.body.is_not(None)))
        kept = await session.execute(select(s.tier, s.person_id, s.answer))
        begun = {(tier, one): answer.partition(b',"situation":')[0] + b"}" for tier, one, answer in kept}
        assert begun == {(tier, one): body for tier, one, body in seen}
    listed = [(await client.get("/v1/persons")).json()["items"] for client in (register.public, register.keeper)]
    assert [len(items) for items in listed] == [2, 3]


@pytest.mark.parametrize("query", ["sort=-updated", "updated_since=2020-01-01T00:00:00Z"])
async def test_a_list_in_another_order_is_another_answer(register: Register, query: str) -> None:
    """An affiliation is in no answer about a person, and still tells when something of theirs was changed last."""
    group = await create(register.editor, "organizations", organization())
    first, second = [(await create(register.editor, "persons", person()))["id"] for _ in range(2)]
    path = f"/v1/persons?{query}&id={first}&id={second}"
    for mover in (first, second, first):
        await register.public.get(path)
        before = await register.public.get(path)
        await create(register.editor, "affiliations", affiliation(mover, group["id"]))
        after = await register.public.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        assert after.json()["items"] == before.json()["items"][::-1]
        again = await register.public.get(path, headers={"If-None-Match": after.headers["etag"]})
        assert again.status_code == 304
