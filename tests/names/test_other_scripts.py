"""Names in writings that lack letters for other languages' names, and those names in ours."""

import pytest

from app.names.fold import words
from app.names.index import MemoryIndex
from app.names.keys import keys
from app.names.likeness import similarity
from tests.names.conftest import index_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("강은정", ("강", "은", "정")),
        ("남궁민수", ("남궁", "민", "수")),
        ("안드레이 티모셴코", ("안드레이", "티모셴코")),
        ("余建国", ("余", "建国")),
        ("欧阳建国", ("欧阳", "建国")),
        ("罗曼·科瓦廖夫", ("罗曼", "科瓦廖夫")),
        ("科瓦廖夫", ("科瓦廖夫",)),
        ("Paral·lel", ("parallel",)),
        ("ملک\u200cپور", ("ملکپور",)),
        ("Zola\u200btava \u202eMaryna\u202c", ("zolatava", "maryna")),
    ],
)
def test_words_are_parted_as_other_alphabets_part_them(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        "al-Tamimi|El Tamimi Nora|التميمي|ат-Тамими",
        "Abd al-Rahman|Abdul Rahman|Abdel-Rahman|Abdulrahman",
    ],
)
def test_an_article_is_no_part_of_a_name(spellings: str) -> None:
    assert len({keys(words(spelling)[0]).k3s for spelling in spellings.split("|") if " N" not in spelling}) == 1


@pytest.mark.parametrize(
    ("initials", "expected"),
    [
        ("Yu. A. Yablonkin", ("ю", "a", "yablonkin")),
        ("Zh.F. Yolkina", ("ж", "f", "yolkina")),
        ("Ch. Shchar", ("ч", "shchar")),
        ("Yu Chen", ("yu", "chen")),
    ],
)
def test_an_initial_may_take_two_latin_letters(initials: str, expected: tuple[str, ...]) -> None:
    assert words(initials) == expected


# One invented person a row: as our newspapers have the name, then as those of others do.
ABROAD = """
Руслан Щетинков|鲁斯兰·谢京科夫|루슬란 셰틴코프|رسلان شيتينكوف|روسلان شتینکوف|რუსლან შჩეტინკოვ
Марина Золотарчук|玛丽娜·佐洛塔尔丘克|마리나 졸로타르추크|مارينا زولوتارتشوك|مارینا زولوتارچوک|Մարինա Զոլոտարչուկ
Дмитрий Журбенко|德米特里·茹尔边科|드미트리 주르벤코|دميتري جوربينكو|دیمیتری ژوربنکو|Դմիտրի Ժուրբենկո
"""
CROWD = "Руслан Щербаков|Марина Соколова|Дмитрий Жарков|Роман Шевчук|Мария Золотова|Андрей Юрченко|Ruslan Kurbanov"


def among_others(*names: str) -> MemoryIndex:
    return index_of(**{name: name for name in (*names, *CROWD.split("|"))})


@pytest.mark.parametrize("row", ABROAD.strip().splitlines())
def test_our_names_are_found_as_foreign_newspapers_write_them(row: str) -> None:
    name, *others = row.split("|")
    index = among_others(*(line.split("|")[0] for line in ABROAD.strip().splitlines()))

    for other in others:
        assert index.search(other)[0].owner == name, other


@pytest.mark.parametrize(
    "row",
    [
        "Haciyev Cavid|Гаджиев Джавид|Hajiyev Javid|Hadschijew Dschawid",
        "Yo'ldoshev O'tkir|Юлдашев Уткир|Йўлдошев Ўткир|Yuldashev Utkir",
        "Ýazmyradow Döwlet|Язмурадов Довлет|Yazmyradov Dovlet",
        "Հակոբյան Հայկ|Акопян Айк|Hakobyan Hayk|Hagopian Haik",
        "ჯაფარიძე ლაშა|Джапаридзе Лаша|Japaridze Lasha|Djaparidze Lacha",
        "Қасымов Нұрлан|Касымов Нурлан|Kassymov Nurlan",
        "余建国|Юй Цзяньго|Yu Jianguo",
        "رضا کاظمی|Реза Каземи|Reza Kazemi",
        "سامر عبد الفتاح|Samer Abdel Fattah|Самер Абдель Фаттах|Samer Abd al-Fattah",
        "نادر قذّامي|Nader Gaddami|Надер Каддами",
        "이명철|Lee Myung-chul|Ли Мён Чхоль|Yi Myeong-cheol",
        "봉은수|Bong Eun-soo|Пон Ын Су",
        "최영희|Choi Young-hee|Чхве Ён Хи",
        "Yusif Əlizadə|Юсуф Ализаде|Yusuf Alizadeh",
        "Žukevičius Sergejus|Жукевич Сергей|Žukevičs Sergejs",
        "Ciobanu Gheorghe|Чобану Георге",
        "Jiménez Joaquín|Хименес Хоакин",
    ],
)
def test_names_of_other_lands_are_found_in_every_writing(row: str) -> None:
    spellings = row.split("|")
    for indexed in spellings:
        index = among_others(indexed)
        for asked in spellings:
            assert index.search(asked)[0].owner == indexed, (asked, indexed)


def test_a_surname_that_differs_by_an_open_vowel_is_another() -> None:
    same, other = (similarity(keys("журавлева"), keys(word)) for word in ("zhuravlova", "журавляева"))

    assert same > other


def test_initials_out_of_order_say_less() -> None:
    index = index_of(first="Хацкевіч Георгій Цімафеевіч", second="Хацкевіч Тамара Генадзеўна")

    assert [hit.owner for hit in index.search("Хацкевіч Г. Ц.")] == ["first", "second"]
    assert [hit.owner for hit in index.search("Хацкевич Т. Г.")] == ["second", "first"]


def test_a_surname_is_no_patronymic_of_somebody_else() -> None:
    index = index_of(surname="Карповіч Раман Ігаравіч", patronymic="Раман Карпавіч Ляснік")

    assert index.search("Roman Karpovich")[0].owner == "surname"


def test_names_in_scripts_of_india_are_told_apart_and_found() -> None:
    index = among_others("राम मोहन", "Rahul Gandhi")

    assert index.search("राहुल गांधी")[0].owner == "Rahul Gandhi"
    assert index.search("Ram Mohan")[0].owner == "राम मोहन"
    assert index.search("राम मोहन")[0].score == 1
    assert all(hit.score < 0.8 for hit in index.search("रोमा मेहन"))
