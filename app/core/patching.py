"""JSON Merge Patch (RFC 7396): what becomes of a record, and what such a patch may say of a kind."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.kinds import Fields
from app.core.problems import NO_TAG, UNKNOWN_NAME, Fault, fault, pointer
from app.core.record import core_type
from app.core.types import LanguageTag

_TAG: Final[TypeAdapter[str]] = TypeAdapter(LanguageTag)


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Apply a patch (section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def strange_nulls(model: type[BaseModel], patch: Fields, prefix: str = "") -> Iterator[Fault]:
    """Give a fault for each null that would remove what there can never be.

    Such a null leaves no trace in what is merged, so that nothing else would refuse the name.
    """
    for name, value in patch.items():
        place = prefix + pointer([name])
        if name not in model.model_fields:
            if value is None:
                yield fault(place, UNKNOWN_NAME)
        elif name == "visibility" and value is None:
            yield fault(place, "Every record has one: send `public`, `partners` or `private`.")
        elif isinstance(value, dict):
            inner = core_type(model.model_fields[name].annotation)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from strange_nulls(inner, value, place)
            else:
                keys = (key for key, said in value.items() if said is None and not _is_tag(key))
                yield from (fault(place + pointer([key]), NO_TAG) for key in keys)


def _is_tag(key: str) -> bool:
    try:
        _TAG.validate_python(key)
    except ValidationError:
        return False
    return True
