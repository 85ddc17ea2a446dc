from collections.abc import Callable

import pytest

from app.names.index import MemoryIndex
from bench.names_people import SCHEMES, people

CHEKINA, ZOLATAVA, LOIKA, POVALISHEV = "Chekina", "Zolatava", "Loika", "Povalishev"

SEEDED = {
    CHEKINA: "Chekina Liudmila Yurievna",
    ZOLATAVA: "Zolatava Maryna Vasilievna",
    LOIKA: "Loika Anastasiya Yuryevna",
    POVALISHEV: "Sergey Povalishev",
}

Find = Callable[[str], list[str]]


def index_of(**names: str) -> MemoryIndex:
    index = MemoryIndex()
    for owner, text in names.items():
        index.add(owner, text)
    return index


@pytest.fixture(scope="session")
def seeds() -> MemoryIndex:
    return index_of(**SEEDED)


@pytest.fixture(scope="session")
def crowd() -> MemoryIndex:
    """The four seeded people among 1,500 invented ones in every spelling."""
    index = index_of(**SEEDED)
    for person in people(1500, seed=5):
        scheme = SCHEMES[person.number % len(SCHEMES)]
        index.add(f"invented {person.number}", person.spelt(scheme, patronymic=person.number % 3 > 0))
    return index
