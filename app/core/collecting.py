"""When Python looks for objects that hold one another."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# How many objects come before it looks, and how often it looks at what is older.
_SELDOM: Final = (50_000, 20, 50)


def collect_seldom() -> None:
    """Leave alone what is there by now, and look seldom at the rest.

    A page of records, or what a write makes of one, is many objects and hardly ever a circle of them: to walk over them
    again and again was a fifth of what writing costs.
    """
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@contextmanager
def not_collecting() -> Iterator[None]:
    """Do not look at all while very many objects are made that live until the end: a tenth of a large batch's time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
