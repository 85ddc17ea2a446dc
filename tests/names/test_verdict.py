import pytest

from app.names.verdict import Agreement, Evidence, Facts, Verdict, compare, compare_dates, judged, verdict, weighed


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1973-07-13", "1973-07-13", Agreement.AGREES),
        ("1973", "1973-07-13", Agreement.FITS),
        ("1973-07", "1973-07-13", Agreement.FITS),
        ("XXXX-07-13", "1973-07-13", Agreement.FITS),
        ("1973-XX-13", "1973", Agreement.FITS),
        ("1973", "XXXX-07-13", Agreement.UNKNOWN),
        ("1973-03-07", "1973-07-03", Agreement.DIFFERS),
        ("1974~", "1973-07-13", Agreement.DIFFERS),
        ("1973", "1974", Agreement.CONTRADICTS),
        ("1973-07-13", "1973-07-14", Agreement.CONTRADICTS),
        ("XXXX-07-14", "1973-07-13", Agreement.CONTRADICTS),
        (None, "1973", Agreement.UNKNOWN),
        ("yesterday", "1973", Agreement.UNKNOWN),
    ],
)
def test_partial_dates_are_compared_as_far_as_both_are_known(one: str | None, other: str, expected: Agreement) -> None:
    assert compare_dates(one, other) is expected
    assert compare_dates(other, one) is expected


def test_a_shared_identifier_agrees_and_another_value_of_one_scheme_contradicts() -> None:
    known = Facts(identifiers=frozenset({("wikidata", "Q1")}))

    assert compare(known, known).identifiers is Agreement.AGREES
    other = Facts(identifiers=frozenset({("wikidata", "Q2")}))
    assert compare(other, known).identifiers is Agreement.CONTRADICTS
    elsewhere = Facts(identifiers=frozenset({("viaf", "Q1")}))
    assert compare(elsewhere, known).identifiers is Agreement.UNKNOWN


def test_another_country_only_weakens() -> None:
    belarus, poland = Facts(countries=frozenset({"BY"})), Facts(countries=frozenset({"PL"}))

    assert compare(belarus, poland) == Evidence(country=Agreement.DIFFERS)
    assert compare(belarus, belarus) == Evidence(country=Agreement.FITS)


@pytest.mark.parametrize(
    ("score", "runner_up", "evidence", "expected"),
    [
        (0.97, 0.0, Evidence(), Verdict.MATCH),
        (0.97, 0.96, Evidence(), Verdict.POSSIBLE),
        (0.8, 0.0, Evidence(), Verdict.POSSIBLE),
        (0.3, 0.0, Evidence(), Verdict.NONE),
        (0.8, 0.7, Evidence(birth_date=Agreement.AGREES), Verdict.MATCH),
        (0.8, 0.79, Evidence(birth_date=Agreement.AGREES), Verdict.POSSIBLE),
        (0.2, 0.0, Evidence(identifiers=Agreement.AGREES), Verdict.POSSIBLE),
        (0.97, 0.0, Evidence(birth_date=Agreement.CONTRADICTS), Verdict.POSSIBLE),
        (0.8, 0.0, Evidence(birth_date=Agreement.CONTRADICTS), Verdict.NONE),
        (0.97, 0.0, Evidence(country=Agreement.DIFFERS), Verdict.POSSIBLE),
        (0.6, 0.6, Evidence(identifiers=Agreement.AGREES), Verdict.MATCH),
        (
            0.97,
            0.0,
            Evidence(birth_date=Agreement.CONTRADICTS, identifiers=Agreement.CONTRADICTS),
            Verdict.NONE,
        ),
        (0.97, 0.0, Evidence(birth_date=Agreement.CONTRADICTS, identifiers=Agreement.AGREES), Verdict.POSSIBLE),
    ],
)
def test_a_verdict_weighs_the_name_its_rival_and_the_evidence(
    score: float, runner_up: float, evidence: Evidence, expected: Verdict
) -> None:
    assert verdict(score, runner_up, evidence) is expected


BORN, UNBORN = Evidence(birth_date=Agreement.AGREES), Evidence(birth_date=Agreement.CONTRADICTS)
FROM_THERE, FROM_ELSEWHERE = Evidence(country=Agreement.FITS), Evidence(country=Agreement.DIFFERS)


def test_evidence_moves_a_score_towards_one_or_away() -> None:
    assert weighed(0.9, Evidence()) == 0.9
    assert 0.9 < weighed(0.9, FROM_THERE) < weighed(0.9, BORN) < 1
    assert weighed(0.9, FROM_ELSEWHERE) < 0.9
    assert weighed(0.9, UNBORN) < weighed(0.9, FROM_ELSEWHERE)
    assert weighed(1.0, BORN) == 1


@pytest.mark.parametrize(
    ("found", "expected", "order"),
    [
        ([], Verdict.NONE, []),
        ([(1.0, Evidence()), (1.0, Evidence())], Verdict.POSSIBLE, [0, 1]),
        ([(1.0, UNBORN), (1.0, BORN)], Verdict.MATCH, [1, 0]),
        ([(1.0, Evidence()), (1.0, BORN)], Verdict.MATCH, [1, 0]),
        ([(0.97, Evidence()), (0.95, BORN)], Verdict.MATCH, [1, 0]),
        ([(0.97, BORN), (0.95, BORN)], Verdict.POSSIBLE, [0, 1]),
        ([(0.97, UNBORN), (0.95, Evidence())], Verdict.MATCH, [1, 0]),
        ([(0.97, FROM_THERE), (0.97, FROM_ELSEWHERE)], Verdict.MATCH, [0, 1]),
        ([(0.97, FROM_THERE), (0.97, Evidence())], Verdict.POSSIBLE, [0, 1]),
        ([(0.97, UNBORN)], Verdict.POSSIBLE, [0]),
        ([(0.97, Evidence()), (0.0, Evidence(identifiers=Agreement.AGREES))], Verdict.POSSIBLE, [0, 1]),
    ],
)
def test_namesakes_are_told_apart_by_the_evidence(
    found: list[tuple[float, Evidence]], expected: Verdict, order: list[int]
) -> None:
    assert judged(found) == (expected, order)
