"""From a text to the words and numbers that it is found by, in any script."""

import re
import unicodedata
from typing import Final, NamedTuple

from app.names.fold import words

MOST_TYPED: Final = 12  # words of a question that are looked at
_MOST: Final = 100  # words of a text that are indexed; a title has up to 80
_SHORTEST: Final = 2  # letters; one letter is half a conjunction
_WITHIN: Final = "LNM"  # letters, numbers, and marks, as in many scripts a word ends with one
_PART: Final = re.compile(r"[0-9]+(?:[.\-\u2013][0-9]+)*|[^\s0-9]+")
_RAISED: Final = re.compile("(?<=[0-9])[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
# What stands before a number and says only that one follows.
_SIGN: Final = re.compile(r"(?:[№#]|\b(?:no|nr|n)\b[.°º]?)\s*(?=[0-9])", re.IGNORECASE)
_BETWEEN: Final = re.compile("[.\u2013]")


class Typed(NamedTuple):
    """What was typed: its words and numbers, and whether the last one may go on."""

    tokens: tuple[str, ...]
    unfinished: bool


def tokens(text: str, most: int = _MOST) -> tuple[str, ...]:
    """Give the words and numbers of a text in order, each once.

    Words are folded as those of names are. Numbers stay as printed, with `-` between their parts: `361-4`, also where
    print raises the second part (361⁴) or has a dot (228.1).
    """
    found: dict[str, None] = {}
    for part in _PART.findall(_plain(text)):
        if part[0].isdecimal():
            found[_BETWEEN.sub("-", part)] = None
        else:
            found |= dict.fromkeys(word for word in words(part) if len(word) >= _SHORTEST)
        if len(found) >= most:
            break
    return tuple(found)[:most]


def typed(text: str) -> Typed:
    """Read what somebody typed. Nobody goes on with a word behind a space or a full stop."""
    return Typed(tokens(text, MOST_TYPED), bool(text) and unicodedata.category(text[-1])[0] in _WITHIN)


def is_number(token: str) -> bool:
    """Tell whether a token is a number."""
    return token[0].isdecimal()


def _plain(text: str) -> str:
    digits = "".join(_digit(letter) for letter in text)
    raised = _RAISED.sub(lambda found: f"-{unicodedata.normalize('NFKC', found[0])}", digits)
    return _SIGN.sub(" ", raised)


def _digit(letter: str) -> str:
    """Give a digit of any script as ours (`٤`)."""
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
