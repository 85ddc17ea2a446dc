"""Texts as they are taken: composed, trimmed, measured as they are kept, without what cannot be seen."""

import unicodedata

from tests.conftest import Register
from tests.factories import case, create, organization

E_ACUTE = "e\u0301"  # one letter, written as two
QA = "\u0958"  # two letters, written as one
ACCEPTED = {
    "  x ": "x",
    "\u3000x\u00a0": "x",
    E_ACUTE: "\u00e9",
    E_ACUTE * 500: "\u00e9" * 500,
    QA * 250: unicodedata.normalize("NFC", QA) * 250,
    "x" * 500: "x" * 500,
    " " * 600 + "x": "x",
    "\u06a9\u200c\u06cc": "\u06a9\u200c\u06cc",  # Persian letters that do not join
    "\u05d0\u200f!": "\u05d0\u200f!",
    "\N{GRINNING FACE}": "\N{GRINNING FACE}",
}
REFUSED = (
    *("", " ", "\u00a0\u3000", "x" * 501, E_ACUTE * 501, QA * 251),
    *(f"a{sign}b" for sign in "\0\t\n\r\x1f\x7f\x85\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ufff9"),
)


async def test_a_line_is_kept_as_it_is_measured(register: Register) -> None:
    for said, kept in ACCEPTED.items():
        made = await create(register.editor, "organizations", organization(name={"en": said}))
        assert made["name"] == {"en": kept}, repr(said[:8])
        # What was taken once is taken again: another change of the record does not stumble over it.
        place = f"/v1/organizations/{made['id']}"
        changed = await register.editor.patch(place, json={"country": "BY"}, headers={"If-Match": "*"})
        assert changed.status_code == 200, repr(said[:8])
    for said in REFUSED:
        answer = await register.editor.post("/v1/organizations", json=organization(name={"en": said}))
        assert answer.status_code == 422, repr(said[:8])
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/name/en"]


async def test_prose_has_lines_of_one_kind(register: Register) -> None:
    made = await create(register.editor, "cases", case(description={"en": " a\r\nb\n\tc "}))
    assert made["description"] == {"en": "a\nb\n\tc"}
    for sign in "\0\r\x0b\x1f\x85\u2028\u202e\ufeff":
        answer = await register.editor.post("/v1/cases", json=case(description={"en": f"a{sign}b"}))
        assert answer.status_code == 422, repr(sign)


async def test_addresses_of_pages_and_tags_of_languages_are_of_the_usual_forms(register: Register) -> None:
    for website, status in (
        ("https://example.org", 201),
        ("http://example.org:8080/a?b=1#c", 201),
        ("https://example.org?b=1", 201),
        ("https://xn--e1afmkfd.example/", 201),
        ("example.org", 422),
        ("ftp://example.org/", 422),
        ("javascript:alert(1)", 422),
        ("https://example.org/a b", 422),
        ('https://example.org/"', 422),
        ("https://user:word@example.org/", 422),
    ):
        answer = await register.editor.post("/v1/organizations", json=organization(website=website))
        assert answer.status_code == status, website
    for tag, status in (
        ("be", 201),
        ("be-Latn", 201),
        ("be-tarask", 201),
        ("de-1996", 201),
        ("zh-Hant-TW", 201),
        ("es-419", 201),
        ("BE", 422),
        ("be_BY", 422),
        ("be-by", 422),
        ("", 422),
        ("belarusian", 422),
    ):
        answer = await register.editor.post("/v1/organizations", json=organization(name={tag: "x"}))
        assert answer.status_code == status, tag
