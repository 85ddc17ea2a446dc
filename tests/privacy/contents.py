"""Records of every kind in which each field that can hold a mark holds one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.core.record import Tier
from app.register import KINDS
from tests.privacy.marks import MARKS, Marks

Fields = dict[str, Any]
Ids = Mapping[str, str]


class Pen:
    """Writes marked records; every word of them is written once."""

    def __init__(self, tier: Tier) -> None:
        self.marks: Marks = MARKS[tier]
        self.tier = tier
        self._words = self.marks.words()
        self._days = self.marks.days()
        self._numbers = iter(range(1, 1000))

    @property
    def word(self) -> str:
        return next(self._words)

    @property
    def day(self) -> str:
        return next(self._days)

    def texts(self) -> dict[str, str]:
        """Give a text in a language that nothing else is in, and in English and Russian."""
        russian = f"{self.marks.cyrillic}{next(self._numbers)} колония"
        return {self.marks.tag: self.word, "en": f"{self.word} & {self.word}", "ru": russian}

    def url(self) -> str:
        return f"https://{self.word.lower()}.example/{self.word}"

    def cited(self, source: str | None) -> list[Fields]:
        """Give a citation whose own words are marked."""
        return [{"source_id": source, "quote": self.word, "accessed_on": self.day}] if source else []

    def write(self, kind: str, ids: Ids, **said: Any) -> Fields:
        """Give the fields of a record that refers to these; with ``said`` some of them are others."""
        fields = {"visibility": self.tier.name.lower(), **_WRITERS[kind](self, ids)}
        fields["citations"] = self.cited(ids.get("sources"))
        missing = set(KINDS[kind].fields) - fields.keys()
        assert not missing, f"The canary does not know what to write in {missing} of {kind}: tell {__file__}."
        return fields | said


def _person(pen: Pen, _: Ids) -> Fields:
    family, given, patronymic = pen.word, pen.word, pen.word
    russian = f"{pen.marks.cyrillic}ова Анна Петровна"
    return {
        "names": [
            {
                "kind": "legal",
                "language": "en",
                "full": f"{family} {given} {patronymic}",
                "family": family,
                "given": given,
                "patronymic": patronymic,
            },
            {
                "kind": "alias",
                "language": "ru",
                "full": russian,
                "family": russian.split(maxsplit=1)[0],
                "given": None,
                "patronymic": None,
            },
        ],
        "sex": "other",
        "birth_date": pen.day,
        "death_date": None,
        "nationalities": [pen.marks.country],
        "categories": ["athlete"],
        "occupation": pen.texts(),
        "biography": pen.texts(),
        "photo_url": pen.url(),
        "identifiers": [{"scheme": pen.word.lower(), "value": pen.word}],
        "languages": [pen.marks.tag],
        "letter_notes": pen.texts(),
        "private_notes": pen.word,
    }


def _organization(pen: Pen, _: Ids) -> Fields:
    return {
        "name": pen.texts(),
        "kind": "coalition",
        "country": pen.marks.country,
        "website": pen.url(),
        "dissolved_on": pen.day,
    }


def _source(pen: Pen, ids: Ids) -> Fields:
    return {
        "kind": "testimony",
        "title": pen.word,
        "publisher_id": ids.get("organizations"),
        "published_on": pen.day,
        "url": pen.url(),
        "archived_url": pen.url(),
        "language": pen.marks.tag,
        "addressees": [pen.word],
        "demands": [pen.word],
        "signatories": [pen.word],
    }


def _case(pen: Pen, _: Ids) -> Fields:
    return {
        "title": pen.texts(),
        "description": pen.texts(),
        "country": pen.marks.country,
        "opened_on": pen.day,
        "identifiers": [{"scheme": pen.word.lower(), "value": pen.word}],
    }


def _article(pen: Pen, _: Ids) -> Fields:
    return {
        "country": pen.marks.country,
        "code": "administrative",
        "number": f"{pen.marks.number}-1",
        "title": pen.texts(),
        "valid_from": pen.day,
        "valid_to": None,
    }


def _facility(pen: Pen, _: Ids) -> Fields:
    return {
        "name": pen.texts(),
        "short_name": pen.texts(),
        "kind": "security_service",
        "number": pen.word,
        "country": pen.marks.country,
        "for_sex": "any",
        "latitude": float(pen.marks.place),
        "longitude": float(pen.marks.place),
        "active": False,
        "mail_rules": pen.texts(),
        "mail_languages": [pen.marks.tag],
        "mail": "open",
    }


def _address(pen: Pen, ids: Ids) -> Fields:
    return {
        "facility_id": ids["facilities"],
        "person_id": None,
        "purpose": "letters",
        "country": pen.marks.country,
        "postal_code": f"{pen.marks.stem.upper()} 1",
        "region": pen.texts(),
        "district": pen.texts(),
        "locality": pen.texts(),
        "street": pen.texts(),
        "po_box": pen.word,
        "valid_from": pen.day,
        "valid_to": None,
        "verified_on": pen.marks.stay,
        "verified_by": pen.word,
    }


def _affiliation(pen: Pen, ids: Ids) -> Fields:
    theirs = {"person_id": ids["persons"], "organization_id": ids["organizations"]}
    return {**theirs, "role": pen.texts(), "since": pen.day, "until": None}


def _recognition(pen: Pen, ids: Ids) -> Fields:
    theirs = {"person_id": ids["persons"], "organization_id": ids["organizations"]}
    return {**theirs, "decision": "ex_post_facto", "scheme": "arbitrary_detention", "decided_on": pen.day}


def _detention(pen: Pen, ids: Ids) -> Fields:
    return {
        "person_id": ids["persons"],
        "facility_id": ids.get("facilities"),
        "kind": "prison",
        "regime": "prison",
        "started_on": pen.marks.stay,
        "ended_on": None,
        "end_reason": None,
        "confirmed_on": pen.marks.stay,
        "place_confirmed_on": pen.marks.stay,
        "mail": "open",
    }


def _charge(pen: Pen, ids: Ids) -> Fields:
    return {
        "person_id": ids["persons"],
        "article_id": ids["articles"],
        "part": pen.word,
        "case_id": ids.get("cases"),
        "sentence_id": ids.get("sentences"),
        "stage": "attempt",
        "role": "accomplice",
        "status": "convicted",
        "brought_on": pen.day,
        "as_written": pen.word,
    }


def _hearing(pen: Pen, ids: Ids) -> Fields:
    day = pen.day
    return {
        "person_id": ids["persons"],
        "case_id": ids.get("cases"),
        "kind": "supervision",
        "court": pen.texts(),
        "judges": [pen.word],
        "starts_on": day,
        "ends_on": day,
        "closed": True,
        "outcome": pen.texts(),
    }


def _sentence(pen: Pen, ids: Ids) -> Fields:
    return {
        "person_id": ids["persons"],
        "case_id": ids.get("cases"),
        "kind": "imprisonment",
        "term": "P19Y",
        "regime": "special",
        "fine": {"amount": float(pen.marks.number), "currency": pen.marks.coin},
        "credit_rule": {"text": pen.word, "factor": 1.5},
        "stage": "added_term",
        "court": pen.texts(),
        "judges": [pen.word],
        "prosecutors": [pen.word],
        "decided_on": pen.day,
        "in_force_on": pen.day,
        "status": "in_force",
        "replaces_id": None,
        "as_written": pen.word,
    }


_WRITERS: Final[Mapping[str, Callable[[Pen, Ids], Fields]]] = {
    "persons": _person,
    "organizations": _organization,
    "sources": _source,
    "cases": _case,
    "articles": _article,
    "facilities": _facility,
    "addresses": _address,
    "affiliations": _affiliation,
    "recognitions": _recognition,
    "detentions": _detention,
    "charges": _charge,
    "hearings": _hearing,
    "sentences": _sentence,
}


_BLAND: Final[Mapping[str, Fields]] = {
    "articles": {"country": "BY", "code": "criminal", "number": "1"},
    "organizations": {"name": {"en": "Nobody"}, "kind": "other"},
    "facilities": {"name": {"en": "Nowhere"}, "kind": "other"},
    "persons": {"names": [{"kind": "legal", "full": "Nobody"}]},
}


def bland(kind: str) -> Fields | None:
    """Give a hidden record of which nothing could come out, where others must refer to one: it stands in a twin."""
    return {"visibility": "private", **_BLAND[kind]} if kind in _BLAND else None
