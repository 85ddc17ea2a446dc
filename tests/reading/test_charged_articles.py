"""The articles of a situation."""

from tests.reading.invented import case, on, record


def test_articles_are_distinct_and_in_legal_order() -> None:
    numbers = ["361-10", "361-1", "361", "203-1", "130", "361.1", "1000", "361", "361-2"]
    articles = {f"a{index}": {"number": number} for index, number in enumerate(numbers)}
    charges = [record(article_id=key, status="charged", brought_on=None) for key in articles]
    seen = on(case(charges=charges, articles=articles))
    assert seen["articles"] == ["130", "203-1", "361", "361-1", "361.1", "361-2", "361-10", "1000"]


def test_dropped_acquitted_later_and_hidden_charges_are_left_out() -> None:
    articles = {number: {"number": number} for number in ("130", "342", "361", "243", "411")}
    charges = [
        record(article_id="130", status="charged"),
        record(article_id="342", status="dropped"),
        record(article_id="361", status="acquitted"),
        record(article_id="243", status="convicted", brought_on="2022-12-24"),
        record(status="convicted"),
        record(article_id="999", status="convicted"),
    ]
    dossier = case(charges=charges, articles=articles)
    assert on(dossier)["articles"] == ["130", "243"]
    assert on(dossier, "2022-12-24")["articles"] == ["130", "243"]
    assert on(dossier, "2022-12-23")["articles"] == ["130"]


def test_a_charge_that_may_have_been_brought_by_the_day_counts() -> None:
    dossier = case(charges=[record(article_id="x", brought_on="2022-12")], articles={"x": {"number": "361"}})
    assert [on(dossier, day)["articles"] for day in ("2022-11-30", "2022-12-01")] == [[], ["361"]]
