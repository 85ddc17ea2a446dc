"""What Arabic names need in every alphabet, and what the letters of Arabic and Persian sound like."""

import re
from typing import Final

_ARTICLE: Final = re.compile(
    r"\bال(?!له\b)(?=\w{3})|\b(?:[aeu]l|a[drstnz]|ash|[аэу]л|а[дрстнзш])-(?=\w{3})|(?<=\w )(?:[ae]l|[аэ]л) (?=\w{3})"
)
_SERVANT: Final = re.compile(r"\b(عبد|abd|абд)[ -]?([aeu]l|[аеуэ]л)?[ -]+(?=\w{3})")


def without_articles(name: str) -> str:
    """Return a lower-case name without al-, which is written, left out, glued and assimilated as it comes.

    What follows Abd, "servant of", becomes one word with it: Abd al-Rahman, Abdel Rahman, عبد الرحمن.
    """
    return _SERVANT.sub(_with_servant, _ARTICLE.sub("", name))


def _with_servant(found: re.Match[str]) -> str:
    return {"عبد": "عبدال", "abd": "abdul", "абд": "абдул"}[found[1]]


_ARABIC: Final = str.maketrans(
    {
        **dict(zip("بپتثحخدذرزژسشصضطظغفقكکگلمنچڤ", "bptsxxdzrzjswsdtzgfkkkglmnqv", strict=True)),
        **dict.fromkeys("اأإآىةۀ", "a"),
        **dict.fromkeys("ئيیے", "i"),
        "ه": "g",
    }
)
"""Arabic and Persian (BGN/PCGN 1956 and 1958); short vowels are unwritten, ع and hamza are no sound elsewhere."""
# Between the teeth in Arabic, which elsewhere is now т or д, now с or з; Persian has с and з only.
_BETWEEN_TEETH: Final = str.maketrans("ثذضظ", "سدزد")
_WAW_CONSONANT: Final = re.compile("^و|(?<=[ايی])و|و(?=[اايی])")
_LAST_H: Final = re.compile("[هةہ]$")


def arabic_sounds(word: str) -> list[str]:
    """Return what is written of a word's sounds: و is a vowel or в, by what is beside it; ج is г, ж or дж; ذ з or д."""
    plain = _LAST_H.sub("ا", word)
    guess = _WAW_CONSONANT.sub("v", plain)
    jims = ("g", "dj", "j") if "ج" in plain else ("",)
    found = [text.replace("و", waw).replace("ج", jim) for text, waw in ((guess, "u"), (plain, "v")) for jim in jims]
    written = [text.replace("ؤ", "u") for text in found]
    others = [text.translate(_BETWEEN_TEETH) for text in written]
    return [text.translate(_ARABIC) for text in dict.fromkeys(written + others)]
