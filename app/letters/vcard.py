"""vCard 4.0 (RFC 6350) for an address book: one card per person, UTF-8, CRLF, lines folded at 75 octets."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.core.edtf import parse
from app.letters.lines import Lines
from app.letters.scripts import clean

_OCTETS: Final = 75
_BREAKS: Final = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
MEDIA_TYPE: Final = "text/vcard; charset=utf-8"


def vcard(
    person: Mapping[str, Any],
    lines: Lines,
    *,
    note: str | None = None,
    url: str | None = None,
    rev: datetime | None = None,
) -> str:
    """Write one card: the name as on the envelope, the address in parts and as a label, birthday and languages.

    ``note`` is free text such as the age of the address and what to know about writing; ``REV`` is there only
    when ``rev`` is given, so that the same record gives the same bytes.
    """
    properties = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "KIND:individual",
        f"UID:urn:uuid:{clean(str(person['id']))}",
        f"FN:{_escaped(lines.parts['recipient'])}",
        *_name(person, lines),
        *_birthday(person.get("birth_date")),
        _address(lines),
        *_languages(person.get("languages")),
        *([f"NOTE:{_escaped(note)}"] if note else []),
        *([f"URL:{clean(url)}"] if url else []),
        *([f"REV:{rev.astimezone(UTC):%Y%m%dT%H%M%SZ}"] if rev else []),
        "END:VCARD",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in properties)


def vcards(cards: Iterable[str]) -> bytes:
    """Join cards to a file; an address book reads them one after the other."""
    return "".join(cards).encode()


def _name(person: Mapping[str, Any], lines: Lines) -> list[str]:
    """Give N from the parts of the name that is on the envelope, and nothing when its parts are not known."""
    shown = set(lines.parts["recipient"].split())
    for name in person.get("names") or []:
        family, given, patronymic = (clean(name.get(part)) for part in ("family", "given", "patronymic"))
        if family and given and shown >= {*family.split(), *given.split()}:
            return [f"N:{_escaped(family)};{_escaped(given)};{_escaped(patronymic)};;"]
    return []


def _birthday(text: object) -> list[str]:
    """Give BDAY as far as it is known (RFC 6350 4.3.1); a date in doubt is text, which no program takes for exact."""
    if not isinstance(text, str):
        return []
    known = parse(text)
    if known.mark:
        return [f"BDAY;VALUE=text:{'circa ' if known.mark == '~' else ''}{text.rstrip('~?')}{known.mark.strip('~')}"]
    if known.year is None:
        return [f"BDAY:--{known.month:02}{known.day:02}"]
    if known.month is None:
        return [f"BDAY:{known.year:04}"]
    if known.day is None:
        return [f"BDAY:{known.year:04}-{known.month:02}"]
    return [f"BDAY:{known.year:04}{known.month:02}{known.day:02}"]


def _address(lines: Lines) -> str:
    """Give ADR; the facility stands before the street, since its own component is one that programs drop."""
    part = lines.parts.get
    street = ",".join(_escaped(text) for text in (part("facility"), part("street"), part("district")) if text)
    components = [
        _escaped(part("po_box") or ""),
        "",
        street,
        *(_escaped(part(name) or "") for name in ("locality", "region", "postal_code", "country")),
    ]
    return f'ADR;LABEL="{_parameter(lines.lines)}":{";".join(components)}'


def _languages(tags: object) -> list[str]:
    usable = [clean(tag) for tag in tags] if isinstance(tags, list | tuple) else []
    return [f"LANG;PREF={rank}:{tag}" for rank, tag in enumerate(filter(None, usable), start=1)]


def _escaped(text: str) -> str:
    """Escape a text value (RFC 6350 3.4); line breaks stay, other control characters go."""
    kept = "\n".join(clean(line) for line in _BREAKS.split(text))
    for char in ("\\", ",", ";"):
        kept = kept.replace(char, f"\\{char}")
    return kept.replace("\n", "\\n")


def _parameter(lines: Iterable[str]) -> str:
    """Write lines as a quoted parameter: carets and quotes as RFC 6868 has them, breaks as in RFC 6350 6.3.1."""
    return "\\n".join(clean(line).replace("^", "^^").replace('"', "^'") for line in lines)


def _folded(line: str) -> str:
    """Fold at 75 octets without cutting a character in two (RFC 6350 3.2)."""
    folded, octets = "", 0
    for char in line:
        width = len(char.encode())
        if octets + width > _OCTETS:
            folded, octets = f"{folded}\r\n ", 1
        folded, octets = folded + char, octets + width
    return folded
