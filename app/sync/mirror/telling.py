"""What a mirror says on standard error, for the one who runs it."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_EVERY_SECONDS: Final = 5.0


def to_standard_error(text: str) -> None:
    """Say a line."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Teller:
    """Says what happens: events at once, progress now and then."""

    say: Callable[[str], None] = to_standard_error
    every: float = _EVERY_SECONDS
    _began: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)
    _count: int = 0

    def begin(self) -> None:
        """Begin to count."""
        self._began = self._said = time.monotonic()
        self._count = 0

    def count(self, more: int, what: str) -> None:
        """Count what was done; say so when it is time."""
        self._count += more
        now = time.monotonic()
        if now - self._said >= self.every:
            self._said = now
            self.say(f"  {what}: {self._count:,} so far, {self._count / (now - self._began):,.0f} a second")

    def took(self) -> str:
        """Give how long it has taken."""
        seconds = round(time.monotonic() - self._began)
        return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute
