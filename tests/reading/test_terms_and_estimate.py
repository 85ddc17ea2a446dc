"""The term in force and the release estimate."""

import pytest

from tests.reading.invented import START, case, cite, estimate, held, on, sentence, stay


def test_custody_plus_term_on_the_calendar() -> None:
    seen = on(held(sentence("P12Y")))
    assert seen["term"] == "P12Y"
    assert seen["release_estimate"] == {
        "date": "2033-05-18",
        "basis": "in custody without a break since 2021-05-18; plus 12 years: 2033-05-18",
    }


def test_months_and_days_of_a_term_are_said_and_counted() -> None:
    found = on(held(sentence("P1Y6M1D")))["release_estimate"]
    assert found is not None
    assert found["date"] == "2022-11-19"
    assert found["basis"].endswith("; plus 1 year 6 months 1 day: 2022-11-19")


def test_custody_counts_from_its_unbroken_start() -> None:
    first = stay("pretrial", START, end_reason="transferred")
    then = stay("colony", confirmed_on="2023-11-09")
    assert estimate(case(first, then, sentences=[sentence("P12Y")])) == "2033-05-18"


def test_an_added_term_follows_the_base() -> None:
    added = sentence("P1Y6M", "2024-06-01", stage="added_term")
    seen = on(held(added, sentence("P12Y")))
    assert seen["term"] == "P13Y6M"
    assert seen["release_estimate"] is not None
    assert seen["release_estimate"]["date"] == "2034-11-18"
    assert seen["release_estimate"]["basis"].endswith("; an added term of 1 year 6 months follows: 2034-11-18")


def test_an_added_term_counts_from_its_verdict() -> None:
    dossier = held(sentence("P12Y"), sentence("P1Y", "2024-06-01", stage="added_term"))
    assert on(dossier, "2024-05-31")["term"] == "P12Y"
    assert estimate(dossier, "2024-05-31") == "2033-05-18"


def test_units_of_joined_terms_are_not_turned_into_one_another() -> None:
    added = [sentence(term, "2024-06-01", stage="added_term") for term in ("P6M", "P8M20D", "P20D")]
    assert on(held(sentence("P2Y"), *added))["term"] == "P2Y14M40D"
    assert estimate(held(sentence("P2Y"), *added)) == "2024-08-27"


def test_terms_beyond_the_notation_are_unknown() -> None:
    added = sentence("P999Y", "2024-06-01", stage="added_term")
    seen = on(held(sentence("P999Y"), added))
    assert (seen["term"], seen["release_estimate"]) == (None, None)


def test_of_a_sentence_without_a_status_nothing_is_said_once_who_served_it_is_free() -> None:
    served = stay("colony", START, "2024-05-01", end_reason="released_unspecified")
    unknown = case(served, sentences=[sentence("P7Y", status=None)])
    said = {day: on(unknown, day)["term"] for day in ("2022-02-28", "2022-03-01", "2024-05-01", "2024-05-02")}
    assert list(said.values()) == [None, "P7Y", "P7Y", None]
    assert on(case(served, sentences=[sentence("P7Y")]), "2024-05-02")["term"] == "P7Y"  # as its status says
    again = case(served, stay("colony", "2025-01-01"), sentences=[sentence("P7Y", status=None)])
    assert on(again)["term"] == "P7Y"  # whoever is held again may serve what is left
    later = case(served, sentences=[sentence("P3Y", "2025-06-01", status=None, stage="in_absentia")])
    assert on(later)["term"] == "P3Y"


def test_an_added_term_alone_has_no_estimate() -> None:
    seen = on(held(sentence("P1Y", stage="added_term")))
    assert (seen["term"], seen["release_estimate"]) == ("P1Y", None)


def test_an_added_term_that_replaces_another_sentence_is_the_whole() -> None:
    base = sentence("P12Y", status="replaced")
    whole = sentence("P13Y", "2024-06-01", stage="added_term", replaces_id=base["id"])
    assert on(held(base, whole))["term"] == "P13Y"
    assert estimate(held(base, whole)) == "2034-05-18"


def test_of_several_base_terms_the_newest_is_in_force_and_there_is_no_estimate() -> None:
    older, newer = sentence("P9Y", "2022-01-01"), sentence("P5Y", "2023-01-01")
    for dossier in (held(older, newer), held(newer, older)):
        seen = on(dossier)
        assert (seen["term"], seen["release_estimate"]) == ("P5Y", None)


