import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.letters.country import country_line
from app.letters.lines import Lines, lay_out
from app.letters.templates import covered_countries, template
from tests.letters.people import addresses, colony, colony_address, facilities, persons, seed_person

RUSSIAN: dict[str, Any] = {
    "names": [
        {"kind": "alias", "full": "Лёша Заречный"},
        {
            "kind": "legal",
            "language": "ru",
            "full": "Алексей Заречный",
            "family": "Заречный",
            "given": "Алексей",
            "patronymic": "Ильич",
        },
        {"kind": "transliteration", "language": "en", "full": "Alexey Zarechny"},
    ]
}
BILINGUAL: dict[str, Any] = {
    "country": "BY",
    "postal_code": "225295",
    "region": {"be": "Брэсцкая вобласць", "ru": "Брестская область", "en": "Brest region"},
    "district": {"be": "Івацэвіцкі раён", "ru": "Ивацевичский район", "en": "Ivatsevichy district"},
    "locality": {"be": "ст. Даманава", "ru": "ст. Доманово", "en": "Damanava station"},
    "po_box": "20",
}


def test_an_address_shaped_like_the_seeds_keeps_what_was_printed_in_the_order_of_the_post() -> None:
    laid = lay_out(seed_person(), colony(), colony_address(), origin="PL")
    assert laid.lines == [
        "Zhukouskaya Alena Piatrouna",
        "Correctional colony №4",
        "Antoshkina str., 3",
        "246035, Gomel",
        "BIAŁORUŚ / BELARUS",
    ]
    assert laid.parts == {
        "recipient": "Zhukouskaya Alena Piatrouna",
        "facility": "Correctional colony №4",
        "street": "Antoshkina str., 3",
        "locality": "Gomel",
        "postal_code": "246035",
        "country": "BIAŁORUŚ / BELARUS",
    }
    assert (laid.language, laid.script, laid.fallbacks, laid.warnings) == ("en", "Latn", {}, [])


def test_the_institution_s_script_and_the_full_legal_name_are_preferred() -> None:
    laid = lay_out(RUSSIAN, None, BILINGUAL, origin="DE")
    assert laid.lines == [
        "Заречный Алексей Ильич",
        "а/я 20",
        "225295, ст. Доманово",
        "Ивацевичский район",
        "Брестская область",
        "BELARUS",
    ]
    assert (laid.language, laid.script) == ("ru", "Cyrl")


def test_a_language_asked_for_is_given_when_the_address_has_it() -> None:
    assert lay_out(RUSSIAN, None, BILINGUAL, language="be").lines[2] == "225295, ст. Даманава"
    assert lay_out(RUSSIAN, None, BILINGUAL, language="en").lines[0] == "Alexey Zarechny"


def test_a_language_that_nobody_wrote_falls_back_with_a_warning() -> None:
    laid = lay_out(RUSSIAN, None, BILINGUAL, language="fr")
    assert laid.language == "ru"
    assert [warning.split(":")[0] for warning in laid.warnings] == ["other_language"]


def test_parts_missing_in_a_language_come_from_the_nearest_and_are_reported() -> None:
    address = BILINGUAL | {"region": {"be": "Брэсцкая вобласць", "en": "Brest region"}}
    laid = lay_out(RUSSIAN, None, address, language="ru")
    assert laid.parts["region"] == "Брэсцкая вобласць"
    assert laid.fallbacks == {"region": "be"}


def test_one_script_wins_over_the_order_of_languages() -> None:
    address = {"country": "BY", "locality": {"en": "Gomel", "ru": "Гомель"}, "street": {"en": "Lenina str., 1"}}
    person = {"names": [{"kind": "legal", "full": "Hanna Bahdanovich"}]}
    laid = lay_out(person, None, address)
    assert laid.lines == ["Hanna Bahdanovich", "Lenina str., 1", "Gomel", "BELARUS"]


