import pytest

from app.letters.binding import Binder
from app.letters.cards import Card, cards, shortened
from app.letters.envelope import envelope
from tests.letters.reading import ink, pages, placed, poppler, text

NOTES = "Чытае па-беларуску і па-руску. Любіць кнігі. Не пішыце пра палітыку, вайну і справу. "


def _card(number: int = 1, **more: str) -> Card:
    return Card(
        name=f"Людміла Ґрынь {number}",
        lines=["Людміла Ґрынь", "Папраўчая калонія №4", "246035, г. Гомель", "BELARUS"],
        **({"about": "Журналістка", "notes": NOTES, "birth_date": "1973-07-13"} | more),
    )


def test_a_card_says_who_it_is_and_where_the_letter_goes() -> None:
    read = text(cards(language="be").whole([_card(age_line="адрас апошні раз пацверджаны 9 лістапада 2023 г.")]))
    expected = ["Людміла Ґрынь 1", "Журналістка", "13 ліпеня 1973", "Адрас", "246035, г. Гомель"]
    places = [read.index(words) for words in expected]
    assert places == sorted(places)
    assert "9 лістапада 2023" in " ".join(read.split())


def test_four_cards_are_on_a_page_each_in_its_quarter() -> None:
    pdf = cards().whole([_card(number) for number in range(5)])
    assert len(pages(pdf)) == 2
    names = [piece for piece in placed(pdf) if piece.text.startswith("Людміла Ґрынь ")]
    quarters = [(piece.left > 105, piece.top > 148.5) for piece in names]
    assert quarters == [(False, False), (True, False), (False, True), (True, True)]


def test_what_is_not_known_has_no_heading() -> None:
    read = text(cards().whole([Card("Anna", ["Anna", "BELARUS"])]))
    assert "Birthday" not in read
    assert "Writing" not in read
    assert "Address" in read


def test_a_long_note_ends_in_an_ellipsis_at_a_word() -> None:
    assert shortened("один два три", 8) == "один …"
    assert shortened("один", 8) == "один"
    assert shortened("x" * 50, 10) == "x" * 9 + " …"
    assert "…" in text(cards().whole([_card(notes=NOTES * 30)]))


def test_what_no_font_shows_is_left_out_and_its_place_says_so() -> None:
    read = text(cards().whole([Card("Zhang", ["張", "CHINA"], about="記者", ref="person 12")]))
    assert "NOT PRINTED" in read
    assert "person 12" in read
    assert "記者" not in read
    assert "No font for U+8005, U+8A18" in read


def test_nothing_to_print_and_an_unknown_paper_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        cards().finish()
    with pytest.raises(ValueError, match="A4"):
        cards(paper="A3")


@poppler
@pytest.mark.parametrize("qr", ["", "https://example.org/persons/1"])
def test_everything_stays_inside_the_margins_of_its_card(qr: str) -> None:
    long = _card(number=10**40, notes=NOTES * 40, about="Журналістка " * 30, qr=qr)
    drawn = ink(cards().whole([long] * 4))
    inner = (105 - 18, 148.5 - 18)
    boxes = [(column * 105 + 9, row * 148.5 + 9, *inner) for column in (0, 1) for row in (0, 1)]
    cuts = [(104.5, 0, 1, 297), (0, 148, 210, 1)]
    assert not drawn.outside([*boxes, *cuts])


def test_binding_keeps_the_pages_in_order_and_refuses_other_files() -> None:
    binder = Binder()
    pieces = [binder.add(envelope([f"Person {number}", "BELARUS"])) for number in range(3)]
    bundle = b"".join([*pieces, binder.finish()])
    assert [page.splitlines()[0].strip() for page in pages(bundle)] == ["Person 0", "Person 1", "Person 2"]
    assert binder.pages == 3
    with pytest.raises(ValueError, match="nothing"):
        Binder().finish()
    with pytest.raises(ValueError, match="PDF"):
        Binder().add(b"%PDF-1.7 something else")
