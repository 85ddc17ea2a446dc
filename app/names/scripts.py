"""Letters of the alphabets other than Latin, each with its sound.

The sounds are one ASCII letter each: a e i o u and b c d f g j k l m n p q r s t v w x z, where c is ц, j is ж,
q is ч, w is ш and x is х. A soft vowel is i and the vowel.
"""

from typing import Final

CYRILLIC: Final = str.maketrans(
    {
        **dict(zip("абвгґдезийклмнопрстуўфхцыэ", "abvggdeziiklmnoprstuvfxcie", strict=True)),
        "ё": "io",
        "є": "e",
        "ж": "j",
        "і": "i",
        "ї": "i",
        "ч": "q",
        "ш": "w",
        "щ": "wq",
        "ю": "iu",
        "я": "ia",
        "ь": "",
        "ъ": "",
        "ѣ": "e",
        "ѳ": "f",
        "ѵ": "i",
        "ѐ": "e",
        "ѝ": "i",
        # Serbian and Macedonian
        "ј": "i",
        "љ": "l",
        "њ": "n",
        "ћ": "q",
        "ђ": "dj",
        "џ": "dj",
        "ѓ": "g",
        "ќ": "k",
        "ѕ": "dz",
        # Kazakh, Kyrgyz, Tatar, Tajik and Bashkir, as their Russian passports spell them
        "ә": "a",
        "ғ": "g",
        "қ": "k",
        "ң": "n",
        "ө": "o",
        "ұ": "u",
        "ү": "u",
        "һ": "x",
        "җ": "dj",
        "ҳ": "x",
        "ҷ": "dj",
        "ӣ": "i",
        "ӯ": "u",
        "ҡ": "k",
        "ҙ": "z",
        "ҫ": "s",
        "ӓ": "a",
        "ӧ": "o",
        "ӱ": "u",
    }
)
"""Belarusian, Russian, Ukrainian and Bulgarian first; their names are most of the register's."""

GEORGIAN: Final = str.maketrans(
    {
        **dict(zip("აბგდევზთიკლმნოპრსტუფქცძწხჰ", "abgdevztiklmnoprstupkcccxg", strict=True)),
        "ჟ": "j",
        "ღ": "g",
        "ყ": "k",
        "შ": "w",
        "ჩ": "q",
        "ძ": "dz",
        "ჭ": "q",
        "ჯ": "dj",
    }
)
"""The national romanization of 2002, aspirates merged as the press does."""

ARMENIAN: Final = str.maketrans(
    {
        **dict(zip("աբգդեզէըթիլխկհձմյնոպռսվտրցւփքօֆ", "abgdezeatilxkgzminoprsvtrcvpkof", strict=True)),
        "ժ": "j",
        "ծ": "c",
        "ձ": "dz",
        "ղ": "g",
        "ճ": "q",
        "շ": "w",
        "չ": "q",
        "ջ": "dj",
        "և": "ev",
    }
)
"""BGN/PCGN 1981, Eastern Armenian."""