def test_the_newest_term_is_the_one_last_in_force() -> None:
    late = sentence("P9Y", "2022-01-01", in_force_on="2023-06-01")
    told = sentence("P5Y", None, citations=cite("news"))
    dossier = case(stay("colony", START), sentences=[late, told], published={"news": "2022-06-01"})
    assert on(dossier)["term"] == "P9Y"
    assert on(dossier, "2023-05-31")["term"] == "P5Y"


def test_of_base_terms_of_one_day_the_longest_is_in_force() -> None:
    short, long = sentence("P5Y", id="z"), sentence("P9Y", id="a")
    assert on(held(short, long))["term"] == on(held(long, short))["term"] == "P9Y"


@pytest.mark.parametrize("status", ["quashed", "appealed", "served", "pardoned", "replaced"])
def test_only_what_is_in_force_counts(status: str) -> None:
    seen = on(held(sentence("P12Y"), sentence("P2Y", "2022-06-01", status=status)))
    assert seen["term"] == "P12Y"
    assert on(held(sentence("P2Y", status=status)))["term"] is None


def test_a_sentence_without_status_is_in_force() -> None:
    assert on(held(sentence("P2Y", status=None)))["term"] == "P2Y"


def test_a_replaced_sentence_was_in_force_until_the_new_one() -> None:
    old = sentence("P12Y", "2022-03-01", status="replaced")
    new = sentence("P10Y", "2022-09-01", stage="appeal", replaces_id=old["id"])
    assert on(held(old, new))["term"] == "P10Y"
    assert estimate(held(old, new)) == "2031-05-18"
    assert on(held(old, new), "2022-08-31")["term"] == "P12Y"
    assert on(held(old, new), "2022-09-01")["term"] == "P10Y"
    assert estimate(held(old, new), "2022-09-01") == "2031-05-18"


@pytest.mark.parametrize("status", ["appealed", "quashed"])
def test_a_replacement_that_is_not_in_force_replaces_nothing(status: str) -> None:
    old = sentence("P12Y", "2022-03-01")
    new = sentence("P10Y", "2022-09-01", stage="appeal", status=status, replaces_id=old["id"])
    assert on(held(old, new))["term"] == "P12Y"


def test_of_two_replacements_the_first_ends_the_sentence() -> None:
    old = sentence("P12Y", "2022-03-01", status="replaced")
    appeal = sentence("P10Y", "2022-09-01", status="replaced", replaces_id=old["id"])
    review = sentence("P9Y", "2023-09-01", replaces_id=old["id"])
    again = sentence("P9Y", "2023-09-01", replaces_id=appeal["id"])
    assert on(held(old, appeal, again), "2022-12-01")["term"] == "P10Y"
    assert on(held(old, appeal, review), "2022-08-31")["term"] == "P12Y"
    assert on(held(old, appeal, review), "2022-12-01")["term"] is None


def test_a_replacement_ends_a_sentence_that_still_says_in_force() -> None:
    old = sentence("P12Y", "2022-03-01")
    new = sentence("P10Y", "2022-09-01", stage="appeal", replaces_id=old["id"])
    assert estimate(held(old, new)) == "2031-05-18"
    quashed = new | {"status": "quashed"}
    assert estimate(held(old, quashed)) == "2033-05-18"


def test_a_sentence_without_id_is_replaced_by_none() -> None:
    nameless = {key: value for key, value in sentence("P3Y").items() if key not in {"id", "replaces_id"}}
    assert on(held(nameless))["term"] == "P3Y"


@pytest.mark.parametrize("status", ["served", "pardoned"])
def test_a_finished_sentence_was_in_force_while_its_custody_lasted(status: str) -> None:
    dossier = held(sentence("P12Y", status=status), end_reason="parole", ended_on="2025-12-13")
    assert on(dossier, "2023-11-09")["term"] == "P12Y"
    assert estimate(dossier, "2023-11-09") == "2033-05-18"
    assert on(dossier)["term"] is None


def test_a_finished_sentence_was_in_force_over_later_stays_of_its_custody() -> None:
    first = stay("pretrial", START, "2022-06-01", end_reason="transferred")
    then = stay("colony", "2022-06-01", "2025-12-13", end_reason="pardoned")
    dossier = case(first, then, sentences=[sentence("P12Y", status="pardoned")])
    assert on(dossier, "2022-04-01")["term"] == "P12Y"
    for reason in ("transferred", "sentence_served"):
        start = first | {"end_reason": reason}
        still = case(start, stay("colony", "2022-06-01"), sentences=[sentence("P12Y", status="pardoned")])
        assert on(still, "2022-04-01")["term"] is None


