"""One letter over HTTP: the address of a person, the envelope, and why there is none."""

import asyncio
import logging
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

import pytest
import typst
from httpx2 import Response

from app.core.problems import Problem
from app.letters.lines import PARTS
from app.letters.pressroom import PressRoom
from app.letters.recipients import confirmed_on
from app.letters.refusals import EXAMPLE as REFUSAL
from app.letters.shapes import EXAMPLE, AddresseeOut, AddressPartsOut
from tests.conftest import Register
from tests.factories import Fields, address, create, detention, facility, person, source
from tests.letters.reading import reader, text

CHEKINA, ZOLATAVA = "d6faf4ea-e5bf-5c63-9460-7c8d89f86868", "4ddfe1ef-e7d0-5bae-90a2-b5e84588056b"
LOIKA, POVALISHEV = "ff1c4d60-0625-5346-b7c7-cf227f55fceb", "d702a2c6-d333-5f62-b204-02874caffcf5"
LINES = ["Chekina Liudmila Yurievna", "Correctional colony №4", "Antoshkina str., 3", "246035, Gomel", "BELARUS"]
SENDER = ["Invented Sender", "Nowhere Lane 7"]


async def held(client: Any, stay: Fields | None = None, place: Fields | None = None, **mail: Any) -> str:
    """Create a person in a stay at a facility that has an address for letters."""
    home = await create(client, "facilities", facility(**(place or {})))
    await create(client, "addresses", address(home["id"], street={"en": "Invented str., 1"}, **mail))
    who = await create(client, "persons", person())
    await create(client, "detentions", detention(who["id"], **({"facility_id": home["id"]} | (stay or {}))))
    return str(who["id"])


async def address_of(client: Any, person_id: str, **asked: str) -> Fields:
    answer = await client.get(f"/v1/persons/{person_id}/address", params=asked)
    assert answer.status_code == 200, answer.text
    read: Fields = answer.json()
    return read


def refused(answer: Response, reason: str, since: str | None = None) -> Fields:
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json"), answer.text
    said: Fields = answer.json()
    assert (said["type"], said["reason"], said["since"]) == ("/problems/no-mail-address", reason, since)
    return said


async def test_the_seeded_prisoner_has_the_colony_s_address_and_its_age(seeded: Register) -> None:
    read = await address_of(seeded.public, CHEKINA)
    assert read["lines"] == LINES
    assert (read["stale"], read["verified_on"]) == (True, "2023-11-09")
    assert read["age"] == "address last confirmed 9 November 2023; it may be out of date"
    assert [warning.split(":")[0] for warning in read["warnings"]] == ["mail_unknown"]
    assert (await address_of(seeded.public, LOIKA))["lines"][1:] == LINES[1:]
    assert read == EXAMPLE
    assert (await address_of(seeded.public, CHEKINA, origin="PL"))["lines"][-1] == "BIAŁORUŚ / BELARUS"


async def test_the_released_have_no_address_and_the_source_says_so(seeded: Register) -> None:
    freed = f"/v1/persons/{ZOLATAVA}"
    for answer in (
        await seeded.public.get(f"{freed}/address"),
        await seeded.public.get(f"{freed}/envelope.pdf?size=DL"),
        await seeded.public.post(f"{freed}/envelope.pdf", json={"sender": SENDER}),
    ):
        said = refused(answer, "released", "2025-12-13")
        assert said == REFUSAL
        assert said["sources"][0]["published_on"] == "2025-12-15"
        assert "Antoshkina" not in answer.text
    months = refused(await seeded.public.get(f"/v1/persons/{POVALISHEV}/address"), "released", "2021-09")
    assert [saying["quote"] for saying in months["sources"]] == ["who was detained from May to September 2021"]


