"""A stated credit rule in the release estimate."""

from typing import Any

import pytest

from app.reading.dossier import Dossier, Record
from tests.reading.invented import START, case, estimate, held, on, sentence, stay

RULE = {"text": "one day for one and a half", "factor": 1.5}


def credited(*stays: Record, rule: Any = RULE, **fields: Any) -> Dossier:
    return case(*stays, sentences=[sentence("P2Y", **({"decided": "2021-08-01", "credit_rule": rule} | fields))])


def pretrial(end: str | None = "2021-08-27", start: str = START, **fields: Any) -> dict[str, Any]:
    return stay("pretrial", start, end, **({"end_reason": "transferred"} | fields))


COLONY = stay("colony", "2021-08-27")


def test_a_stated_credit_rule_is_applied_and_named() -> None:
    found = on(credited(pretrial(), COLONY))["release_estimate"]
    assert found == {
        "date": "2023-03-29",
        "basis": "in custody without a break since 2021-05-18; plus 2 years: 2023-05-18; credit rule "
        "“one day for one and a half”: 101 pre-trial days count 1.5 each, less 50 days: 2023-03-29",
    }


def test_a_localized_credit_rule_is_named_in_english() -> None:
    text = {"ru": "день за полтора", "en": "one for one and a half"}
    found = on(credited(pretrial(), COLONY, rule=RULE | {"text": text}))["release_estimate"]
    assert found is not None
    assert "“one for one and a half”" in found["basis"]
    found = on(credited(pretrial(), COLONY, rule=RULE | {"text": {"ru": "день"}}))["release_estimate"]
    assert found is not None
    assert "“день”" in found["basis"]


def test_an_added_term_follows_after_the_credit() -> None:
    dossier = case(
        pretrial(),
        COLONY,
        sentences=[
            sentence("P2Y", "2021-08-01", credit_rule=RULE),
            sentence("P1Y", "2022-08-01", stage="added_term"),
        ],
    )
    assert estimate(dossier) == "2024-03-29"


def test_police_custody_is_pre_trial_and_other_kinds_count_once() -> None:
    cells = stay("police_custody", START, "2021-05-20", end_reason="transferred")
    rest = pretrial(start="2021-05-20")
    assert estimate(credited(cells, rest, COLONY)) == "2023-03-29"
    house = stay("house_arrest", START, "2021-05-20", end_reason="transferred")
    assert estimate(credited(house, rest, COLONY)) == "2023-03-30"


def test_pre_trial_ends_when_the_sentence_comes_into_force() -> None:
    assert estimate(credited(pretrial(), COLONY, in_force_on="2021-08-17")) == "2023-04-03"
    assert estimate(credited(pretrial(end="2021-08-01"), COLONY, in_force_on="2021-08")) == "2023-04-11"
    assert estimate(credited(pretrial(), COLONY, in_force_on="2022-01-01")) == "2023-03-29"
    assert estimate(credited(pretrial(end=None, end_reason=None), in_force_on="2021-08-17")) == "2023-04-03"
    assert estimate(credited(pretrial(end="2021-08"), COLONY, in_force_on="2021-08-01")) == "2023-04-11"
    later = stay("pretrial", "2022-01-01", "2022-02-01", end_reason="transferred")
    colony = stay("colony", "2021-08-27", "2022-01-01", end_reason="transferred")
    dossier = credited(pretrial(), colony, later, stay("prison", "2022-02-01"), in_force_on="2021-08-27")
    assert estimate(dossier) == "2023-03-29"


@pytest.mark.parametrize(
    ("stays", "fields"),
    [
        ([pretrial(end=None), COLONY], {}),
        ([pretrial(end="2021-08"), COLONY], {}),
        ([pretrial(end=None, end_reason=None)], {}),
        ([pretrial(), COLONY], {"in_force_on": "2021-08"}),
        ([pretrial(end="2021-08"), COLONY], {"in_force_on": "2021-08-17"}),
        ([pretrial(end="2021-07-01"), pretrial(start="2021-07"), COLONY], {}),
        ([stay("unknown", START, "2021-08-27", end_reason="transferred"), COLONY], {}),
        ([stay("in_transit", START, "2021-08-27", end_reason="transferred"), COLONY], {}),
        ([stay("unknown", START, "2021-08-27", end_reason="transferred"), COLONY], {"decided": None}),
        (
            [pretrial(end="2021-06-01"), stay("hospital", end_reason="transferred", confirmed_on="2021-07-01"), COLONY],
            {},
        ),
        ([pretrial(), COLONY], {"rule": {"text": "as the law says"}}),
        ([pretrial(), COLONY], {"rule": {"text": "as the law says", "factor": None}}),
    ],
)
def test_a_credit_rule_that_cannot_be_applied_leaves_no_estimate(stays: list[Record], fields: dict[str, Any]) -> None:
    assert estimate(credited(*stays, **fields)) is None


def test_a_hospital_after_the_verdict_is_not_pre_trial() -> None:
    colony = stay("colony", "2021-08-27", "2022-01-01", end_reason="transferred")
    dossier = credited(pretrial(), colony, stay("hospital", "2022-01-01"))
    assert estimate(dossier) == "2023-03-29"
    assert estimate(credited(pretrial(), stay("hospital", "2021-08-27"), decided="2021-08-27")) == "2023-03-29"
    assert estimate(credited(pretrial(), stay("hospital", "2021-08-27"), decided="2021-08")) is None
    hospital = stay("hospital", "2021-06-01", "2021-07-01", end_reason="transferred")
    parts = (pretrial(end="2021-06-01"), hospital, pretrial(start="2021-07-01"), COLONY)
    assert estimate(credited(*parts)) is None


def test_a_credit_rule_on_an_added_term_leaves_no_estimate() -> None:
    added = sentence("P1Y", "2024-06-01", stage="added_term", credit_rule=RULE)
    assert estimate(held(sentence("P12Y"), added)) is None


def test_a_credit_factor_below_one_makes_it_longer() -> None:
    found = on(credited(pretrial(), COLONY, rule={"text": None, "factor": 0.5}))["release_estimate"]
    assert found is not None
    assert found["date"] == "2023-07-08"
    assert "; credit rule: 101 pre-trial days count 0.5 each" in found["basis"]


@pytest.mark.parametrize("factor", [1e7, 1e12])
def test_what_lies_beyond_the_calendar_has_no_estimate(factor: float) -> None:
    assert estimate(credited(pretrial(), COLONY, rule={"text": "absurd", "factor": factor})) is None
