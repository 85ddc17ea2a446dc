"""Text as it comes from records: made safe for one line, told apart by script and by what is drawn as one."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_SCRIPTS: Final = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARMENIAN": "Armn", "GEORGIAN": "Geor",
    "HEBREW": "Hebr", "ARABIC": "Arab", "CJK": "Hani", "HIRAGANA": "Jpan", "KATAKANA": "Jpan",
    "HANGUL": "Kore", "THAI": "Thai", "LAO": "Laoo", "KHMER": "Khmr", "MYANMAR": "Mymr", "ETHIOPIC": "Ethi",
    "DEVANAGARI": "Deva", "BENGALI": "Beng", "TIBETAN": "Tibt", "MONGOLIAN": "Mong", "TAMIL": "Taml",
    "SINHALA": "Sinh", "THAANA": "Thaa", "TIFINAGH": "Tfng",
}  # fmt: skip
RIGHT_TO_LEFT: Final = frozenset({"Arab", "Hebr", "Thaa"})
# The joiners decide which letters of Persian and of Indic scripts are drawn as one; the rest of Cf (marks and
# overrides of direction, tags, soft hyphens) can make an address read as another one and has no place in it.
_JOINERS: Final = "\u200c\u200d"
_LONGEST: Final = 12
_LONGEST_JOINED: Final = 24
_NO_WORD: Final = 60
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f]")


def clean(text: object) -> str:
    """Make one line of a value: spaces folded, control and direction characters dropped, composed form (NFC)."""
    if not isinstance(text, str):
        return ""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):  # nothing in it but letters, marks and spaces
        return " ".join(text.split())
    kept = (_kept(char) for char in unicodedata.normalize("NFC", text))
    return " ".join("".join(kept).split())


def _kept(char: str) -> str:
    if char.isspace():
        return " "
    if char in _JOINERS:
        return char
    return "" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} else char


@lru_cache(maxsize=4096)
def letter_script(char: str) -> str | None:
    """Give the ISO 15924 code of a letter's script; ``None`` for what is no letter."""
    if not char.isalpha():
        return None
    first = unicodedata.name(char, "").replace("-", " ").split(" ", 1)[0]
    return None if first == "MODIFIER" else _SCRIPTS.get(first, "Zyyy")


def script_of(text: str) -> str | None:
    """Give the script that most letters of a text belong to; ``None`` when it has no letters at all."""
    if text.isascii():
        return "Latn" if any(map(str.isalpha, text)) else None
    counted = Counter(filter(None, map(letter_script, text)))
    return max(counted, key=lambda script: counted[script], default=None)


def clusters(text: str) -> Iterator[str]:
    """Cut a text into what is drawn as one: a character with the marks and joiners that follow it."""
    cluster = ""
    for char in text:
        if cluster and not _extends(char):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _extends(char: str) -> bool:
    return unicodedata.category(char).startswith("M") or char in _JOINERS or bool(_SELECTORS.match(char))


def breakable(text: str) -> str:
    """Let long words break anywhere: zero width spaces between their clusters.

    Words that would not fit the smallest label, that is; joined scripts keep theirs whole for longer, since a
    break inside a word undoes the joining.
    """
    return " ".join(map(_broken, text.split(" ")))


def _broken(word: str) -> str:
    longest = _LONGEST_JOINED if script_of(word) in RIGHT_TO_LEFT else _LONGEST
    if len(word) <= longest:
        return word
    pieces = list(clusters(word))
    if len(pieces) <= longest:
        return word
    # No word of a name or place is that long, and every place to break costs typst more than the one before.
    step = 1 if len(pieces) <= _NO_WORD else _NO_WORD // 10
    return "\u200b".join("".join(pieces[start : start + step]) for start in range(0, len(pieces), step))


def is_right_to_left(text: str) -> bool:
    """Tell whether a line starts from the right: whether its first letter does."""
    first = next(filter(None, map(letter_script, text)), None)
    return first in RIGHT_TO_LEFT
