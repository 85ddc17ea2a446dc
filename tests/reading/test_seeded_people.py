"""The four people of the seeds, in the shape that the seed facts decide."""

from app.reading.dossier import Dossier
from tests.reading.invented import case, cite, on, sentence, stay

PUBLISHED = {"letter": "2023-11-09", "hrw": "2025-12-15", "baj": None, "amnesty": None, "nhc": "2023-10-26"}
PLACE = {"facility_id": "f", "confirmed_on": "2023-11-09", "place_confirmed_on": "2023-11-09"}
ADDRESS = {"a": {"id": "a", "facility_id": "f", "purpose": "letters", "verified_on": "2023-11-09"}}


def _twelve_years() -> dict[str, object]:
    return sentence("P12Y", "2023-03-17", status=None, stage=None, citations=cite("baj", "letter"))


def _chekina() -> Dossier:
    return case(
        stay("pretrial", "2021-05-18", end_reason="transferred", citations=cite("baj")),
        stay("colony", citations=cite("letter"), **PLACE),
        sentences=[_twelve_years(), sentence("P5Y", "2023-03-17", kind="ban")],
        published=PUBLISHED,
        addresses=ADDRESS,
    )


def _zolatava() -> Dossier:
    freed = {"ended_on": "2025-12-13", "end_reason": "released_unspecified"}
    return case(
        stay("pretrial", "2021-05-18", end_reason="transferred", citations=cite("baj")),
        stay("colony", citations=cite("letter", "hrw"), **PLACE, **freed),
        sentences=[_twelve_years()],
        published=PUBLISHED,
        addresses=ADDRESS,
    )


def _loika() -> Dossier:
    return case(
        stay("administrative_arrest", "2022-09-06", "2022-10-06", end_reason="sentence_served"),
        stay("unknown", "2022-10-28", end_reason="transferred"),
        stay("colony", citations=cite("letter", "hrw"), **(PLACE | {"confirmed_on": "2025-12-15"})),
        sentences=[sentence("P7Y", "2023-06-20", status=None, stage=None, citations=cite("nhc", "letter"))],
        published=PUBLISHED,
        addresses=ADDRESS,
    )


def test_chekina_is_imprisoned_as_the_letter_says() -> None:
    seen = on(_chekina())
    assert (seen["status"], seen["as_of"], seen["since"]) == ("imprisoned", "2023-11-09", None)
    assert (seen["custody_since"], seen["term"]) == ("2021-05-18", "P12Y")
    assert seen["release_estimate"] is not None
    assert seen["release_estimate"]["date"] == "2033-05-18"
    assert seen["mail"] == {"reachable": True, "verified_on": "2023-11-09", "stale": True}


def test_zolatava_is_released_and_was_imprisoned_on_the_day_of_the_letter() -> None:
    seen = on(_zolatava())
    assert (seen["status"], seen["since"], seen["as_of"]) == ("released", "2025-12-13", "2025-12-13")
    assert seen["mail"] == {"reachable": False, "reason": "released", "since": "2025-12-13"}
    then = on(_zolatava(), "2023-11-09")
    assert (then["status"], then["as_of"], then["facility_id"]) == ("imprisoned", "2023-11-09", "f")
    assert then["mail"]["reachable"]
    assert on(_zolatava(), "2023-11-08")["status"] == "detained"
    assert on(_zolatava(), "2021-05-17")["status"] == "unknown"


def test_loika_is_imprisoned_as_of_the_last_source() -> None:
    seen = on(_loika())
    assert (seen["status"], seen["as_of"]) == ("imprisoned", "2025-12-15")
    assert seen["custody_since"] == "2022-10-28"
    assert seen["release_estimate"] is not None
    assert seen["release_estimate"]["date"] == "2029-10-28"
    assert on(_loika(), "2022-10-10")["status"] == "released"
    assert on(_loika(), "2023-01-01")["status"] == "detained"
    assert on(_loika(), "2023-11-09")["as_of"] == "2023-11-09"


def test_povalishev_is_released_and_his_dates_stay_months() -> None:
    free = stay("unknown", "2021-05", "2021-09", end_reason="released_unspecified", citations=cite("letter"))
    seen = on(case(free, published=PUBLISHED))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("released", "2021-09", "2021-09")
