"""Where there is nobody to write to, the paper that was asked for says so."""

import pytest

from app.letters.labels import sheet_names
from app.letters.phrases import phrase, spoken
from app.letters.writing import CARDS, PrintJob
from tests.conftest import Register
from tests.letters.reading import pages, placed, reader, text
from tests.letters.test_addressees import LIST

A4, LETTER = (210.0, 297.0), (215.9, 279.4)
MILLIMETRE = 72 / 25.4


@pytest.mark.parametrize(
    ("query", "paper", "name"),
    [
        ("format=pdf", A4, "labels"),
        ("format=pdf&sheet=5160", LETTER, "labels"),
        ("format=pdf&sheet=cards-letter", LETTER, "cards"),
        ("format=cards&sheet=cards-letter", LETTER, "cards"),
        ("format=cards", A4, "cards"),
    ],
)
async def test_it_is_the_paper_asked_for(register: Register, query: str, paper: tuple[float, float], name: str) -> None:
    answer = await register.public.get(f"{LIST}?{query}")
    (page,) = reader(answer.content).pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(
        [side * MILLIMETRE for side in paper], abs=0.1
    )
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.pdf"'
    assert "Nobody to write to" in " ".join(text(answer.content).split())


async def test_a_used_label_is_left_out(register: Register) -> None:
    lefts = []
    for skip in (0, 1):
        answer = await register.public.get(f"{LIST}?format=pdf&skip={skip}")
        lefts.append(min(piece.left for piece in placed(answer.content)))
    assert lefts[1] - lefts[0] == pytest.approx(66.04, abs=0.1)


@pytest.mark.parametrize("name", [*sheet_names(), *CARDS])
def test_every_sheet_has_room_for_it(name: str) -> None:
    for language in spoken():
        said = phrase("nobody", language)
        (page,) = pages(PrintJob(name, 0, language, None).alone(said))
        assert "".join(page.split()).replace("\u200b", "") == "".join(said.split())
