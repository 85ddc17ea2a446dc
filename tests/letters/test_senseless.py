"""What of a request does not go together is refused, and never passed over."""

import re
from pathlib import Path

import pytest

from app.letters.addressees import AddresseesAsked
from app.letters.agenda import CalendarAsked
from app.letters.labels import labels
from tests.conftest import Register
from tests.letters.reading import pages
from tests.letters.test_addressees import LIST

DOCUMENT = (Path(__file__).parents[2] / "docs" / "letters.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("format=cards&skip=3", ["skip"]),
        ("format=pdf&sheet=cards&skip=2", ["skip"]),
        ("format=pdf&sheet=cards-letter&skip=2", ["skip"]),
        ("format=cards&sheet=L7160", ["sheet"]),
        ("format=cards&sheet=L7160&qr=true", ["sheet"]),
        ("format=cards&sheet=L7160&skip=2", ["sheet", "skip"]),
        ("format=cards&sheet=", ["sheet"]),
        ("format=pdf&sheet=", ["sheet"]),
        ("format=pdf&sheet=%20", ["sheet"]),
        ("sheet=", ["sheet"]),
        ("format=pdf&sheet=cards-a5&qr=true", ["qr", "sheet"]),
        ("format=pdf&sheet=L7160&qr=true", ["qr"]),
        ("format=pdf&skip=21", ["skip"]),
        ("format=pdf&sheet=L7160&skip=22", ["skip"]),
        ("format=pdf&sheet=5160&skip=30", ["skip"]),
        ("qr=true", ["qr"]),
    ],
)
async def test_the_parameter_is_named(register: Register, query: str, names: list[str]) -> None:
    answer = await register.public.get(f"{LIST}?{query}")
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{name}" for name in names]


async def test_each_refusal_says_what_to_do(register: Register) -> None:
    async def said(query: str) -> str:
        answer = await register.public.get(f"{LIST}?{query}")
        return str(answer.json()["errors"][0]["detail"])

    assert await said("format=pdf&skip=21") == "This sheet has 21 labels. Send how many are used of it, 20 at most."
    assert "`format=pdf`" in await said("format=cards&skip=3")
    assert "`cards-letter`" in await said("format=cards&sheet=L7160")
    assert "`format=cards`" in await said("format=pdf&qr=true")
    assert "L7160" in await said("format=pdf&sheet=")


@pytest.mark.parametrize("query", ["format=cards&sheet=cards-letter", "format=pdf&sheet=cards", "format=pdf&skip=20"])
async def test_what_goes_together_is_printed(register: Register, query: str) -> None:
    answer = await register.public.get(f"{LIST}?{query}")
    assert (answer.status_code, len(pages(answer.content))) == (200, 1)


@pytest.mark.parametrize("skip", [-1, 21, 22])
def test_labels_that_a_sheet_does_not_have_are_not_left_out(skip: int) -> None:
    with pytest.raises(ValueError, match="0 to 20 labels"):
        labels("L7160", skip=skip)


async def test_the_document_names_the_filters_that_the_calendar_does_not_take(register: Register) -> None:
    sentence = DOCUMENT.partition("`/v1/calendar.ics` takes")[2].partition("Not ")[2].partition(":")[0]
    named = set(re.findall("`([a-z_]+)`", sentence))
    assert named == AddresseesAsked.model_fields.keys() - CalendarAsked.model_fields - {"format", "sheet", "skip", "qr"}
    for name in named:
        answer = await register.public.get(f"/v1/calendar.ics?{name}=2023-11")
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{name}"]
