"""Who can be written to, as a list and as files."""

import csv
import io
from typing import Any

import pytest
import vobject  # type: ignore[import-untyped]  # no types are given
from python_calamine import CalamineWorkbook

from app.core.formats import preferred
from app.letters.shapes import EXAMPLE, AddresseeOut
from app.letters.writing import COLUMNS, in_words
from tests.conftest import Register
from tests.factories import Fields
from tests.letters.reading import pages, text
from tests.letters.test_letter import CHEKINA, LOIKA, POVALISHEV, ZOLATAVA, address_of, held

LIST = "/v1/addressees"


async def listed(client: Any, **asked: Any) -> list[Fields]:
    answer = await client.get(LIST, params=asked)
    assert answer.status_code == 200, answer.text
    items: list[Fields] = answer.json()["items"]
    return items


async def ids(client: Any, **asked: Any) -> list[str]:
    return [row["person_id"] for row in await listed(client, **asked)]


async def test_the_seeded_list_holds_exactly_those_who_can_be_written_to(seeded: Register) -> None:
    today = await listed(seeded.public)
    assert {row["person_id"] for row in today} == {CHEKINA, LOIKA}
    assert all(row["stale"] for row in today)
    assert today == [await address_of(seeded.public, row["person_id"]) for row in today]
    assert EXAMPLE in today
    then = await listed(seeded.public, as_of="2023-11-09")
    assert {row["person_id"] for row in then} == {CHEKINA, ZOLATAVA, LOIKA}
    assert not any(row["stale"] for row in then)
    assert all(row["warnings"][0].startswith("past:") for row in then)
    assert {row["age"] for row in then} == {"as it was on 9 November 2023: do not send"}


async def test_the_others_are_listed_with_their_reason_when_asked_for(seeded: Register) -> None:
    rows = {row["person_id"]: row for row in await listed(seeded.public, include_unreachable="true")}
    assert len(rows) == 4
    assert (rows[ZOLATAVA]["reason"], rows[ZOLATAVA]["since"]) == ("released", "2025-12-13")
    assert (rows[ZOLATAVA]["lines"], rows[ZOLATAVA]["parts"], rows[ZOLATAVA]["facility_id"]) == ([], None, None)
    assert rows[POVALISHEV]["sources"]
    for row in rows.values():
        assert set(row) == set(AddresseeOut.model_fields)
        AddresseeOut.model_validate(row)


async def test_filters_narrow_the_list(seeded: Register) -> None:
    public = seeded.public
    assert await ids(public, fresh="true") == []
    assert await ids(public, verified_since="2023-11", category="media_worker") == [CHEKINA]
    assert await ids(public, verified_since="2023-12") == []
    stay = (await public.get(f"/v1/detentions?person_id={CHEKINA}&kind=colony")).json()["items"][0]
    unplaced = {"place_confirmed_on": None}
    await seeded.editor.patch(f"/v1/detentions/{stay['id']}", json=unplaced, headers={"If-Match": "*"})
    assert await ids(public, verified_since="2023-11", category="media_worker") == []  # that she is there was not
    assert await ids(public, as_of="2023-12-01", fresh="true", id=[ZOLATAVA, POVALISHEV]) == [ZOLATAVA]
    assert await ids(public, language="be") == []
    await seeded.editor.patch(f"/v1/persons/{LOIKA}", json={"languages": ["be", "en"]}, headers={"If-Match": "*"})
    (row,) = await listed(public, language="be", origin="DE")
    assert (row["person_id"], row["languages"]) == (LOIKA, ["be", "en"])
    assert row["age"].startswith("Adresse zuletzt bestätigt am 9. November 2023")


async def test_pages_follow_each_other_though_people_between_cannot_be_written_to(register: Register) -> None:
    made = []
    for number in range(9):
        over = {} if number % 2 else {"ended_on": "2024-01-01", "end_reason": "pardoned"}
        made.append(await held(register.editor, over))
    seen: list[str] = []
    path = f"{LIST}?limit=2&count=true"
    while path:
        answer = await register.public.get(path)
        assert answer.json()["total"] == 4
        assert len(answer.json()["items"]) <= 2
        seen += [row["person_id"] for row in answer.json()["items"]]
        path = answer.headers["link"].partition(">")[0][1:] if answer.json()["next_cursor"] else ""
    assert seen == made[1::2]
    tag = (await register.public.get(LIST)).headers["etag"]
    assert (await register.public.get(LIST, headers={"If-None-Match": tag})).status_code == 304


