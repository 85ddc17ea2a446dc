"""The case file: a whole case in one answer, cut to what the caller may see."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient

from app.letters.shapes import EXAMPLE
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import (
    address,
    affiliation,
    article,
    case,
    charge,
    create,
    create_all,
    detention,
    facility,
    hearing,
    organization,
    person,
    recognition,
    sentence,
    source,
)

CHEKINA, ZOLATAVA = "d6faf4ea-e5bf-5c63-9460-7c8d89f86868", "4ddfe1ef-e7d0-5bae-90a2-b5e84588056b"
# Records that may be hidden while the person is not.
HIDDEN = {
    "facility": "facilities",
    "address": "addresses",
    "employer": "organizations",
    "article": "articles",
    "case": "cases",
    "sentence": "sentences",
    "detention": "detentions",
}
LISTS = (
    "affiliations",
    "recognitions",
    "detentions",
    "facilities",
    "cases",
    "hearings",
    "charges",
    "articles",
    "sentences",
    "organizations",
    "sources",
)


async def file_of(client: AsyncClient, person_id: str, **asked: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/persons/{person_id}/file", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in records]


def cited(found: Any) -> Iterator[str]:
    """Give every source that anything in an answer names."""
    if isinstance(found, list):
        for item in found:
            yield from cited(item)
    elif isinstance(found, dict):
        for name, value in found.items():
            yield from [value] if name == "source_id" else cited(value)


async def invented_case(register: Register) -> dict[str, str]:
    """Make a case with one record of each kind, each with a source of its own."""
    told = (
        "person facility address employer judge article case affiliation recognition sentence charge hearing detention"
    )
    made = {name: str(uuid4()) for word in told.split() for name in (word, f"source of {word}")}
    who, place, suit = made["person"], made["facility"], made["case"]
    records = {
        "person": ("persons", person()),
        "facility": ("facilities", facility()),
        "address": ("addresses", address(place, postal_code="123456")),
        "employer": ("organizations", organization()),
        "judge": ("organizations", organization()),
        "article": ("articles", article()),
        "case": ("cases", case()),
        "affiliation": ("affiliations", affiliation(who, made["employer"])),
        "recognition": ("recognitions", recognition(who, made["judge"])),
        "sentence": ("sentences", sentence(who, case_id=suit, decided_on="2024-05-01")),
        "charge": ("charges", charge(who, made["article"], case_id=suit, sentence_id=made["sentence"])),
        "hearing": ("hearings", hearing(who, case_id=suit, starts_on="2024-04-01")),
        "detention": ("detentions", detention(who, facility_id=place, started_on="2024-02-01")),
    }
    cites = {name: {"citations": [{"source_id": made[f"source of {name}"]}]} for name in records}
    papers = [("sources", made[f"source of {name}"], source(title=f"About {name}")) for name in records]
    facts = [(kind, made[name], fields | cites[name]) for name, (kind, fields) in records.items()]
    await create_all(register.keeper, *papers, *facts)
    return made


async def test_the_example_of_a_case_file_is_what_the_seeds_answer(seeded: Register) -> None:
    answer = await seeded.public.get(f"/v1/persons/{CHEKINA}/file", params={"as_of": "2026-01-01"})
    timeless = re.sub(r'("(?:created|updated)_at":)"[^"]+"', r'\1"2026-01-01T00:00:00Z"', answer.text)
    shown = (await seeded.public.get("/openapi.json")).json()["paths"]["/v1/persons/{id}/file"]["get"]
    example = shown["responses"]["200"]["content"]["application/json"]["example"]
    # Asked on the day itself, which is over.
    told = json.loads(timeless)
    told["address"] |= {name: example["address"][name] for name in ("age", "warnings")}
    assert told == example
    assert example["address"] == EXAMPLE


async def test_a_case_file_says_what_each_record_says_alone(register: Register) -> None:
    made = await invented_case(register)
    for client in (register.public, register.partner):
        found = await file_of(client, made["person"])
        assert found["person"] == (await client.get(f"/v1/persons/{made['person']}")).json()
        assert found["situation"] == found["person"]["situation"]
        assert found["address"] == (await client.get(f"/v1/persons/{made['person']}/address")).json()
        for kind in LISTS:
            assert found[kind]
            for record in found[kind]:
                assert record == (await client.get(f"/v1/{kind}/{record['id']}")).json()


async def test_every_cited_source_is_there_once(register: Register) -> None:
    made = await invented_case(register)
    deep = await create(register.editor, "sources", source(title="About the publisher"))
    named = organization(citations=[{"source_id": deep["id"]}])
    publisher = await create(register.editor, "organizations", named)
    path = f"/v1/sources/{made['source of charge']}"
    await register.editor.patch(path, json={"publisher_id": publisher["id"]}, headers={"If-Match": "*"})
    # An address that letters do not go to is no part of the case, and neither is what it cites.
    other = await create(register.editor, "sources", source(title="About visits"))
    visits = {"purpose": "visits", "citations": [{"source_id": other["id"]}]}
    await create(register.editor, "addresses", address(made["facility"], **visits))

    found = await file_of(register.public, made["person"])
    told = ids(found["sources"])
    assert len(told) == len(set(told))
    assert set(told) == {*(made[name] for name in made if name.startswith("source of")), deep["id"]}
    assert set(cited(found)) <= set(told)
    assert set(ids(found["organizations"])) == {made["employer"], made["judge"], publisher["id"]}


async def test_what_is_hidden_is_absent_with_all_that_only_it_leads_to(register: Register) -> None:
    made, always = await invented_case(register), {"If-Match": "*"}
    for name, kind in HIDDEN.items():
        path = f"/v1/{kind}/{made[name]}"
        await register.editor.patch(path, json={"visibility": "partners"}, headers=always)
        public, partner = [await file_of(client, made["person"]) for client in (register.public, register.partner)]
        assert made[name] not in json.dumps(public)
        assert made[f"source of {name}"] not in json.dumps(public)
        assert made[f"source of {name}"] in ids(partner["sources"])
        assert name == "address" or made[name] in json.dumps(partner)
        assert set(cited(public)) <= set(ids(public["sources"]))
        await register.editor.patch(path, json={"visibility": "public"}, headers=always)
    cites = [{"source_id": made["source of person"], "field": "private_notes"}]
    noted = {"private_notes": "An invented note.", "citations": cites}
    await register.keeper.patch(f"/v1/persons/{made['person']}", json=noted, headers=always)
    assert made["source of person"] not in ids((await file_of(register.partner, made["person"]))["sources"])
    assert made["source of person"] in ids((await file_of(register.keeper, made["person"]))["sources"])


async def test_a_case_file_takes_few_statements_however_much_is_in_it(register: Register) -> None:
    counts = []
    who = (await create(register.editor, "persons", person()))["id"]
    for number in range(3):
        for _ in range(number * 3):
            paper, place, body, *others = [str(uuid4()) for _ in range(5)]
            cites = {"citations": [{"source_id": paper}]}
            await create_all(
                register.editor,
                ("sources", paper, source()),
                ("facilities", place, facility(**cites)),
                ("organizations", body, organization(**cites)),
                ("detentions", others[0], detention(who, end_reason="transferred", facility_id=place, **cites)),
                ("affiliations", others[1], affiliation(who, body, **cites)),
            )
        register.statements.clear()
        await file_of(register.partner, who)
        counts.append(sum(statement.startswith(("SELECT", "WITH")) for statement in register.statements))
    assert counts[1] == counts[2] <= 12


async def test_a_case_about_which_nothing_is_known_has_empty_lists(register: Register) -> None:
    who = await create(register.editor, "persons", person())
    found = await file_of(register.public, who["id"])
    assert [found[kind] for kind in LISTS] == [[]] * len(LISTS)
    assert found["situation"]["status"] == "unknown"
    assert (found["address"]["reachable"], found["address"]["reason"]) == (False, "unknown_whereabouts")


async def test_who_has_no_address_has_the_reason_that_the_address_gives(seeded: Register) -> None:
    found = await file_of(seeded.public, ZOLATAVA)
    refused = (await seeded.public.get(f"/v1/persons/{ZOLATAVA}/address")).json()
    said = found["address"]
    assert (said["reachable"], said["lines"], said["parts"]) == (False, [], None)
    assert (said["reason"], said["since"], said["sources"]) == ("released", refused["since"], refused["sources"])
    then = await file_of(seeded.public, ZOLATAVA, as_of="2023-11-09")
    assert (then["situation"]["status"], then["address"]["reachable"]) == ("imprisoned", True)
    assert then["address"]["warnings"][0].startswith("past:")
    assert then["detentions"] == found["detentions"]


async def test_records_are_in_the_order_of_time_and_of_the_law(register: Register) -> None:
    who, places = str(uuid4()), [str(uuid4()) for _ in range(3)]
    laws = {number: str(uuid4()) for number in ("361-1", "130", "361", "203-1")}
    days = ("2023", None, "2022-06", "XXXX-01-01", "2022-06-01")
    years = zip(places, ("2021", "2023", "2022"), strict=True)
    over = {"end_reason": "transferred"}
    facts = [
        *(("articles", law, article(number=number)) for number, law in laws.items()),
        *(("charges", str(uuid4()), charge(who, law)) for law in laws.values()),
        *(("hearings", str(uuid4()), hearing(who, starts_on=day)) for day in days),
        *(("facilities", place, facility()) for place in places),
        *(("detentions", str(uuid4()), detention(who, facility_id=p, started_on=y, **over)) for p, y in years),
    ]
    await create_all(register.editor, ("persons", who, person()), *facts)
    found = await file_of(register.public, who)
    assert [one["number"] for one in found["articles"]] == ["130", "203-1", "361", "361-1"]
    assert [one["article_id"] for one in found["charges"]] == ids(found["articles"])
    told = [one["starts_on"] for one in found["hearings"]]
    assert (told[:3], set(told[3:])) == (["2022-06-01", "2022-06", "2023"], {None, "XXXX-01-01"})
    assert [one["started_on"] for one in found["detentions"]] == ["2021", "2022", "2023"]
    assert ids(found["facilities"]) == [places[0], places[2], places[1]]


async def test_a_case_file_is_unchanged_until_something_of_it_changes(register: Register) -> None:
    made = await invented_case(register)
    path = f"/v1/persons/{made['person']}/file"
    first = await register.public.get(path)
    tag = {"If-None-Match": first.headers["etag"]}
    assert first.headers["etag"].startswith('"1-')
    assert (await register.public.get(path, headers=tag)).status_code == 304
    await create(register.keeper, "hearings", hearing(made["person"], visibility="private"))
    assert (await register.public.get(path, headers=tag)).status_code == 304
    change = {"name": {"en": "Renamed"}}
    await register.editor.patch(f"/v1/organizations/{made['judge']}", json=change, headers={"If-Match": "*"})
    again = await register.public.get(path, headers=tag)
    assert again.status_code == 200
    assert again.headers["cache-control"] == first.headers["cache-control"] == "public, no-cache"


async def test_a_case_file_is_of_somebody_whom_the_caller_sees(register: Register) -> None:
    secret = await create(register.editor, "persons", person(visibility="partners"))
    nobody = await register.public.get("/v1/persons/00000000-0000-4000-8000-000000000000/file")
    hidden = await register.public.get(f"/v1/persons/{secret['id']}/file")
    is_problem(hidden, 404, "not-found")
    assert hidden.content == nobody.content
    assert (await file_of(register.partner, secret["id"]))["person"]["id"] == secret["id"]
    await register.editor.delete(f"/v1/persons/{secret['id']}", headers={"If-Match": "*"})
    is_problem(await register.partner.get(f"/v1/persons/{secret['id']}/file"), 410, "gone")
    is_problem(await register.public.get(f"/v1/persons/{secret['id']}/file"), 404, "not-found")


async def test_a_case_file_takes_a_day_and_nothing_else(register: Register) -> None:
    who = (await create(register.editor, "persons", person()))["id"]
    for query in ("version=1", "as_of=2999-01-01", "as_of=2023", "limit=5"):
        is_problem(await register.public.get(f"/v1/persons/{who}/file?{query}"), 422, "invalid")
