"""What ends or delays a mirror, each in a sentence for those who run it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 60.0
_SHOWN: Final = 300
# All that reading may raise where something is of another form than was thought.
UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_TRIES: Final = 10


class Stopped(Exception):  # noqa: N818 - what is said on standard error
    """The mirror cannot go on; the argument says why and what to do."""


class Unfit(Stopped):
    """What the source gave cannot be taken; asked again, it may give something else."""


class Again(Exception):  # noqa: N818 - what is waited for
    """The source cannot be reached or asks for patience; ``after`` are the seconds that it asks for."""

    def __init__(self, words: str, after: float = 0) -> None:
        super().__init__(words)
        self.after = after


class Unknown(Exception):  # noqa: N818 - what an older source says
    """The source does not know what it was asked for."""


class Refused(Exception):  # noqa: N818 - a turn, not a fault
    """The source does not know the cursor any more."""


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Read what a source has answered: whatever cannot be read ends in one sentence."""
    try:
        yield
    except UNREADABLE:
        raise strange(url) from None


def strange(url: str) -> Unfit:
    """Give what is said where an answer is none of a register's."""
    return Unfit(f"{url} answers, but not as a Vestka register does. Is the address right?")


def shown(said: object) -> str:
    """Give the words of others as one line: what they hold besides letters would be obeyed by a terminal."""
    line = " ".join("".join(one if one.isprintable() else " " for one in str(said)).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


@dataclass(slots=True)
class Patience:
    """How long to wait before the next try: longer each time, never the same, and as long as the source asks.

    ``tries`` is how often in a row; None for ever.
    """

    first: float = 1.0
    tries: int | None = _TRIES
    failed: int = 0

    def succeeded(self) -> None:
        """Begin anew."""
        self.failed = 0

    def wait(self, again: Again) -> float:
        """Give the seconds to wait after a failure; ``Stopped`` when there were too many in a row."""
        self.failed += 1
        if self.tries is not None and self.failed >= self.tries:
            raise Stopped(f"{again} Run the command again: it goes on where it stopped.")
        longest = min(_LONGEST, self.first * 2.0 ** (self.failed - 1))
        # Many copies that were cut at once do not come back at once.
        return max(again.after, longest * random.uniform(0.5, 1.0))  # noqa: S311 - nobody guesses at it
