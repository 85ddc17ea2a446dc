"""What a request wants to be answered with, where ``Accept`` says it."""

from collections.abc import Mapping
from typing import TypeVar

_Format = TypeVar("_Format", bound=str)


def preferred(accept: str | None, known: Mapping[str, _Format], default: _Format) -> _Format:
    """Give the format of the media type that is accepted most; the default for anything else.

    A type with a wildcard leaves it to us, and so does a header that cannot be read.
    """
    best, weight = default, 0.0
    for item in (accept or "").split(","):
        name, *said = (part.strip().lower() for part in item.split(";"))
        quality = next((_number(part[2:]) for part in said if part.startswith("q=")), 1.0)
        if quality > weight and (name in known or name in {"*/*", "application/*"}):
            best, weight = known.get(name, default), quality
    return best


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
