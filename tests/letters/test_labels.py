from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.letters.labels import Label, Sheet, labels, sheet, sheet_names
from app.letters.press import typeset
from tests.letters.people import PRINTABLE, words
from tests.letters.reading import ink, pages, placed, poppler, reader, text

AGE = "address last confirmed 9 November 2023; it may be out of date"


def _label(number: int) -> Label:
    return Label(["Людміла Ґрынь", "Папраўчая калонія №4", "246035, г. Гомель", f"BELARUS {number}"], AGE)


@pytest.mark.parametrize("name", sheet_names())
def test_every_sheet_fits_its_paper(name: str) -> None:
    known = sheet(name)
    right = known.left + (known.columns - 1) * known.across + known.width
    bottom = known.top + (known.rows - 1) * known.down + known.height
    assert right <= known.paper_width + 0.01
    assert bottom <= known.paper_height + 0.01
    assert known.across >= known.width - 0.01
    assert known.down >= known.height - 0.01
    assert abs(known.paper_width - right - known.left) < 0.2  # sheets are symmetrical


def test_sheets_are_found_by_number_and_by_measure() -> None:
    assert (sheet("L7160").columns, sheet("L7160").rows) == (3, 7)
    assert sheet("j8160") == sheet("L7160") == sheet("63.5 x 38.1 mm") == sheet("63,5×38,1")
    assert sheet("8160") == sheet("5160")
    assert sheet("70x36") == sheet("3475")
    with pytest.raises(ValueError, match="L7160"):
        sheet("L9999")
    with pytest.raises(ValueError, match="L7160"):
        sheet("10x10")


def test_labels_stand_where_the_sheet_has_them() -> None:
    rows = [Label([f"Person {number}", "BELARUS"]) for number in range(4)]
    found = {piece.text: piece for piece in placed(labels("L7160").whole(rows)) if piece.text.startswith("Person")}
    first, second, third, fourth = (found[f"Person {number}"] for number in range(4))
    assert second.left - first.left == pytest.approx(66.04, abs=0.1)
    assert third.left - first.left == pytest.approx(132.08, abs=0.1)
    assert fourth.top - first.top == pytest.approx(38.1, abs=0.1)
    assert fourth.left == pytest.approx(first.left, abs=0.1)
    assert first.left >= 7.2


def test_used_labels_are_skipped_and_the_next_sheet_starts_anew() -> None:
    pdf = labels("L7160", skip=19).whole([_label(number) for number in range(5)])
    assert [page.count("BELARUS") for page in pages(pdf)] == [2, 3]


def test_many_labels_are_all_there_in_order() -> None:
    pdf = labels("L7160").whole([_label(number) for number in range(130)])
    read = pages(pdf)
    assert len(read) == 7
    numbers = [int(line.split()[1]) for page in read for line in page.splitlines() if line.startswith("BELARUS")]
    assert numbers == list(range(130))
    assert {page.mediabox.width for page in reader(pdf).pages} == {reader(pdf).pages[0].mediabox.width}
    assert pdf == labels("L7160").whole([_label(number) for number in range(130)])


def test_large_jobs_are_set_in_small_documents_so_that_memory_stays_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counting(page: str, data: dict[str, Any], fonts: str | None) -> bytes:
        sizes.append(sum(len(cells) for cells in data["pages"]))
        return typeset(page, data | {"pages": [cells[:1] for cells in data["pages"]]}, fonts)

    forgotten: list[int] = []
    monkeypatch.setattr("app.letters.press.typeset", counting)
    monkeypatch.setattr("app.letters.press.forget", lambda _: forgotten.append(len(sizes)))
    job = labels("L7160", skip=5)
    pieces = [job.feed([_label(number)]) for number in range(1000)]
    pdf = b"".join([*pieces, job.finish()])
    assert sum(map(bool, pieces)) == len(sizes) - 1  # what is done leaves at once
    assert sum(sizes) == 1000
    assert max(sizes) <= 48
    assert forgotten == [*range(1, len(sizes) + 1)]  # each is dropped before the next is set
    assert len(pages(pdf)) == 48


def test_a_label_that_cannot_be_printed_says_so_in_place_of_the_address() -> None:
    read = text(labels("L7163").whole([Label(["張", "CHINA"], AGE, "person 12"), _label(1)]))
    assert "NOT PRINTED" in read
    assert "U+5F35" in read
    assert "person 12" in read
    assert "CHINA" not in read
    assert "BELARUS 1" in read


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        labels().finish()


def test_a_sheet_of_one_s_own_measures_is_printed() -> None:
    own = Sheet(100, 150, 1, 3, 5, 5, 90, 45, 90, 40)
    assert len(pages(labels(own).whole([_label(number) for number in range(4)]))) == 2


def _boxes(kind: Sheet) -> list[tuple[float, float, float, float]]:
    return [
        (kind.left + column * kind.across, kind.top + row * kind.down, kind.width, kind.height)
        for column in range(kind.columns)
        for row in range(kind.rows)
    ]


@poppler
@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(PRINTABLE).flatmap(lambda tag: words(tag, most=12, longest=40)),
            min_size=1,
            max_size=9,
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["L7160", "L7651", "5160", "4360"]),
)
def test_no_line_is_longer_than_its_label(rows: list[list[str]], name: str) -> None:
    drawn = ink(labels(name).whole([Label(lines, AGE) for lines in rows]))
    assert not drawn.outside(_boxes(sheet(name)), slack=0.0)
