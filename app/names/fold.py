"""From anything typed to lower-case words, in the script they were written in."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from anyascii import anyascii

MAX_TEXT: Final = 256
"""Characters of a name that are looked at; the longest official names are shorter."""
MAX_WORDS: Final = 10
MAX_WORD: Final = 40

_DROPPED: Final = dict.fromkeys(map(ord, "'’‘‛ʼʻʾʿˈʹʺ′″‵`´\"“”„ьъЬЪ͡·\0"))
_WORD: Final = re.compile(r"[^\W\d_]+")
_CAPITALS: Final = re.compile(r"[A-Z][a-z]*|[a-z]+")
_CYRILLIC: Final = re.compile("[а-џҐ-ԯЀ-Я]")
_LATIN: Final = re.compile("[a-zß-ɏ]")
_NATIVE: Final = re.compile("[a-zß-ɏəḀ-ỿЀ-ԯა-ჿա-և\u0621-\u06d3]+")

# Letters that look alike, as people mix them when a keyboard lacks one (Belarusian і, ў) or to hide a word.
_TO_CYRILLIC: Final = str.maketrans("aceiopxykmthbjséë", "асеіорхукмтнвјѕеё")
_TO_LATIN: Final = str.maketrans("асеіорхукмтнвјѕё", "aceiopxykmthbjsë")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a name in order: lower case, no apostrophes, signs, marks, digits or mixed alphabets.

    Latin, Cyrillic, Georgian, Armenian and Arabic words stay in their script; Chinese, Korean and every other
    script are romanized by anyascii, one word per syllable where it writes them so. Total over any text and
    bounded: what lies beyond `MAX_TEXT` characters, `MAX_WORDS` words or `MAX_WORD` letters is not looked at.
    """
    return _words(text[:MAX_TEXT])


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", _keep_bulgarian_vowel(text).translate(_DROPPED))[:MAX_TEXT]
    composed = unicodedata.normalize("NFC", plain.casefold().translate(_DROPPED))
    bare = "".join(letter for letter in composed if not unicodedata.combining(letter))
    found: list[str] = []
    for token in _WORD.findall(bare):
        found.extend(_native(token))
    return tuple(word[:MAX_WORD] for word in found[:MAX_WORDS])


def _keep_bulgarian_vowel(text: str) -> str:
    """Turn ъ between consonants into а: only Bulgarian has it there, and as a vowel (Streamlined System 1995)."""
    return re.sub("(?<=[бвгджзклмнпрстфхцчшщ])ъ(?=[бвгджзклмнпрстфхцчшщ])", "а", text, flags=re.IGNORECASE)


def _native(token: str) -> list[str]:
    if _NATIVE.fullmatch(token):
        return [_one_alphabet(token)]
    return [part.lower() for part in _CAPITALS.findall(anyascii(token))]


def _one_alphabet(word: str) -> str:
    """Give a word of mixed alphabets to the one that has letters of its own in it, or has more."""
    if not (_CYRILLIC.search(word) and _LATIN.search(word)):
        return word
    cyrillic = len(_CYRILLIC.findall(word.translate(_TO_LATIN))), len(_CYRILLIC.findall(word))
    latin = len(_LATIN.findall(word.translate(_TO_CYRILLIC))), len(_LATIN.findall(word))
    return word.translate(_TO_CYRILLIC if cyrillic >= latin else _TO_LATIN)
