"""Problems: what every error looks like (RFC 9457), each type described once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails, to_json

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Type:
    """A type of problem: the last part of its URI, its status, its title and what it means."""

    slug: str
    status: int
    title: str
    text: str

    @property
    def uri(self) -> str:
        """Give the type's URI reference; the register describes the type there."""
        return f"/problems/{self.slug}"


_ALL: Final = (
    Type("malformed", 400, "The request cannot be read", "The body is no UTF-8 JSON, or a header is out of form."),
    Type(
        "foreign-cursor",
        400,
        "The cursor is of another query",
        "A cursor continues the query that gave it, for callers who see the same. Start again without it.",
    ),
    Type("unauthorized", 401, "A valid key is needed", "Send `Authorization: Bearer vk_…` with a key that is valid."),
    Type("forbidden", 403, "The key does not allow this", "The key lacks a scope, or may not read what it would set."),
    Type("not-found", 404, "There is no such record", "Nothing that you may see has this address."),
    Type("method-not-allowed", 405, "The method does not apply here", "The `Allow` header lists those that do."),
    Type("too-slow", 408, "The request came too slowly", "Send it again, all of it at once."),
    Type("needed", 409, "Other records need this one", "`needed_by` lists those that you may see."),
    Type(
        "in-flight",
        409,
        "The same request is being worked on",
        "Ask again with the same key after `Retry-After` seconds. Where the request that came first was cut off, its "
        "key is free a minute after it came.",
    ),
    Type("merged", 409, "The record is part of another", "It was merged into the record that `into` names. Use that."),
    Type("ended", 409, "The key has ended", "It has expired or been revoked. Make a new one."),
    Type("gone", 410, "The record was deleted", "It was here and has been deleted; its id is never used again."),
    Type("changed", 412, "The record is not as you read it", "Read it again, apply your change and send its new ETag."),
    Type("taken", 412, "The id has been used", "A record with this id exists or existed. Choose another id."),
    Type("too-large", 413, "The body is too large", "Send less at once."),
    Type("too-long", 414, "The address is too long", "Ask in several requests, each with fewer values."),
    Type("media-type", 415, "The body is not JSON", "Send `Content-Type: application/json`."),
    Type("invalid", 422, "The request breaks a rule", "`errors` names each place and what to do."),
    Type("key-reused", 422, "The idempotency key was used otherwise", "Use a new Idempotency-Key for a new request."),
    Type("unconditional", 428, "A precondition is needed", "Send `If-Match` with the ETag that you read."),
    Type("too-many-requests", 429, "Too many requests", "Wait as many seconds as `Retry-After` says; then go slower."),
    Type("head-too-large", 431, "The header fields are too large", "Send fewer or shorter header fields."),
    Type("internal", 500, "The register failed", "This is our fault. Nothing was written. Tell those who run it."),
    Type(
        "unavailable",
        503,
        "The register is busy",
        "Try again after `Retry-After` seconds. A write that was cut off at its very end may have been made: read "
        "first, or send an `Idempotency-Key`, with which nothing is done twice.",
    ),
)
TYPES: Final[dict[str, Type]] = {kind.slug: kind for kind in _ALL}


def declare(kind: Type) -> Type:
    """Add a type of problem that another part knows."""
    TYPES[kind.slug] = kind
    return kind


class Fault(BaseModel):
    """One thing that is wrong: where (a JSON pointer) and what to do."""

    model_config = ConfigDict(frozen=True)

    pointer: str = Field(description="JSON pointer into the body, or `/query/NAME`, `/header/NAME`.")
    detail: str = Field(description="What is wrong and what to do.")


class Needed(BaseModel):
    """A record that needs another."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    field: str


class Conflict(BaseModel):
    """Two records that cannot both be true of one person."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: UUID = Field(description="Of the record that goes.")
    other_id: UUID = Field(description="Of the record that stays.")
    detail: str = Field(description="What speaks against them.")


