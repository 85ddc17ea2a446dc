"""Rows as the files that letter evenings want: vCards, labels, cards."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from babel import Locale

from app.core.tables import Cell
from app.letters.cards import Card, cards
from app.letters.choice import localized
from app.letters.coverage import uncovered
from app.letters.labels import Label, labels
from app.letters.lines import PARTS, Lines
from app.letters.phrases import phrase, speech
from app.letters.recipients import Row
from app.letters.scripts import clean
from app.letters.tags import base, found
from app.letters.vcard import vcard
from app.reading.dossier import Record

CARDS: Final = {"cards": "A4", "cards-letter": "Letter"}  # the sheets that are cards, and their paper
_ENDS: Final = ".!?…:;؟。։"  # what ends a sentence here and there


class Recipient(NamedTuple):
    """A person and their row."""

    person: Record
    row: Row


def in_words(texts: object, language: str) -> str:
    """Give a localized text in the language spoken, else in English, else in the first there is."""
    known = localized(texts)
    return next((known[tag] for tag in (*found(language, known), *found("en", known), *known)), "")


def notes(row: Row, language: str) -> list[str]:
    """Give what to know about writing to a person, sentence by sentence.

    First what decides whether a letter gets through: where room is short, the end is lost.
    """
    spoken = [("let_in", row["mail_languages"]), ("reads", row["languages"])]
    said = [
        *(phrase(key, language, languages=_languages(tags, language)) for key, tags in spoken if tags),
        in_words(row["mail_rules"], language).strip(),
        in_words(row["letter_notes"], language).strip(),
    ]
    return [text if text[-1] in _ENDS else f"{text}." for text in said if text]


def _languages(tags: Sequence[str], language: str) -> str:
    known: Mapping[str, str] = Locale.parse(speech(language), sep="-").languages
    return ", ".join(known.get(base(tag), tag) for tag in tags)


def as_vcard(one: Recipient, language: str, url: str | None) -> str:
    """Write a recipient for an address book; the age of the address and what to know stand in the note."""
    row = one.row
    parts = {name: text for name, text in row["parts"].items() if text}
    laid = Lines(row["lines"], parts, row["language"], None)
    said = [row["age"], *notes(row, language)]
    return vcard(dict(one.person), laid, note="\n".join(said), url=url)


COLUMNS: Final = (
    "person_id", "name", "lines", *(part for part in PARTS if part != "recipient"), "language", "facility_id",
    "languages", "mail_languages", "verified_on", "place_confirmed_on", "stale", "age", "warnings", "birth_date",
    "letter_notes", "mail_rules", "reachable", "reason", "since", "sources",
)  # fmt: skip


def as_cells(one: Recipient, language: str) -> list[Cell]:
    """Write a recipient as a row of a table, in the order of ``COLUMNS``; several values stand on lines of a cell."""
    row = one.row
    said = {
        **row,
        **(row["parts"] or {}),
        "letter_notes": in_words(row["letter_notes"], language),
        "mail_rules": in_words(row["mail_rules"], language),
        "sources": [saying["title"] for saying in row["sources"]],
    }
    return ["\n".join(map(str, cell)) if isinstance(cell := said.get(name), list) else cell for name in COLUMNS]


class PrintJob:
    """A job of labels or cards; raises ``ValueError`` for an unknown sheet and for more used labels than it has."""

    def __init__(self, name: str, skip: int, speech: str, fonts: str | None) -> None:
        self.kind = "cards" if name in CARDS else "labels"
        self._language = speech
        self._fonts = fonts
        if name in CARDS:
            self.printing = cards(language=speech, paper=CARDS[name], fonts=fonts)
        else:
            self.printing = labels(name, skip=skip, fonts=fonts)

    def cell(self, one: Recipient, url: str | None) -> Label | Card:
        """Write a recipient for the sheet."""
        row, ref = one.row, _ref(one, self._fonts)
        if self.kind == "labels":
            return Label(row["lines"], row["age"], ref)
        return Card(
            name=row["name"],
            lines=row["lines"],
            about=in_words(one.person.get("occupation"), self._language) or None,
            notes=" ".join(notes(row, self._language)) or None,
            birth_date=row["birth_date"],
            age_line=row["age"],
            qr=url,
            ref=ref,
        )

    def alone(self, text: str) -> bytes:
        """Give the paper with nothing but a text in the first place, where there is nobody to write to."""
        return self.printing.whole([Card(text, []) if self.kind == "cards" else Label([text])])


def _ref(one: Recipient, fonts: str | None) -> str:
    """Give what to call a person whose address no font shows: a name that can be printed, or the id."""
    names = [clean(name["full"]) for name in one.person["names"]]
    return next((name for name in names if name and not uncovered(name, fonts)), str(one.row["person_id"]))
