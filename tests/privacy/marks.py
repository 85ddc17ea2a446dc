"""Marks: words, ids, days and numbers that only hidden content holds, found again in whatever disguise they come."""

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape
from itertools import cycle, product
from string import ascii_lowercase
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from pypdf import PdfReader

from app.core.record import Tier


@dataclass(frozen=True)
class Marks:
    """What marks the content that one tier sees first. No word, day or number of it stands anywhere else."""

    tier: Tier
    stem: str
    cyrillic: str
    ids: str
    month: str
    number: str
    place: str
    coin: str
    tag: str
    country: str
    land: str
    stay: str

    def words(self) -> Iterator[str]:
        """Give words that begin alike, each once."""
        return (self.stem + "".join(letters) for letters in product(ascii_lowercase, repeat=3))

    def id(self, number: int) -> UUID:
        """Give an id that shows what it is of."""
        return UUID(f"{self.ids}-8000-{number:012x}")

    def days(self) -> Iterator[str]:
        """Give days of one month, long ago."""
        return (f"{self.month}-{day:02}" for day in cycle(range(1, 29)))

    @property
    def plain(self) -> tuple[str, ...]:
        """Everything that gives it away, in small letters."""
        year, month = self.month.split("-")
        days = (self.month, f"{year}{month}", f'"{year}"', self.stay, self.stay.replace("-", ""))
        words = (self.stem.lower(), self.cyrillic.lower(), self.ids, self.ids.replace("-", ""), self.land)
        numbers = (self.number, self.place, f'"{self.coin.lower()}"', f'"{self.tag}"', f".{self.tag},", f";{self.tag},")
        return (*words, *days, *numbers)

    @property
    def encoded(self) -> tuple[str, ...]:
        """The same as base64, wherever in the encoded text it begins."""
        raw = UUID(f"{self.ids}-8000-{0:012x}").bytes[:8]
        texts = (self.stem, self.stem.lower(), self.cyrillic, self.cyrillic.lower(), self.ids, self.ids.upper())
        return tuple(form for text in (raw, *(text.encode() for text in texts)) for form in _as_base64(text))


MARKS: Final = {
    Tier.PARTNERS: Marks(
        Tier.PARTNERS,
        stem="Zvqorlu",
        cyrillic="Звкорлу",
        ids="5eedc0de-beef-4bad",
        month="1911-08",
        number="83838",
        place="41.918273",
        coin="ZVQ",
        tag="zvq",
        country="NR",
        land="nauru",
        stay="2023-11-23",
    ),
    Tier.PRIVATE: Marks(
        Tier.PRIVATE,
        stem="Xwjigma",
        cyrillic="Ксвйигма",
        ids="0badc0de-cafe-4bad",
        month="1907-03",
        number="97979",
        place="17.283746",
        coin="XWJ",
        tag="xwj",
        country="TV",
        land="tuvalu",
        stay="2023-12-24",
    ),
}


def _as_base64(text: bytes) -> Iterator[str]:
    for shift in range(3):
        # What the bytes around it decide is cut off.
        encoded = base64.b64encode(bytes(shift) + text)[-(-8 * shift // 6) : (8 * (shift + len(text))) // 6].decode()
        yield from {encoded, encoded.translate(str.maketrans("+/", "-_"))}


def hidden_from(tier: Tier) -> tuple[Marks, ...]:
    """Give what a tier must never meet."""
    return tuple(marks for first, marks in MARKS.items() if first > tier)


@cache
def _needles(tier: Tier) -> tuple[tuple[str, ...], tuple[str, ...]]:
    hidden = hidden_from(tier)
    plain = tuple(word for marks in hidden for word in marks.plain)
    return plain, tuple(word for marks in hidden for word in marks.encoded)


def marks_in(text: str, tier: Tier) -> list[str]:
    """Give where a text holds a mark of what the tier may not see, with what stands around it."""
    plain, encoded = _needles(tier)
    texts = {form.casefold() for form in (text, unquote(text), unescape(text), _ESCAPED.sub(_letter, text))}
    found = [_around(one, word) for one in texts for word in plain if word in one and _stands(word, one)]
    return found + [_around(text, word) for word in encoded if word in text]


def _stands(word: str, text: str) -> bool:
    """Tell whether a number stands by itself: by chance its digits are in hashes, and in times that were measured."""
    return word not in _NUMBERS or re.search(rf"(?<![0-9a-z.]){word}(?![0-9a-z])", text) is not None


_NUMBERS: Final = frozenset(marks.number for marks in MARKS.values())


_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


def _letter(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def _around(text: str, word: str) -> str:
    at = text.index(word)
    return f"{word}: …{text[max(0, at - 60) : at + 60]}…"


def readable(body: bytes, media_type: str) -> str:
    """Give all text that a body holds, whatever its form."""
    if not body:
        return ""
    if media_type.startswith("application/pdf"):
        return _pdf_text(body)
    if "spreadsheetml" in media_type or media_type.startswith("application/zip"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return "\n".join(book.read(name).decode() for name in book.namelist())
    text = body.decode()
    if media_type.startswith(("text/vcard", "text/calendar")):
        return text.replace("\r\n ", "")  # their long lines are folded
    return text


def _pdf_text(body: bytes) -> str:
    pdf = PdfReader(io.BytesIO(body))
    told: Any = pdf.metadata or {}
    said = "\n".join(str(value) for name, value in told.items() if name not in {"/CreationDate", "/ModDate"})
    # What is set on a line may be set letter by letter.
    pages = "\n".join(page.extract_text() for page in pdf.pages)
    return f"{said}\n{pages}\n{re.sub(r'[ ­]', '', pages)}"
