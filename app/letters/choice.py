"""Which language an address is written in, and which of a person's names goes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.letters.country import Printable
from app.letters.scripts import clean, script_of
from app.letters.tags import base, found
from app.letters.templates import Template

# An institution has people under the name in their documents, in whatever script, or the one they go by. It may not
# know an earlier name or a nickname, and what a merge made an alias may be either.
_KINDS: Final = ("legal", "transliteration", "preferred", "birth", "alias")
_LAST_RESORTS: Final = frozenset({"birth", "alias"})
_PUNCTUATION: Final = ".,;:()"
_WITH_PATRONYMIC: Final = 3  # words of a full name


@dataclass(frozen=True, slots=True)
class Chosen:
    """The texts picked for one address: each part's value and the language it was found in."""

    language: str
    script: str | None
    texts: dict[str, str]
    languages: dict[str, str]
    name: str
    name_kind: str | None
    name_script: str | None
    strangers: list[str] = field(default_factory=list)


def localized(value: object) -> dict[str, str]:
    """Clean a localized object; languages without a text are dropped."""
    if not isinstance(value, Mapping):
        return {}
    texts = ((str(tag), clean(text)) for tag, text in value.items())
    return {tag: text for tag, text in texts if text}


def choose(
    parts: Mapping[str, Mapping[str, str]],
    names: Sequence[Mapping[str, Any]],
    template: Template,
    language: str | None,
    printable: Printable,
) -> Chosen:
    """Pick one language, and so one script, for the whole address.

    The language asked for wins when any part has it. Otherwise the first of the country's own languages, English
    and the rest that leaves fewest parts, the name counted, in another script or in another language; one that the
    fonts cannot print comes last.
    """
    order = _order(parts, template.languages)
    if language and (asked := found(language, order)):
        return _written(asked[0], order, parts, names, template)
    candidates = [_written(tag, order, parts, names, template) for tag in order]
    if not candidates:
        return _written(language or "und", order, parts, names, template)
    return max(candidates, key=lambda chosen: _worth(chosen, printable))


def _order(parts: Mapping[str, Mapping[str, str]], preferred: Sequence[str]) -> list[str]:
    known = sorted({tag for texts in parts.values() for tag in texts})
    ranked = [tag for wish in (*preferred, "en") for tag in found(wish, known)]
    return list(dict.fromkeys([*ranked, *known]))


def _worth(chosen: Chosen, printable: Printable) -> tuple[bool, int, int]:
    shown = printable("".join(chosen.texts.values()) + chosen.name)
    same_script = len(chosen.texts) - len(chosen.strangers) + (chosen.name_script == chosen.script)
    return shown, same_script, sum(tag == chosen.language for tag in chosen.languages.values())


def _written(
    language: str,
    order: Sequence[str],
    parts: Mapping[str, Mapping[str, str]],
    names: Sequence[Mapping[str, Any]],
    template: Template,
) -> Chosen:
    script = script_of("".join(texts.get(language, "") for texts in parts.values()))
    said = {part: _text(texts, language, script, order) for part, texts in parts.items() if texts}
    record = pick_name(names, language, script)
    name = full_name(record, family_first=template.family_name_first)
    return Chosen(
        language=language,
        script=script or script_of(name),
        texts={part: text for part, (_, text) in said.items()},
        languages={part: tag for part, (tag, _) in said.items()},
        name=name,
        name_kind=record.get("kind"),
        name_script=script_of(name),
        strangers=[part for part, (_, text) in said.items() if script_of(text) not in (None, script)],
    )


def _text(texts: Mapping[str, str], language: str, script: str | None, order: Sequence[str]) -> tuple[str, str]:
    def rank(tag: str) -> tuple[bool, bool, bool, int]:
        return tag != language, script_of(texts[tag]) != script, base(tag) != base(language), order.index(tag)

    nearest = min(texts, key=rank)
    return nearest, texts[nearest]


def pick_name(names: Sequence[Mapping[str, Any]], language: str, script: str | None) -> Mapping[str, Any]:
    """Pick the name the institution knows: in the address's script if there is one, legal first, with patronymic.

    A name at birth or an alias is taken only when there is no other, and one of a single word last of all. Raises
    ``ValueError`` when there is no name to write.
    """
    usable = [name for name in names if clean(name.get("full"))]
    if not usable:
        raise ValueError("a person without a name has no address")
    return min(usable, key=lambda name: _rank(name, language, script))


def _rank(name: Mapping[str, Any], language: str, script: str | None) -> tuple[bool | int, ...]:
    full, kind, tag = clean(name["full"]), name.get("kind"), name.get("language")
    return (
        kind in _LAST_RESORTS,
        kind in _LAST_RESORTS and len(full.split()) == 1,
        script is not None and script_of(full) != script,
        _KINDS.index(kind) if kind in _KINDS else len(_KINDS),
        not name.get("patronymic") and len(full.split()) < _WITH_PATRONYMIC,
        not (isinstance(tag, str) and base(tag) == base(language)),
        tag != language,
    )


def full_name(name: Mapping[str, Any], *, family_first: bool) -> str:
    """Give a name with its patronymic: as recorded, put together only when the record has it as a part alone.

    The parts are put together when the name is made of them. One that says anything else is printed as recorded.
    """
    full = clean(name.get("full"))
    family, given, patronymic = (clean(name.get(part)) for part in ("family", "given", "patronymic"))
    known = _words(full)
    if not (family and given) or known != _words(f"{family} {given}") or set(_words(patronymic)) <= set(known):
        return full
    return " ".join((family, given, patronymic) if family_first else (given, patronymic, family))


def _words(text: str) -> list[str]:
    """Give the words of a name, in whatever case, order and punctuation they stand."""
    return sorted(filter(None, (word.strip(_PUNCTUATION) for word in text.casefold().split())))
