"""Any address of anybody stays where it is printed: random people in many scripts, read back without poppler."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.letters.coverage import printer, uncovered
from app.letters.envelope import SIZES, Size, envelope, zones
from app.letters.labels import Label, labels, sheet
from app.letters.lines import Lines, lay_out
from app.letters.scripts import is_right_to_left
from tests.letters.people import addresses, facilities, persons
from tests.letters.reading import placed, runs

AGE = "address last confirmed 9 November 2023; it may be out of date"
SHEETS = ("L7160", "L7651", "5160", "4360")


def anybody() -> st.SearchStrategy[Lines]:
    """Give the lines for anybody whose address the fonts can show."""

    def laid(person: dict[str, Any], facility: dict[str, Any] | None, address: dict[str, Any], origin: str) -> Lines:
        return lay_out(person, facility, address, origin=origin, printable=printer())

    made = st.builds(laid, persons(), facilities(), addresses(), st.sampled_from(["PL", "BY", "GE", "IR"]))
    return made.filter(lambda lines: not uncovered("".join(lines.lines)))


@settings(max_examples=25, deadline=None)
@given(anybody(), st.sampled_from(SIZES), st.sampled_from(["", "https://register.example/v1/persons/1"]))
def test_an_envelope_holds_it_with_the_country_last(lines: Lines, size: Size, qr: str) -> None:
    pdf = envelope(lines.lines, size, age_line=AGE, sender=["Invented Sender", "Nowhere Lane 7"], qr=qr)
    places = {name: (zone.left, zone.top, zone.width, zone.height) for name, zone in zones(size).items()}
    drawn = runs(pdf)
    assert all(any(run.inside(*place) for place in places.values()) for run in drawn)
    mine = [run for run in drawn if run.inside(*places["addressee"])]
    assert len({round(run.baseline, 2) for run in mine}) >= len(lines.lines)
    assert min(run.size for run in mine) > 1
    _country_last(lines, pdf, max(run.baseline for run in mine))


def _country_last(lines: Lines, pdf: bytes, lowest: float) -> None:
    country = lines.lines[-1]
    if is_right_to_left(country):  # read back in another order by everybody
        return
    last = "".join(piece.text for piece in placed(pdf) if abs(piece.top - lowest) < 0.05)
    assert last
    assert country.replace(" ", "").endswith(last.replace(" ", "").replace("\u200b", ""))


@settings(max_examples=12, deadline=None)
@given(st.lists(anybody(), min_size=1, max_size=6), st.sampled_from(SHEETS), st.integers(0, 30))
def test_a_label_holds_it(people: list[Lines], name: str, skip: int) -> None:
    kind = sheet(name)
    first = skip % kind.count
    pdf = labels(name, skip=first).whole([Label(lines.lines, AGE) for lines in people])
    here = people[: kind.count - first]
    boxes = [_box(name, place) for place in range(first, first + len(here))]
    drawn = runs(pdf)
    for lines, box in zip(here, boxes, strict=True):
        inside = [run for run in drawn if run.inside(*box)]
        assert len({round(run.baseline, 2) for run in inside}) > len(lines.lines)  # and the age
    assert all(any(run.inside(*box) for box in boxes) for run in drawn)


def _box(name: str, place: int) -> tuple[float, float, float, float]:
    kind = sheet(name)
    row, column = divmod(place, kind.columns)
    return kind.left + column * kind.across, kind.top + row * kind.down, kind.width, kind.height
