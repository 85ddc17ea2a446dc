"""Which of a person's names goes on the envelope, and how."""

from typing import Any

import pytest

from app.letters.choice import full_name
from app.letters.lines import Lines, lay_out
from app.register.joining import gained
from tests.conftest import Register
from tests.letters.test_letter import address_of, held


def _name(full: str, family: str, given: str, patronymic: str | None) -> dict[str, Any]:
    return {"kind": "legal", "full": full, "family": family, "given": given, "patronymic": patronymic}


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (_name("Ivanov Ivan", "Ivanov", "Ivan", "Iva"), "Ivanov Ivan Iva"),
        (_name("Ivan IVANOV", "Ivanov", "Ivan", "Petrovich"), "Ivanov Ivan Petrovich"),
        (_name("Ivanov, Ivan", "Ivanov", "Ivan", "Petrovich"), "Ivanov Ivan Petrovich"),
        (_name("Ivanov Ivan PETROVICH", "Ivanov", "Ivan", "Petrovich"), "Ivanov Ivan PETROVICH"),
        (_name("Quliyev Elçin Məmməd oğlu", "Quliyev", "Elçin", "Məmməd oğlu"), "Quliyev Elçin Məmməd oğlu"),
        (_name("Anna Jónsdóttir", "Jónsdóttir", "Anna", "Jónsdóttir"), "Anna Jónsdóttir"),
        (_name("Ivanov Ivan", "Ivanov", "Ivan", None), "Ivanov Ivan"),
    ],
)
def test_a_patronymic_is_there_when_its_words_are(name: dict[str, Any], printed: str) -> None:
    assert full_name(name, family_first=True) == printed


@pytest.mark.parametrize(
    ("full", "family", "given"),
    [("Maria Ivanova", "Petrova", "Masha"), ("Maria Anna Ivanova", "Ivanova", "Maria"), ("M. Ivanova", "Ivanova", "")],
)
def test_a_name_that_says_otherwise_than_its_parts_is_printed_as_recorded(full: str, family: str, given: str) -> None:
    assert full_name(_name(full, family, given, "Ivanovna"), family_first=True) == full


ADDRESS: dict[str, Any] = {
    "country": "RU",
    "postal_code": "644000",
    "locality": {"en": "Omsk", "ru": "Омск"},
    "street": {"en": "Invented str., 1", "ru": "ул. Первая, 1"},
}
IN_RUSSIAN = ADDRESS | {"locality": {"ru": "Омск"}, "street": {"ru": "ул. Первая, 1"}}
LEGAL = {"kind": "legal", "language": "en", "full": "Zolatava Maryna Vasilievna"}
COLONY = {"name": {"en": "Correctional colony No. 9", "ru": "Исправительная колония № 9"}}


def _laid(*names: dict[str, Any], address: dict[str, Any] = ADDRESS) -> Lines:
    return lay_out({"names": list(names)}, COLONY if address is ADDRESS else None, address)


def _named(kind: str, full: str, language: str | None = "ru") -> dict[str, Any]:
    return {"kind": kind, "language": language, "full": full}


@pytest.mark.parametrize("other", [_named("alias", "Рыжая"), _named("birth", "Иванова Анна Петровна")])
def test_a_nickname_or_a_former_name_is_not_printed_for_its_script(other: dict[str, Any]) -> None:
    laid = _laid(LEGAL, other)
    assert laid.lines[:2] == ["Zolatava Maryna Vasilievna", "Correctional colony No. 9"]
    assert (laid.language, laid.warnings) == ("en", [])
    in_russian = _laid(LEGAL, other, address=IN_RUSSIAN)
    assert in_russian.lines[0] == "Zolatava Maryna Vasilievna"
    assert in_russian.warnings == ["name_script: the name is known in Latin script, the address in Cyrillic"]


@pytest.mark.parametrize("kind", ["legal", "transliteration", "preferred"])
def test_the_address_s_script_is_chosen_among_the_names_an_institution_knows(kind: str) -> None:
    laid = _laid(LEGAL, _named(kind, "Золотова Марина Васильевна"))
    assert (laid.lines[0], laid.language, laid.warnings) == ("Золотова Марина Васильевна", "ru", [])


def test_the_legal_name_in_the_script_comes_before_what_the_person_goes_by() -> None:
    names = [_named("preferred", "Марина Белая"), _named("transliteration", "Золотова Марина")]
    assert _laid(LEGAL, *names, address=IN_RUSSIAN).lines[0] == "Золотова Марина"
    assert _laid(*names, _named("legal", "Золотова М."), address=IN_RUSSIAN).lines[0] == "Золотова М."
    assert _laid(names[0], _named("alias", "Рыжая")).lines[0] == "Марина Белая"


@pytest.mark.parametrize(("kind", "said"), [("alias", "an alias"), ("birth", "the name at birth")])
def test_where_nothing_else_is_known_a_warning_says_so(kind: str, said: str) -> None:
    laid = _laid(_named(kind, "Анна Рыжая"))
    assert (laid.lines[0], laid.language) == ("Анна Рыжая", "ru")
    assert laid.warnings == [f"name_kind: only {said} is known; ask which name the institution uses"]


def test_what_a_merge_made_aliases_is_printed_whole_rather_than_a_nickname() -> None:
    merged = gained(
        {"names": [_named("alias", "Рыжая")], "visibility": "public", "citations": []},
        {"names": [LEGAL, _named("birth", "Иванова Анна")], "visibility": "public", "citations": []},
    )
    assert {name["kind"] for name in merged["names"]} == {"alias"}
    assert _laid(*merged["names"], address=ADDRESS | {"locality": {"en": "Omsk"}}).lines[0] == LEGAL["full"]
    assert _laid(merged["names"][0], merged["names"][1], address=IN_RUSSIAN).lines[0] == LEGAL["full"]


async def test_an_envelope_and_a_list_bear_the_legal_name(register: Register) -> None:
    who = await held(register.editor, place={"name": COLONY["name"]})
    names = [LEGAL, _named("alias", "Рыжая")]
    await register.editor.patch(f"/v1/persons/{who}", json={"names": names}, headers={"If-Match": "*"})
    row = await address_of(register.public, who)
    assert (row["name"], row["lines"][0]) == (LEGAL["full"], LEGAL["full"])
    listed = (await register.public.get("/v1/addressees")).json()["items"]
    assert [one["lines"] for one in listed] == [row["lines"]]
