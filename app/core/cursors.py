"""Cursors of the feed: a place in the commit order, sealed so that it tells its holder nothing.

The signed cursors of lists can be read by who holds them. A place in the commit order counts every change, those
that the caller never hears of among them, so here the place is encrypted too: a synthetic-IV cipher made of
HMAC-SHA-256 and SHAKE-256, in which the same place always gives the same cursor.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from pydantic_core import to_json

from app.core.kinds import Key
from app.core.problems import Problem
from app.core.record import Tier

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS: Final = struct.Struct(">QQ")
_TAG: Final = 12
_ACTION: Final = ":"  # stands before an action, behind the kinds
_CURSOR_AT: Final = len('{"cursor":"')
_FOREIGN: Final = (
    "This cursor is not of this register as your key sees it now. Start again without it, or use the key with "
    "which you read it."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells this register from every other."""

    register_id: UUID
    secret: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the commit order: behind the change at ``position``, made at ``at``, in a feed of ``kinds``.

    The time tells whether the register still has that change there: after a restore it may have another.
    No kinds means all of them, and no action every one.
    """

    position: int
    at: datetime
    kinds: tuple[str, ...] = ()
    action: str = ""

    def serves(self, kinds: tuple[str, ...], action: str = "") -> bool:
        """Tell whether a feed of these kinds and this action can go on here without missing anything."""
        enough = not self.kinds or (bool(kinds) and set(kinds) <= set(self.kinds))
        return enough and self.action in {"", action}


def start(kinds: tuple[str, ...] = (), action: str = "") -> Place:
    """Give the place before the first change."""
    return Place(0, _EPOCH, kinds, action)


class Cursors:
    """Writes and reads the cursors of one register and tier."""

    def __init__(self, identity: Identity, tier: Tier) -> None:
        scope = b"changes\0" + identity.register_id.bytes + bytes([tier])
        self._sign = hmac.digest(identity.secret, b"sign\0" + scope, "sha256")
        self._hide = hmac.digest(identity.secret, b"hide\0" + scope, "sha256")

    def seal(self, place: Place) -> str:
        """Write a place as a cursor."""
        microseconds = (place.at - _EPOCH) // timedelta(microseconds=1)
        words = ",".join(place.kinds) + (f"{_ACTION}{place.action}" if place.action else "")
        plain = _NUMBERS.pack(place.position, microseconds) + words.encode()
        tag = hmac.digest(self._sign, plain, "sha256")[:_TAG]
        return base64.urlsafe_b64encode(tag + self._hidden(tag, plain)).decode().rstrip("=")

    def unseal(self, cursor: str) -> Place:
        """Give the place that a cursor stands for; one of another register or tier is a problem."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Problem("foreign-cursor", _FOREIGN) from None
        tag, plain = raw[:_TAG], self._hidden(raw[:_TAG], raw[_TAG:])
        if len(plain) < _NUMBERS.size or not hmac.compare_digest(tag, hmac.digest(self._sign, plain, "sha256")[:_TAG]):
            raise Problem("foreign-cursor", _FOREIGN)
        position, microseconds = _NUMBERS.unpack_from(plain)
        words, _, action = plain[_NUMBERS.size :].decode().partition(_ACTION)
        kinds = tuple(words.split(",")) if words else ()
        return Place(position, _EPOCH + timedelta(microseconds=microseconds), kinds, action)

    def _hidden(self, tag: bytes, text: bytes) -> bytes:
        pad = hashlib.shake_256(self._hide + tag).digest(len(text))
        return (int.from_bytes(text) ^ int.from_bytes(pad)).to_bytes(len(text))


@lru_cache(maxsize=8)
def cursors_of(identity: Identity, tier: Tier) -> Cursors:
    """Give what writes and reads the cursors of a register and tier."""
    return Cursors(identity, tier)


def heading(cursor: str, at: datetime, key: Key, version: int, action: str, into: Key | None = None) -> bytes:
    """Write an item of the feed up to its record; ``into`` is what a merged one is part of."""
    said = {"cursor": cursor, "at": at, "kind": key[0], "id": key[1], "version": version, "action": action}
    more = {"into": into[1]} if action == "merge" and into else {}
    return to_json({**said, **more})[:-1] + b',"record":'


def cursor_in(written: bytes, at: int = 0) -> str:
    """Give the cursor of an item that was written so, which begins there: it comes first."""
    begins = at + _CURSOR_AT
    return written[begins : written.index(b'"', begins)].decode()
