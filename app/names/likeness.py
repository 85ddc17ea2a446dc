"""How alike two words are by what they may sound like."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.names.sound import AKANIE, Sound, roughs, skeleton

NEAR: Final = 0.66
"""Similarity of k2 below which two words are not compared further."""
SAME_SOUND: Final = 0.995
"""Similarity of two spellings with one reading; only the same spelling has 1."""

_RAW, _K1, _K2 = 0.25, 0.35, 0.4
_SAME_RAW, _SAME_K1, _SAME_K2, _OTHER_VOWELS, _WITHIN = 0.985, 0.955, 0.92, 0.87, 0.03
_SLOW: Final = 0.93
OTHER_READING: Final = 0.985
"""What a likeness keeps when it needs a reading that is not the likeliest."""
_ROUGH: Final = 0.93
_SHORT_ROUGH: Final = 0.85
_MIN_BONES: Final = 2
_BONES: Final = 0.8
"""What the consonants weigh where a script writes vowels badly."""
_VOWELS: Final = "aeiou"


class Heard(Protocol):
    """A word and what it may sound like."""

    @property
    def word(self) -> str:
        """The folded word."""

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """What it may sound like, likeliest first."""

    @property
    def rough(self) -> bool:
        """Whether its script keeps only `sound.roughs` of foreign names."""


def similarity(one: Heard, other: Heard) -> float:
    """Return how alike two words sound, 0..1; 1 for the same spelling only."""
    if one.word == other.word:
        return 1.0
    best = _roughly(one, other) if one.rough or other.rough else 0.0
    return max(best, sounds_alike(one.sounds, other.sounds))


def sounds_alike(sounds: Sequence[Sound], others: Sequence[Sound]) -> float:
    """Return how alike two words are by what they may sound like, 0..1."""
    best = 0.0
    for place, heard in enumerate(sounds):
        for other_place, likeness in enumerate(likenesses(heard, others) if others else ()):
            best = max(best, likeness * (OTHER_READING if place or other_place else 1))
    return best


def first_letters(word: Heard) -> set[str]:
    """Return the sounds a word begins with; vowels and Latin j and y, which stand before any, are one."""
    letters = {"a" if sound.k2[0] in _VOWELS else sound.k2[0] for sound in word.sounds if sound.k2}
    return letters | {"a"} if word.word[0] in "jyйж" else letters


def _roughly(one: Heard, other: Heard) -> float:
    return max((_rough_alike(a, b) for a in roughs(one.word) for b in roughs(other.word)), default=0.0)


@lru_cache(maxsize=16384)
def _rough_alike(one: str, other: str) -> float:
    whole = OSA.normalized_similarity(one, other)
    bones, others = skeleton(one), skeleton(other)
    if min(len(bones), len(others)) < _MIN_BONES:
        return _SHORT_ROUGH * whole
    alike = OSA.normalized_similarity(bones, others, score_cutoff=NEAR)
    return _ROUGH * (_BONES * alike + (1 - _BONES) * whole) if alike else 0.0


def likenesses(one: Sound, others: Iterable[tuple[str, str, str, str]]) -> Iterator[float]:
    """Yield how alike a reading is to each of others; at each level they are compared all at once."""
    raws, k1s, k2s, slows = zip(*others, strict=True)
    letters, firsts, coarse, slow = map(_compared, one, (raws, k1s, k2s, slows))
    for raw, other_slow, *scores in zip(raws, slows, letters, firsts, coarse, slow, strict=True):
        yield _weighed(one, raw, other_slow, *scores)


def _compared(asked: str, others: Sequence[str]) -> Iterator[float]:
    return (score for _, score, _ in process.extract_iter(asked, others, scorer=OSA.normalized_similarity))


def _weighed(  # noqa: PLR0917 - one value for each level
    one: Sound, raw: str, other_slow: str, letters: float, first: float, coarse: float, slow: float
) -> float:
    if one.raw == raw:
        return SAME_SOUND if one.slow == other_slow else _SAME_RAW
    if first == 1:
        return (_SAME_K1 if _open(one.raw) == _open(raw) else _OTHER_VOWELS) + _WITHIN * letters
    slow = _SLOW * slow + _WITHIN * letters if slow >= NEAR else 0.0
    if coarse < NEAR:
        return slow
    alike = _RAW * letters + _K1 * first + _K2 * coarse
    return max(slow, alike, _SAME_K2 + _WITHIN * alike if coarse == 1 else 0)


def _open(raw: str) -> str:
    """Return k1 with its runs of vowels: Журавляева is not Журавлёва."""
    return raw.translate(AKANIE)