def test_a_name_known_in_another_script_only_is_used_as_it_is_and_said_so() -> None:
    person = {"names": [{"kind": "legal", "full": "Hanna Bahdanovich"}]}
    laid = lay_out(person, None, BILINGUAL)
    assert laid.lines[0] == "Hanna Bahdanovich"
    assert laid.script == "Latn"  # the address is known in Latin script too
    only_russian = {"country": "BY", "locality": {"ru": "Гомель"}, "street": {"ru": "ул. Ленина, 1"}}
    laid = lay_out(person, None, only_russian)
    assert laid.lines[:3] == ["Hanna Bahdanovich", "ул. Ленина, 1", "Гомель"]
    assert "name_script: the name is known in Latin script, the address in Cyrillic" in laid.warnings


def test_what_is_missing_is_left_out_and_warned_about() -> None:
    laid = lay_out(RUSSIAN, None, {"country": "RU", "region": {"ru": "Омская область"}})
    assert laid.lines == ["Заречный Алексей Ильич", "Омская область", "RUSSIA"]
    assert [warning.split(":")[0] for warning in laid.warnings] == [
        "no_postal_code",
        "no_locality",
        "no_street",
    ]


def test_an_odd_postal_code_is_printed_with_a_warning() -> None:
    laid = lay_out(seed_person(), None, colony_address() | {"postal_code": "24603"})
    assert "24603, Gomel" in laid.lines
    assert laid.warnings == ["odd_postal_code: the postal code does not have the country's form"]


@pytest.mark.parametrize(("written", "printed"), [("1104", "AZ 1104 Bakı"), ("AZ1104", "AZ1104 Bakı")])
def test_the_azerbaijani_code_gets_its_letters_once(written: str, printed: str) -> None:
    address = {"country": "AZ", "postal_code": written, "locality": {"az": "Bakı"}, "street": {"az": "Küçə 5"}}
    person = {"names": [{"kind": "legal", "language": "az", "full": "Quliyev Elçin Məmməd oğlu"}]}
    laid = lay_out(person, None, address, origin="LT")
    assert laid.lines == ["Quliyev Elçin Məmməd oğlu", "Küçə 5", printed, "AZERBAIDŽANAS / AZERBAIJAN"]
    assert laid.warnings == []


def test_chinese_goes_from_large_to_small_in_one_line_and_latin_from_small_to_large() -> None:
    address = {
        "country": "CN",
        "postal_code": "100000",
        "region": {"zh": "某省", "en": "Mousheng"},
        "locality": {"zh": "某市", "en": "Moushi"},
        "street": {"zh": "某路一号", "en": "1 Mou Road"},
    }
    person = {"names": [{"kind": "legal", "full": "某某"}, {"kind": "transliteration", "full": "Mou Mou"}]}
    assert lay_out(person, None, address).lines == ["某某", "某省某市某路一号", "100000", "CHINA"]
    latin = ["Mou Mou", "1 Mou Road", "Moushi", "MOUSHENG, 100000", "CHINA"]
    assert lay_out(person, None, address, language="en").lines == latin
    unprintable = lay_out(person, None, address, printable=str.isascii)
    assert unprintable.lines == latin


def test_iran_in_persian_names_the_province_first() -> None:
    address = {
        "country": "IR",
        "postal_code": "1998712345",
        "region": {"fa": "استان نمونه"},
        "locality": {"fa": "شهر"},
        "district": {"fa": "محله"},
        "street": {"fa": "خیابان گل، پلاک ۱۲"},
    }
    person = {"names": [{"kind": "legal", "full": "مریم نمونه‌پور"}]}
    laid = lay_out(person, {"name": {"fa": "زندان"}}, address, origin="FR")
    assert laid.lines == [
        "مریم نمونه‌پور",
        "زندان",
        "استان نمونه",
        "شهر، محله",
        "خیابان گل، پلاک ۱۲",
        "1998712345",
        "IRAN",
    ]


