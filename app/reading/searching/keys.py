"""What a word is looked up by: its beginnings, and forms that it shares with words that sound nearly the same."""

from collections.abc import Iterator
from typing import Final

from app.names.keys import keys
from app.names.likeness import SAME_SOUND, similarity
from app.names.sound import readings
from app.reading.searching.tokens import is_number

NEAR: Final = 0.8  # likeness below which a word is another one: one slip in five letters
_READINGS: Final = 2  # readings of a stored word that are looked up; what is typed has all of its
_LONG: Final = 5  # sounds of a word in which one may be a slip
_BEGUN: Final = 0.85  # likeness of a word of which only the beginning is typed, the more the more of it
_PART_OF_NUMBER: Final = 0.9  # of 361 and 361-4
_LAST: Final = "\U0010ffff"


def entered(word: str) -> set[str]:
    """Give the keys that a word is entered under."""
    if is_number(word):
        return {f"#{word}"}
    sounds = readings(word)[:_READINGS]
    forms = {f"~{form}" for sound in sounds for form in _forms(sound.k2)}
    return forms | {f"={word}", *(f"={sound.k1}" for sound in sounds)}


def alike(typed: str) -> set[str]:
    """Give the keys under which words are entered that a typed one may mean."""
    if is_number(typed):
        return {f"#{typed}"}
    return {f"={typed}", *(f"~{form}" for sound in readings(typed) for form in _forms(sound.k2))}


def begun(typed: str, *, unfinished: bool) -> Iterator[tuple[str, str]]:
    """Give the ranges of keys under which words are entered that begin as typed."""
    if is_number(typed):
        start = f"#{typed}" if unfinished and len(typed) > 1 else f"#{typed}-"
        yield start, start + _LAST
    elif unfinished:
        for start in dict.fromkeys([typed, *(sound.k1 for sound in readings(typed))]):
            yield f"={start}", f"={start}{_LAST}"


def likeness(typed: str, word: str, *, unfinished: bool) -> float:
    """Tell how surely a typed word means a word of the index, 0..1."""
    if typed == word:
        return 1.0
    if is_number(typed) or is_number(word):
        return _like_numbers(typed, word, unfinished=unfinished)
    alike = similarity(keys(typed), keys(word))
    return max(alike, _like_beginnings(typed, word)) if unfinished else alike


def _like_numbers(typed: str, word: str, *, unfinished: bool) -> float:
    if word.startswith(f"{typed}-"):
        return _PART_OF_NUMBER
    begins = unfinished and len(typed) > 1 and word.startswith(typed)
    return NEAR + (_PART_OF_NUMBER - NEAR) * len(typed) / len(word) if begins else 0.0


def _like_beginnings(typed: str, word: str) -> float:
    starts = {typed, *(sound.k1 for sound in readings(typed))} - {""}
    wholes = {word, *(sound.k1 for sound in readings(word))}
    shares = [len(start) / len(whole) for start in starts for whole in wholes if whole.startswith(start)]
    return _BEGUN + (1 - _BEGUN) * SAME_SOUND * max(shares) if shares else 0.0


def _forms(sounds: str) -> set[str]:
    """Give a word's sounds, and all but one of them: words one slip apart share one of these."""
    if len(sounds) < _LONG:
        return {sounds} - {""}
    return {sounds, *(sounds[:place] + sounds[place + 1 :] for place in range(len(sounds)))}
