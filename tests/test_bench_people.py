"""The register of invented people that is measured: whole, the same every time, and written by the rules."""

from typing import Any

import pytest

from bench import people
from bench.people import fill, portions
from tests.conftest import Register


def test_the_same_people_every_time() -> None:
    first, second = [[record for portion in portions(20) for record in portion] for _ in range(2)]
    assert first == second
    assert len({(kind, record_id) for kind, record_id, _ in first}) == len(first)


async def test_a_register_is_filled_once(register: Register) -> None:
    expected = [(kind, fields["visibility"]) for portion in portions(20) for kind, _, fields in portion]
    assert await fill(register.database, 20) == len(expected)
    assert await fill(register.database, 20) == 0
    public = (await register.public.get("/v1/persons?count=true")).json()
    assert public["total"] == expected.count(("persons", "public"))
    assert {item["situation"]["status"] for item in public["items"]} >= {"imprisoned", "released"}


async def test_what_is_filled_in_bulk_holds_by_the_rules(register: Register) -> None:
    await fill(register.database, 20)
    before = (await register.admin.get("/v1/digest")).json()["kinds"]
    written = [record for portion in portions(20) for record in portion]
    for start in range(0, len(written), 500):
        operations = [
            {"op": "replace", "kind": kind, "id": str(record_id), "if_match": "*", "record": fields}
            for kind, record_id, fields in written[start : start + 500]
        ]
        answer = await register.admin.post("/v1/batch", json={"operations": operations})
        assert answer.status_code == 200, answer.text
    assert (await register.admin.get("/v1/digest")).json()["kinds"] == before


async def test_a_register_whose_making_was_broken_off_goes_on(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_PORTION", 5)
    written = list(portions(20))
    whole = sum(map(len, written))

    def breaking(session: Any, recorder: Any, portion: Any) -> None:
        if portion == written[3]:
            raise KeyboardInterrupt
        write(session, recorder, portion)

    write = people._write  # noqa: SLF001 - broken off here
    monkeypatch.setattr(people, "_write", breaking)
    with pytest.raises(KeyboardInterrupt):
        await fill(register.database, 20)
    monkeypatch.setattr(people, "_write", write)
    assert await fill(register.database, 20) == whole - sum(map(len, written[:3]))
    kinds = (await register.admin.get("/v1/digest")).json()["kinds"]
    assert sum(kind["count"] for kind in kinds.values()) == whole
