"""Who is asking: API keys, their scopes, and the tier that a caller reads at."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import JSON, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field as ColumnField
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.problems import Problem
from app.core.record import Tier

Scope = Annotated[
    Literal["read:partners", "read:private", "write", "admin"],
    Field(
        description="`read:partners` and `read:private` read more; `write` changes records and reads as partners do; "
        "`admin` does all of it, makes keys and purges."
    ),
]
_GRANTS: Final[dict[str, set[str]]] = {
    "read:partners": {"read:partners"},
    "read:private": {"read:partners", "read:private"},
    "write": {"read:partners", "write"},
    "admin": {"read:partners", "read:private", "write", "admin"},
}


IDENTIFIED: Final = "vestka.identified"  # in a request's scope: where its key is noted for who counts requests


class ApiKey(SQLModel, table=True):
    """A key: who holds it and what it allows. The secret itself is not kept, only its hash."""

    __tablename__ = "api_keys"

    id: UUID = ColumnField(default_factory=uuid4, primary_key=True)
    prefix: str = ColumnField(unique=True)
    hash: str
    owner: str
    scopes: list[str] = ColumnField(sa_type=JSON)
    created_at: datetime = ColumnField(sa_type=UTCDateTime)
    expires_at: datetime | None = ColumnField(default=None, sa_type=UTCDateTime)
    revoked_at: datetime | None = ColumnField(default=None, sa_type=UTCDateTime)
    last_used_on: date | None = None
    replaces: UUID | None = None

    def described(self) -> dict[str, Any]:
        """Give what the log says of a key; ``mark`` tells whether another secret was put in the place of its own."""
        mark = hashlib.sha256(self.hash.encode()).hexdigest()
        said: dict[str, Any] = {"prefix": self.prefix, "owner": self.owner, "scopes": list(self.scopes), "mark": mark}
        said["replaces"] = str(self.replaces) if self.replaces else None
        times = {"made_at": self.created_at, "expires_at": self.expires_at, "revoked_at": self.revoked_at}
        return said | {name: at.isoformat() if at else None for name, at in times.items()}

    def valid(self, at: datetime) -> bool:
        """Tell whether the key opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from, and what they may do."""

    scopes: frozenset[str] = frozenset()
    name: str = "public"
    key_id: UUID | None = None

    @property
    def tier(self) -> Tier:
        """Give how much the caller may see."""
        if "read:private" in self.scopes:
            return Tier.PRIVATE
        return Tier.PARTNERS if "read:partners" in self.scopes else Tier.PUBLIC

    def require(self, scope: str) -> None:
        """Refuse a caller without the scope: 401 without a key, 403 with one that lacks it."""
        if scope in self.scopes:
            return
        if self.key_id is None:
            raise Problem("unauthorized", headers={"WWW-Authenticate": "Bearer"})
        raise Problem("forbidden", f"This needs a key with the scope `{scope}`.")


PUBLIC: Final = Caller()


def granted(scopes: list[str]) -> frozenset[str]:
    """Give everything that scopes allow, what they include among it."""
    return frozenset(scope for given in scopes for scope in _GRANTS.get(given, ()))


def _hash(token: str) -> str:
    # 256 random bits need no slow hash; a fast one keeps requests from becoming a way to tie up the server.
    return hashlib.sha256(token.encode()).hexdigest()


def make_key(owner: str, scopes: list[str], expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Make a key, and the secret that is shown once."""
    prefix = secrets.token_hex(4)
    token = f"vk_{prefix}_{secrets.token_urlsafe(32)}"
    now = datetime.now(UTC)
    made = ApiKey(
        prefix=prefix, hash=_hash(token), owner=owner, scopes=sorted(set(scopes)), created_at=now, expires_at=expires_at
    )
    return made, token


async def rotate(session: AsyncSession, key: ApiKey, days: int) -> tuple[ApiKey, str]:
    """Add a key for the same holder and scopes, that lasts as long as the old one did; the old one ends after days."""
    now = datetime.now(UTC)
    lasts = await _life(session, key)
    made, token = make_key(key.owner, key.scopes, now + lasts if lasts else None)
    made.replaces = key.id
    end = now + timedelta(days=days)
    key.expires_at = min(key.expires_at, end) if key.expires_at else end
    session.add(made)
    return made, token


async def first_of(session: AsyncSession, key_id: UUID | None) -> UUID | None:
    """Give the key with which a row of rotations began."""
    key = await session.get(ApiKey, key_id) if key_id else None
    while key is not None and key.replaces is not None:
        key_id, key = key.replaces, await session.get(ApiKey, key.replaces)
    return key_id


async def _life(session: AsyncSession, key: ApiKey) -> timedelta | None:
    """Give how long a key was made for; one that was rotated has an earlier end, and its first successor tells."""
    query = select(ApiKey).where(ApiKey.replaces == key.id).order_by(ApiKey.created_at).limit(1)  # type: ignore[arg-type]  # columns, not values
    successor = (await session.execute(query)).scalar_one_or_none()
    if successor is not None:
        return await _life(session, successor)
    return key.expires_at - key.created_at if key.expires_at else None


async def identify(session: AsyncSession, authorization: str | None) -> Caller:
    """Give the caller that an ``Authorization`` header stands for.

    Unknown, expired and revoked keys get the same 401.
    """
    if authorization is None:
        return PUBLIC
    scheme, _, token = authorization.partition(" ")
    found = await _find(session, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise _ended()
    return Caller(granted(found.scopes), found.owner, found.id)


async def still_valid(session: AsyncSession, key_id: UUID) -> None:
    """Refuse who writes with a key that has ended since they were identified, as while a slow body arrived.

    In the transaction that writes: whoever revokes a key has had their turn before, or has it afterwards.
    """
    key = (await session.execute(_BY_ID, {"key_id": key_id})).scalar_one_or_none()
    if key is None or not key.valid(datetime.now(UTC)):
        raise _ended()


def _ended() -> Problem:
    return Problem(
        "unauthorized",
        "This key is not valid (any more). Ask those who run the register, or leave the header out to read "
        "what is public.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


_BY_ID: Final = select(ApiKey).where(ApiKey.id == bindparam("key_id"))  # type: ignore[arg-type]  # a column, not a bool
_BY_PREFIX: Final = select(ApiKey).where(ApiKey.prefix == bindparam("prefix"))  # type: ignore[arg-type]  # a column, not a bool


async def _find(session: AsyncSession, token: str) -> ApiKey | None:
    parts = token.split("_", 2)
    if len(parts) != 3 or parts[0] != "vk" or not token.isascii():  # noqa: PLR2004 - vk, prefix, secret
        return None
    key = (await session.execute(_BY_PREFIX, {"prefix": parts[1]})).scalar_one_or_none()
    same = hmac.compare_digest(key.hash if key else _hash(""), _hash(token))
    return key if key is not None and same and key.valid(datetime.now(UTC)) else None
