"""Which of a person's names goes on the envelope, and how."""

from typing import Any

import pytest

from app.letters.choice import full_name


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