async def test_a_portion_takes_the_same_statements_however_many_people_it_has(register: Register) -> None:
    counts = []
    await register.public.get(LIST)  # asks once who the register is
    for asked in ({}, {"format": "vcf"}):
        for _ in range(2):
            for _ in range(3):
                await held(register.editor)
            register.statements.clear()
            assert (await register.public.get(LIST, params=asked)).status_code == 200
            counts.append(sum(statement.startswith("SELECT") for statement in register.statements))
    assert len(set(counts)) == 1
    assert counts[0] <= 5


async def test_a_tier_hears_of_nobody_whom_it_may_not_see(register: Register) -> None:
    hidden = await held(register.editor, visibility="partners")
    birthday = {"birth_date": "1980-05-05", "visibility": "partners"}
    unseen = await held(register.editor)
    await register.editor.patch(f"/v1/persons/{unseen}", json=birthday, headers={"If-Match": "*"})
    assert await ids(register.public) == []
    assert await ids(register.public, include_unreachable="true") == [hidden]
    assert await ids(register.partner) == [hidden, unseen]
    for kind in ("vcf", "pdf", "cards"):
        answer = await register.public.get(LIST, params={"format": kind})
        assert b"1980" not in answer.content
        assert b"Invented str" not in answer.content


async def test_an_address_book_reads_the_vcards(seeded: Register) -> None:
    rules = {"be": "Толькі лісты.", "en": "Letters only."}
    facility_id = (await listed(seeded.public))[0]["facility_id"]
    patch = {"mail_rules": rules, "mail_languages": ["be", "ru"]}
    await seeded.editor.patch(f"/v1/facilities/{facility_id}", json=patch, headers={"If-Match": "*"})
    answer = await seeded.public.get(LIST, headers={"Accept": "text/vcard"})
    assert answer.headers["content-type"] == "text/vcard; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    read = list(vobject.readComponents(answer.text))
    assert {card.fn.value for card in read} == {"Chekina Liudmila Yurievna", "Loika Anastasiya Yuryevna"}
    card = next(card for card in read if card.fn.value.startswith("Chekina"))
    assert (card.version.value, card.uid.value, card.bday.value) == ("4.0", f"urn:uuid:{CHEKINA}", "19730713")
    assert card.adr.value.code == "246035"
    note = card.note.value.splitlines()
    assert note[0] == "address last confirmed 9 November 2023; it may be out of date"
    assert note[1:] == ["Letters get through in: Belarusian, Russian.", "Letters only."]


