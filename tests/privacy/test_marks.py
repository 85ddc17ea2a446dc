"""A mark is found in whatever form it comes out, and nowhere else."""

import base64
import json
from urllib.parse import quote
from uuid import UUID

import pytest

from app.core.record import Tier
from tests.privacy.marks import MARKS, Marks, hidden_from, marks_in

each_mark = pytest.mark.parametrize("marks", MARKS.values(), ids=lambda marks: marks.stem)


def below(marks: Marks) -> Tier:
    return Tier(marks.tier - 1)


@each_mark
def test_a_mark_is_found_in_every_disguise(marks: Marks) -> None:
    word, russian, record_id = f"{marks.stem}abc", f"{marks.cyrillic}1", str(marks.id(7))
    cursor = json.dumps(["2024", record_id]).encode()
    for text in (
        word,
        word.upper(),
        f"name,{word.lower()},1",
        quote(russian),
        quote(russian.upper()),
        json.dumps(russian),
        russian.casefold(),
        record_id,
        UUID(record_id).hex,
        *(base64.b64encode(b"x" * shift + word.encode()).decode() for shift in range(4)),
        *(base64.urlsafe_b64encode(b"x" * shift + russian.encode()).decode() for shift in range(4)),
        *(base64.urlsafe_b64encode(b"x" * shift + UUID(record_id).bytes).decode() for shift in range(4)),
        base64.urlsafe_b64encode(b"y" * 12 + cursor).decode(),
        f"DTSTART:{marks.month.replace('-', '')}05",
        f"DTSTART:{marks.stay.replace('-', '')}T120000Z",
        f'{{"postal_code":"{marks.number}"}}',
        f'{{"fine":{{"amount":{marks.number}.0}}}}',
        f"{marks.number}-1,BY-{marks.number}, vestka_{marks.number}",
        f'{{"country":"{marks.land.title()}"}}',
        f'{{"name":{{"{marks.tag}":"x"}}}}',
        f"id,name.en,name.{marks.tag},kind",
    ):
        assert marks_in(text, below(marks)), text
        assert not marks_in(text, marks.tier), text


def test_what_is_no_mark_is_not_found() -> None:
    plain = "Vydumana Anna 1973-07-13 BYN BY 2023-11-09 P12Y 361-4 c0ffee00-0000-4000-8000-000000000001"
    for text in (plain, plain.upper(), base64.b64encode(plain.encode() * 40).decode()):
        assert not marks_in(text, Tier.PUBLIC)


@each_mark
def test_digits_of_hashes_and_of_measured_times_are_no_number(marks: Marks) -> None:
    for text in (f"vestka_seconds_sum 0.0021497{marks.number}8", f'"etag":"1-a{marks.number}b"', f"1.{marks.number}"):
        assert not marks_in(text, below(marks)), text


def test_the_public_sees_no_marks_and_partners_those_of_partners() -> None:
    assert [marks.tier for marks in hidden_from(Tier.PUBLIC)] == [Tier.PARTNERS, Tier.PRIVATE]
    assert [marks.tier for marks in hidden_from(Tier.PARTNERS)] == [Tier.PRIVATE]
    assert hidden_from(Tier.PRIVATE) == ()
