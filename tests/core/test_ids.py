"""Ids: UUIDs of version 7, which sort by the time at which they were made."""

import time
from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from app.core.record import new_id
from tests.conftest import Register
from tests.factories import create, person


def test_ids_sort_by_the_time_at_which_they_were_made() -> None:
    made = []
    for _ in range(20):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert sorted(map(str, made)) == list(map(str, made))


def test_an_id_is_of_version_7_and_tells_the_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == 1_000
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert all(before <= one.int >> 80 <= after for one in made)
    # Every bit but those that the time, version and variant take is left to chance.
    chance = 0
    for one in made:
        chance |= one.int ^ made[0].int
    assert chance & (1 << 80) - 1 == (1 << 80) - 1 - (0xF << 76) - (0x3 << 62)


async def test_a_record_that_is_made_without_an_id_gets_one_and_one_with_an_id_keeps_it(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    told = datetime.fromtimestamp((UUID(made["id"]).int >> 80) / 1_000, UTC)
    assert abs(told - datetime.fromisoformat(made["created_at"])).total_seconds() < 5
    chosen = "11111111-1111-4111-8111-111111111111"
    put = await register.editor.put(f"/v1/persons/{chosen}", json=person(), headers={"If-None-Match": "*"})
    assert (put.status_code, put.json()["id"]) == (201, chosen)
