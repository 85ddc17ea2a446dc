"""The calendar to subscribe to."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import update

from app.core.documents import documents
from tests.conftest import Register
from tests.factories import create, detention, hearing, person, sentence
from tests.letters.test_letter import CHEKINA, LOIKA, ZOLATAVA

PATH = "/v1/calendar.ics"


async def events(client: Any, **asked: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    read = Calendar.from_ical(answer.content)
    assert not read.errors
    found = {str(event["uid"]).removesuffix("@vestka"): event for event in read.events}
    assert len(found) == len(read.events)
    return found


async def test_the_seeds_have_a_birthday_two_hearings_and_what_follows_from_custody(seeded: Register) -> None:
    answer = await seeded.public.get(PATH)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    found = await events(seeded.public)
    born = found[f"birthday-{CHEKINA}"]
    assert (born["summary"], born["dtstart"].dt) == ("Birthday: Chekina Liudmila Yurievna", date(1973, 7, 13))
    assert born["rrule"]["freq"] == ["YEARLY"]
    trials = [event for uid, event in found.items() if uid.startswith("hearing-")]
    assert {event["dtstart"].dt for event in trials} == {date(2023, 1, 9)}
    assert found[f"detained-{CHEKINA}"]["dtstart"].dt == date(2021, 5, 18)
    assert found[f"release-{CHEKINA}"]["dtstart"].dt == date(2033, 5, 18)
    assert found[f"release-{CHEKINA}"]["status"] == "TENTATIVE"
    assert f"detained-{ZOLATAVA}" not in found
    assert f"detained-{ZOLATAVA}" in await events(seeded.public, as_of="2023-11-09")


async def test_filters_and_kinds_narrow_it_and_the_sender_s_post_gives_the_language(seeded: Register) -> None:
    assert set(await events(seeded.public, id=LOIKA, event="release")) <= {f"release-{LOIKA}"}
    births = await events(seeded.public, event="birthday", origin="PL")
    assert [event["summary"] for event in births.values()] == ["Urodziny: Chekina Liudmila Yurievna"]
    assert await events(seeded.public, born_from="1990", event="birthday") == {}
    both = await seeded.public.get(f"{PATH}?event=birthday&event=hearing")
    assert {str(event["uid"]).split("-")[0] for event in Calendar.from_ical(both.content).events} == {
        "birthday",
        "hearing",
    }
    for query in ("nope=1", "event=feast", "cursor=x", "count=true"):
        assert (await seeded.public.get(f"{PATH}?{query}")).status_code == 422


async def test_a_subscription_updates_the_same_entries(register: Register) -> None:
    made = await create(register.editor, "persons", person(birth_date="XXXX-02-29"))
    stay = detention(made["id"], started_on="2024-03-01", kind="prison")
    await create(register.editor, "detentions", stay)
    trial = await create(register.editor, "hearings", hearing(made["id"], starts_on="2099-01-10", ends_on="2099-01-12"))
    await create(register.editor, "sentences", sentence(made["id"], term="P2Y", status="in_force", stage="appeal"))
    first = await register.public.get(PATH)
    same = await register.public.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    before = await events(register.public)
    assert set(before) == {f"{kind}-{made['id']}" for kind in ("birthday", "release", "detained")} | {
        f"hearing-{trial['id']}"
    }
    later = {"starts_on": "2099-02-10", "ends_on": "2099-02-12"}
    await register.editor.patch(f"/v1/hearings/{trial['id']}", json=later, headers={"If-Match": "*"})
    again = await register.public.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    after = await events(register.public)
    assert set(after) == set(before)
    moved = after[f"hearing-{trial['id']}"]
    assert (moved["dtstart"].dt, moved["dtend"].dt) == (date(2099, 2, 10), date(2099, 2, 13))


async def test_the_dead_have_no_birthday(register: Register) -> None:
    gone = {"birth_date": "1980-05-05", "death_date": "2024-05-05"}
    made = await create(register.editor, "persons", person(**gone))
    await create(register.editor, "hearings", hearing(made["id"], starts_on="2023-01-09"))
    assert {uid.split("-")[0] for uid in await events(register.public)} == {"hearing"}


async def test_a_day_that_the_caller_may_not_see_is_not_in_it(register: Register) -> None:
    made = await create(register.editor, "persons", person(birth_date="1980-05-05"))
    await create(register.editor, "hearings", hearing(made["id"], starts_on="2030-01-09", visibility="partners"))
    await create(register.editor, "detentions", detention(made["id"], started_on="2024-03-01", visibility="partners"))
    hidden = await create(register.editor, "persons", person(birth_date="1981-06-06", visibility="partners"))
    await create(register.editor, "hearings", hearing(hidden["id"], starts_on="2030-02-09"))
    assert set(await events(register.public)) == {f"birthday-{made['id']}"}
    assert len(await events(register.partner)) == 5


async def test_an_empty_register_has_an_empty_calendar(register: Register) -> None:
    answer = await register.public.get(PATH)
    assert answer.content.endswith(b"END:VCALENDAR\r\n")
    assert await events(register.public) == {}


@pytest.mark.parametrize("most", [1, 2])
async def test_portions_make_one_calendar(register: Register, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr("app.letters.asking._PORTION", most)
    for number in range(3):
        await create(register.editor, "persons", person(birth_date=f"198{number}-05-05"))
    assert len(await events(register.public)) == 3
    assert len(await events(register.public, limit=2)) == 2


async def test_changes_of_one_time_are_told_apart(register: Register) -> None:
    """A copy keeps the times of its source, where what was written at once has one."""
    tags = set()
    for day in ("1980-05-05", "1980-05-06"):
        await create(register.editor, "persons", person(birth_date=day))
        async with register.database.write("test") as session:
            await session.execute(update(documents).values(updated_at=datetime(2026, 1, 1, tzinfo=UTC)))
        tags.add((await register.public.get(PATH)).headers["etag"])
    assert len(tags) == 2


async def test_what_is_hidden_does_not_move_the_tag(register: Register) -> None:
    await create(register.editor, "persons", person(birth_date="1980-05-05"))
    before = (await register.public.get(PATH)).headers["etag"]
    await create(register.admin, "persons", person(birth_date="1980-05-06", visibility="private"))
    await create(register.admin, "persons", person(birth_date="1980-05-06", visibility="partners"))
    assert (await register.public.get(PATH)).headers["etag"] == before
