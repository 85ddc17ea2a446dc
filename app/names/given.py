"""Given names that are one name in different languages, and patronymics, which are made from them.

The table is data (`given.txt`); everything is found by the sound of the word, so that each form listed there
covers its romanizations too.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from app.names.fold import words
from app.names.neighbours import Neighbours
from app.names.sound import Sound, is_rough, readings

FULL: Final = 0.985
"""Similarity of two full forms of one name."""
SHORT: Final = 0.94
"""Similarity of a short form and a full one, which several names may share."""

_SHORTEST: Final = (2, 3, 6)
"""Sounds of a form by which a word may be it, at each level: coarsely heard, short surnames sound like names."""
_MIN_SLIP: Final = 4
_SLIP: Final = 0.74
_MEANINGS: Final = 30
_VOWELS: Final = "aeiou"

# Endings by sound (k1): -ович/-евіч/-owicz, -ич, -овна/-еўна/-ówna, uk -івна, -инична, -ична. Rules: Superanskaya,
# "Slovar russkikh lichnykh imen" (2005); Ukrainian Orthography (2019), § 32; Belarusian law on orthography (2008).
_PATRONYMIC: Final = re.compile("(?:avi[qc]|iq|avna|ivna|iniqna|iqna|avic)$")
_FEMININE: Final = re.compile("(?:avna|ivna|iqna)$")
_MIN_STEM: Final = 2
_FAINT: Final = re.compile("[\u0600-\u06ff\u3400-\u9fff]")
_CYRILLIC: Final = re.compile("[Ѐ-ԯ]")  # Western forms make no patronymics


class Name(NamedTuple):
    """One row of the table."""

    sex: str
    full: tuple[str, ...]
    short: tuple[str, ...]
    stems: tuple[str, ...]
    """Stems of patronymics that do not follow from the forms: Яков → Яковлевич."""


@cache
def table() -> tuple[Name, ...]:
    """Return the rows of `given.txt`; a name's id is its place."""
    text = files("app.names").joinpath("given.txt").read_text(encoding="utf-8")
    return tuple(_row(line) for line in text.splitlines() if line and not line.startswith("#"))


def _row(line: str) -> Name:
    sex, full, short, stems = (part.strip() for part in line.split("|"))
    return Name(sex, tuple(full.split()), tuple(short.split()), tuple(stems.split()))


def _sounds(form: str) -> tuple[Sound, ...]:
    parts = words(form)
    return readings(parts[0]) if len(parts) == 1 else ()


@cache
def _forms(*, faint: bool) -> tuple[Mapping[str, Mapping[int, float]], ...]:
    """Map the sound of each form, at each level of coarseness, to the ids it may mean and how well it names them.

    A form's first reading is exact; another reading of one (Jana as in French) yields to that. Given names in Arabic
    and Chinese are for words of rough scripts only: النا is Елена, but to an ear no other than Алина.
    """
    exact: defaultdict[str, dict[int, float]] = defaultdict(dict)
    levels: list[defaultdict[str, dict[int, float]]] = [defaultdict(dict) for _ in _SHORTEST]
    for number, name in enumerate(table()):
        for forms, value in ((name.short, SHORT), (name.full, FULL)):
            heard = filter(
                None, (_sounds(form) for form in forms if faint or name.sex == "s" or not _FAINT.match(form))
            )
            for first, *further in heard:
                exact[first.raw][number] = value
                for level, key in ((level, sound[level]) for sound in (first, *further) for level in range(3)):
                    levels[level][key][number] = value
    levels[0] |= exact
    return tuple(
        {key: ids for key, ids in keys.items() if len(key) >= shortest}
        for keys, shortest in zip(levels, _SHORTEST, strict=True)
    )


