"""What records must fulfil together: stays of one person, days that have not come, sentences and what hangs on them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.register import rules
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import PLAIN, article, charge, create, create_all, detention, hearing, person, sentence

Stay = tuple[str | None, str | None]
ANY = {"If-Match": "*"}
TOMORROW = f"{datetime.now(UTC).date() + timedelta(days=2)}"
NEXT_YEAR = f"{datetime.now(UTC).year + 1}"


def stay(owner: str, when: Stay, **said: Any) -> dict[str, Any]:
    return detention(owner, started_on=when[0], ended_on=when[1], **said)


async def somebody(register: Register) -> str:
    return str((await create(register.editor, "persons", person()))["id"])


# Two stays, and whether some reading of their days lets both be.
PAIRS: list[tuple[Stay, Stay, bool]] = [
    (("2021-05-18", "2022-03-01"), ("2022-03-01", "2022-06"), True),  # moved in the course of a day
    (("2021-05-18", "2022-03-01"), ("2022-02-28", "2022-06"), False),
    (("2021-05-18", "2022-03-01"), ("2022-03", "2022-06"), True),  # by some reading one begins where the other ends
    (("2021-05-18", "2022-03-01"), ("2022-02", "2022-06"), False),
    (("2021", "2021"), ("2021-03", "2021-04"), True),
    (("2021-01-01", "2021-12-31"), ("2021-03-05", "2021-03-05"), False),
    (("2021-01-01", "2021-12-31"), ("2021-12-31", "2021-12-31"), True),
    (("2021-01-01", "2021-12-31"), ("XXXX-03-05", "2021-06"), False),
    (("2021-01-01", "2021-12-31"), ("XXXX-03-05", "2022-06"), True),
    (("2021-01-01", "2021-12-31"), (None, "2021-06-01"), False),  # whenever it began, it ended within the other
    (("2021-01-01", "2021-12-31"), (None, "2021-01-01"), True),
    (("2021-01-01", "2021-12-31"), (None, "2022-06-01"), True),
    (("2021-01-01", None), (None, "2021-06-01"), False),
    (("2021-01-01", None), (None, "2021-01-01"), True),
    (("2021-01-01", None), ("XXXX-03-05", "2021-06-01"), False),
    (("2023-01-01", None), ("2022-12-01", "2023-01-01"), True),
    (("2023-01-01", None), ("2022-12-01", "2023-02-01"), False),
    (("2023-01-01", None), ("2023-01-01", "2023-02-01"), False),
    (("2023-01-01", None), ("2022-12", "2023-01"), True),
    (("2023-01-01", None), ("2024", "2024"), False),  # only the last may be open
    (("2023-01-01", None), ("2024", None), False),
    ((None, None), (None, None), False),
    ((None, None), ("2024-01-01", "2024-02-01"), True),
]


async def test_stays_of_one_person_overlap_only_where_it_is_not_certain(register: Register) -> None:
    for one, other, fits in PAIRS:
        for first, second in ((one, other), (other, one)):
            owner = await somebody(register)
            await create(register.editor, "detentions", stay(owner, first))
            answer = await register.editor.post("/v1/detentions", json=stay(owner, second))
            assert answer.status_code == (201 if fits else 422), (first, second, answer.text)


SEEN: list[tuple[dict[str, str], dict[str, str], bool]] = [
    # Who was seen in a place that was not left since has not been released from another meanwhile.
    ({"place_confirmed_on": "2023-01-01"}, {"started_on": "2024-05-01", "ended_on": "2025-12-13"}, False),
    ({"confirmed_on": "2023-01-01"}, {"ended_on": "2025-12-13"}, False),
    ({"place_confirmed_on": "2023"}, {"ended_on": "2023-06-01"}, True),
    ({"place_confirmed_on": "2023-01-01"}, {"started_on": "2022-05-01", "ended_on": "2023-01-01"}, True),
    ({"place_confirmed_on": "2023-01-01"}, {"started_on": "2022-05-01", "ended_on": "2023-01-02"}, False),
    ({"place_confirmed_on": "XXXX-01-01"}, {"ended_on": "2025-12-13"}, True),
    (
        {"started_on": "2021", "place_confirmed_on": "2021-03"},
        {"started_on": "2021-02", "ended_on": "2021-04-01"},
        False,
    ),
    # An end on an unknown day comes after the day on which the person was seen.
    (
        {"started_on": "2020-01-01", "place_confirmed_on": "2024-01-01", "end_reason": "unknown"},
        {"started_on": "2022-01-01", "ended_on": "2023-01-01"},
        False,
    ),
    (
        {"started_on": "2020-01-01", "place_confirmed_on": "2021-01-01", "end_reason": "unknown"},
        {"started_on": "2022-01-01", "ended_on": "2023-01-01"},
        True,
    ),
]


async def test_where_somebody_was_seen_tells_when_a_stay_had_begun(register: Register) -> None:
    for one, other, fits in SEEN:
        for first, second in ((one, other), (other, one)):
            owner = await somebody(register)
            await create(register.editor, "detentions", stay(owner, (None, None)) | first)
            answer = await register.editor.post("/v1/detentions", json=stay(owner, (None, None)) | second)
            assert answer.status_code == (201 if fits else 422), (first, second, answer.text)


async def test_stays_that_overlapped_before_hinder_nobody_who_hides_one(register: Register) -> None:
    owner = await somebody(register)
    mine = await create(register.admin, "detentions", stay(owner, ("2023-01-01", None), visibility="partners"))
    hidden = await create(register.admin, "detentions", stay(owner, (None, "2021-01-01"), visibility="private"))
    # The editor does not see it, so that nothing spoke against this one.
    await register.editor.patch(f"/v1/detentions/{mine['id']}", json={"started_on": "2020-01-01"}, headers=ANY)

    async def change(said: dict[str, Any], one: dict[str, Any] = mine) -> int:
        return (await register.admin.patch(f"/v1/detentions/{one['id']}", json=said, headers=ANY)).status_code

    assert await change({"mail": "blocked"}) == 200
    assert await change({"visibility": "private"}) == 200
    assert await change({"visibility": "public"}) == 422
    assert await change({"visibility": "partners"}, hidden) == 422
    assert await change({"place_confirmed_on": "2024"}) == 200  # says nothing of when it began
    assert await change({"started_on": "2020-01-02"}) == 422
    assert await change({"started_on": "2021-01-01"}) == 200
    assert await change({"visibility": "public"}) == 200


async def test_a_person_has_so_many_stays_and_no_more(register: Register) -> None:
    """Thousands would make everything that is derived of the person take minutes, while nobody else can write."""
    owner = await somebody(register)
    ended = stay(owner, (None, None), end_reason="transferred")
    ids = [f"{uuid4()}" for _ in range(300)]
    await create_all(register.editor, *(("detentions", one, ended) for one in ids))
    is_problem(await register.editor.post("/v1/detentions", json=ended), 422, "invalid")
    hidden = {"visibility": "partners"}
    changed = await register.editor.patch(f"/v1/detentions/{ids[7]}", json=hidden, headers=ANY)
    assert changed.status_code == 200
    assert (await register.editor.delete(f"/v1/detentions/{ids[7]}", headers=ANY)).status_code == 204
    assert (await register.editor.post("/v1/detentions", json=ended)).status_code == 201


async def test_stays_of_two_people_have_nothing_to_do_with_each_other(register: Register) -> None:
    for _ in range(2):
        await create(register.editor, "detentions", stay(await somebody(register), ("2023-01-01", None)))


async def test_a_stay_that_ended_on_an_unknown_day_is_not_open(register: Register) -> None:
    owner = await somebody(register)
    await create(register.editor, "detentions", stay(owner, ("2022-01-01", None), end_reason="transferred"))
    made = await create(register.editor, "detentions", stay(owner, ("2023-01-01", None)))
    again = {"end_reason": None}
    earlier = (await register.editor.get(f"/v1/detentions?person_id={owner}&started_to=2022")).json()["items"][0]
    is_problem(await register.editor.patch(f"/v1/detentions/{earlier['id']}", json=again, headers=ANY), 422, "invalid")
    await register.editor.delete(f"/v1/detentions/{made['id']}", headers=ANY)
    opened = await register.editor.patch(f"/v1/detentions/{earlier['id']}", json=again, headers=ANY)
    assert opened.status_code == 200


async def test_a_change_is_held_against_the_other_stays_too(register: Register) -> None:
    owner, other = await somebody(register), await somebody(register)
    await create(register.editor, "detentions", stay(owner, ("2022-01-01", "2022-12-31")))
    moved = await create(register.editor, "detentions", stay(other, ("2022-06-01", "2022-07-01")))
    place = f"/v1/detentions/{moved['id']}"
    is_problem(await register.editor.patch(place, json={"person_id": owner}, headers=ANY), 422, "invalid")
    assert (await register.editor.get(place)).json() == moved


async def test_a_stay_that_the_writer_does_not_see_refuses_nothing(register: Register) -> None:
    owner = await somebody(register)
    await create(register.admin, "detentions", stay(owner, ("2023-01-01", None), visibility="private"))
    seen = await register.editor.post("/v1/detentions", json=stay(owner, ("2024-01-01", None)))
    assert seen.status_code == 201
    is_problem(await register.admin.post("/v1/detentions", json=stay(owner, ("2024", None))), 422, "invalid")


DATES = [
    ("persons", "birth_date", False),
    ("persons", "death_date", False),
    ("organizations", "dissolved_on", False),
    ("sources", "published_on", False),
    ("cases", "opened_on", False),
    ("articles", "valid_from", True),
    ("articles", "valid_to", True),
    ("addresses", "valid_from", False),
    ("addresses", "valid_to", False),
    ("addresses", "verified_on", False),
    ("affiliations", "since", False),
    ("affiliations", "until", False),
    ("recognitions", "decided_on", False),
    ("detentions", "started_on", False),
    ("detentions", "ended_on", False),
    ("detentions", "confirmed_on", False),
    ("detentions", "place_confirmed_on", False),
    ("charges", "brought_on", False),
    ("hearings", "starts_on", True),
    ("hearings", "ends_on", True),
    ("sentences", "decided_on", False),
    ("sentences", "in_force_on", True),
]


async def test_only_days_that_are_planned_may_lie_in_the_future(register: Register) -> None:
    ids = {kind: (await create(register.editor, kind, PLAIN[kind]()))["id"] for kind in PLAIN}
    owner, law = ids["persons"], ids["articles"]
    theirs = {"person_id": owner, "organization_id": ids["organizations"]}
    plain: dict[str, dict[str, Any]] = {
        **{kind: make() for kind, make in PLAIN.items()},
        "addresses": {"facility_id": ids["facilities"], "country": "BY"},
        "affiliations": theirs,
        "recognitions": {**theirs, "decision": "recognized", "scheme": "other"},
        "detentions": detention(owner, end_reason="unknown"),
        "charges": charge(owner, law),
        "hearings": hearing(owner),
        "sentences": sentence(owner),
    }
    for kind, name, may in DATES:
        for day in (TOMORROW, NEXT_YEAR):
            answer = await register.editor.post(f"/v1/{kind}", json={**plain[kind], name: day})
            assert answer.status_code == (201 if may else 422), (kind, name, day, answer.text)
            assert may or answer.json()["errors"][0]["pointer"] == f"/{name}"
        begun = await register.editor.post(f"/v1/{kind}", json={**plain[kind], name: f"{datetime.now(UTC).year}"})
        assert begun.status_code == 201, (kind, name, begun.text)


async def test_a_sentence_and_what_hangs_on_it_are_of_one_person(register: Register) -> None:
    editor, owner, other = register.editor, await somebody(register), await somebody(register)
    verdict = (await create(editor, "sentences", sentence(owner)))["id"]
    law = (await create(editor, "articles", article()))["id"]
    led = (await create(editor, "charges", charge(owner, law, sentence_id=verdict)))["id"]
    later = (await create(editor, "sentences", sentence(owner, replaces_id=verdict)))["id"]
    for place, fields in (
        ("/v1/charges", charge(other, law, sentence_id=verdict)),
        ("/v1/sentences", sentence(other, replaces_id=verdict)),
    ):
        is_problem(await editor.post(place, json=fields), 422, "invalid")
    for place, pointer in (
        (f"/v1/charges/{led}", "/sentence_id"),
        (f"/v1/sentences/{later}", "/replaces_id"),
        (f"/v1/sentences/{verdict}", "/person_id"),
    ):
        answer = await editor.patch(place, json={"person_id": other}, headers=ANY)
        is_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    together = [("charges", led), ("sentences", later), ("sentences", verdict)]
    operations = [
        {"op": "patch", "kind": kind, "id": record_id, "if_match": "*", "record": {"person_id": other}}
        for kind, record_id in together
    ]
    assert (await editor.post("/v1/batch", json={"operations": operations})).status_code == 200


async def test_a_charge_whose_sentence_was_given_to_somebody_else_can_be_hidden(register: Register) -> None:
    owner, other = await somebody(register), await somebody(register)
    verdict = (await create(register.editor, "sentences", sentence(owner)))["id"]
    law = (await create(register.editor, "articles", article()))["id"]
    led = await create(register.admin, "charges", charge(owner, law, sentence_id=verdict, visibility="private"))
    # The editor does not see the charge that is left behind.
    moved = await register.editor.patch(f"/v1/sentences/{verdict}", json={"person_id": other}, headers=ANY)
    assert moved.status_code == 200

    async def change(said: dict[str, Any]) -> int:
        return (await register.admin.patch(f"/v1/charges/{led['id']}", json=said, headers=ANY)).status_code

    assert await change({"as_written": "x", "visibility": "partners"}) == 200
    assert await change({"person_id": await somebody(register)}) == 422
    assert await change({"sentence_id": None}) == 200
    assert await change({"sentence_id": verdict}) == 422


async def test_a_sentence_does_not_take_its_own_place(register: Register) -> None:
    verdict = (await create(register.editor, "sentences", sentence(await somebody(register))))["id"]
    itself = {"replaces_id": verdict}
    is_problem(await register.editor.patch(f"/v1/sentences/{verdict}", json=itself, headers=ANY), 422, "invalid")


async def test_sentences_do_not_take_each_others_place_in_a_circle(register: Register) -> None:
    editor, owner = register.editor, await somebody(register)
    first = (await create(editor, "sentences", sentence(owner)))["id"]
    appeal = (await create(editor, "sentences", sentence(owner, replaces_id=first)))["id"]
    last = (await create(editor, "sentences", sentence(owner, replaces_id=appeal)))["id"]
    for behind in (appeal, last):
        answer = await editor.patch(f"/v1/sentences/{first}", json={"replaces_id": behind}, headers=ANY)
        is_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/replaces_id"]
    turned = [(first, last), (appeal, None), (last, appeal)]
    operations = [
        {"op": "patch", "kind": "sentences", "id": one, "if_match": "*", "record": {"replaces_id": before}}
        for one, before in turned
    ]
    assert (await editor.post("/v1/batch", json={"operations": operations})).status_code == 200
    operations[1]["record"] = {"replaces_id": first}
    answer = await editor.post("/v1/batch", json={"operations": operations})
    is_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/operations/1/record/replaces_id"]


async def test_what_an_older_version_took_can_still_be_hidden_mended_and_unmerged(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, admin = register.editor, register.admin
    with monkeypatch.context() as older:
        older.setattr(rules, "certainly_before", lambda *_: False)
        older.setattr(rules, "_behind", lambda *_: set())
        wrong = {"birth_date": "1990", "death_date": "1980"}
        one, other = [(await create(editor, "persons", person(**wrong)))["id"] for _ in range(2)]
        verdicts = [(await create(editor, "sentences", sentence(one)))["id"] for _ in range(2)]
        for verdict, before in zip(verdicts, verdicts[::-1], strict=True):
            await editor.patch(f"/v1/sentences/{verdict}", json={"replaces_id": before}, headers=ANY)
    for seen in ("partners", "public"):
        for place in (f"/v1/persons/{one}", *(f"/v1/sentences/{verdict}" for verdict in verdicts)):
            assert (await editor.patch(place, json={"visibility": seen}, headers=ANY)).status_code == 200
    for said in ({"death_date": "1981"}, {"birth_date": "1991"}):
        is_problem(await editor.patch(f"/v1/persons/{one}", json=said, headers=ANY), 422, "invalid")
    assert (await admin.post(f"/v1/persons/{one}/merge", json={"into": other}, headers=ANY)).status_code == 200
    assert (await admin.delete(f"/v1/persons/{one}/merge", headers=ANY)).status_code == 204
    assert (await editor.get(f"/v1/persons/{one}")).json()["death_date"] == "1980"
    mended = await editor.patch(f"/v1/persons/{one}", json={"death_date": None}, headers=ANY)
    assert mended.status_code == 200
    is_problem(await editor.patch(f"/v1/persons/{one}", json={"death_date": "1980"}, headers=ANY), 422, "invalid")


async def test_articles_come_in_a_lawyers_order(register: Register) -> None:
    wanted = ["9", "19.10", "24.3", "130", "203", "203-1", "203-2", "203-11", "228.1", "361", "361-1", "361-4", "1000"]
    for number in sorted(wanted, key=lambda text: text[::-1]):
        await create(register.editor, "articles", article(number=number))
    for sort, order in (("", wanted), ("?sort=-number", wanted[::-1])):
        listed = (await register.public.get(f"/v1/articles{sort}")).json()["items"]
        assert [one["number"] for one in listed] == order
