"""What is typed on the command line: read, or refused with what it takes."""

from argparse import ArgumentTypeError

from app.core.chain import Head


def head(text: str) -> Head:
    """Read a head that was published."""
    try:
        return Head.parse(text)
    except ValueError:
        raise ArgumentTypeError("takes a hash of 64 digits, or POSITION:HASH, as `verify` prints it") from None


def count(text: str) -> int:
    """Read how many there are to be."""
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 3650:  # noqa: PLR2004 - ten years of days, more workers than any machine has
        raise ArgumentTypeError("takes a whole number from 1 to 3650")
    return number


def overlap(text: str) -> int:
    """Read for how many days two keys work."""
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 90:  # noqa: PLR2004 - as over HTTP
        raise ArgumentTypeError("takes a whole number from 0 to 90")
    return number


def port(text: str) -> int:
    """Read a port."""
    number = int(text) if text.isdecimal() else -1
    if not 1 <= number <= 65535:  # noqa: PLR2004 - the ports there are
        raise ArgumentTypeError("takes a port from 1 to 65535")
    return number


def owner(text: str) -> str:
    """Read who holds a key."""
    if not text.strip() or len(text) > 100 or not text.isprintable():  # noqa: PLR2004 - as over HTTP
        raise ArgumentTypeError("takes a name of 1 to 100 printable characters")
    return text.strip()