class ProblemOut(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(description="Which type of problem; the address describes it.", examples=["/problems/invalid"])
    title: str
    status: int
    detail: str = Field(description="What to do next.")
    errors: list[Fault] | None = Field(default=None, description="For 422: each fault.")
    needed_by: list[Needed] | None = Field(default=None, description="For 409 on DELETE: what needs the record.")
    into: UUID | None = Field(default=None, description="For 409 `merged`: the record that it is part of.")
    conflicts: list[Conflict] | None = Field(default=None, description="For 409 `unmergeable`: what is in the way.")


class Problem(Exception):  # noqa: N818 - the standard's word
    """Raised anywhere, answered as ``application/problem+json``."""

    def __init__(
        self,
        slug: str,
        detail: str | None = None,
        *,
        errors: Sequence[Fault] | None = None,
        needed_by: Sequence[Needed] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        self.type = TYPES[slug]
        self.detail = detail or self.type.text
        self.errors = errors
        self.needed_by = needed_by
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        super().__init__(slug)

    def response(self) -> Response:
        """Give the answer."""
        body: dict[str, Any] = {
            "type": self.type.uri,
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail,
        }
        if self.errors is not None:
            body["errors"] = list(self.errors)
        if self.needed_by is not None:
            body["needed_by"] = list(self.needed_by)
        body |= self.members
        return Response(to_json(body), self.type.status, {**self.headers}, MEDIA_TYPE)


class Moved(Exception):  # noqa: N818 - no fault: the record is elsewhere
    """A record that is asked for is part of another one since; the answer leads there."""

    def __init__(self, was: UUID, now: UUID) -> None:
        super().__init__()
        self.was = was
        self.now = now


def invalid(*faults: Fault) -> Problem:
    """Give the problem that lists these faults."""
    return Problem("invalid", errors=faults)


def fault(pointer: str, detail: str) -> Fault:
    """Name a fault."""
    return Fault(pointer=pointer, detail=detail)


UNKNOWN_NAME: Final = "There is no such field or parameter; see /docs for those there are."
NO_TAG: Final = "This is no language tag, as in `be` or `be-Latn`."
# Where pydantic's own say too little, or hold what was sent: a test asks this of every type that it has.
_WORDS: Final = {
    "missing": "This is required.",
    "extra_forbidden": UNKNOWN_NAME,
    "too_short": "This holds nothing. Send at least one entry, or null for the whole of it where it may be unknown.",
    "uuid_parsing": "This is no id. Write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, in digits and letters a to f.",
    "union_tag_invalid": "There is no such choice; see /docs for those there are.",
    "union_tag_not_found": "This is required.",
}
_KEY: Final = "[key]"  # pydantic's place of a mapping's name that is wrong, behind the name
_OF_KEYS: Final = {"string_pattern_mismatch", "string_too_long"}
# Which field chooses, and from what. What was sent may hold such words too; the last of them are pydantic's own.
_CHOICE: Final = re.compile(r".* (?:using|discriminator) '(\w+)'(?: does not match .*? tags: (.+))?", re.DOTALL)


def faults(errors: Sequence[ErrorDetails | Mapping[str, Any]], prefix: str = "") -> list[Fault]:
    """Turn pydantic's errors into faults; the rejected value is never part of them."""
    return [_fault(error["type"], error["loc"], error["msg"], prefix) for error in errors[:100]]


def _fault(of: str, place: tuple[int | str, ...], said: str, prefix: str) -> Fault:
    words = _WORDS.get(of) or said.removeprefix("Value error, ")
    if of in _OF_KEYS and place[-1] == _KEY:
        place, words = place[:-1], NO_TAG
    elif of.startswith("union_tag_") and (choice := _CHOICE.fullmatch(said)):
        place, words = (*place, choice[1]), f"Send one of {choice[2]}." if choice[2] else words
    return Fault(pointer=prefix + pointer(place), detail=words[0].upper() + words[1:])


def pointer(place: Sequence[int | str]) -> str:
    """Write a place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def docs(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Describe, for OpenAPI, the problems that a route may answer with."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in (TYPES[slug] for slug in slugs):
        said = by_status.setdefault(kind.status, {"description": "", "content": _CONTENT, "headers": {}})
        said["description"] = (said["description"] + f" {kind.title} (`{kind.uri}`).").strip()
    return by_status


_CONTENT: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
