"""What is written on an envelope: the addressee's name first, the country last, between them what the post asks.

Nothing is guessed, transliterated or invented: a part that the register does not know is left out and, where a
letter needs it, a warning says so. The rules of the posts are in ``templates.json``, each with its source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.letters.choice import Chosen, choose, localized
from app.letters.country import Printable, country_line
from app.letters.scripts import clean
from app.letters.tags import base, script_named
from app.letters.templates import Template, box, template

PARTS: Final = (
    "recipient", "facility", "street", "po_box", "locality", "district", "region", "postal_code", "country",
)  # fmt: skip
_PLACES: Final = ("region", "district", "locality", "street")
_LAST_RESORTS: Final = {"birth": "the name at birth", "alias": "an alias"}
_NAMES: Final = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Geor": "Georgian", "Armn": "Armenian",
    "Hani": "Chinese", "Mymr": "Burmese", "Hebr": "Hebrew", "Grek": "Greek", "Ethi": "Ethiopic",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lines:
    """An address ready to print, and what to know about it.

    ``parts`` holds ``PARTS`` as far as they are known. ``fallbacks`` names the language of each part that is not
    in ``language``. Each warning is a word to program by, a colon and a sentence to read.
    """

    lines: list[str]
    parts: dict[str, str]
    language: str
    script: str | None
    fallbacks: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def _anything(_: str) -> bool:
    return True


def lay_out(
    person: Mapping[str, Any],
    facility: Mapping[str, Any] | None,
    address: Mapping[str, Any],
    *,
    origin: str | None = None,
    language: str | None = None,
    printable: Printable = _anything,
) -> Lines:
    """Write an address by the rules of the destination's post.

    ``origin`` is the sender's country (alpha-2), ``language`` the one asked for; ``printable`` tells whether the
    fonts at hand can show a text, so that another language is preferred when they cannot. Raises ``ValueError``
    for a person without any name and for an address without a country.
    """
    country = clean(address.get("country")).upper()
    if not country:
        raise ValueError("an address without a country leads nowhere")
    rule = template(country)
    texts = {place: localized(address.get(place)) for place in _PLACES} | {"facility": _facility(facility)}
    chosen = choose(texts, person.get("names") or [], rule, language, printable)
    parts = _parts(chosen, address)
    parts["country"] = country_line(country, clean(origin).upper() or None, chosen.language, printable)
    return Lines(
        lines=_assembled(parts, rule, chosen.script),
        parts=parts,
        language=chosen.language,
        script=chosen.script,
        fallbacks={part: tag for part, tag in chosen.languages.items() if tag != chosen.language},
        warnings=[*_gaps(parts, rule), *_mixtures(chosen, language)],
    )


def _facility(facility: Mapping[str, Any] | None) -> dict[str, str]:
    """Give the facility's names by language, the short one where there is no full one."""
    if facility is None:
        return {}
    return localized(facility.get("short_name")) | localized(facility.get("name"))


def _parts(chosen: Chosen, address: Mapping[str, Any]) -> dict[str, str]:
    number = clean(address.get("po_box"))
    known = {
        "recipient": chosen.name,
        **chosen.texts,
        "po_box": box(number, chosen.language) if number else "",
        "postal_code": clean(address.get("postal_code")),
    }
    return {part: text for part, text in known.items() if text}


def _assembled(parts: Mapping[str, str], rule: Template, script: str | None) -> list[str]:
    head = [parts[part] for part in ("recipient", "facility") if part in parts]
    return [*head, *rule.lines(parts, script), parts["country"]]


def _gaps(parts: Mapping[str, str], rule: Template) -> list[str]:
    found = []
    code = parts.get("postal_code")
    if code is None and rule.postal_code:
        found.append("no_postal_code: the postal code is not known")
    elif code is not None and not rule.accepts(code):
        found.append("odd_postal_code: the postal code does not have the country's form")
    if "locality" not in parts:
        found.append("no_locality: the town is not known")
    if not parts.keys() & {"street", "po_box"}:
        found.append("no_street: neither street nor post office box is known")
    return found


def _is_other(chosen: Chosen, asked: str) -> bool:
    """Tell whether an address is in another language than the one asked for, or in another script than that names."""
    wanted = script_named(asked)
    written = script_named(chosen.language) or chosen.script
    return base(chosen.language) != base(asked) or wanted not in {None, written}


def _mixtures(chosen: Chosen, asked: str | None) -> list[str]:
    found = []
    if asked and _is_other(chosen, asked):
        found.append(f"other_language: the address is not known in the language asked for, but in {chosen.language}")
    if kind := _LAST_RESORTS.get(chosen.name_kind or ""):
        found.append(f"name_kind: only {kind} is known; ask which name the institution uses")
    if chosen.name_script != chosen.script:
        name, rest = (_NAMES.get(script or "", "another") for script in (chosen.name_script, chosen.script))
        found.append(f"name_script: the name is known in {name} script, the address in {rest}")
    if chosen.strangers:
        found.append(f"mixed_scripts: in another script than the rest: {', '.join(chosen.strangers)}")
    return found
