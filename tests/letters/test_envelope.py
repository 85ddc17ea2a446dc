from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.letters.envelope import SIZES, Size, Zone, envelope, zones
from app.letters.lines import lay_out
from app.letters.press import UnprintableError
from tests.letters.people import PRINTABLE, colony, colony_address, seed_person, words
from tests.letters.reading import ink, placed, poppler, printed_lines, reader, text

AGE = "address last confirmed 9 November 2023"
SCRIPTS = {
    "Belarusian": ["Людміла Ґрынь-Жукоўская", "Папраўчая калонія №4", "246035, г. Гомель", "BELARUS"],
    "łacinka": ["Zmicier Łukaševič", "Papraŭčaja kałonija №4", "vuł. Šyrokaja 3", "BELARUS"],
    "Azerbaijani": ["Quliyev Elçin Məmməd oğlu", "Zabrat qəsəbəsi", "AZ 1104 Bakı", "AZERBAIJAN"],
    "Georgian": ["გიორგი ბერიძე", "დაწესებულება 8", "0167 თბილისი", "GEORGIA"],
    "Vietnamese": ["Nguyễn Thị Phương Ánh", "Trại giam số 5", "Thanh Hóa 40000", "VIETNAM"],
    "Armenian": ["Արմեն Հակոբ", "Երևան", "ARMENIA"],
}


@pytest.mark.parametrize(
    ("size", "measure"),
    [("C6", (162, 114)), ("DL", (220, 110)), ("C5", (229, 162)), ("C4", (324, 229)), ("US10", (241.3, 104.8))],
)
def test_the_page_is_the_envelope(size: Size, measure: tuple[float, float]) -> None:
    box = reader(envelope(["Anna Nowak", "BELARUS"], size)).pages[0].mediabox
    assert (float(box.width) * 25.4 / 72, float(box.height) * 25.4 / 72) == pytest.approx(measure, abs=0.05)


@pytest.mark.parametrize("size", SIZES)
def test_zones_keep_the_distances_the_posts_ask_for_and_never_touch(size: Size) -> None:
    box = reader(envelope(["A", "B"], size)).pages[0].mediabox
    width, height = float(box.width) * 25.4 / 72, float(box.height) * 25.4 / 72
    places = zones(size)
    addressee = places["addressee"]
    assert addressee.left >= 15
    assert width - addressee.left - addressee.width >= 15 - 0.01
    assert height - addressee.top - addressee.height >= 15.9 - 0.01
    assert addressee.top >= 40 - 0.01
    assert places["age"].left + places["age"].width <= addressee.left - 20 + 0.01
    assert places["sender"].left + places["sender"].width <= width - 74
    if height < 156:  # a letter, not a flat, for the USPS
        assert height - addressee.top <= 69.9
    for one, other in combinations(places.values(), 2):
        assert _apart(one, other)


def _apart(one: Zone, other: Zone) -> bool:
    return (
        one.left + one.width <= other.left
        or other.left + other.width <= one.left
        or one.top + one.height <= other.top
        or other.top + other.height <= one.top
    )


@pytest.mark.parametrize("size", SIZES)
def test_lines_stand_in_order_below_each_other_in_their_zone(size: Size) -> None:
    lines = lay_out(seed_person(), colony(), colony_address(), origin="PL").lines
    pieces = [piece for piece in placed(envelope(lines, size)) if piece.text in lines]
    assert [piece.text for piece in pieces] == lines
    zone = zones(size)["addressee"]
    assert {round(piece.left, 1) for piece in pieces} == {round(zone.left, 1)}
    tops = [piece.top for piece in pieces]
    assert tops == sorted(tops)
    assert zone.top <= tops[0]
    assert tops[-1] <= zone.top + zone.height


@pytest.mark.parametrize("language", SCRIPTS)
def test_text_reads_back_in_order(language: str) -> None:
    read = text(envelope(SCRIPTS[language], "DL"))
    assert [line.strip() for line in read.splitlines()] == SCRIPTS[language]


@poppler
@pytest.mark.parametrize("language", SCRIPTS)
def test_pdftotext_gives_the_lines_back_in_order(language: str) -> None:
    assert printed_lines(envelope(SCRIPTS[language], "C6")) == SCRIPTS[language]


