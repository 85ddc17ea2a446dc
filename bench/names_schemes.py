"""Published romanizations of Belarusian, Russian and Ukrainian and press spellings, independent of `app.names`.

Sources: Instruction on transliteration of Belarusian geographical names (2000, changed 2007; used for passports since);
BGN/PCGN 1979 (Belarusian) and 1947 (Russian); Belarusian łacinka (Taraškievič, 1929 orthography); ICAO Doc 9303 part 3,
table 6B (Russian passports since 2014); GOST 7.79-2000 B; ISO/R 9:1968; Cabinet of Ministers of Ukraine No. 55 (2010);
Polish: PWN rules for Cyrillic; German: Duden; French: Imprimerie nationale; Czech: ÚJČ; Lithuanian: VLKK.
"""

from collections.abc import Callable, Mapping
from typing import Final

_VOWELS: Final = frozenset("аеёиіоуыэюяєїў")
_SOFT: Final = frozenset("еёіюяєиь")


class Scheme:
    """A table of letters with the few rules about neighbours that schemes have."""

    def __init__(
        self,
        letters: Mapping[str, str],
        *,
        initial: Mapping[str, str] | None = None,
        after_vowel: Mapping[str, str] | None = None,
        after_consonant: Mapping[str, str] | None = None,
        between_vowels: Mapping[str, str] | None = None,
        clusters: Mapping[str, str] | None = None,
        endings: Mapping[str, str] | None = None,
        finish: Callable[[str], str] | None = None,
    ) -> None:
        self._letters = letters
        self._initial = initial or {}
        self._after_vowel = after_vowel or {}
        self._after_consonant = after_consonant or {}
        self._between_vowels = between_vowels or {}
        self._clusters = clusters or {}
        self._endings = endings or {}
        self._finish = finish

    def __call__(self, text: str) -> str:
        """Romanize each word of a name, capitalized."""
        return " ".join(self._word(word.lower()).capitalize() for word in text.split())

    def _word(self, word: str) -> str:
        tail = ""
        for ending, spelt in self._endings.items():
            if word.endswith(ending):
                word, tail = word.removesuffix(ending), spelt
                break
        parts, place = [], 0
        while place < len(word):
            cluster = next((c for c in self._clusters if word.startswith(c, place)), None)
            parts.append(self._clusters[cluster] if cluster else self._letter(word, place))
            place += len(cluster) if cluster else 1
        done = "".join(parts) + tail
        return self._finish(done) if self._finish else done

    def _letter(self, word: str, place: int) -> str:
        letter, before = word[place], word[place - 1] if place else ""
        if not before:
            return self._initial.get(letter, self._plain(letter))
        if before in _VOWELS and word[place + 1 : place + 2] in _VOWELS and letter in self._between_vowels:
            return self._between_vowels[letter]
        if before in _VOWELS or before in "ьъ'’":
            return self._after_vowel.get(letter, self._initial.get(letter, self._plain(letter)))
        return self._after_consonant.get(letter, self._plain(letter))

    def _plain(self, letter: str) -> str:
        return self._letters.get(letter, "" if letter in "ьъ'’" else letter)


def _table(cyrillic: str, latin: str, **others: str) -> dict[str, str]:
    return {**dict(zip(cyrillic, latin.split(), strict=True)), **others}


_BASE: Final = _table("абвдзиклмнопрстуф", "a b v d z i k l m n o p r s t u f")
_RU: Final = {**_BASE, "г": "g", "ы": "y", "э": "e", "е": "e", "ё": "e"}
_BE: Final = {**_BASE, "г": "h", "і": "i", "ы": "y", "э": "e"}


def _table_of(base: Mapping[str, str], letters: str, latin: str) -> dict[str, str]:
    return {**base, **_table(letters, latin)}


_IA: Final = _table("еёюя", "ie io iu ia")
_YE: Final = _table("еёюя", "ye yo yu ya")
_JE: Final = _table("еёюя", "je jo ju ja")

