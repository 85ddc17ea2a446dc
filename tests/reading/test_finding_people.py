"""People found by what somebody types, over HTTP, on both databases."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, person

ZOLATAVA, POVALISHEV = "Zolatava Maryna Vasilievna", "Sergey Povalishev"


async def asked(client: AsyncClient, q: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/persons", params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def names(client: AsyncClient, q: str, **query: Any) -> list[str]:
    return [item["names"][0]["full"] for item in await asked(client, q, **query)]


async def crowd(register: Register) -> dict[str, str]:
    made = {}
    for full, sex, visibility in (
        ("Марына Залеская", "female", "public"),
        ("Марына Залескі", "male", "public"),
        ("Марына Залесь", "female", "public"),
        ("Ганна Залеская", "female", "public"),
        ("Марына Шчурок", "female", "public"),
        ("Марына Залеская", "female", "partners"),
        ("Залеская Вольга", "female", "private"),
    ):
        fields = person(names=[{"kind": "legal", "full": full}], sex=sex, visibility=visibility)
        made[f"{full} {visibility}"] = (await create(register.keeper, "persons", fields))["id"]
    return made


async def test_each_person_says_on_which_name_and_how_surely(seeded: Register) -> None:
    (one,) = await asked(seeded.public, ZOLATAVA)
    assert one["match"] == {"score": 1.0, "on": ZOLATAVA}
    (one,) = await asked(seeded.public, "Золотова Марина Васильевна")
    assert one["match"]["on"] == ZOLATAVA
    assert 0.8 < one["match"]["score"] < 1
    assert one["situation"]["status"]
    assert "match" not in (await seeded.public.get("/v1/persons")).json()["items"][0]
    assert "match" not in (await seeded.public.get(f"/v1/persons/{one['id']}")).json()


async def test_a_name_that_is_nobodys_finds_nobody(seeded: Register) -> None:
    for name in ("Wanda Quibble", "Ігар Шчурок", "Марина Петрова", "王小明"):
        assert await asked(seeded.public, name) == [], name


async def test_people_are_found_while_somebody_types(seeded: Register) -> None:
    for name in ("Maryna Zolatava", "Золотова Марина", "Марына Золатава"):
        for length in range(3, len(name) + 1):
            found = await names(seeded.public, name[:length].rstrip())
            assert found[:1] == [ZOLATAVA], name[:length]
    assert ZOLATAVA in await names(seeded.public, "Zo")
    assert ZOLATAVA in await names(seeded.public, "з")
    assert await names(seeded.public, "Sergey P") == [POVALISHEV]
    assert await names(seeded.public, "Zolat ") == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "'",
            '"',
            "%",
            "_",
            "*",
            "🙂",
            "' OR 1=1 --",
            "a AND (b",
            "NEAR/2",
            "\\",
            "\u202e",
            "-1",
            "٣",
        ),
        *("x" * 10_240, "Зо" * 2_560, "🙂" * 2_560, "a " * 5_000, ";DROP TABLE persons", "{}[]<>&?=#"),
    ],
)
async def test_anything_may_be_typed(seeded: Register, text: str) -> None:
    answer = await seeded.public.get("/v1/persons", params={"q": text, "count": "true"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["items"])
    if not any(letter.isalpha() for letter in text):
        assert answer.json()["items"] == []


async def test_operators_and_quotes_are_no_part_of_a_name(seeded: Register) -> None:
    for text in (
        '"Maryna Zolatava"',
        "Maryna+Zolatava",
        "Maryna* -Zolatava",
        "Maryna 🙂 Zola'tava",
        "(maryna) | ZOLATAVA",
    ):
        assert (await names(seeded.public, text))[:1] == [ZOLATAVA], text


async def test_everybody_finds_what_they_may_see(register: Register) -> None:
    made = await crowd(register)
    for role, count in (("public", 2), ("partner", 3), ("keeper", 4)):
        found = await asked(register.clients[role], "Zaleskaya")
        assert sum("Залеская" in one["names"][0]["full"] for one in found) == count
    hidden = made["Залеская Вольга private"]
    assert hidden not in str(await asked(register.partner, "Вольга Залеская"))
    assert (await asked(register.keeper, "Вольга Залеская"))[0]["id"] == hidden


async def test_filters_and_orders_combine_with_a_name(register: Register) -> None:
    await crowd(register)
    public = register.public
    everybody = await names(public, "Maryna Zaleskaya")
    assert everybody[0] == "Марына Залеская"
    assert set(everybody) == {"Марына Залескі", "Марына Залеская"}  # and not her sister
    men = await asked(public, "Maryna Zaleskaya", sex="male", count=True)
    assert [one["names"][0]["full"] for one in men] == ["Марына Залескі"]
    assert 0 < men[0]["match"]["score"] < 1
    sorted_by_name = await asked(public, "Maryna Zaleskaya", sort="name")
    assert [one["names"][0]["full"] for one in sorted_by_name] == sorted(everybody)
    assert all(one["match"]["score"] for one in sorted_by_name)
    assert await names(public, "Maryna Zaleskaya", sort="-name") == sorted(everybody, reverse=True)
    assert set(await names(public, "Maryna Zaleskaya", sort="updated_at")) == set(everybody)
    assert await names(public, "Maryna Zaleskaya", status="released") == []
    assert await names(public, "Maryna Zaleskaya", category="media_worker") == []
    assert await names(public, "Maryna Zaleskaya", as_of="2020-01-01") == everybody


@pytest.mark.parametrize("more", [{}, {"sex": "female"}, {"sort": "name"}, {"sort": "-updated_at"}])
async def test_pages_of_what_is_found_follow_each_other(register: Register, more: dict[str, str]) -> None:
    await crowd(register)
    whole = await asked(register.public, "Залеская", **more)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await register.public.get(
            "/v1/persons", params={"q": "Залеская", "limit": 1, "count": True, **more, **cursor}
        )
        page = answer.json()
        assert page["total"] == len(whole)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole
    foreign = {"q": "Ганна Залеская", **more, **cursor}
    is_problem(await register.public.get("/v1/persons", params=foreign), 400, "foreign-cursor")
    theirs = {**foreign, "q": "Залеская"}
    is_problem(await register.partner.get("/v1/persons", params=theirs), 400, "foreign-cursor")


async def test_what_is_written_is_found_by_the_next_request(register: Register) -> None:
    assert await names(register.public, "Zaleskaya") == []
    made = await create(register.keeper, "persons", person(names=[{"kind": "legal", "full": "Залеская Ганна"}]))
    place = f"/v1/persons/{made['id']}"
    assert await names(register.public, "Zaleskaya") == ["Залеская Ганна"]
    assert await names(register.public, "Zaleskaya", sort="name") == ["Залеская Ганна"]
    renamed = {"names": [{"kind": "legal", "full": "Шчурок Ганна"}]}
    await register.keeper.patch(place, json=renamed, headers={"If-Match": "*"})
    assert await names(register.public, "Zaleskaya") == []
    assert await names(register.public, "Shchurok", sort="name") == ["Шчурок Ганна"]
    await register.keeper.patch(place, json={"visibility": "private"}, headers={"If-Match": "*"})
    assert await names(register.public, "Shchurok", sort="name") == []
    assert await names(register.public, "Shchurok") == []


async def test_a_search_takes_a_few_statements_however_many_it_finds(register: Register) -> None:
    counts = []
    for size in (2, 12):
        for number in range(size):
            fields = person(names=[{"kind": "legal", "full": f"Залескі Ігар {number}"}])
            await create(register.keeper, "persons", fields)
        await asked(register.keeper, "Igor Zaleski")
        register.statements.clear()
        await asked(register.keeper, "Ihar Zaleski", sex="male")
        await asked(register.keeper, "Zaleskij Igor")
        counts.append(len(register.statements))
    assert counts[0] == counts[1]


async def test_a_table_says_why_somebody_was_found_only_where_one_searched(seeded: Register) -> None:
    plain = (await seeded.public.get("/v1/persons?format=csv")).text.partition("\r\n")[0]
    found = await seeded.public.get("/v1/persons", params={"q": "Zolatava", "format": "csv"})
    assert "match" not in plain
    assert "match.score,match.on" in found.text.replace('"', "")


async def test_addressees_of_a_name_are_those_who_have_it(seeded: Register) -> None:
    answer = await seeded.public.get("/v1/addressees", params={"q": "Чекина", "as_of": "2023-11-09"})
    assert answer.status_code == 200, answer.text
    assert "Chekina" in answer.text
    assert "Loika" not in answer.text
