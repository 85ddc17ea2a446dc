"""Lists as tables: what a spreadsheet program opens is what the JSON says, and nothing in it is a formula."""

import csv
import io

import pytest
from httpx2 import Response
from python_calamine import CalamineWorkbook

from app.core.columns import Columns
from app.core.tables import TABLE_MEDIA
from app.register import KINDS
from app.register.persons import persons
from tests.conftest import Register
from tests.core.test_conformance import every_kind, is_problem
from tests.factories import CHANGES, create, facility, one_of, person, source

FORMS = pytest.mark.parametrize("form", ["csv", "xlsx"])
XLSX = TABLE_MEDIA["xlsx"]
ARMED = ("=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1")


def read(answer: Response, form: str) -> list[dict[str, str]]:
    """Give the rows of a table as a spreadsheet program reads them."""
    assert answer.status_code == 200, answer.text
    if form == "csv":
        assert answer.content.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    header, *rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    return [dict(zip(map(str, header), map(str, row), strict=True)) for row in rows]


@every_kind
async def test_a_list_is_a_table_with_the_same_pages_known_again_by_their_etags(register: Register, kind: str) -> None:
    name, first, second = CHANGES[kind]
    for _ in range(3):
        made = await create(register.editor, kind, await one_of(register.editor, kind, **{name: first}))
    listed = (await register.public.get(f"/v1/{kind}")).json()["items"]
    tags = {}
    for form in ("csv", "xlsx"):
        page = await register.public.get(f"/v1/{kind}?format={form}&limit=2")
        rest = await register.public.get(page.headers["link"].partition(">")[0][1:])
        assert "link" not in rest.headers
        rows = [*read(page, form), *read(rest, form)]
        assert [row["id"] for row in rows] == [item["id"] for item in listed]
        assert {row[name].lower() for row in rows} == {str(first).lower()}
        assert set(rows[0]) >= {field for field in KINDS[kind].fields if isinstance(listed[0].get(field), str)}
        assert page.headers["content-disposition"] == f'attachment; filename="{kind}.{form}"'
        path = f"/v1/{kind}?format={form}"
        tags[path] = (await register.public.get(path)).headers["etag"]
        same = await register.public.get(path, headers={"If-None-Match": tags[path]})
        assert (same.status_code, same.content) == (304, b"")
    await register.editor.patch(f"/v1/{kind}/{made['id']}", json={name: second}, headers={"If-Match": "*"})
    for path, tag in tags.items():
        assert (await register.public.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_accept_asks_for_a_table_too_and_format_beats_it(register: Register) -> None:
    for media_type in ("application/json", "text/csv", XLSX):
        answer = await register.public.get("/v1/sources", headers={"Accept": f"text/html;q=0.9, {media_type};q=0.8"})
        assert answer.headers["content-type"].startswith(media_type)
    answer = await register.public.get("/v1/sources?format=csv", headers={"Accept": XLSX})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (await register.public.get("/v1/sources", headers={"Accept": "text/html"})).json()["items"] == []


async def test_a_cursor_goes_from_one_form_to_another(register: Register) -> None:
    made = [await create(register.editor, "sources", source()) for _ in range(2)]
    cursor = (await register.public.get("/v1/sources?limit=1&sort=created_at")).json()["next_cursor"]
    rest = await register.public.get(f"/v1/sources?sort=created_at&format=csv&cursor={cursor}")
    assert [row["id"] for row in read(rest, "csv")] == [made[1]["id"]]


async def test_what_a_table_cannot_be_is_refused(register: Register) -> None:
    for query, pointer in (("format=pdf", "/query/format"), ("format=csv&count=true", "/query/count")):
        refused = await register.public.get(f"/v1/persons?{query}")
        is_problem(refused, 422, "invalid")
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_texts_have_a_column_per_language_and_lists_are_joined(register: Register) -> None:
    await create(register.editor, "facilities", facility(name={"en": "Colony", "be": "Калонія"}, mail_languages=["be"]))
    await create(register.editor, "facilities", facility(name={"ru": "Колония, №4"}, mail_languages=["ru", "en"]))
    answer = await register.public.get("/v1/facilities?format=csv&sort=created_at")
    first, second = read(answer, "csv")
    assert (first["name.be"], first["name.en"], first["name.ru"]) == ("Калонія", "Colony", "")
    assert (second["name.be"], second["name.en"], second["name.ru"]) == ("", "", "Колония, №4")
    assert (first["mail_languages"], second["mail_languages"]) == ("be", "ru; en")
    assert first["short_name"] == first["latitude"] == ""


async def test_objects_in_lists_have_a_column_for_each_of_their_fields(register: Register) -> None:
    cited = await create(register.editor, "sources", source())
    names = [{"kind": "legal", "full": "Ена Вынайдзеная"}, {"kind": "alias", "language": "en", "full": "Jena V."}]
    said = {"citations": [{"source_id": cited["id"], "quote": "two\nlines"}]}
    made = await create(register.editor, "persons", person(names=names, **said))
    (row,) = read(await register.public.get("/v1/persons?format=csv"), "csv")
    assert row["names.full"] == "Ена Вынайдзеная; Jena V."
    assert row["names.language"] == "; en"
    assert row["names.given"] == row["identifiers.value"] == ""
    assert (row["citations.source_id"], row["citations.quote"]) == (cited["id"], "two\nlines")
    assert (row["situation.status"], row["situation.mail.reachable"]) == ("unknown", "false")
    assert (row["version"], row["created_at"]) == ("1", made["created_at"])
    assert next(iter(row)) == "id"
    assert list(row)[-2:] == ["updated_at", "origin"]


@FORMS
async def test_formulas_are_disarmed(register: Register, form: str) -> None:
    for text in ARMED:
        await create(register.editor, "sources", source(title=text, signatories=["Society", text]))
    answer = await register.public.get(f"/v1/sources?format={form}&sort=created_at")
    rows = read(answer, form)
    mark = "'" if form == "csv" else ""
    assert [row["title"] for row in rows] == [f"{mark}{text}" for text in ARMED]
    assert [row["signatories"] for row in rows] == [f"Society; {mark}{text}" for text in ARMED]


@FORMS
async def test_what_a_key_may_not_see_is_in_no_table(register: Register, form: str) -> None:
    hidden = await create(register.keeper, "facilities", facility(visibility="private", name={"xh": "Hidden"}))
    held = await create(register.keeper, "persons", person(private_notes="a secret"))
    stay = {"visibility": "public", "person_id": held["id"], "facility_id": hidden["id"], "kind": "colony"}
    await create(register.keeper, "detentions", stay)
    for client, sees in ((register.public, False), (register.editor, False), (register.keeper, True)):
        people = read(await client.get(f"/v1/persons?format={form}"), form)
        assert ("private_notes" in people[0]) is sees
        assert ("a secret" in people[0].values()) is sees
        assert (hidden["id"] in people[0].values()) is sees
        assert ("situation.facility_name.xh" in people[0]) is sees
        places = await client.get(f"/v1/facilities?format={form}")
        assert (len(read(places, form)) == 1) is sees
        stays = read(await client.get(f"/v1/detentions?format={form}"), form)
        assert (stays[0]["facility_id"] == hidden["id"]) is sees


def test_an_empty_table_still_says_its_columns() -> None:
    columns = Columns.of(persons.models.read, [], without={"private_notes"}, last=["visibility"])
    assert {"id", "names.full", "occupation", "situation.status", "citations.quote"} <= set(columns.header)
    assert "private_notes" not in columns.header
    assert columns.write("csv", []).decode("utf-8-sig").splitlines() == [",".join(columns.header)]
