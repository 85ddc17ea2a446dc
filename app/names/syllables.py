"""Names in Chinese and Korean writing, which part no words and spell what is foreign by syllables near to it."""

import re
from typing import Final

from anyascii import anyascii

HAN: Final = re.compile("[\u3400-\u9fff]+")
HANGUL: Final = re.compile("[\uac00-\ud7a3]+")

_HAN_SURNAMES: Final = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許邓鄧韩韓冯馮曹彭曾肖蕭萧田董袁潘于蒋蔣"
    "蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范金石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫閻段雷侯龙龍史陶黎贺賀顾顧"
    "毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯温康施文牛樊葛邢安齐齊易乔喬伍庞龐颜顏倪庄莊聂聶章鲁魯岳翟殷詹申欧歐耿关關兰蘭焦俞左"
    "柳甘祝包宁寧尚符舒阮柯纪紀梅童凌毕畢单單季裴霍涂成苗谷盛曲翁冉骆駱蓝藍路游辛靳管柴蒙鲍鮑华華喻祁蒲房滕屈饶饒解牟艾尤阳陽"
    "时時穆农農卓古吉缪繆简簡车車项項连連芦蘆麦麥褚娄婁窦竇戚岑景党黨宫宮费費卜冷晏席卫衛米柏宗瞿桂全佟应應臧闵閔苟邬鄔边邊卞"
    "姬师師仇栾欒隋商刁沙荣榮巫寇桑郎甄丛叢仲虞敖巩鞏明佘池查麻苑迟遲邝鄺习習胥"
)
_HANGUL_SURNAMES: Final = frozenset(
    "김이리박최정강조윤장임림한오서신권황안송류유홍전고문손양량배백허남노로심하곽성차주우구민진지엄원채천방공현함변염여려추도소"
    "석선설마길연위표명기반왕금옥육인맹제모탁국어은편용나라봉경복목형팽"
)
_TWO_SYLLABLES: Final = frozenset(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 东方 東方 皇甫 令狐 慕容 夏侯 公孙 公孫 司徒".split()
    + "남궁 황보 제갈 사공 선우 서문 독고".split()
)
_LONGEST: Final = 2
"""Syllables of a given name; what is longer spells a foreign one."""


def parted(name: str) -> list[str]:
    """Part a name that was written as one word, if it begins with a surname of its land.

    Other alphabets part the syllables of a Korean given name, and write a Chinese one as one word.
    """
    surname = _surname(name)
    rest = name[len(surname) :]
    if not surname or not rest or len(rest) > _LONGEST:
        return [name]
    return [surname, *rest] if HANGUL.fullmatch(name) else [surname, rest]


def _surname(name: str) -> str:
    if name[:2] in _TWO_SYLLABLES:
        return name[:2]
    known = _HAN_SURNAMES if HAN.fullmatch(name) else _HANGUL_SURNAMES if HANGUL.fullmatch(name) else ""
    return name[:1] if name[:1] in known else ""


_INITIALS: Final = "g k n d t r m b p s s - dj dj q k t p x".replace("-", "").split(" ")
_MIDDLES: Final = "a e ia e o e io ie o va ve e io u vo ve ui iu u i i".split()
_FINALS: Final = " k k k n n n t l k m l l l p l m p p t t n t t k t p ".split(" ")
_FIRST_SYLLABLE: Final = 0xAC00
_U_THAT_IS_NO_VOWEL: Final = 18


def hangul_sounds(word: str) -> list[str]:
    """Return the sounds of a Korean name, and those of a foreign one: ㅡ only parts consonants there, ㅈ is з or ж."""
    native, foreign = "", ""
    for syllable in word:
        first, rest = divmod(ord(syllable) - _FIRST_SYLLABLE, 588)
        middle, last = divmod(rest, 28)
        initial = _INITIALS[first]
        native += initial + _MIDDLES[middle] + _FINALS[last]
        foreign += "j" if initial == "dj" else initial
        foreign += ("" if middle == _U_THAT_IS_NO_VOWEL else _MIDDLES[middle]) + _FINALS[last]
    return [native, foreign]


# Which consonant of Europe a Chinese syllable stands for in a foreign name, as `sound.roughs` writes it
# ("Names of the World's Peoples", Xinhua, 1993).
_HAN_CONSONANTS: Final = {
    **dict.fromkeys(("zh", "z", "r", "sh", "s", "x"), "s"),
    **dict.fromkeys(("j", "q", "c", "ch", "d", "t"), "t"),
    **dict.fromkeys(("g", "k", "h"), "k"),
    **dict.fromkeys(("b", "p", "f", "w"), "p"),
    **dict(zip("lmny", ("l", "m", "n", ""), strict=True)),
}
_HAN_EXCEPTIONS: Final = {**dict.fromkeys("基吉加金", "k"), **dict.fromkeys("济津", "s")}
_PINYIN: Final = re.compile("(zh|sh|ch|[bpmfdtnlgkhjqxzcsrwy]?)([aeiouv]*)(n?)")
_VOWELS: Final = str.maketrans("eov", "aau")


def pinyin(word: str) -> str:
    """Return a Chinese word in Latin letters, as one word."""
    return "".join(filter(str.isalpha, anyascii(word))).lower()


def han_rough(word: str) -> str:
    """Return what foreign name a Chinese word may spell, as `sound.rough` writes it."""
    return "".join(map(_han_syllable, word))


def _han_syllable(character: str) -> str:
    syllable = pinyin(character)
    if syllable == "er":
        return "l"
    found = _PINYIN.match(syllable)
    initial, vowels, nasal = found.groups() if found else ("", "", "")
    consonant = "" if syllable == "wu" else _HAN_EXCEPTIONS.get(character, _HAN_CONSONANTS.get(initial, ""))
    return consonant + vowels.translate(_VOWELS) + nasal
