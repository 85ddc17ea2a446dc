"""Readings of a word: what it may sound like, and coarser forms of each reading.

Akanie, iakanie and the loss of softness are what romanizations of Belarusian and Russian disagree about, so the
forms merge exactly these.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from app.names.latin import latin_sounds
from app.names.scripts import ARABIC, ARMENIAN, CYRILLIC, GEORGIAN

MAX_READINGS: Final = 6

_U_AFTER_VOWEL: Final = re.compile("(?<=[aeo])u")
_I_BEFORE_VOWEL: Final = re.compile("(?<=.)i+(?=[aeou])|^i+(?=e)|^i+(?=i[aou])")
_FIRST_I: Final = re.compile("^i(?=[aou])")
_T_IN_AFFRICATE: Final = re.compile("t(?=[qc])")
_DOUBLE: Final = re.compile(r"(.)\1+")
_VOWELS: Final = re.compile("[aeiou]+")
_AKANIE: Final = str.maketrans("eo", "aa")
_COARSE: Final = str.maketrans("zjwcgxf", "ssstggv")


class Sound(NamedTuple):
    """One reading of a word at three levels of coarseness."""

    raw: str
    k1: str
    """a, e and o are one vowel (akanie, iakanie), тч and тц are ч and ц, a first я is а."""
    k2: str
    """Hissing sounds are s; ц is т, дз is д; г, х and h are one; ф is в."""
    slow: str
    """k1 before softness was dropped: nearer to the letters, so that a slip between a vowel and й stays one slip."""


@lru_cache(maxsize=65536)
def readings(word: str) -> tuple[Sound, ...]:
    """Return what a folded word may sound like, likeliest first, at most `MAX_READINGS`; empty for no letters."""
    found: dict[str, Sound] = {}
    for heard in _heard(word):
        raw = _tail(heard)
        if raw and raw not in found:
            found[raw] = _sound(raw, heard)
    return tuple(found.values())[:MAX_READINGS]


def is_consonantal(word: str) -> bool:
    """Tell whether the word's script leaves its vowels out, so that only skeletons can be compared."""
    return "\u0600" <= word[:1] <= "\u06ff"


def skeleton(k2: str) -> str:
    """Return the third key: the second without its vowels."""
    return _VOWELS.sub("", k2)


def _heard(word: str) -> list[str]:
    last = max(word, default="")  # one Cyrillic letter among Latin ones decides: the rest are slips of the keyboard
    if last < "Ѐ" or last > "ჿ":
        return latin_sounds(word)
    if last <= "ԯ":
        return [_ascii(word.translate(CYRILLIC))]
    if is_consonantal(word):
        return [_ascii(word.translate(ARABIC)), _ascii(word.replace("و", "ڤ").translate(ARABIC))]
    return [_ascii(word.translate(GEORGIAN if last >= "Ⴀ" else ARMENIAN))]


def _ascii(sounds: str) -> str:
    return sounds.encode("ascii", "ignore").decode()


def _tail(sounds: str) -> str:
    """Apply what holds in every script: у after a vowel is ў, softness is not written, doubles count once."""
    hard = _U_AFTER_VOWEL.sub("v", sounds)
    return _once(_I_BEFORE_VOWEL.sub("", hard))


def _sound(raw: str, heard: str) -> Sound:
    hard = _T_IN_AFFRICATE.sub("", _FIRST_I.sub("", raw))
    k1 = _once(hard.translate(_AKANIE))
    return Sound(raw, k1, coarse(k1), _once(heard.translate(_AKANIE)))


def coarse(k1: str) -> str:
    """Return the second key of the first."""
    return _once(_once(k1.translate(_COARSE)).replace("ds", "d").replace("ts", "t"))


def _once(sounds: str) -> str:
    return _DOUBLE.sub(r"\1", sounds)
