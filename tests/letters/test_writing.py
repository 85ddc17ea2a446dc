"""What to know about writing, as it stands on cards and in address books."""

from app.letters.writing import notes

ROW = {
    "languages": ["be", "pl"],
    "mail_languages": ["ru"],
    "mail_rules": {"en": "Plain paper only"},
    "letter_notes": {"en": "Likes maps! ", "be": "Любіць мапы"},
}


def test_what_decides_whether_a_letter_gets_through_comes_first() -> None:
    assert notes(ROW, "en") == [
        "Letters get through in: Russian.",
        "Reads: Belarusian, Polish.",
        "Plain paper only.",
        "Likes maps!",
    ]


def test_sentences_of_several_records_never_run_into_each_other() -> None:
    assert notes(ROW, "be")[-1] == "Любіць мапы."
    said = {**ROW, "letter_notes": {"fa": "نقشه دوست دارد؟"}, "mail_rules": {"hy": "Միայն ռուսերեն։"}}
    assert notes(said, "de")[-2:] == ["Միայն ռուսերեն։", "نقشه دوست دارد؟"]


def test_nothing_known_says_nothing() -> None:
    assert notes(dict.fromkeys(ROW), "en") == []
