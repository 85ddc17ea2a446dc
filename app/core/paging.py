"""Keyset cursors: opaque, signed, bound to the query and the tier that they continue."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any, Final

from pydantic_core import to_json

from app.core.problems import Problem

_MAC: Final = 12


def _mac(secret: bytes, scope: str, payload: bytes) -> bytes:
    return hmac.digest(secret, scope.encode() + b"\0" + payload, "sha256")[:_MAC]


def seal(secret: bytes, scope: str, place: list[Any]) -> str:
    """Write a place in a list as a cursor that is good for the same query and tier (``scope``) only."""
    payload = to_json(place)
    return base64.urlsafe_b64encode(_mac(secret, scope, payload) + payload).decode().rstrip("=")


def unseal(secret: bytes, scope: str, cursor: str) -> list[Any]:
    """Give the place that a cursor stands for; a cursor of another query, tier or register is a problem."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Problem("foreign-cursor") from None
    mac, payload = raw[:_MAC], raw[_MAC:]
    if not hmac.compare_digest(mac, _mac(secret, scope, payload)):
        raise Problem("foreign-cursor")
    place: list[Any] = json.loads(payload)
    return place


def scope_of(path: str, tier: int, query: list[tuple[str, str]]) -> str:
    """Name a query: its path, its tier and its parameters, in any order, without those of paging and format."""
    told = sorted((name, value) for name, value in query if name not in {"cursor", "limit", "count", "format"})
    return hashlib.sha256(json.dumps([path, tier, told]).encode()).hexdigest()