async def test_spreadsheets_read_the_tables_and_run_no_formula(seeded: Register) -> None:
    names = [{"kind": "legal", "full": '=HYPERLINK("http://example.org")'}]
    patch = {"names": names, "languages": ["be", "ru"]}
    await seeded.editor.patch(f"/v1/persons/{LOIKA}", json=patch, headers={"If-Match": "*"})
    answer = await seeded.public.get(LIST, params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = io.StringIO(answer.content.decode("utf-8-sig"), newline="")
    rows = {row["person_id"]: row for row in csv.DictReader(text)}
    assert set(rows) == {CHEKINA, LOIKA}
    assert rows[LOIKA]["name"] == '\'=HYPERLINK("http://example.org")'
    assert rows[LOIKA]["languages"] == "be\nru"
    assert rows[CHEKINA]["lines"].split("\n") == EXAMPLE["lines"]
    assert (rows[CHEKINA]["postal_code"], rows[CHEKINA]["stale"]) == ("246035", "true")
    named = {"Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    book = await seeded.public.get(LIST, headers=named, params={"include_unreachable": "true"})
    read = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert read[0] == list(COLUMNS)
    by_id = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in read[1:]}
    assert by_id[LOIKA]["name"] == '=HYPERLINK("http://example.org")'
    assert by_id[CHEKINA]["postal_code"] == "246035"
    assert (by_id[ZOLATAVA]["reason"], by_id[ZOLATAVA]["since"]) == ("released", "2025-12-13")
    assert str(by_id[ZOLATAVA]["sources"]).startswith("More than 1,000 Belarusians")


async def test_labels_and_cards_are_printed(seeded: Register) -> None:
    for sheet in ("L7160", "5160", "63.5x38.1"):
        answer = await seeded.public.get(LIST, params={"format": "pdf", "sheet": sheet, "origin": "LT"})
        assert answer.headers["content-type"] == "application/pdf"
        read = text(answer.content)
        assert read.count("BALTARUSIJA / BELARUS") == 2
        assert "adresas paskutinį kartą patvirtintas 2023" in read
    skipped = await seeded.public.get(f"{LIST}?format=pdf&skip=20")
    assert [page.count("BELARUS") for page in pages(skipped.content)] == [1, 1]
    for asked in ({"format": "cards"}, {"format": "pdf", "sheet": "cards-letter"}):
        read = text((await seeded.public.get(LIST, params=asked)).content)
        assert "CEO of TUT.BY" in read
        assert "13 July 1973" in read
        assert "address last confirmed 9 November 2023" in " ".join(read.split())
    by_header = await seeded.public.get(LIST, headers={"Accept": "application/pdf"})
    assert "Correctional colony" in text(by_header.content)
    first = await seeded.public.get(f"{LIST}?format=pdf&limit=1")
    assert text(first.content).count("BELARUS") == 1


async def test_head_gives_the_headers_of_a_file_alone(seeded: Register) -> None:
    for kind in ("json", "csv", "pdf"):
        answer = await seeded.public.head(LIST, params={"format": kind})
        assert (answer.status_code, answer.content) == (200, b"")
        assert kind in answer.headers["content-type"]


async def test_a_sheet_for_a_day_in_the_past_says_not_to_send_it(seeded: Register) -> None:
    read = text((await seeded.public.get(f"{LIST}?format=pdf&as_of=2023-11-09")).content)
    assert read.count("Correctional colony") == 3
    assert read.count("as it was on 9 November 2023: do not send") == 3


async def test_where_there_is_nobody_the_sheet_says_so(register: Register) -> None:
    for kind in ("pdf", "cards"):
        answer = await register.public.get(f"{LIST}?format={kind}&origin=DE")
        assert answer.status_code == 200
        assert "niemanden" in text(answer.content)
    assert (await register.public.get(f"{LIST}?format=vcf")).content == b""


async def test_more_people_than_a_portion_come_out_whole_and_in_order(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.letters.asking._PORTION", 3)
    monkeypatch.setattr("app.letters.addressees._STEP", 2)
    for number in range(7):
        await held(register.editor, place={"name": {"en": f"Place {number}"}})
    whole = await register.public.get(f"{LIST}?format=pdf")
    places = [line for page in pages(whole.content) for line in page.splitlines() if line.startswith("Place")]
    assert [line.strip() for line in places] == [f"Place {number}" for number in range(7)]
    cards = await register.public.get(f"{LIST}?format=vcf")
    assert cards.text.count("BEGIN:VCARD") == 7


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("nope=1", ["nope"]),
        ("sheet=L9999&format=pdf", ["sheet"]),
        ("sheet=L7160", ["sheet"]),
        ("skip=3&format=vcf", ["skip"]),
        ("qr=true&format=pdf", ["qr"]),
        ("qr=true&format=cards", ["qr"]),  # this register has no public address
        ("format=docx", ["format"]),
        ("origin=XX", ["origin"]),
        ("as_of=2999-01-01", ["as_of"]),
        ("format=vcf&count=true&cursor=abc", ["cursor", "count"]),
        ("format=pdf&include_unreachable=true", ["include_unreachable"]),
    ],
)
async def test_what_means_nothing_is_refused(seeded: Register, query: str, names: list[str]) -> None:
    answer = await seeded.public.get(f"{LIST}?{query}")
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{name}" for name in names]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/pdf", "pdf"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/vcard;q=0.9, application/pdf;q=0.3", "vcf"),
        ("application/pdf;q=0, text/vcard;q=x", "json"),
        ("text/csv", "json"),  # not known here
        ("nonsense;;;q", "json"),
    ],
)
def test_accept_chooses_the_format(accept: str | None, wanted: str) -> None:
    known = {"application/json": "json", "text/vcard": "vcf", "application/pdf": "pdf"}
    assert preferred(accept, known, "json") == wanted


def test_a_text_is_given_in_the_language_spoken_or_the_next_best() -> None:
    texts = {"be": "Так", "en": "Yes"}
    assert [in_words(texts, language) for language in ("be", "en", "lt")] == ["Так", "Yes", "Yes"]
    assert (in_words({"ru": "Да"}, "lt"), in_words(None, "lt")) == ("Да", "")
