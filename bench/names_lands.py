"""Invented people of other lands, each in every writing that newspapers, passports and lists of theirs use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from anyascii import anyascii

from bench.names_letters import INTO_ARMENIAN, INTO_GEORGIAN, UZBEK_CYRILLIC, respelt, romanized
from bench.names_schemes import DE_RU, FR_RU, PL_RU, RU_BGN, RU_ICAO, RU_PRESS, Scheme

SOVIET: Final = ("az", "kk", "ky", "tg", "uz", "tk", "ka", "hy", "md", "lv", "lt", "et")
_RESPELT: Final[Mapping[str, Scheme]] = {
    "ru ICAO": RU_ICAO,
    "ru BGN": RU_BGN,
    "en press of ru": RU_PRESS,
    "de of ru": DE_RU,
    "fr of ru": FR_RU,
    "pl of ru": PL_RU,
}
_WITH_PATRONYMIC: Final = SOVIET[:8]
_SURNAME_FIRST: Final = ("zh", "ko", "vi")
_ONE_WORD: Final = ("zh", "ko")
_LATIN: Final = ("az", "tr", "uz", "tk", "vi", "es", "md", "lv", "lt", "et")
_FIXED: Final = "="
_WOMEN: Final = 0.35


@dataclass(frozen=True, slots=True)
class Foreigner:
    """A person who does not exist; each writing of the name, by what wrote it."""

    number: int
    land: str
    writings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Rows of the stock that make one person."""

    land: str
    given: list[str]
    surname: list[str]
    father: list[str]
    mother: list[str]
    woman: bool


def _stock() -> dict[str, list[list[str]]]:
    sections: dict[str, list[list[str]]] = {}
    for line in Path(__file__).with_name("names_lands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = []
        elif not line.startswith("#"):
            list(sections.values())[-1].append(line.split(","))
    return sections


_STOCK: Final = _stock()
LANDS: Final = tuple(dict.fromkeys(section.split()[0] for section in _STOCK))
"""az, kk …: languages; `abroad`: Russian names in the newspapers of others."""


def foreigners(land: str, count: int, seed: int) -> Iterator[Foreigner]:
    """Yield up to that many people of a land, no two with the same names; fewer where the stock ends."""
    random = Random(f"{land} {seed}")
    seen: set[tuple[str, str]] = set()
    for _ in range(count * 20):
        drawn = _draw(land, random)
        if len(seen) < count and (drawn.given[0], drawn.surname[0]) not in seen:
            seen.add((drawn.given[0], drawn.surname[0]))
            yield Foreigner(len(seen), land, _abroad(drawn) if land == "abroad" else _writings(drawn))


def _draw(land: str, random: Random) -> _Drawn:
    woman = f"{land} women" in _STOCK and random.random() < _WOMEN
    given = random.choice(_STOCK.get(f"{land} given") or _STOCK[f"{land} {'women' if woman else 'men'}"])
    surnames = _STOCK[f"{land} surnames"]
    father = random.choice(_STOCK.get(f"{land} men", [["", ""]]))
    return _Drawn(land, given, random.choice(surnames), father, random.choice(surnames), woman)


def _writings(drawn: _Drawn) -> dict[str, str]:
    land = drawn.land
    native, russian, latins = _surname(drawn)
    given, said = drawn.given[0], drawn.given[1]
    between = "" if land in _ONE_WORD else " "
    found = {"native": f"{native}{between}{given}" if land in _SURNAME_FIRST else f"{given} {native}"}
    found["ru"] = f"{russian} {said}"
    if land in _WITH_PATRONYMIC:
        found["ru patronymic"] = f"{russian} {said} {_patronymic(drawn)}"
    for name, scheme in _RESPELT.items() if land in SOVIET else ():
        found[name] = scheme(f"{said} {russian}".replace("-", " "))
    if land in _WITH_PATRONYMIC or land in _LATIN:
        found["romanized"] = romanized(land, found["native"])
    forms = drawn.given[2].split("/") if drawn.given[2] else [romanized(land, given)]
    for place, latin in enumerate(latins):
        parts = [forms[place % len(forms)], latin]
        found[f"latin {place}"] = " ".join(parts[:: -1 if land in _SURNAME_FIRST and place % 2 == 0 else 1])
    return found | _customs(drawn, found, latins, forms)


def _customs(drawn: _Drawn, found: Mapping[str, str], latins: list[str], forms: list[str]) -> dict[str, str]:
    """Return the writings that only some lands have."""
    match drawn.land:
        case "es":
            both = f"{found['native']} {drawn.mother[0]}"
            return {"native": both, "ascii two": anyascii(both)}
        case "uz":
            return {"cyrillic": respelt(UZBEK_CYRILLIC, found["native"])}
        case "vi":
            return {"ascii": anyascii(found["native"]), "given first": anyascii(f"{drawn.given[0]} {drawn.surname[0]}")}
        case "ko":
            return {"spaced": f"{latins[0].upper()} {forms[0].replace('-', ' ')}"}
        case land if land in _LATIN:
            return {"ascii": anyascii(found["native"])}
    return {}


def _surname(drawn: _Drawn) -> tuple[str, str, list[str]]:
    """Return the surname in its own writing, in Russian and in Latin, a woman's with its ending where there is one."""
    native, russian, latin = drawn.surname
    latins = [form for form in latin.split("/") if form]
    if not drawn.woman or russian.endswith(_FIXED) or not russian.endswith(("ов", "ев", "ёв", "ин")):
        return native, russian.removesuffix(_FIXED), latins
    return native + ("а" if native[-1] >= "Ѐ" else "a"), f"{russian}а", [f"{form}a" for form in latins]


def _patronymic(drawn: _Drawn) -> str:
    father = drawn.father[1]
    bare = father.rstrip("аеиоуыэюяйь")
    soft = bare != father and not father.endswith("ь")
    return bare + ("е" if soft else "о") + ("вна" if drawn.woman else "вич")


def _abroad(drawn: _Drawn) -> dict[str, str]:
    surname = drawn.surname
    if drawn.woman and not surname[0].endswith(_FIXED):
        russian, chinese, korean, arabic, persian = surname
        surname = [
            f"{russian}а",
            chinese.removesuffix("夫") + "娃",
            korean.removesuffix("프") + "바",
            f"{arabic}ا",
            persian.removesuffix("ف") + "وا",
        ]
    names = zip(("ru", "zh", "ko", "ar", "fa"), drawn.given, surname, strict=True)
    found = {how: ("·" if how == "zh" else " ").join([given, form.removesuffix(_FIXED)]) for how, given, form in names}
    return {
        **found,
        "latin": RU_PRESS(found["ru"]),
        "ka": respelt(INTO_GEORGIAN, found["ru"]),
        "hy": respelt(INTO_ARMENIAN, found["ru"]),
    }
