import re
from datetime import UTC, datetime
from typing import Any

import pytest
import vobject  # type: ignore[import-untyped]  # its makers give no types
from hypothesis import given, settings
from hypothesis import strategies as st

from app.letters.lines import lay_out
from app.letters.vcard import vcard, vcards
from tests.letters.people import addresses, colony, colony_address, facilities, persons, seed_person


def _card(person: dict[str, Any] | None = None, **more: Any) -> str:
    chosen = person or seed_person()
    return vcard(chosen, lay_out(chosen, colony(), colony_address(), origin="PL"), **more)


def _properties(card: str) -> dict[str, str]:
    """Unfold and split a card, strictly: every line is a property with a value."""
    assert card.endswith("\r\n")
    assert "\n" not in card.replace("\r\n", "")
    found: dict[str, str] = {}
    for line in card.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        name, params, value = _taken_apart(line)
        found[f"{name}{params}" if name == "LANG" else name] = value
    return found


def _taken_apart(line: str) -> tuple[str, str, str]:
    match = re.fullmatch(r'([A-Z]+)((?:;[A-Z]+=(?:"[^"\r\n]*"|[^";:,\r\n]+))*):(.*)', line, re.DOTALL)
    assert match, line
    return match[1], match[2], match[3]


def test_a_card_holds_the_address_in_parts_and_as_a_label() -> None:
    card = _card()
    found = _properties(card)
    assert card.startswith("BEGIN:VCARD\r\nVERSION:4.0\r\n")
    assert found["UID"] == "urn:uuid:7b3f0c1e-52a4-4d60-9a2b-0f4f0c9f1a11"
    assert found["FN"] == "Zhukouskaya Alena Piatrouna"
    assert found["ADR"] == (";;Correctional colony №4,Antoshkina str.\\, 3;Gomel;;246035;BIAŁORUŚ / BELARUS")
    label = re.search(r'LABEL="([^"]*)"', card.replace("\r\n ", ""))
    assert label
    assert label[1].split("\\n")[0] == "Zhukouskaya Alena Piatrouna"
    assert label[1].split("\\n")[-1] == "BIAŁORUŚ / BELARUS"
    assert [value for name, value in found.items() if name.startswith("LANG")] == ["be", "ru"]
    assert "REV" not in found
    assert "BDAY" not in found
    assert "N" not in found


def test_a_vcard_library_reads_it() -> None:
    person = seed_person() | {"birth_date": "1973-07-13"}
    person["names"][0] |= {"family": "Zhukouskaya", "given": "Alena", "patronymic": "Piatrouna"}
    read = vobject.readOne(_card(person, note="address last confirmed 9 November 2023\nreads; writes, draws"))
    assert read.fn.value == "Zhukouskaya Alena Piatrouna"
    assert (read.n.value.family, read.n.value.given, read.n.value.additional) == (
        "Zhukouskaya",
        "Alena",
        "Piatrouna",
    )
    assert read.adr.value.city == "Gomel"
    assert read.adr.value.code == "246035"
    assert read.adr.value.street == ["Correctional colony №4", "Antoshkina str., 3"]
    assert read.note.value == "address last confirmed 9 November 2023\nreads; writes, draws"
    assert read.bday.value == "19730713"


@pytest.mark.parametrize(
    ("known", "written"),
    [
        ("1973-07-13", "BDAY:19730713"),
        ("1973-07", "BDAY:1973-07"),
        ("1973", "BDAY:1973"),
        ("XXXX-07-13", "BDAY:--0713"),
        ("XXXX-02-29", "BDAY:--0229"),
        ("1973~", "BDAY;VALUE=text:circa 1973"),
        ("1973-07-13?", "BDAY;VALUE=text:1973-07-13?"),
    ],
)
def test_a_birthday_says_no_more_than_is_known(known: str, written: str) -> None:
    assert f"\r\n{written}\r\n" in _card(seed_person() | {"birth_date": known})


def test_a_revision_and_a_link_are_there_when_given() -> None:
    found = _properties(_card(rev=datetime(2026, 11, 1, 12, tzinfo=UTC), url="https://example.org/p/1"))
    assert found["REV"] == "20261101T120000Z"
    assert found["URL"] == "https://example.org/p/1"


def test_values_cannot_open_properties_of_their_own() -> None:
    person = seed_person() | {"names": [{"kind": "legal", "full": 'Anna\r\nEMAIL:x@y\r\nN:"A";b,c\\^'}]}
    found = _properties(_card(person, note="a\r\nEND:VCARD\u2028x"))
    assert "EMAIL" not in found
    assert found["FN"] == 'Anna EMAIL:x@y N:"A"\\;b\\,c\\\\^'
    assert found["NOTE"] == "a\\nEND:VCARD\\nx"


@settings(max_examples=60, deadline=None)
@given(persons(), facilities(), addresses(), st.text(max_size=200))
def test_every_line_is_at_most_75_octets_and_every_card_reads_back(
    person: dict[str, Any], facility: dict[str, Any] | None, address: dict[str, Any], note: str
) -> None:
    laid = lay_out(person, facility, address)
    card = vcard(person, laid, note=note)
    assert all(len(line) <= 75 for line in card.encode().split(b"\r\n"))
    found = _properties(card)
    assert found["FN"].replace("\\", "") == laid.parts["recipient"]
    assert found["ADR"].replace("\\;", "").count(";") == 6
    assert vcard(person, laid, note=note) == card
    read = list(vobject.readComponents(vcards([card, card]).decode()))
    assert [one.fn.value for one in read] == [laid.parts["recipient"]] * 2
