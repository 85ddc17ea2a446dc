"""Invented people with Belarusian, Russian and Ukrainian names; the same seed gives the same people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bench.names_schemes import ROMANIZED

LANGUAGES: Final = ("be", "ru", "uk")


def _stock() -> dict[str, list[list[str]]]:
    """Read the sections of `names_stock.txt`."""
    sections: dict[str, list[list[str]]] = {}
    for line in Path(__file__).with_name("names_stock.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = []
        elif not line.startswith("#"):
            list(sections.values())[-1].append(line.split(","))
    return sections


_STOCK: Final = _stock()

_ENDING_PAIRS: Final = (
    ("аў", "ава", "ов", "ова"),
    ("оў", "ова", "ов", "ова"),
    ("ін", "іна", "ин", "ина"),
    ("энка", "энка", "енко", "енко"),
    ("оўскі", "оўская", "овский", "овская"),
    ("інскі", "інская", "инский", "инская"),
    ("овіч", "овіч", "ович", "ович"),
    ("эвіч", "эвіч", "евич", "евич"),
    ("чык", "чык", "чик", "чик"),
    ("чанка", "чанка", "ченко", "ченко"),
    ("ук", "ук", "ук", "ук"),
    ("онак", "онак", "онок", "онок"),
    ("эйка", "эйка", "ейко", "ейко"),
    ("аха", "аха", "охо", "охо"),
    ("яеў", "яева", "яев", "яева"),
)
_DAUGHTERS: Final = {
    "be": (("льіч", "льінічна"), ("авіч", "аўна"), ("овіч", "оўна"), ("евіч", "еўна")),
    "ru": (("льич", "льинична"), ("ич", "ична"), ("ович", "овна"), ("евич", "евна")),
    "uk": (("лліч", "ллівна"), ("йович", "ївна"), ("льович", "лівна"), ("ович", "івна")),
}


@dataclass(frozen=True, slots=True)
class Invented:
    """A person who does not exist: surname, given name and patronymic in three languages."""

    number: int
    names: dict[str, tuple[str, str, str]]

    def spelt(self, scheme: str, *, patronymic: bool = True, surname_first: bool = False) -> str:
        """Return the name in Cyrillic (`be`, `ru`, `uk`) or in a scheme of `ROMANIZED`."""
        language, romanize = ROMANIZED.get(scheme, (scheme, _as_is))
        surname, given, father = self.names[language]
        parts = [given, father] if patronymic else [given]
        return romanize(" ".join([surname, *parts] if surname_first else [*parts, surname]))


def _as_is(text: str) -> str:
    return text


SCHEMES: Final[tuple[str, ...]] = (*LANGUAGES, *ROMANIZED)


def people(count: int, seed: int) -> Iterator[Invented]:
    """Yield that many people, no two with one surname and given name in any of the languages."""
    random = Random(seed)
    seen: set[tuple[str, str]] = set()
    number = 0
    while number < count:
        woman = random.random() < 0.5  # noqa: PLR2004 - half
        surname = _surname(random, woman=woman)
        given = random.choice(_STOCK["women" if woman else "men"])[:3]
        father = _patronymic(random.choice(_STOCK["men"])[3:], woman=woman)
        names = {language: (surname[place], given[place], father[place]) for place, language in enumerate(LANGUAGES)}
        if not seen.isdisjoint(name[:2] for name in names.values()):
            continue
        seen.update(name[:2] for name in names.values())
        number += 1
        yield Invented(number, names)


def _surname(random: Random, *, woman: bool) -> tuple[str, str, str]:
    common = random.random() < 0.4  # noqa: PLR2004 - a share
    root_be, root_ru = random.choice(_STOCK["roots"]) if common else _invented_root(random)
    ending = random.choice(_ENDING_PAIRS)
    russian = root_ru + ending[3 if woman else 2]
    return root_be + ending[1 if woman else 0], russian, _ukrainian(russian)


def _invented_root(random: Random) -> tuple[str, str]:
    syllables = [random.choice(_STOCK["syllables"][0]) for _ in range(random.choice((1, 1, 2)))]
    russian = ("".join(syllables) + random.choice(_STOCK["codas"][0])).capitalize()
    return _belarusian(russian, stressed=random.randrange(len(russian))), russian


def _belarusian(russian: str, stressed: int) -> str:
    """Write a Russian root as Belarusian does: akanie, iakanie, dzekanie and its own letters."""
    done = []
    for place, letter in enumerate(russian.lower()):
        plain = letter if place == stressed else {"о": "а", "е": "я", "э": "а"}.get(letter, letter)
        done.append({"и": "і", "щ": "шч"}.get(plain, plain))
    text = "".join(done)
    for hard, soft in (("ді", "дзі"), ("дя", "дзя"), ("ті", "ці"), ("тя", "ця"), ("чю", "чу"), ("ря", "ра")):
        text = text.replace(hard, soft)
    return text.capitalize()


def _ukrainian(russian: str) -> str:
    letters = {"ы": "и", "э": "е", "ё": "ьо", "ъ": "'", "Э": "Е", "Ё": "Йо", "И": "І"}
    return "".join(letters.get(letter, letter) for letter in russian)


def _patronymic(forms: list[str], *, woman: bool) -> list[str]:
    return [_daughter(form, language) if woman else form for form, language in zip(forms, LANGUAGES, strict=True)]


def _daughter(son: str, language: str) -> str:
    endings = sorted(_DAUGHTERS[language], key=lambda pair: -len(pair[0]))
    for ending, feminine in endings:
        if son.endswith(ending):
            return son.removesuffix(ending) + feminine
    return son


def slip(text: str, random: Random) -> str:
    """Make one typing error inside a word, the longer the likelier: drop, double, swap or replace a letter."""
    parts = text.split()
    at = random.choices(range(len(parts)), [max(0, len(part) - 3) + 0.01 for part in parts])[0]
    word = parts[at]
    place = random.randrange(1, max(2, len(word) - 1))
    parts[at] = random.choice(_SLIPS)(word, place, random)
    return " ".join(parts)


def _drop(word: str, place: int, _: Random) -> str:
    return word[:place] + word[place + 1 :]


def _double(word: str, place: int, _: Random) -> str:
    return word[: place + 1] + word[place:]


def _swap(word: str, place: int, _: Random) -> str:
    return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]


def _replace(word: str, place: int, random: Random) -> str:
    letters = "abcdefghijklmnoprstuvwyz" if word[0] < "Ѐ" else "абвгдежзийклмнопрстуфхцчшыюя"
    return word[:place] + random.choice(letters) + word[place + 1 :]


_SLIPS: Final[tuple[Callable[[str, int, Random], str], ...]] = (_drop, _double, _swap, _replace)