BE_2007: Final = Scheme(_table_of(_BE, "жйўхцчш", "zh i u kh ts ch sh") | _IA, initial=_YE, after_vowel=_YE)
BE_BGN: Final = Scheme(_table_of(_BE, "жйўхцчш", "zh y w kh ts ch sh") | _YE)
BE_LACINKA: Final = Scheme(
    _table_of(_BE, "жйўхцчш", "ž j ŭ ch c č š") | _IA,
    initial=_JE,
    after_vowel=_JE,
    clusters={"сь": "ś", "зь": "ź", "ць": "ć", "нь": "ń", "ль": "l", "ле": "le", "лё": "lo", "лю": "lu", "ля": "la"}
    | {"лі": "li", "л": "ł"},
)
RU_BGN: Final = Scheme(
    _table_of(_RU, "жйхцчшщюя", "zh y kh ts ch sh shch yu ya"), initial={"е": "ye", "ё": "yo"}, after_vowel={"е": "ye"}
)
RU_ICAO: Final = Scheme(_table_of(_RU, "жйхцчшщюяъ", "zh i kh ts ch sh shch iu ia ie"))
RU_GOST_B: Final = Scheme(
    _table_of(_RU, "жйхцчшщюяё", "zh j x cz ch sh shh yu ya yo"), clusters={"ци": "ci", "це": "ce", "цы": "cy"}
)
RU_ISO_R9: Final = Scheme(_table_of(_RU, "жйхцчшщюяё", "ž j h c č š šč ju ja ë"))
RU_PRESS: Final = Scheme(
    _table_of(_RU, "жйхцчшщюя", "zh y kh ts ch sh shch yu ya"),
    endings={"ский": "sky", "ий": "y", "ый": "y", "ья": "ia"},
)
UK_2010: Final = Scheme(
    _table_of(
        {**_BASE, "и": "y", "г": "h", "ґ": "g", "е": "e", "і": "i"}, "жйхцчшщєїюя", "zh i kh ts ch sh shch ie i iu ia"
    ),
    initial=_table("йєїюя", "y ye yi yu ya"),
    clusters={"зг": "zgh"},
)
_PL: Final = {"в": "w", "ж": "ż", "й": "j", "х": "ch", "ц": "c", "ч": "cz", "ш": "sz"}
PL_RU: Final = Scheme(
    {**_RU, **_PL, "щ": "szcz", "е": "ie", "ё": "io", "ю": "iu", "я": "ia"},
    initial=_JE,
    after_vowel=_JE,
    clusters={"ль": "l", "ле": "le", "лё": "lo", "лю": "lu", "ля": "la", "ли": "li", "л": "ł"}
    | {"же": "że", "це": "ce", "че": "cze", "ше": "sze", "ще": "szcze", "нь": "ń", "сь": "ś", "ье": "je", "ья": "ja"},
    endings={"ский": "ski", "ская": "ska", "цкий": "cki", "цкая": "cka", "ий": "ij", "ая": "aja"},
)
PL_BE: Final = Scheme(
    {**_BE, **_PL, "ў": "u"} | _IA,
    initial=_JE,
    after_vowel=_JE,
    clusters={"ль": "l", "ле": "le", "лё": "lo", "лю": "lu", "ля": "la", "лі": "li", "л": "ł", "дзь": "dź", "ць": "ć"}
    | {"нь": "ń", "сь": "ś", "зь": "ź"},
    endings={"ская": "ska", "цкая": "cka"},
)
_DE: Final = {"в": "w", "ж": "sch", "з": "s", "х": "ch", "ц": "z", "ч": "tsch", "ш": "sch", "ю": "ju", "я": "ja"}
DE_RU: Final = Scheme(
    {**_RU, **_DE, "й": "i", "щ": "schtsch", "ё": "jo"},
    initial={"е": "je"},
    after_vowel={"е": "je"},
    between_vowels={"с": "ss"},
    endings={"ский": "ski", "ий": "i", "ый": "y"},
)
DE_BE: Final = Scheme(
    {**_BE, **_DE, "й": "j", "ў": "u", "е": "e", "ё": "jo"}, initial={"е": "je"}, after_vowel={"е": "je"}
)
_FR: Final = {"у": "ou", "ж": "j", "й": "ï", "х": "kh", "ц": "ts", "ч": "tch", "ш": "ch", "ю": "iou", "я": "ia"}
FR_RU: Final = Scheme(
    {**_RU, **_FR, "щ": "chtch", "ё": "io"},
    initial={"е": "e", "ю": "iou", "я": "ia"},
    after_vowel={"е": "ïe", "я": "ïa"},
    between_vowels={"с": "ss"},
    clusters={"ге": "gue", "ги": "gui"},
    endings={"ский": "ski", "ий": "i", "ый": "y", "ин": "ine"},
)
FR_BE: Final = Scheme(
    {**_BE, **_FR, "ў": "ou", "е": "ie", "ё": "io"}, after_vowel={"я": "ïa"}, between_vowels={"с": "ss"}
)
CS_RU: Final = Scheme(
    _table_of(_RU, "жйхцчшщюяё", "ž j ch c č š šč ju ja jo"),
    endings={"ский": "skij", "ская": "ská", "ий": "ij"},
)
LT_RU: Final = Scheme(
    _table_of(_RU, "жйхцчшщюяё", "ž j ch c č š šč iu ia io"),
    initial=_JE,
    endings={"ов": "ovas", "ев": "evas", "ин": "inas", "ский": "skis", "ая": "aja", "ий": "ijus"},
)
LT_BE: Final = Scheme(
    _table_of(_BE, "жйўхцчш", "ž j u ch c č š") | _IA, initial=_JE, after_vowel=_JE, endings={"скі": "skis"}
)
ASCII_LACINKA: Final = str.maketrans("žŭčšśźćńł", "zucsszcnl")

ROMANIZED: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "be 2007": ("be", BE_2007),
    "be BGN": ("be", BE_BGN),
    "łacinka": ("be", BE_LACINKA),
    "łacinka ASCII": ("be", lambda text: BE_LACINKA(text).lower().translate(ASCII_LACINKA).title()),
    "ru BGN": ("ru", RU_BGN),
    "ru ICAO": ("ru", RU_ICAO),
    "ru GOST B": ("ru", RU_GOST_B),
    "ru ISO/R 9": ("ru", RU_ISO_R9),
    "en press": ("ru", RU_PRESS),
    "uk 2010": ("uk", UK_2010),
    "pl of ru": ("ru", PL_RU),
    "pl of be": ("be", PL_BE),
    "de of ru": ("ru", DE_RU),
    "de of be": ("be", DE_BE),
    "fr of ru": ("ru", FR_RU),
    "fr of be": ("be", FR_BE),
    "cs of ru": ("ru", CS_RU),
    "lt of ru": ("ru", LT_RU),
    "lt of be": ("be", LT_BE),
}
"""Name of the scheme → (which language's Cyrillic form it starts from, the romanization)."""
