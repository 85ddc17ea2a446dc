"""Numbers of articles: text that sorts as a lawyer would sort it."""

import re
from typing import Final, Self

PATTERN: Final = r"^[0-9]{1,5}(?:[.-][0-9]{1,4}){0,3}$"
_MATCH: Final = re.compile(PATTERN)


class Rank(str):
    """A number of an article as printed: ``130``, ``203-1``, ``361-4``, ``228.1``."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if _MATCH.fullmatch(text) is None:
            raise ValueError("write the number of an article as 361, 361-4 or 228.1, without its part")
        return super().__new__(cls, text)

    @property
    def key(self) -> str:
        """Give a text that sorts as lawyers do, 130 < 203-1 < 361 < 361-1: each number padded to five digits."""
        return "-".join(part.zfill(5) for part in re.split("[.-]", self))
