"""What two records of one person make together, and how that is taken apart again: values in, values out."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from app.core.documents import canonical
from app.core.kinds import Fields, Key, id_of
from app.core.record import Tier

_BETWEEN: Final = "\n\n"  # between notes of two records


def gained(target: Fields, other: Fields) -> Fields:
    """Give what a person's record says when it takes up another one of the same person.

    The other's names become aliases. Nothing that the target says is overwritten: what it does not know is filled in,
    and lists and languages are added to. Citations come along where the record says what they are cited for.
    """
    said = {name: _filled(value, other.get(name)) for name, value in target.items()}
    said["visibility"] = target["visibility"]
    said["names"] = [*target["names"], *_aliases(target["names"], other["names"])]
    said["private_notes"] = _notes(target.get("private_notes"), other.get("private_notes"))
    said["citations"] = united(target["citations"], (one for one in other["citations"] if _holds(said, other, one)))
    return said


def united(mine: list[Any], theirs: Iterable[Any]) -> list[Any]:
    """Add to a list what it does not hold yet."""
    return [*mine, *(one for one in theirs if one not in mine)]


def _filled(mine: Any, theirs: Any) -> Any:  # noqa: ANN401 - JSON
    if mine is None:
        return theirs
    if isinstance(mine, list) and isinstance(theirs, list):
        return united(mine, theirs)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return {**mine, **{name: value for name, value in theirs.items() if name not in mine}}
    return mine


def _aliases(known: list[Fields], names: list[Fields]) -> list[Fields]:
    """Give names as aliases, those aside that are known in the same spelling and language."""
    languages: dict[str, set[str | None]] = {}
    for name in known:
        languages.setdefault(name["full"], set()).add(name.get("language"))
    new = []
    for name in names:
        mine = languages.setdefault(name["full"], set())
        if mine and name.get("language") in {None, *mine}:
            continue
        mine.add(name.get("language"))
        new.append({**name, "kind": "alias"})
    return new


def _notes(mine: str | None, theirs: str | None) -> str | None:
    if mine and theirs and theirs not in mine:
        return mine + _BETWEEN + theirs
    return mine or theirs


def _holds(said: Fields, other: Fields, citation: Fields) -> bool:
    """Tell whether a record says what a citation of the other one speaks for."""
    name = citation.get("field")
    if name is None or name == "names":
        return True
    mine, theirs = said.get(name), other.get(name)
    if isinstance(mine, list) and isinstance(theirs, list):
        return all(one in mine for one in theirs)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return theirs.items() <= mine.items()
    return bool(mine == theirs)


def moved(fields: Fields, ids: Mapping[str, str], names: Iterable[str]) -> Fields:
    """Give a record with its references led to where the records are now."""
    return {**fields, **{name: ids.get(fields[name], fields[name]) for name in names if fields.get(name)}}


def likeness(fields: Fields) -> bytes:
    """Give what two records have in common that say the same, whoever is cited for it."""
    return canonical({**fields, "citations": []})


def leading(fields: Fields, references: Mapping[str, str], there: Collection[Key]) -> Fields:
    """Give a record without the references and citations that lead to what is not there any more.

    ``references`` names the kind that each referring field points to.
    """
    lost = [name for name, kind in references.items() if fields.get(name) and (kind, id_of(fields[name])) not in there]
    citations = [one for one in fields["citations"] if ("sources", id_of(one["source_id"])) in there]
    return {**fields, **dict.fromkeys(lost), "citations": citations}


def undone(before: Fields, after: Fields, now: Fields) -> Fields:
    """Give a record without what one change made of it; what others have changed since stays as it is.

    A person is never without a name: those that the change brought stay where no other is left.
    """
    left = {name: _back(before.get(name), after.get(name), value) for name, value in now.items()}
    return left if left.get("names", True) else {**left, "names": now["names"]}


def _back(before: Any, after: Any, now: Any) -> Any:  # noqa: ANN401 - JSON
    if now == after:
        return before
    if isinstance(now, list) and isinstance(after, list):
        added = [one for one in after if one not in (before or [])]
        return [one for one in now if one not in added]
    if isinstance(now, dict) and isinstance(after, dict):
        kept = {name: value for name, value in now.items() if name in (before or {}) or after.get(name) != value}
        return kept or None
    return now


def narrower(one: str, other: str) -> str:
    """Give the visibility of the two that fewer see."""
    return max(one, other, key=Tier.named)