@cache
def _stems() -> Mapping[str, frozenset[int]]:
    """Map stems of patronymics (a man's name without its last vowels) to the ids of the name."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    coarse: defaultdict[str, set[int]] = defaultdict(set)
    for number, name in enumerate(table()):
        if name.sex == "m":
            for form in filter(_CYRILLIC.match, (*name.full, *name.stems)):
                for sound in _sounds(form):
                    found[sound.k1.rstrip(_VOWELS)].add(number)
                    coarse[sound.k2.rstrip(_VOWELS)].add(number)
    return {stem: frozenset(ids) for stem, ids in {**coarse, **found}.items() if len(stem) >= _MIN_STEM}


def given_names(word: str) -> Mapping[int, float]:
    """Return the ids of the given names that a folded word is a form of, each with its similarity."""
    sounds = readings(word)
    heard = ((sound[level], forms) for level, forms in enumerate(_forms(faint=is_rough(word))) for sound in sounds)
    return {**_letters().get(word, {}), **next((forms[key] for key, forms in heard if key in forms), {})}


def is_plainly_given(word: str) -> bool:
    """Tell whether a word is a form of a given name as it is written, or as it is likeliest heard."""
    exact = _forms(faint=is_rough(word))[0]
    return word in _letters() or any(sound.raw in exact for sound in readings(word)[:1])


@lru_cache(maxsize=8192)
def misspelt_given_names(word: str) -> Mapping[int, float]:
    """Return the ids of given names that the word is a slip away from, less similar than without the slip.

    The letters are compared as well as the sounds: a slip that makes a digraph (Natsa) changes more than one sound.
    """
    heard = sorted(key for key in {word, *(sound.k1 for sound in readings(word))} if len(key) >= _MIN_SLIP)
    found: dict[int, float] = {}
    for form in (_places()[place] for place in _near_forms().near((key, key) for key in heard)):
        likeness = max(OSA.normalized_similarity(key, form, score_cutoff=_SLIP) for key in heard)
        for number, value in _spelt()[form].items() if likeness else ():
            found[number] = max(value * likeness, found.get(number, 0))
    return found


@cache
def _letters() -> Mapping[str, Mapping[int, float]]:
    """Map each form of one word, as it is folded, to what it names."""
    letters: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for number, name in enumerate(table()):
        for forms, value in ((name.short, SHORT), (name.full, FULL)):
            for parts in map(words, forms):
                if len(parts) == 1:
                    letters[parts[0]][number] = value
    return letters


@cache
def _spelt() -> Mapping[str, Mapping[int, float]]:
    """Map each form's sound and its letters to what it names."""
    return {**_letters(), **_forms(faint=True)[1]}


@cache
def _places() -> tuple[str, ...]:
    return tuple(_spelt())


@cache
def _near_forms() -> Neighbours:
    found = Neighbours(_SLIP, _MEANINGS)
    for place, form in enumerate(_places()):
        if len(form) >= _MIN_SLIP:
            found.add(form, form, place)
    return found


def fathers(word: str) -> frozenset[str]:
    """Return whose child a patronymic says: ids of the father's name, or its stem if the table lacks it.

    Empty when the word cannot be a patronymic. A surname in -vich has the same form; only the rest of the name
    tells (`match.roles`).
    """
    found: set[str] = set()
    for sound in readings(word):
        stem = _stem(sound.k1)
        known = _stems().get(stem) or _stems().get(_stem(sound.k2))
        if stem:
            found.update(map(str, known) if known else (stem,))
    return frozenset(found)


def _stem(sound: str) -> str:
    """Return what stands before the ending of a patronymic; nothing if that is too short to be a name."""
    ending = _PATRONYMIC.search(sound)
    stem = sound[: ending.start()].rstrip(_VOWELS) if ending else ""
    return stem if len(stem) >= _MIN_STEM else ""


def is_daughter(word: str) -> bool:
    """Tell a woman's patronymic (-овна, -івна, -ична), which is never taken for a surname."""
    return any(_FEMININE.search(sound.k1) for sound in readings(word))