@poppler
def test_pdftotext_gives_persian_and_arabic_words_back() -> None:
    read = "\n".join(printed_lines(envelope(["مریم نمونه", "شهر", "IRAN"])))
    assert "مریم" in read
    assert "شهر" in read


def test_a_sender_the_age_and_a_code_are_printed_when_given() -> None:
    pdf = envelope(["Anna Nowak", "BELARUS"], sender=["Jan Kowalski", "Łódź"], age_line=AGE, qr="https://example.org/x")
    read = text(pdf)
    assert "Jan Kowalski" in read
    assert "Łódź" in read
    assert AGE in " ".join(read.split())
    assert len(pdf) > len(envelope(["Anna Nowak", "BELARUS"])) + 1000


def test_the_same_input_gives_the_same_bytes() -> None:
    assert envelope(["Anna", "BELARUS"], "C5") == envelope(["Anna", "BELARUS"], "C5")


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("x")',
        "$x^2$",
        "*bold* _it_",
        "@reference",
        "a \\ b \\u{41}",
        "= heading",
        "`raw` <label> [x]",
        "// gone? /* gone? */",
        "#sys.inputs",
        '#read("/etc/passwd")',
        "\"quoted\" 'q' -- ...",
    ],
)
def test_markup_in_a_name_is_printed_as_it_stands(hostile: str) -> None:
    assert text(envelope([hostile, "BELARUS"], "DL")).splitlines()[0].strip() == hostile


def test_a_character_that_no_font_has_is_refused_and_named() -> None:
    with pytest.raises(UnprintableError, match="張") as caught:
        envelope(["張 Anna", "CHINA"])
    assert caught.value.characters == {"張"}
    with pytest.raises(UnprintableError):
        envelope(["Anna", "CHINA"], sender=["ပြည်"])


def test_an_unknown_size_and_an_empty_address_are_refused() -> None:
    with pytest.raises(ValueError, match="C6"):
        envelope(["Anna"], "B5")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ValueError, match="address"):
        envelope(["", " \n"])


def test_long_lines_shrink_before_they_break() -> None:
    short, long = "Anna Nowak", "Republican institution of the penitentiary department number four, Gomel"
    sizes = {piece.text: piece.size for piece in placed(envelope([short, "BELARUS"], "C6"))}
    smaller = {piece.text: piece.size for piece in placed(envelope([short, long[:44], "BELARUS"], "C6"))}
    assert sizes[short] > smaller[short] >= 10
    assert len(placed(envelope([short, long, "BELARUS"], "C6"))) > 3


def test_a_line_breaks_between_words_and_at_hyphens_before_it_breaks_inside_of_a_word() -> None:
    name = "Аляксандр-Максіміліян Канстантынавіч Вельмідоўгапрозвішчаў-Падвойны"
    read = [line.strip() for line in text(envelope([name, "BELARUS"], "C6")).splitlines()]
    assert read[:-1] == ["Аляксандр-Максіміліян Канстантынавіч", "Вельмідоўгапрозвішчаў-Падвойны"]
    read = [line.strip() for line in text(envelope(["Нямапрабелаў" * 6, "BELARUS"], "C6")).splitlines()]
    assert len(read) > 2
    assert "".join(read[:-1]).replace("\u200b", "") == "Нямапрабелаў" * 6


@poppler
def test_the_check_for_stray_ink_finds_some() -> None:
    zone = zones("C6")["addressee"]
    drawn = ink(envelope(["Anna Nowak", "BELARUS"]))
    assert not drawn.outside([(zone.left, zone.top, zone.width, zone.height)])
    assert drawn.outside([(zone.left + 5, zone.top, zone.width, zone.height)])


@poppler
@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.sampled_from(PRINTABLE).flatmap(lambda tag: words(tag, most=12, longest=40)),
        min_size=1,
        max_size=9,
    ),
    st.lists(words("en", most=8, longest=30), max_size=6),
    st.sampled_from(SIZES),
)
def test_nothing_is_ever_printed_outside_of_its_zone(lines: list[str], sender: list[str], size: Size) -> None:
    drawn = ink(envelope(lines, size, sender=sender, age_line=AGE, qr="https://example.org/1"))
    boxes = [(zone.left, zone.top, zone.width, zone.height) for zone in zones(size).values()]
    assert not drawn.outside(boxes, slack=1.0)  # the tail of an Arabic letter reaches a little out of its own width