async def test_an_envelope_has_the_lines_in_order_and_the_age_in_words(seeded: Register) -> None:
    answer = await seeded.public.get(f"/v1/persons/{CHEKINA}/envelope.pdf", params={"size": "DL"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    lines = [line.strip() for line in text(answer.content).splitlines()]
    assert lines[: len(LINES)] == LINES
    assert "address last confirmed 9 November 2023; it may be out of date" in " ".join(lines)
    tag = answer.headers["etag"]
    again = await seeded.public.get(
        f"/v1/persons/{CHEKINA}/envelope.pdf", params={"size": "DL"}, headers={"If-None-Match": tag}
    )
    assert (again.status_code, again.content) == (304, b"")
    box = reader(answer.content).pages[0].mediabox
    assert round(float(box.width) * 25.4 / 72) == 220


@pytest.mark.parametrize(
    ("stay", "reason", "since"),
    [
        ({"ended_on": "2024-05", "end_reason": "pardoned"}, "released", "2024-05"),
        ({"ended_on": "2024-05-03", "end_reason": "unknown"}, "released", "2024-05-03"),
        ({"ended_on": "2024-05-03", "end_reason": "exchanged_or_expelled"}, "expelled", "2024-05-03"),
        ({"ended_on": "2024-05-03", "end_reason": "died"}, "deceased", "2024-05-03"),
        ({"ended_on": "2024-05-03", "end_reason": "transferred"}, "unknown_whereabouts", "2024-05-03"),
        ({"ended_on": "2024-05-03", "end_reason": "escaped"}, "unknown_whereabouts", "2024-05-03"),
        ({"kind": "home_confinement"}, "home_confinement", "2023-01-02"),
        ({"mail": "blocked"}, "blocked", None),
        ({"mail": "relatives_only"}, "relatives_only", None),
        ({"facility_id": None}, "no_address", None),
    ],
)
async def test_each_reason_is_told_with_its_date_and_source(
    register: Register, stay: Fields, reason: str, since: str | None
) -> None:
    said_by = await create(register.editor, "sources", source(published_on="2024-06-01"))
    citations = [{"source_id": said_by["id"], "quote": "Invented words."}]
    who = await held(register.editor, {"started_on": "2023-01-02", "citations": citations, **stay})
    said = refused(await register.public.get(f"/v1/persons/{who}/address"), reason, since)
    told = [(saying["source_id"], saying["quote"]) for saying in said["sources"]]
    assert told == ([] if reason == "no_address" else [(said_by["id"], "Invented words.")])


async def test_nobody_writes_to_whom_no_stay_is_known_or_who_is_dead(register: Register) -> None:
    free = await create(register.editor, "persons", person())
    refused(await register.public.get(f"/v1/persons/{free['id']}/address"), "unknown_whereabouts")
    said_by = await create(register.editor, "sources", source())
    cites = [{"source_id": said_by["id"], "field": "death_date"}]
    who = await held(register.editor)
    dead = {"death_date": "2025-01-01", "citations": cites}
    await register.editor.patch(f"/v1/persons/{who}", json=dead, headers={"If-Match": "*"})
    said = refused(await register.public.get(f"/v1/persons/{who}/address"), "deceased", "2025-01-01")
    assert [saying["source_id"] for saying in said["sources"]] == [said_by["id"]]


async def test_a_facility_speaks_for_a_stay_that_is_silent_and_for_no_other(register: Register) -> None:
    editor, public = register.editor, register.public
    said_by = await create(editor, "sources", source())
    shut = {"mail": "blocked", "citations": [{"source_id": said_by["id"], "field": "mail"}]}
    closed = refused(await public.get(f"/v1/persons/{await held(editor, place=shut)}/address"), "blocked")
    assert [saying["source_id"] for saying in closed["sources"]] == [said_by["id"]]
    opened = await address_of(public, await held(editor, {"mail": "open"}, shut))
    assert not any(warning.startswith("mail_unknown") for warning in opened["warnings"])
    unsure = await address_of(public, await held(editor, {"mail": "unknown"}, {"mail": "open"}))
    assert any(warning.startswith("mail_unknown") for warning in unsure["warnings"])


async def test_a_place_that_holds_nobody_any_more_is_warned_of(register: Register) -> None:
    for active, warned in ((False, True), (True, False), (None, False)):
        found = await address_of(register.public, await held(register.editor, {"mail": "open"}, {"active": active}))
        assert any(warning.startswith("place_closed") for warning in found["warnings"]) is warned


@pytest.mark.parametrize("mail", [{"purpose": "parcels"}, {"valid_to": "2024-01"}])
async def test_an_address_for_other_things_or_of_the_past_is_none(register: Register, mail: Fields) -> None:
    refused(await register.public.get(f"/v1/persons/{await held(register.editor, **mail)}/address"), "no_address")


async def test_a_person_s_own_address_serves_in_house_arrest_alone(register: Register) -> None:
    for kind, status in (("house_arrest", 200), ("home_confinement", 409), ("colony", 409)):
        who = await create(register.editor, "persons", person())
        await create(register.editor, "detentions", detention(who["id"], kind=kind))
        own = {"visibility": "public", "person_id": who["id"], "country": "BY", "locality": {"en": "Inventown"}}
        await create(register.editor, "addresses", own)
        assert (await register.public.get(f"/v1/persons/{who['id']}/address")).status_code == status


async def test_what_the_caller_may_not_see_is_in_no_letter(register: Register) -> None:
    editor, public, partner = register.editor, register.public, register.partner
    hidden = await held(editor, visibility="partners")
    refused(await public.get(f"/v1/persons/{hidden}/address"), "no_address")
    assert "Invented str., 1" in (await address_of(partner, hidden))["lines"]
    elsewhere = await held(editor, place={"visibility": "partners"})
    refused(await public.get(f"/v1/persons/{elsewhere}/envelope.pdf"), "no_address")
    assert (await partner.get(f"/v1/persons/{elsewhere}/envelope.pdf")).status_code == 200
    untold = await held(editor, {"visibility": "partners"})
    refused(await public.get(f"/v1/persons/{untold}/address"), "unknown_whereabouts")
    who = await held(editor)
    await editor.patch(f"/v1/persons/{who}", json={"visibility": "partners"}, headers={"If-Match": "*"})
    never = await public.get(f"/v1/persons/{uuid4()}/address")
    for path in ("address", "envelope.pdf"):
        gone = await public.get(f"/v1/persons/{who}/{path}")
        assert (gone.status_code, gone.content) == (404, never.content)


async def test_a_source_that_the_caller_may_not_see_is_not_named(register: Register) -> None:
    secret = await create(register.editor, "sources", source(visibility="partners", title="Kept Title"))
    stay = {"ended_on": "2024-05-03", "end_reason": "pardoned", "citations": [{"source_id": secret["id"]}]}
    who = await held(register.editor, stay)
    answer = await register.public.get(f"/v1/persons/{who}/address")
    assert refused(answer, "released", "2024-05-03")["sources"] == []
    assert len(refused(await register.partner.get(f"/v1/persons/{who}/address"), "released", "2024-05-03")["sources"])


async def test_a_sender_is_printed_and_kept_nowhere(seeded: Register, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = f"/v1/persons/{CHEKINA}/envelope.pdf"
    sent = {"size": "C5", "origin": "PL", "sender": SENDER}
    answer = await seeded.public.post(path, json=sent, headers={"Idempotency-Key": "evening"})
    assert answer.status_code == 200
    read = [line.strip() for line in text(answer.content).splitlines()]
    assert read[:5] == [*LINES[:4], "BIAŁORUŚ / BELARUS"]
    assert read[5:7] == SENDER
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert not any("INSERT" in statement for statement in seeded.statements)
    other = await seeded.public.post(path, json={"sender": ["Someone Else"]}, headers={"Idempotency-Key": "evening"})
    assert "Someone Else" in text(other.content)
    assert "Invented Sender" not in text(other.content) + caplog.text
    wrong = await seeded.public.post(path, json={"sender": [*SENDER, "ပြည်"], "size": "B5"})
    assert wrong.status_code == 422
    assert not any(line in wrong.text for line in SENDER)


async def test_typst_remembers_no_sender_either(seeded: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the layout of its last ten documents: after ten others, the same takes as long as at first."""
    printed: list[str] = []
    compile_one = typst.compile

    def watched(page: Any, **how: Any) -> Any:
        printed.append(how.get("sys_inputs", {}).get("data", ""))
        return compile_one(page, **how)

    monkeypatch.setattr(typst, "compile", watched)
    path = f"/v1/persons/{CHEKINA}/envelope.pdf"
    assert (await seeded.public.post(path, json={"sender": SENDER})).status_code == 200
    assert SENDER[0] in printed[0]
    assert printed[1:] == [""] * 11
    assert (await seeded.public.get(path)).status_code == 200
    assert len(printed) == 13


async def test_a_page_of_another_site_may_ask_for_an_envelope_but_never_with_a_key(seeded: Register) -> None:
    path, origin = f"/v1/persons/{CHEKINA}/envelope.pdf", {"Origin": "https://evening.example"}
    asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = (await seeded.public.options(path, headers=asked)).headers
    assert "POST" in allowed["access-control-allow-methods"]
    assert "Content-Type" in allowed["access-control-allow-headers"]
    assert "authorization" not in allowed["access-control-allow-headers"].lower()
    answer = await seeded.public.post(path, json={}, headers=origin)
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"sender": ["x" * 121]}, "/sender/0"),
        ({"sender": ["x"] * 9}, "/sender"),
        ({"sender": ["one", "張"]}, "/sender/1"),
        ({"sender": ["a\nb"]}, "/sender/0"),
        ({"size": "B5"}, "/size"),
        ({"origin": "XX"}, "/origin"),
        ({"language": "klingon"}, "/language"),
        ({"nope": 1}, "/nope"),
        ({"qr": True}, "/qr"),  # this register has no public address
    ],
)
async def test_a_wrong_wish_is_refused_by_its_place(seeded: Register, sent: Fields, pointer: str) -> None:
    answer = await seeded.public.post(f"/v1/persons/{CHEKINA}/envelope.pdf", json=sent)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    (name, value), *_ = sent.items()
    if name != "sender":
        asked = await seeded.public.get(f"/v1/persons/{CHEKINA}/envelope.pdf", params={name: str(value)})
        assert asked.json()["errors"][0]["pointer"] == f"/query{pointer}"


async def test_what_no_font_shows_is_never_an_empty_box(register: Register) -> None:
    names = [{"kind": "legal", "full": "張三"}, {"kind": "transliteration", "language": "en", "full": "Zhang San"}]
    who = await create(register.editor, "persons", person(names=names))
    home = await create(register.editor, "facilities", facility(name={"zh": "某监狱", "en": "Some Prison"}))
    both = address(home["id"], country="CN", locality={"zh": "某市", "en": "Moushi"})
    await create(register.editor, "addresses", both)
    await create(register.editor, "detentions", detention(who["id"], facility_id=home["id"]))
    assert (await address_of(register.public, who["id"]))["lines"][:2] == ["Zhang San", "Some Prison"]
    asked = {"language": "zh"}
    told = await address_of(register.public, who["id"], **asked)
    assert any(warning.startswith("unprintable:") for warning in told["warnings"])
    answer = await register.public.get(f"/v1/persons/{who['id']}/envelope.pdf", params=asked)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/unprintable")
    assert "U+4E09" in answer.json()["detail"]


async def test_a_name_that_shows_nothing_is_no_name(register: Register) -> None:
    who = await held(register.editor)
    names = [{"kind": "legal", "full": "\u2060"}]
    await register.editor.patch(f"/v1/persons/{who}", json={"names": names}, headers={"If-Match": "*"})
    assert (await register.public.get(f"/v1/persons/{who}/address")).status_code in {200, 409}


async def test_pdfs_that_wait_hold_up_nothing_else_and_too_many_are_sent_away(seeded: Register) -> None:
    gate: Future[None] = Future()
    room, old = PressRoom(2), seeded.app.state.press
    seeded.app.state.press = room
    try:
        busy = [asyncio.create_task(room.begin(gate.result)) for _ in range(2)]
        await asyncio.sleep(0)
        answer = await seeded.public.get(f"/v1/persons/{CHEKINA}/envelope.pdf")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await seeded.public.get(f"/v1/persons/{CHEKINA}/address")).status_code == 200
        gate.set_result(None)
        await asyncio.gather(*busy)
        assert (await seeded.public.get(f"/v1/persons/{CHEKINA}/envelope.pdf")).status_code == 200
    finally:
        seeded.app.state.press = old


async def test_a_job_that_has_begun_takes_its_turn_even_when_the_queue_is_full() -> None:
    gate: Future[None] = Future()
    room = PressRoom(1)
    first = asyncio.create_task(room.begin(gate.result))
    await asyncio.sleep(0)
    with pytest.raises(Problem):
        await room.begin(int)
    further = asyncio.create_task(room.go_on(int))
    await asyncio.sleep(0)
    gate.set_result(None)
    assert list(await asyncio.gather(first, further)) == [None, 0]
    assert room.waiting == 0


def test_an_address_is_as_old_as_the_older_confirmation() -> None:
    assert confirmed_on("2024-01-01", "2023-11") == "2023-11"
    assert confirmed_on("2023-01-01", None) == "2023-01-01"
    assert confirmed_on(None, "2023-01-01") is None


def test_the_documentation_names_every_part_and_field() -> None:
    assert tuple(AddressPartsOut.model_fields) == PARTS
    assert set(EXAMPLE) == set(AddresseeOut.model_fields)
    AddresseeOut.model_validate(EXAMPLE)


async def test_a_source_printed_before_it_was_so_does_not_say_so(register: Register) -> None:
    days = {"before": "2023-11-09", "month": "2025-05", "after": "2025-12-15", "unknown": None}
    cited = {
        (await create(register.editor, "sources", source(title=name, published_on=day)))["id"]: name
        for name, day in days.items()
    }
    whole = [{"source_id": one} for one in cited]
    person_id = await held(register.editor, {"citations": whole})
    dead = {"death_date": "2025-05-01", "citations": whole}
    await register.editor.patch(f"/v1/persons/{person_id}", json=dead, headers={"If-Match": "*"})
    left = await held(register.editor, {"ended_on": "2025-05-01", "end_reason": "pardoned", "citations": whole}, None)
    for who, reason in ((person_id, "deceased"), (left, "released")):
        said = refused(await register.public.get(f"/v1/persons/{who}/address"), reason, "2025-05-01")
        assert {one["title"] for one in said["sources"]} == {"month", "after", "unknown"}


async def test_who_left_another_stay_is_written_to_by_nobody_who_knows(register: Register) -> None:
    place = await create(register.editor, "facilities", facility())
    await create(register.editor, "addresses", address(place["id"], street={"en": "Invented str., 1"}))
    who = (await create(register.editor, "persons", person()))["id"]
    said = await create(register.editor, "sources", source(published_on="2025-12-15"))
    ended = {"started_on": "2024-05-01", "ended_on": "2025-12-13", "end_reason": "pardoned", "visibility": "private"}
    await create(register.admin, "detentions", detention(who, **ended, citations=[{"source_id": said["id"]}]))
    seen = detention(who, facility_id=place["id"], place_confirmed_on="2023-01-01")
    await create(register.editor, "detentions", seen)  # by somebody who does not see the other one
    asked = f"/v1/persons/{who}/address"
    (told,) = refused(await register.admin.get(asked), "released", "2025-12-13")["sources"]
    assert told["source_id"] == said["id"]
    assert (await register.public.get(asked)).status_code == 200


async def test_a_day_without_a_year_is_no_age(register: Register) -> None:
    person_id = await held(register.editor, {"place_confirmed_on": "XXXX-11-20"}, verified_on="XXXX-11-20")
    read = await address_of(register.public, person_id)
    assert read["age"] == "it is not known when this address was last confirmed"
    assert (read["verified_on"], read["place_confirmed_on"], read["stale"]) == (None, None, True)
    assert "place_unconfirmed" in [warning.split(":")[0] for warning in read["warnings"]]
    left = await held(register.editor, {"ended_on": "XXXX-11-20", "end_reason": "pardoned"})
    answer = await register.public.get(f"/v1/persons/{left}/address")
    assert refused(answer, "released", "XXXX-11-20")["detail"].startswith("Letters do not reach this person: released.")
