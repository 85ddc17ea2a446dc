"""Readings of a word: what it may sound like, and coarser forms of each reading.

Akanie, iakanie and the loss of softness are what romanizations of Belarusian and Russian disagree about, so the
forms merge exactly these.
"""

import re
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from app.names.arabic import arabic_sounds
from app.names.latin import latin_sounds
from app.names.scripts import ARMENIAN, CYRILLIC, GEORGIAN
from app.names.syllables import HAN, HANGUL, han_rough, hangul_sounds, pinyin

MAX_READINGS: Final = 8

_U_AFTER_VOWEL: Final = re.compile("(?<=[aeo])u")
_I_BEFORE_VOWEL: Final = re.compile("(?<=.)i+(?=[aeou])|^i+(?=e)|^i+(?=i[aou])")
_FIRST_I: Final = re.compile("^i(?=[aou])")
_T_IN_AFFRICATE: Final = re.compile("t(?=[qc])")
_VOWELS: Final = re.compile("[aeiou]+")
AKANIE: Final = str.maketrans("eo", "aa")
_COARSE: Final = str.maketrans("zjwcgxf", "ssstggv")
_ROUGH: Final = str.maketrans("bvfdcqgxrzjweo", "ppptttkklsssaa")


class Sound(NamedTuple):
    """One reading of a word at three levels of coarseness."""

    raw: str
    k1: str
    """a, e and o are one vowel (akanie, iakanie), тч and тц are ч and ц, a first я is а."""
    k2: str
    """Hissing sounds are s; ц is т, дз is д; г, х and h are one; ф is в."""
    slow: str
    """k1 before softness was dropped: nearer to the letters, so that a slip between a vowel and й stays one slip."""


@lru_cache(maxsize=16384)
def readings(word: str) -> tuple[Sound, ...]:
    """Return what a folded word may sound like, likeliest first, at most `MAX_READINGS`; empty for no letters."""
    found: dict[str, Sound] = {}
    for heard in _heard(word):
        raw = _tail(heard)
        if raw and raw not in found:
            found[raw] = _sound(raw, heard)
    return tuple(found.values())[:MAX_READINGS]


def is_rough(word: str) -> bool:
    """Tell whether the word's script lacks vowels or consonants that names of other scripts need."""
    return "\u0600" <= word[:1] <= "\u06ff" or "\u3400" <= word[:1] <= "\ud7a3"


@lru_cache(maxsize=16384)
def roughs(word: str) -> frozenset[str]:
    """Return what is left of a word where voice, places of hissing and openness of vowels are not told apart.

    This is as much as Arabic, Korean and Chinese writing keep of a foreign name.
    """
    found = {_rough(sound.k1) for sound in readings(word)}
    return frozenset(found | {_once(han_rough(word))} if HAN.match(word) else found)


def _rough(k1: str) -> str:
    return _once(k1.replace("dj", "t").translate(_ROUGH).replace("ts", "t"))


def skeleton(sounds: str) -> str:
    """Return the third key: a rough word without its vowels."""
    return _once(_VOWELS.sub("", sounds))


def _heard(word: str) -> list[str]:
    last = max(word, default="")  # one Cyrillic letter among Latin ones decides: the rest are slips of the keyboard
    if HAN.fullmatch(word):
        return latin_sounds(pinyin(word))
    if HANGUL.fullmatch(word):
        return hangul_sounds(word)
    if last < "Ѐ" or last > "ჿ":
        return latin_sounds(word)
    if last <= "ԯ":
        return [_ascii(word.translate(CYRILLIC))]
    if is_rough(word):
        return [_ascii(sounds) for sounds in arabic_sounds(word)]
    return [_ascii(word.replace("ու", "u").translate(GEORGIAN if last >= "Ⴀ" else ARMENIAN))]


def _ascii(sounds: str) -> str:
    return sounds.encode("ascii", "ignore").decode()


def _tail(sounds: str) -> str:
    """Apply what holds in every script: у after a vowel is ў, softness is not written, doubles count once."""
    hard = _U_AFTER_VOWEL.sub("v", sounds)
    return _once(_I_BEFORE_VOWEL.sub("", hard))


def _sound(raw: str, heard: str) -> Sound:
    hard = _T_IN_AFFRICATE.sub("", _FIRST_I.sub("", raw))
    k1 = _once(hard.translate(AKANIE))
    return Sound(raw, k1, coarse(k1), _once(heard.translate(AKANIE)))


def coarse(k1: str) -> str:
    """Return the second key of the first."""
    return _once(_once(k1.translate(_COARSE)).replace("ds", "d").replace("ts", "t"))


def _once(sounds: str) -> str:
    return "".join([sound for sound, _ in groupby(sounds)])  # a third of what a pattern takes
