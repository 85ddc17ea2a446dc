"""Invented people and places in many scripts, for tests only; nobody here exists."""

from typing import Any

from hypothesis import strategies as st

ALPHABETS = {
    "be": "АБВГДЕЁЖЗІЙКЛМНОПРСТУЎФХЦЧШЫЬЭЮЯабвгдеёжзійклмнопрстуўфхцчшыьэюяґ",
    "ru": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя",
    "en": "ABCDEFGHIJKLMNOPRSTUVWYabcdefghijklmnopqrstuvwxyz",
    "pl": "ABCĆDEFGHIJKLŁMNOÓPRSŚTUWYZŻŹaąbcćdeęfghijklłmnńoóprsśtuwyzźż",
    "be-Latn": "ABCČDEFHIJKŁLMNOPRSŠTUŬVYZŽabcčćdefhijkłlmnńoprsšśtuŭvyzžź",
    "az": "ABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZabcçdeəfgğhxıijkqlmnoöprsştuüvyz",
    "ka": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "hy": "ԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويةى",
    "fa": "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی",
    "vi": "ABCDĐEGHIKLMNOPQRSTUVXYaăâbcdđeêghiklmnoôơpqrstuưvxyạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữự",
    "zh": "一丁七万丈三上下不丑专世东丝两严中丰临为主丽举久义之乌乐习乡书买",
}
PRINTABLE = tuple(tag for tag in ALPHABETS if tag != "zh")
COUNTRIES = ("BY", "RU", "AZ", "GE", "AM", "IR", "EG", "CN", "VN", "KZ", "UZ", "TR", "VE", "PL", "ZW", "XX")


def words(language: str, *, most: int = 4, longest: int = 14) -> st.SearchStrategy[str]:
    """Give a few words in the letters of a language."""
    word = st.text(ALPHABETS[language], min_size=1, max_size=longest)
    return st.lists(word, min_size=1, max_size=most).map(" ".join)


def texts() -> st.SearchStrategy[dict[str, str]]:
    """Give a localized object with up to three languages."""
    one = st.sampled_from(sorted(ALPHABETS)).flatmap(lambda tag: words(tag).map(lambda text: (tag, text)))
    return st.lists(one, max_size=3).map(dict)


@st.composite
def names(draw: st.DrawFn) -> dict[str, Any]:
    """Give a name record, with its parts or without."""
    language = draw(st.sampled_from(sorted(ALPHABETS)))
    family, given, patronymic = (draw(words(language, most=1)) for _ in range(3))
    record: dict[str, Any] = {
        "kind": draw(st.sampled_from(["legal", "preferred", "alias", "birth", "transliteration"])),
        "language": draw(st.sampled_from([language, None])),
        "full": draw(st.sampled_from([f"{given} {family}", f"{family} {given} {patronymic}", family])),
    }
    if draw(st.booleans()):
        record |= {"family": family, "given": given, "patronymic": draw(st.sampled_from([patronymic, None]))}
    return record


def persons() -> st.SearchStrategy[dict[str, Any]]:
    """Give a person as the API serves one, cut to what letters need."""
    return st.fixed_dictionaries(
        {"id": st.uuids().map(str), "names": st.lists(names(), min_size=1, max_size=4)},
        optional={
            "birth_date": st.sampled_from(["1973-07-13", "XXXX-02-29", "1973-07", "1973~", "1973-07-13?", None]),
            "languages": st.lists(st.sampled_from(["be", "ru", "en"]), max_size=3),
        },
    )


def facilities() -> st.SearchStrategy[dict[str, Any] | None]:
    """Give a facility or none."""
    return st.none() | st.fixed_dictionaries({}, optional={"name": texts(), "short_name": texts()})


def addresses() -> st.SearchStrategy[dict[str, Any]]:
    """Give an address with any of its parts missing."""
    code = st.from_regex(r"[0-9]{4,6}", fullmatch=True)
    return st.fixed_dictionaries(
        {"country": st.sampled_from(COUNTRIES)},
        optional={
            "postal_code": st.none() | code,
            "region": texts(),
            "district": texts(),
            "locality": texts(),
            "street": texts(),
            "po_box": st.sampled_from([None, "20", "a/ya 140"]),
        },
    )


def seed_person() -> dict[str, Any]:
    """Give a person as the open letter prints one: a Latin name alone, though the patronymic with it."""
    return {
        "id": "7b3f0c1e-52a4-4d60-9a2b-0f4f0c9f1a11",
        "names": [
            {"kind": "legal", "language": "en", "full": "Zhukouskaya Alena Piatrouna"},
            {"kind": "alias", "full": "Elena Zhukovskaya"},
        ],
        "languages": ["be", "ru"],
    }


def colony() -> dict[str, Any]:
    """Give the colony of the open letter, as it is printed there."""
    return {"name": {"en": "Correctional colony №4"}, "kind": "colony", "number": "4", "country": "BY"}


def colony_address() -> dict[str, Any]:
    """Give its address as printed."""
    return {
        "purpose": "letters",
        "country": "BY",
        "postal_code": "246035",
        "locality": {"en": "Gomel"},
        "street": {"en": "Antoshkina str., 3"},
        "verified_on": "2023-11-09",
    }
