"""What Latin letters sound like, by the language that wrote them.

One Latin spelling means different things to an English, a Polish, a German and a French newspaper: `ch` is ч, х, х
and ш. So a word is read in several styles, and styles that agree give one reading. Sounds are those of `scripts`.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

_COMMON: Final[Mapping[str, str]] = {
    **dict.fromkeys(("schtsch", "chtch", "shch", "szcz", "šč", "stsch", "shtsh"), "wq"),
    **dict.fromkeys(("tsch", "tch", "tsh", "tš", "cz", "č", "ç", "ĉ"), "q"),
    **dict.fromkeys(("dsch", "dzh", "dž", "dż", "dsh"), "dj"),
    **dict.fromkeys(("sch", "sh", "sz", "š", "ş", "ș", "ŝ"), "w"),
    **dict.fromkeys(("zh", "ž", "ż"), "j"),
    **dict.fromkeys(("kh", "ḫ", "ẖ", "ḥ"), "x"),
    **dict.fromkeys(("gh", "ğ", "ġ", "ģ", "ǧ"), "g"),
    **dict.fromkeys(("ts", "tz", "ţ", "ț", "ć"), "c"),
    "ph": "f",
    "th": "t",
    "qu": "kv",
    "q": "k",
    "x": "ks",
    "w": "v",
    "h": "g",
    "c": "k",
    "ck": "k",
    "ß": "s",
    "y": "i",
    "j": "i",
    "ı": "i",
    "ŭ": "v",
    "ə": "a",
    "æ": "e",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ø": "o",
    "œ": "e",
}
"""Agreed between English-based schemes (BGN/PCGN, ICAO 9303, Belarus 2007, Ukraine 2010) and most others."""

_HACEK: Final = "[čšžśźćńŭłąęěřťďňđ]"
_SLAVIC: Final = {"ch": "x", "c": "c", "ck": "ck", "x": "x", "q": "g", "rz": "j", "ó": "u", "sch": "wq"}


class _Style(NamedTuple):
    letters: Mapping[str, str]
    never: str = "(?!)"
    """What no word of this style has: a word with it is not read so."""
    rules: tuple[tuple[str, str], ...] = ()
    """Patterns that look around, respelt before the letters are read."""


_STYLES: Final[tuple[_Style, ...]] = (
    # English press and the official schemes
    _Style({"ch": "q"}, never=f"{_HACEK}|cz|szcz", rules=(("c(?=[eiyêé])", "s"),)),
    # łacinka, Polish, Czech, Croatian, Lithuanian, ISO/R 9
    _Style(
        _SLAVIC,
        never="sh|zh|kh|tch|tsch",
        rules=(("(?<=ov)ov[aá]$", "a"), ("ą(?=[bp])", "om"), ("ę(?=[bp])", "em"), ("ą", "on"), ("ę", "en")),
    ),
    # the same after its diacritics were lost (č → c), and h for х as in ISO 9, Latvian and Finnish
    _Style({**_SLAVIC, "c": "q", "h": "x", "rz": "rz"}, never="[čśźćńŭłąęěřťďňđ]|sh|zh|kh|tch|sch|cz|sz"),
    # German press (Duden)
    _Style(
        {"ch": "x"},
        never=f"{_HACEK}|v|zh|kh|cz|ts(?!ch)|sh|c(?![hk])",
        rules=(("(?<!t)z", "ts"), ("(?:^|(?<=[aeiouyäöü]))s(?=[aeiouyäöü])", "ź")),
    ),
    # German press again: sch is also ж
    _Style({"sch": "j", "dsch": "dj", "ch": "x"}, never=f"{_HACEK}|v|^(?!.*(?<!t)sch)"),
    # GOST 7.79-2000 B and its kin: х is x, ц is cz, щ is shh
    _Style({"x": "x", "cz": "c", "shh": "wq", "ch": "q", "c": "c"}, never=f"{_HACEK}|^(?!.*(?:x|cz|shh))|sz|rz"),
    # French press
    _Style(
        {"ch": "w", "ou": "u", "j": "j", "dj": "dj", "qu": "k"},
        never=f"{_HACEK}|w|sh|zh|sch|cz|sz",
        rules=(("gu(?=[eiyéè])", "gh"), ("c(?=[eiyéè])", "s"), ("(?<=in)e$", "")),
    ),
    # English of English ears: j as in John, ee and oo, a silent last h
    _Style(
        {"ch": "q", "dj": "dj"},
        never=f"{_HACEK}|cz|sz|sch|^(?!.*(?:j|ee|oo|[aeo]h$))",
        rules=(("(?<=[aeo])h$", ""), ("(^|[aeiouyhnrl])j(?=[aeiouy])", r"\1dž"), ("ee", "i"), ("oo", "u")),
    ),
    # Dutch and Scandinavian press
    _Style(
        {"oe": "u", "sj": "w", "zj": "j", "tsj": "q", "tj": "q", "ch": "x", "stsj": "wq"},
        never=f"{_HACEK}|^(?!.*(?:sj|zj|tj|oe))|sh|zh",
    ),
)

_SYLLABLE: Final = "(?:[bpmfdtnlgkhjqxzcsryw]|[zcs]h)?(?:[iuü]?[aeo][aeiou]?(?:ng?|r)?|[iuü][aeiou]?(?:ng?)?)"
_LATER: Final[tuple[_Style, ...]] = (
    # Armenian surnames, whose h Russian leaves out
    _Style({"ch": "q", "h": "", "gh": "g", "j": "dj"}, never="^(?!.*[iy]an$)|^(?!.*h)"),
    # Turkish, Azerbaijani and Romanian without their own letters
    _Style({"c": "dj", "ch": "k", "j": "j", "q": "g", "x": "x"}, never=f"{_HACEK}|^(?!.*c(?![hkz]))|sh|zh|kh|sz|w"),
    # Spanish and Italian
    _Style(
        {"j": "x", "ll": "l", "z": "s", "ch": "q", "qu": "k", "h": "", "x": "x", "ñ": "n"},
        never=f"{_HACEK}|k|w|sh|zh|^(?!.*(?:j|ll|z|h|qu|ge|gi|c[ei]|x))",
        rules=(("gu(?=[eiéí])", "ğ"), ("g(?=[eiéí])", "ḫ"), ("c(?=[eiéí])", "s")),
    ),
    # Romanian
    _Style({"ch": "k", "gh": "g", "j": "j"}, never="k|w|y|sh|zh|^(?!.*(?:ch|c[ei]))", rules=(("c(?=[ei])", "č"),)),
    # Pinyin, as Palladius' Russian has it
    _Style(
        {"zh": "qj", "ch": "q", "sh": "w", "j": "cz", "z": "cz", "q": "c", "c": "c", "x": "s", "r": "j", "h": "x"},
        never=rf"^(?!(?:{_SYLLABLE}){{1,3}}$)|^(?!.*(?:zh|[jzqxrh]|ong|ng|c(?!h)))",
        rules=(
            ("ng(?![aeiou])", "n"),
            ("wu", "u"),
            ("(?<=[jqxy])u(?![aeionü])", "iui"),
            ("(?<=[jqxy])u", "iu"),
            ("on(?=$|[^aeiou])", "un"),
            ("(?<=h)ui", "uei"),
        ),
    ),
)

_TURKIC: Final = _Style({"c": "dj", "ç": "q", "x": "x", "q": "g", "j": "j"})
"""Azerbaijani (1992) and Turkish (1928) alphabets, known by letters that no other style has."""
_TURKIC_LETTERS: Final = frozenset("əğışç")

_MIN_BALTIC: Final = 5
_BALTIC: Final = re.compile("as$|(?<=[aei]i)us$|(?<=[^aei])ius$|(?<!u)s$")


class _Reader:
    """Reads words in one style: its patterns first, then the longest spelling at each place."""

    def __init__(self, style: _Style) -> None:
        self._never = re.compile(style.never)
        self._rules = tuple((re.compile(pattern), spelt) for pattern, spelt in style.rules)
        self._letters = {**_COMMON, **style.letters}
        spellings = sorted(map(re.escape, self._letters), key=len, reverse=True)
        self._spelling = re.compile("|".join(spellings))
        self._group = re.compile("|".join(spelt for spelt in spellings if len(spelt) > 1))
        self._single = str.maketrans({spelt: sound for spelt, sound in self._letters.items() if len(spelt) == 1})

    def may_read(self, word: str) -> bool:
        return not self._never.search(word)

    def read(self, word: str) -> str:
        for pattern, spelt in self._rules:
            word = pattern.sub(spelt, word)
        if self._group.search(word):
            return _plain(self._spelling.sub(self._sound, word))
        return _plain(word.translate(self._single))  # half the time

    def _sound(self, spelling: re.Match[str]) -> str:
        return self._letters[spelling[0]]


_DISPUTED: Final = re.compile("[cjhxqzóąę]|ou|oe|ee|oo|ll|ng|gu|ine$|^r|(?:^|[aeiouyäöü])s[aeiouyäöü]")
"""What the styles disagree about; a word without it has one reading."""

_READERS: Final = tuple(map(_Reader, (*_STYLES, *_LATER)))
_TURKIC_READER: Final = _Reader(_TURKIC)


def latin_sounds(word: str) -> list[str]:
    """Return the sounds of a lower-case Latin word, one text for each style that hears it differently."""
    if not _DISPUTED.search(word):
        readers = _READERS[:1]
    elif _TURKIC_LETTERS.intersection(word):
        readers = (_TURKIC_READER, *_READERS)
    else:
        readers = _READERS
    heard = [reader.read(word) for reader in readers if reader.may_read(word)] or [_READERS[0].read(word)]
    return list(dict.fromkeys([*heard, *_without_baltic_ending(heard[0])]))


def _plain(text: str) -> str:
    """Replace letters that no rule knew by their base letters."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


def _without_baltic_ending(sounds: str) -> list[str]:
    """Take off the masculine ending that Lithuanian (-as, -is, -ius) and Latvian (-s, -is) press adds to a name."""
    bare = _BALTIC.sub("", sounds)
    return [bare] if len(sounds) >= _MIN_BALTIC and bare != sounds else []
