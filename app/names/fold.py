"""From anything typed to lower-case words, in the script they were written in."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from anyascii import anyascii

from app.names.arabic import without_articles
from app.names.syllables import parted

MAX_TEXT: Final = 256
"""Characters of a name that are looked at; the longest official names are shorter."""
MAX_WORDS: Final = 10
MAX_WORD: Final = 40

_DROPPED: Final = dict.fromkeys(map(ord, "'’‘‛ꞌꞋʼʽʻʾʿˈʹʺ′″‵`´\"“”„ьъЬЪ͡\0"))
_UNSEEN: Final = re.compile("[\u00ad\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?<=[a-zA-Z])·(?=[a-zA-Z])")
"""What is no part of a word though it may stand in one: marks of width and direction, the dot of Catalan."""
_SIGNED: Final = "\u0700-\u109f\u1200-\u1aaf\u1b00-\u1cff\ua800-\uabff\U00011000-\U00011fff"
"""Scripts that write vowels as signs upon a letter, or join letters by signs, as those of India and Tibet do."""
_SIGNS: Final = frozenset(
    sign
    for first, last in re.findall("(.)-(.)", _SIGNED)
    for sign in map(chr, range(ord(first), ord(last) + 1))
    if unicodedata.category(sign) in {"Mn", "Mc"}
)
"""Marks that are letters to those who write them; the others are accents and points, which come and go."""
_IN_SIGNED: Final = re.compile(f"[{_SIGNED}]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[{signs}]+[^\W\d_]*)*".format(signs="".join(sorted(_SIGNS))))
_CAPITALS: Final = re.compile(r"[A-Z][a-z]*|[a-z]+")
_INITIALS: Final = {
    "zh": "ж",
    "kh": "х",
    "ts": "ц",
    "ch": "ч",
    "cz": "ч",
    "sh": "ш",
    "sz": "ш",
    "sch": "ш",
    "shch": "щ",
    "dz": "д",
    **{first + last: vowel for first in "yij" for last, vowel in (("a", "я"), ("e", "е"), ("o", "ё"), ("u", "ю"))},
}
_INITIAL: Final = re.compile(rf"\b({'|'.join(sorted(_INITIALS, key=len, reverse=True))})\.")
"""Initials of two Latin letters, which only their dot tells from words; they become the letter that they stand for."""
_CYRILLIC: Final = re.compile("[а-џҐ-ԯЀ-Я]")
_LATIN: Final = re.compile("[a-zß-ɏ]")
_NATIVE: Final = re.compile("[a-zß-ɏəḀ-ỿЀ-ԯა-ჿա-և\u0621-\u06d3\u3400-\u9fff\uac00-\ud7a3]+")

# Letters that look alike, as people mix them when a keyboard lacks one (Belarusian і, ў) or to hide a word.
_TO_CYRILLIC: Final = str.maketrans("aceiopxykmthbjséë", "асеіорхукмтнвјѕеё")
_TO_LATIN: Final = str.maketrans("асеіорхукмтнвјѕё", "aceiopxykmthbjsë")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a name in order: lower case, no apostrophes, signs, marks, digits or mixed alphabets.

    Latin, Cyrillic, Georgian, Armenian, Arabic, Chinese and Korean words stay in their script; every other one is
    romanized by anyascii, with the signs that are its vowels. A Chinese or Korean name written as one word is parted
    after its surname.
    Total over any text and bounded: what lies beyond `MAX_TEXT` characters, `MAX_WORDS` words or `MAX_WORD` letters is
    not looked at.
    """
    return _words(text[:MAX_TEXT])


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    seen = _UNSEEN.sub("", _keep_bulgarian_vowel(text)).translate(_DROPPED)
    plain = unicodedata.normalize("NFKC", seen)[:MAX_TEXT]
    composed = unicodedata.normalize("NFC", plain.casefold().translate(_DROPPED))
    bare = "".join(letter for letter in composed if letter in _SIGNS or not unicodedata.combining(letter))
    found: list[str] = []
    tokens = _WORD.findall(without_articles(_INITIAL.sub(_initial, bare)))
    for token in parted(tokens[0]) if len(tokens) == 1 else tokens:
        found.extend(_native(token))
    return tuple(word[:MAX_WORD] for word in found[:MAX_WORDS])


def _initial(found: re.Match[str]) -> str:
    return f" {_INITIALS[found[1]]} "


def _keep_bulgarian_vowel(text: str) -> str:
    """Turn ъ between consonants into а: only Bulgarian has it there, and as a vowel (Streamlined System 1995)."""
    return re.sub("(?<=[бвгджзклмнпрстфхцчшщ])ъ(?=[бвгджзклмнпрстфхцчшщ])", "а", text, flags=re.IGNORECASE)


def _native(token: str) -> list[str]:
    if _NATIVE.fullmatch(token):
        return [_one_alphabet(token)]
    if _IN_SIGNED.search(token):
        return [word] if (word := "".join(_CAPITALS.findall(anyascii(token))).lower()) else []
    return [part.lower() for part in _CAPITALS.findall(anyascii(token))]


def _one_alphabet(word: str) -> str:
    """Give a word of mixed alphabets to the one that has letters of its own in it, or has more."""
    if not (_CYRILLIC.search(word) and _LATIN.search(word)):
        return word
    cyrillic = len(_CYRILLIC.findall(word.translate(_TO_LATIN))), len(_CYRILLIC.findall(word))
    latin = len(_LATIN.findall(word.translate(_TO_CYRILLIC))), len(_LATIN.findall(word))
    return word.translate(_TO_CYRILLIC if cyrillic >= latin else _TO_LATIN)
