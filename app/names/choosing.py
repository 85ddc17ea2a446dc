"""Chooses the best of many without putting all of them in order."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

_Key = TypeVar("_Key", int, str, tuple[str, str])


def best(scored: Mapping[_Key, float], most: int) -> Iterable[_Key]:
    """Give so many of the highest scores, in no order; of equal ones those that come first by themselves."""
    if len(scored) <= most:
        return scored
    least = sorted(scored.values(), reverse=True)[most - 1]
    higher = [key for key, score in scored.items() if score > least]
    return higher + sorted(key for key, score in scored.items() if score == least)[: most - len(higher)]
