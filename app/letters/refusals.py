"""The problems that letters add: nobody to write to, nothing to print it with."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.contract import MOVED
from app.core.problems import MEDIA_TYPE, Problem, Type, declare, docs, fault, invalid
from app.letters.coverage import code_points
from app.letters.phrases import partial_in_words
from app.letters.press import UnprintableError
from app.letters.recipients import Row
from app.reading.dossier import stated
from app.reading.mail import MailReason

_NO_ADDRESS: Final = declare(
    Type(
        "no-mail-address",
        409,
        "There is no address to write to",
        "Letters do not reach the person. `reason` says why, `since` since when, `sources` who says so. Do not send "
        "one to the last known place.",
    )
)
_UNPRINTABLE: Final = declare(
    Type(
        "unprintable",
        409,
        "No font here can print this address",
        "Ask for the address in another `language`, or have those who run the register install a font for its script.",
    )
)
_IN_WORDS: Final[Mapping[MailReason, str]] = {
    "released": "released",
    "expelled": "exchanged or expelled",
    "deceased": "deceased",
    "unknown_whereabouts": "nobody knows where the person is",
    "home_confinement": "in home confinement, for which no address is given",
    "blocked": "letters are not let in",
    "relatives_only": "only letters from relatives are let in",
    "no_address": "no address for letters is known",
}

EXAMPLE: Final[dict[str, Any]] = {
    "type": _NO_ADDRESS.uri,
    "title": _NO_ADDRESS.title,
    "status": 409,
    "detail": "Letters do not reach this person: released (since 13 December 2025). Do not use the last known place.",
    "reason": "released",
    "since": "2025-12-13",
    "sources": [
        {
            "source_id": "acc6ffb0-0872-59af-9837-ab24bcda4f4e",
            "title": "More than 1,000 Belarusians remain in prison for exercising their rights",
            "published_on": "2025-12-15",
            "url": "https://hrw.org/news/2025/12/15/more-than-1000-belarusians-remain-in-prison-for-exercising-their-rights",
            "quote": None,
        }
    ],
}


def no_mail_address(row: Row) -> Problem:
    """Give the problem that says why a person has no address."""
    day = stated(row, "since")
    since = f" (since {partial_in_words(day, 'en')})" if day else ""
    words = f"Letters do not reach this person: {_IN_WORDS[row['reason']]}{since}. Do not use the last known place."
    members = {name: row[name] for name in ("reason", "since", "sources")}
    return Problem(_NO_ADDRESS.slug, words, members=members)


def unprintable(error: UnprintableError) -> Problem:
    """Give the problem that names the characters of an address that no font shows."""
    listed = code_points(error.characters, 8)
    return Problem(_UNPRINTABLE.slug, f"No font here can print {listed}. {_UNPRINTABLE.text}")


def no_public_address(pointer: str) -> Problem:
    """Give the problem that the register does not know where readers reach it."""
    words = "This register has no public address, so there is nothing that a code could lead to. Leave `qr` out."
    return invalid(fault(pointer, words))


def conflict(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Describe a route's problems, those of letters among them."""
    described = docs(*slugs, _NO_ADDRESS.slug, _UNPRINTABLE.slug)
    shapes = [{"$ref": f"#/components/schemas/{name}"} for name in ("NoMailAddressOut", "ProblemOut")]
    described[409] |= {"content": {MEDIA_TYPE: {"schema": {"anyOf": shapes}, "example": EXAMPLE}}}
    return {**MOVED, **described}
