"""The only place that decides what a caller sees of a record."""

from collections.abc import Callable, Mapping
from itertools import compress

from app.core.kinds import Fields, Key, Kind
from app.core.record import Tier

Sight = Mapping[Key, Tier | None]


def effective(kind: Kind, fields: Fields, owner: Tier | None) -> Tier:
    """Give the first tier that sees a record: its own word, and that of the record it belongs to.

    ``owner`` is the first tier that sees the owner; nobody below the private tier sees what belongs to a
    record that is gone.
    """
    own = Tier.named(fields["visibility"])
    if kind.owner_of(fields) is None:
        return own
    return max(own, Tier.PRIVATE if owner is None else owner)


def effective_of_copy(own: Tier, first: Tier, *, under_ours: bool) -> Tier:
    """Give the first tier that sees a record copied from another register.

    ``own`` is what the rules here say, ``first`` the tier whose sight of the source is copied: what it was given, it
    sees, also before the owner has come. What is said of a record of our own is seen by who sees that one.
    """
    return own if under_ours else min(own, first)


def cut(kind: Kind, fields: Fields, sees: Callable[[Key], bool]) -> Fields:
    """Leave out of a copied record its references to records of our own that are not seen."""
    hidden = {name for name, key, _ in kind.links(fields) if name != "citations" and not sees(key)}
    cited = zip(fields.get("citations") or (), _cited(kind, fields), strict=True)
    kept = {name: value for name, value in fields.items() if name not in hidden}
    return kept | {"citations": [citation for citation, (_, key, _) in cited if sees(key)]}


def redact(kind: Kind, fields: Fields, tier: Tier, sees: Callable[[Key], bool]) -> Fields:
    """Cut a record to what a tier may read: hidden fields and references to hidden records are absent.

    From the private tier nothing is hidden: what refers to a record that its source has taken back keeps saying so
    there, or it could not say so again when that record returns.
    """
    if tier is Tier.PRIVATE:
        return {name: fields[name] for name in kind.fields if name in fields}
    hidden: set[str] = set()
    cited: list[bool] = []
    for name, key, first in kind.links(fields):
        if name == "citations":
            cited.append(first <= tier and sees(key))
        elif not sees(key):
            hidden.add(name)
    kept = {name: fields[name] for name in kind.shown(tier) if name in fields and name not in hidden}
    citations = fields.get("citations") or []
    kept["citations"] = citations if all(cited) else list(compress(citations, cited))
    return kept


def _cited(kind: Kind, fields: Fields) -> list[tuple[str, Key, Tier]]:
    return [link for link in kind.links(fields) if link[0] == "citations"]


def seen_by(tier: Tier, sight: Sight) -> Callable[[Key], bool]:
    """Give the question whether a tier sees a record, answered from what is known of each."""

    def sees(key: Key) -> bool:
        first = sight.get(key)
        return first is not None and first <= tier

    return sees
