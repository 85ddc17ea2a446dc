"""What OpenAPI says of a kind: the models that are read and patched, headers, bodies."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from app.core.kinds import Kind
from app.core.record import Tier, declared, full_type

NEEDS_NO_KEY: Final[list[dict[str, list[str]]]] = [{}, {"key": []}]  # what is asked by POST, and writes nothing
IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that you read, or `*` to overwrite on purpose. Its version is compared.",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[1-9][0-9]{0,8}-[0-9a-f]{16}")$'},
}
IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags that you have: 304 if the answer is one of them. On PUT, `*` creates.",
    "schema": {"type": "string"},
}
WRITE_HEADERS: Final[list[dict[str, Any]]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A word of your own; the same request with it within 24 hours is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    {
        "name": "X-Change-Reason",
        "in": "header",
        "description": "Why, for the history: up to 500 characters, percent-encoded UTF-8. Partners can read it.",
        "schema": {"type": "string", "maxLength": 6000, "examples": ["at%20the%20family%E2%80%99s%20request"]},
    },
]
_ORIGIN: Final = (
    "The register that keeps the record, where that is another one; absent otherwise. It is read-only here."
)
_HEADERS: Final = {
    "ETag": "The version and a hash of this answer.",
    "Location": "Where the record is.",
    "Link": "The next page, if there is one.",
    "Cache-Control": "Who may keep the answer.",
}


def headers(*names: str) -> dict[str, Any]:
    """Describe headers of an answer."""
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


MOVED: Final[dict[int | str, dict[str, Any]]] = {
    308: {
        "description": "The record was merged into another: it is there, with all that belonged to it.",
        "headers": headers("Location"),
    }
}


def answers(
    method: str,
    status: int,
    model: Any,  # noqa: ANN401 - a model, a class made at run time, or nothing
) -> dict[int | str, dict[str, Any]]:
    """Describe what a route answers when all is well; ``content`` are the media types beside JSON."""
    named = {"GET": ("ETag", "Link", "Cache-Control"), "POST": ("ETag", "Location"), "DELETE": ()}
    success: dict[str, Any] = {"description": "Done.", "headers": headers(*named.get(method, ("ETag",)))}
    if model is not None:
        success["model"] = model
    unchanged: dict[int | str, dict[str, Any]] = {304: {"description": "You have this answer already."}}
    return {status: success, **(unchanged if method == "GET" else {})}


def sends(model: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """Describe a body that the route reads itself."""
    schema = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(media_types, schema)}}


class ReadModels:
    """The models of a kind that are derived from the one that clients send."""

    def __init__(self, kind: Kind, derived: Mapping[str, Any]) -> None:
        self._kind = kind
        self._derived = derived
        self.name = kind.write.__name__.removesuffix("In")
        self.read = self._read()
        self.page = create_model(
            f"{self.name}Page",
            __doc__=f"A page of {kind.name}.",
            items=(list[self.read], Field(description="The records of this page.")),  # type: ignore[name-defined]  # made at run time
            next_cursor=(str | None, Field(description="Where the next page begins; null at the end.")),
            total=(int, Field(default=0, description="With `count=true`: how many match in all.")),
        )
        self.patch = self._patch()

    def _read(self) -> type[BaseModel]:
        common: dict[str, Any] = {
            "id": (UUID, Field(description="The record's id, for good.")),
            "version": (int, Field(ge=1, description="1, 2, …: grows when something that you may see changes.")),
            "created_at": (AwareDatetime, Field(description="When it was first recorded.")),
            "updated_at": (AwareDatetime, Field(description="When something that you may see last changed.")),
            "origin": (UUID, Field(default=None, description=_ORIGIN)),
        }
        mine: dict[str, Any] = {}
        for name in self._kind.fields:
            info = self._kind.write.model_fields[name]
            text = info.description or ""
            if (tier := declared(info).tier) is not Tier.PUBLIC:
                text = f"{text} (Seen with {'`read:private`' if tier is Tier.PRIVATE else '`read:partners`'}.)"
            mine[name] = (_shape(info), Field(default=None, description=text))
        text = f"{self._kind.one.capitalize()}, as read."
        return create_model(self.name, __doc__=text, **common, **mine, **self._derived)

    def _patch(self) -> type[BaseModel]:
        fields: dict[str, Any] = {}
        for name in self._kind.fields:
            info = self._kind.write.model_fields[name]
            shape = _removable(_shape(info))
            # What has a value of its own where none is sent may be removed; a visibility never is.
            gone = shape if info.is_required() or name == "visibility" else shape | None
            fields[name] = (gone, Field(default=None, description=info.description))
        config = ConfigDict(extra="forbid", title=f"{self.name} patch")
        return create_model(
            f"{self.name}Patch", __config__=config, __doc__=f"What changes in {self._kind.one}.", **fields
        )


def _removable(shape: Any) -> Any:  # noqa: ANN401 - an annotation
    """Give a shape in which null takes the place of what is removed: of a text in one language."""
    if hasattr(shape, "__metadata__"):
        return Annotated[_removable(shape.__origin__), *shape.__metadata__]
    arms = get_args(shape)
    if get_origin(shape) is dict:
        return dict[arms[0], arms[1] | None]  # type: ignore[valid-type]  # made at run time
    if type(None) in arms and len(arms) == 2:  # noqa: PLR2004 - it, or null
        return next(_removable(arm) for arm in arms if arm is not type(None)) | None
    return shape


def _shape(info: FieldInfo) -> Any:  # noqa: ANN401 - an annotation
    """Give a field's type as it is read: null where it may be unknown."""
    shape = full_type(info)
    return shape | None if type(None) in get_args(info.annotation) else shape