@pytest.mark.parametrize(
    ("country", "origin", "line"),
    [
        ("BY", "PL", "BIAŁORUŚ / BELARUS"),
        ("BY", "DE", "BELARUS"),
        ("BY", "FR", "BIÉLORUSSIE / BELARUS"),
        ("BY", "UA", "БІЛОРУСЬ / BELARUS"),
        ("BY", None, "BELARUS"),
        ("BY", "GE", "ბელარუსი / BELARUS"),
        ("IR", "TR", "İRAN / IRAN"),
        ("MM", "PL", "MJANMA / MYANMAR"),
        ("XX", "PL", "XX"),
        ("BY", "XX", "BELARUS"),
    ],
)
def test_the_country_line_speaks_to_the_sender_s_post_and_to_all_others(
    country: str, origin: str | None, line: str
) -> None:
    assert country_line(country, origin, "und", lambda _: True) == line


def test_mail_within_a_country_names_it_in_the_language_of_the_address() -> None:
    assert lay_out(RUSSIAN, None, BILINGUAL, origin="BY").lines[-1] == "БЕЛАРУСЬ"
    assert country_line("BY", "BY", "ru", lambda _: True) == "БЕЛАРУСЬ"


def test_a_country_name_that_no_font_shows_gives_way_to_english() -> None:
    assert country_line("BY", "CN", "und", str.isascii) == "BELARUS"


def test_text_that_plays_with_directions_or_lines_is_disarmed() -> None:
    person = {"names": [{"kind": "legal", "full": "Anna\u202e\nBahdanovich\x00"}]}
    assert lay_out(person, None, colony_address()).lines[0] == "Anna Bahdanovich"


def test_nobody_without_a_name_and_no_address_without_a_country() -> None:
    with pytest.raises(ValueError, match="name"):
        lay_out({"names": []}, None, colony_address())
    with pytest.raises(ValueError, match="country"):
        lay_out(seed_person(), None, {"country": None})


@pytest.mark.parametrize("country", covered_countries())
def test_every_rule_has_a_source_and_places_every_part(country: str) -> None:
    rule = template(country)
    assert len(rule.source) > 10
    for lines in (rule.latin, rule.native):
        placed = "".join(lines)
        for part in ("street", "po_box", "locality", "region"):
            assert placed.count(f"{{{part}}}") == 1


@settings(max_examples=150, deadline=None)
@given(
    persons(),
    facilities(),
    addresses(),
    st.sampled_from([None, "PL", "BY", "GE", "IN"]),
    st.sampled_from([None, "be", "en", "zh", "sv"]),
)
def test_lines_hold_all_that_is_known_and_nothing_else(
    person: dict[str, Any],
    facility: dict[str, Any] | None,
    address: dict[str, Any],
    origin: str | None,
    language: str | None,
) -> None:
    laid = lay_out(person, facility, address, origin=origin, language=language)
    assert laid == lay_out(person, facility, address, origin=origin, language=language)
    assert laid.lines[0] == laid.parts["recipient"]
    assert laid.lines[-1] == laid.parts["country"]
    assert 2 <= len(laid.lines) <= 9
    assert all(line and line == " ".join(line.split()) for line in laid.lines)
    _nothing_lost(laid)
    _nothing_invented(laid, repr([person, facility, address]))


def _nothing_lost(laid: Lines) -> None:
    whole = "\n".join(laid.lines).upper()
    expected = laid.parts.items()
    lost = [part for part, text in expected if text.upper() not in whole and part != "postal_code"]
    assert not lost


def _nothing_invented(laid: Lines, record: str) -> None:
    known = set(unicodedata.normalize("NFC", record).upper())
    written = set("".join(laid.lines[:-1]).upper()) - set(laid.parts.get("po_box", "").upper())
    assert {char for char in written if char.isalpha()} <= known | set("AZLT")
