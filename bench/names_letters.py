"""Alphabets of other lands and how names go from one to another, independent of `app.names`.

Sources: national romanizations of Georgian (2002) and Kazakh (BGN/PCGN 1979), Armenian and Tajik (BGN/PCGN), the Latin
alphabets of Azerbaijani (1992), Turkmen (1993) and Uzbek (1995) and how the English press reads them.
"""

from collections.abc import Mapping
from typing import Final

from anyascii import anyascii

_GEORGIAN: Final = dict(
    zip(
        "აბგდევზთიკლმნოპრსტუფქღყჰჟშჩცძწჭხჯ",
        "a b g d e v z t i k l m n o p r s t u p k gh q h zh sh ch ts dz ts ch kh j".split(),
        strict=True,
    )
)
_ARMENIAN: Final = {
    "ու": "u",
    **dict(
        zip(
            "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
            "a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f ev".split(),
            strict=True,
        )
    ),
}
_KAZAKH: Final = dict(
    zip(
        "әғқңөұүһіабвгдежзийклмнопрстуфхцчшыэюя",
        "a g q ng o u u h i a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh y e yu ya".split(),
        strict=True,
    )
)
_TAJIK: Final = dict(
    zip(
        "ғӣқӯҳҷабвгдежзийклмнопрстуфхчшэёюяъ",
        "gh i q u h j a b v g d e zh z i y k l m n o p r s t u f kh ch sh e yo yu ya '".split(),
        strict=True,
    )
)
_AZERI: Final = dict(zip("əxcşçqıöüğ", "a kh j sh ch g i o u gh".split(), strict=True))
_TURKMEN: Final = dict(zip("ýžşçwňäöü", "y zh sh ch v n a o u".split(), strict=True))
_ROMANIZED: Final[Mapping[str, Mapping[str, str]]] = {
    "ka": _GEORGIAN,
    "hy": _ARMENIAN,
    "kk": _KAZAKH,
    "ky": _KAZAKH,
    "tg": _TAJIK,
    "az": _AZERI,
    "tk": _TURKMEN,
}

UZBEK_CYRILLIC: Final = {
    "o'": "ў",
    "g'": "ғ",
    "sh": "ш",
    "ch": "ч",
    "yo": "ё",
    "yu": "ю",
    "ya": "я",
    **dict(zip("abdefghijklmnopqrstuvxyz", "абдефгҳижклмнопқрстувхйз", strict=True)),
}
INTO_GEORGIAN: Final = {
    **dict(zip("абвгдезийклмнопрстуфхцчшыэжьъ", [*"აბვგდეზიიკლმნოპრსტუფხცჩშიეჟ", "", ""], strict=True)),
    "ё": "იო",
    "щ": "შჩ",
    "ю": "იუ",
    "я": "ია",
}
INTO_ARMENIAN: Final = {
    **dict(zip("абвгдезийклмнопрстфхцчшыэжьъ", [*"աբվգդեզիյկլմնոպրստֆխցչշիէժ", "", ""], strict=True)),
    "ё": "յո",
    "щ": "շչ",
    "ю": "յու",
    "я": "յա",
    "у": "ու",
}


def respelt(letters: Mapping[str, str], text: str) -> str:
    """Return a name in other letters, two at a time where the table has them."""
    done, place, text = [], 0, text.lower()
    while place < len(text):
        size = 2 if text[place : place + 2] in letters else 1
        done.append(letters.get(text[place : place + size], text[place : place + size]))
        place += size
    return "".join(done).title()


def romanized(land: str, text: str) -> str:
    """Return a name of a land as the English press has it."""
    return anyascii(respelt(_ROMANIZED.get(land, {}), text)).replace("'", "")
