"""Language tags (BCP 47) held against each other: what is asked for as ``be-BY`` is found where it is ``be``."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

_SCRIPT: Final = 4  # letters of a subtag that names a script


def base(tag: str) -> str:
    """Give the language of a tag, without script, region and variants."""
    return tag.split("-", maxsplit=1)[0].lower()


def script_named(tag: str) -> str | None:
    """Give the script that a tag names (ISO 15924), which most leave to the language."""
    second = tag.split("-")[1:2]
    return next((word.title() for word in second if len(word) == _SCRIPT and word.isalpha()), None)


def found(wish: str, known: Iterable[str]) -> list[str]:
    """Give those of the known tags that are in the language wished for, the best first.

    They are looked up as RFC 4647 section 3.4 has it: the wish itself, then without its last subtags. A tag that says
    more than the wish will do where none says just that: ``be-tarask`` for ``be``, and so for ``be-BY``.
    """
    near = [tag for tag in known if base(tag) == base(wish)]
    return sorted(near, key=lambda tag: (-_shared(tag, wish), script_named(tag) != script_named(wish), tag.count("-")))


def _shared(tag: str, wish: str) -> int:
    pairs = zip(tag.lower().split("-"), wish.lower().split("-"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