def test_a_finished_sentence_is_not_in_force_while_its_custody_goes_on_stay_after_stay() -> None:
    first = stay("pretrial", START, "2022-06-01", end_reason="sentence_served")
    then = stay("pretrial", "2022-06-01", end_reason="transferred")
    for last, term in ((stay("colony", "2023-01-01"), None), (stay("colony", "2023-01-01", "2024-01-01"), "P12Y")):
        dossier = case(first, then, last, sentences=[sentence("P12Y", status="pardoned")])
        assert on(dossier, "2022-04-01")["term"] == term


def test_a_finished_sentence_was_in_force_whatever_custody_came_later() -> None:
    first = stay("colony", START, "2022-06-01", end_reason="parole")
    dossier = case(first, stay("pretrial", "2025-06-01"), sentences=[sentence("P1Y", status="served")])
    assert on(dossier, "2022-04-01")["term"] == "P1Y"


def test_a_finished_sentence_of_an_earlier_custody_is_not_in_force_in_a_later_one() -> None:
    earlier = stay("colony", "2017-01-01", "2019-01-01", end_reason="sentence_served")
    later = stay("pretrial", "2024-01-01", "2025-01-01", end_reason="parole")
    dossier = case(earlier, later, sentences=[sentence("P2Y", "2017-06-01", status="served")])
    assert on(dossier, "2018-01-01")["term"] == "P2Y"
    assert on(dossier, "2024-06-01")["term"] is None
    untold = sentence("P2Y", None, in_force_on="2017-06-01", status="served")
    assert on(case(earlier, later, sentences=[untold]), "2024-06-01")["term"] is None


def test_a_sentence_counts_from_the_day_it_is_in_force() -> None:
    dossier = held(sentence("P12Y", "2022-03-01", in_force_on="2022-08-01"))
    assert on(dossier, "2022-07-31")["term"] is None
    assert on(dossier, "2022-08-01")["term"] == "P12Y"
    undated = held(sentence("P12Y", "2022-03-01"))
    assert on(undated, "2022-02-28")["term"] is None
    assert on(undated, "2022-03-01")["term"] == "P12Y"


@pytest.mark.parametrize(
    "kind",
    [
        "restriction_open_facility",
        "restriction_home",
        "arrest",
        "suspended",
        "fine",
        "community_service",
        "ban",
        "compulsory_treatment",
    ],
)
def test_other_punishments_are_no_deprivation_of_liberty(kind: str) -> None:
    seen = on(held(sentence("P12Y"), sentence("P2Y", kind=kind)))
    assert seen["term"] == "P12Y"
    assert on(held(sentence("P2Y", kind=kind)))["term"] is None
    assert on(held(sentence("P2Y", kind=kind)))["release_estimate"] is None


@pytest.mark.parametrize("kind", ["life_imprisonment", "death"])
def test_life_and_death_have_neither_term_nor_estimate(kind: str) -> None:
    for sentences in ([sentence("P25Y", kind=kind)], [sentence("P5Y"), sentence(None, "2021-01-01", kind=kind)]):
        seen = on(held(*sentences))
        assert (seen["term"], seen["release_estimate"]) == (None, None)


def test_a_change_of_regime_sets_no_term_unless_it_replaces() -> None:
    base = sentence("P12Y")
    prison = sentence("P3Y", "2023-01-01", stage="regime_change")
    assert estimate(held(base, prison)) == "2033-05-18"
    replacing = prison | {"replaces_id": base["id"]}
    assert on(held(base, replacing))["term"] == "P3Y"


@pytest.mark.parametrize("start", ["2021-05", "2021", "2021-05-18~", "2021-05-18?", "XXXX-05-18", None])
def test_a_start_not_known_to_the_day_has_no_estimate(start: str | None) -> None:
    seen = on(held(sentence("P12Y"), start=start))
    assert (seen["term"], seen["release_estimate"]) == ("P12Y", None)


def test_a_missing_term_leaves_the_whole_unknown() -> None:
    for sentences in (
        [sentence(None)],
        [sentence("P12Y"), sentence(None, "2024-01-01", stage="added_term")],
    ):
        seen = on(held(*sentences))
        assert (seen["term"], seen["release_estimate"]) == (None, None)


def test_who_is_not_held_has_no_estimate() -> None:
    seen = on(held(sentence("P12Y"), ended_on="2025-12-13", end_reason="released_unspecified"))
    assert (seen["term"], seen["release_estimate"]) == ("P12Y", None)


def test_an_undated_sentence_counts_from_the_first_source_that_tells_it() -> None:
    told = sentence("P12Y", None, citations=cite("news"))
    dossier = case(stay("colony", START), sentences=[told], published={"news": "2022-05-01"})
    assert on(dossier, "2022-04-30")["term"] is None
    assert on(dossier, "2022-05-01")["term"] == "P12Y"
