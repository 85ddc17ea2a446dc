"""The description of the API: generated from the code, with examples from the seeds."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.core.keys import KeyIn, KeyRotationIn
from app.core.problems import TYPES, ProblemOut, docs
from app.core.requests import JSON
from app.core.resource import Resource
from app.examples import add_examples
from app.letters.shapes import LETTERS, EnvelopeIn, NoMailAddressOut
from app.reading.matching import MatchIn
from app.register.merging import MergeIn
from app.sync.export import ExportLine
from app.sync.operations import BatchIn

VERSION: Final = "1"
_TEXT: Final = """\
Vestka (вестка: news, word from someone) keeps the cases of political prisoners: persons, the articles and sentences
used against them, the places that hold them, and the mail addresses that reach them. Every fact carries its source and
date.

**Reading** what is public needs no key. **Writing** needs `Authorization: Bearer vk_…`.

* A field that is `null` is unknown; one that is absent is not for you to see; of an empty list nothing is known.
* Dates are partial (EDTF): `2021`, `2021-05`, `2021-05-18`, `XXXX-07-13`, with `~` or `?`. A filter by date finds what
  may lie in the range.
* Terms are years, months and days (`P7Y6M`) and are never added up.
* Errors are `application/problem+json`; `detail` says what to do next.
* Writes need `If-Match` with the ETag that you read: nobody's edit is lost.
* Unknown parameters and fields are refused, so that a mistyped filter never returns everything.
* Every answer says in `RateLimit` how many requests are left; over the limit it is 429 with `Retry-After`.
"""
_LIMIT_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "RateLimit-Policy": {
        "description": "Which limit applies, as in draft-ietf-httpapi-ratelimit-headers-11: its name, requests (`q`), "
        "seconds (`w`). Absent where there is none.",
        "schema": {"type": "string", "examples": ['"public";q=600;w=60']},
    },
    "RateLimit": {
        "description": "What is left of it: requests (`r`), and seconds until there are more (`t`).",
        "schema": {"type": "string", "examples": ['"public";r=599;t=60']},
    },
    "Retry-After": {
        "description": "After how many seconds the next request is answered.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_PUBLIC_OR_KEY: Final[list[dict[str, list[str]]]] = [{}, {"key": []}]
_KEY: Final[list[dict[str, list[str]]]] = [{"key": []}]


def describe(app: FastAPI, resources: Iterable[Resource]) -> dict[str, Any]:
    """Give the OpenAPI document."""
    resources = list(resources)
    tags = [{"name": resource.kind.name, "description": resource.text} for resource in resources]
    tags += [{"name": "letters", "description": LETTERS}]
    tags += [{"name": "search", "description": "Finding anything by a few words."}]
    tags += [{"name": "names", "description": "Finding people by any spelling of their names."}]
    tags += [{"name": "sync", "description": "Copying the register and following it."}]
    tags += [
        {"name": "keys", "description": "API keys, what was done, and what was read (admin)."},
        {"name": "service", "description": "The service."},
    ]
    document = get_openapi(
        title="Vestka",
        version=VERSION,
        summary="An open case register of political prisoners.",
        description=_TEXT,
        routes=app.routes,
        tags=tags,
        openapi_version="3.1.0",
    )
    _add_schemas(document, resources)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            guarded = method in {"post", "put", "patch", "delete"} or path.startswith(
                ("/v1/keys", "/v1/acts", "/v1/reads")
            )
            operation.setdefault("security", _KEY if guarded else _PUBLIC_OR_KEY)
            operation["responses"].pop("422", None) if _is_default(operation) else None
            _drop_unsaid(operation["responses"])
            _limit(operation["responses"])
    for resource in resources:
        _lead_on(document, resource.kind.name)
    add_examples(document, resources)
    return document


def _is_default(operation: dict[str, Any]) -> bool:
    """Tell whether 422 is what the framework adds by itself: our routes say it in our own form."""
    return JSON in operation["responses"].get("422", {}).get("content", {})


def _drop_unsaid(responses: dict[str, Any]) -> None:
    """Drop the JSON without a schema that the framework adds to answers of another form."""
    for answer in responses.values():
        content = answer.get("content", {})
        if len(content) > 1 and content.get(JSON) == {"schema": {}}:
            del content[JSON]


def _limit(responses: dict[str, Any]) -> None:
    """Say what holds on every route: how much may be asked, how often, and what tells so."""
    for status, answer in responses.items():
        if status[0] in "23":
            answer["headers"] = answer.get("headers", {}) | _referred("headers", ("RateLimit-Policy", "RateLimit"))
    responses |= _referred("responses", _everywhere())


def _everywhere() -> dict[str, dict[str, Any]]:
    """Describe the answers that every route may give, before it is asked."""
    answers = {
        str(status): answer
        for status, answer in docs("too-slow", "too-long", "too-many-requests", "head-too-large").items()
    }
    answers["429"]["headers"] = _referred("headers", _LIMIT_HEADERS)
    return answers


def _referred(section: str, names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/{section}/{name}"} for name in names}


def _lead_on(document: dict[str, Any], name: str) -> None:
    """Say where what was written leads: to the record, its history, and its next change, with the ETag at hand."""
    read: dict[str, Any] = {"parameters": {"path.id": "$response.body#/id"}}
    write = {"parameters": read["parameters"] | {"header.If-Match": "$response.header.ETag"}}
    links = {f"read_{name}": read, f"read_{name}_history": read}
    links |= {f"{act}_{name}": write for act in ("replace", "patch", "delete")}
    kept = {link: {"operationId": link, **said} for link, said in links.items()}
    document["components"].setdefault("links", {}).update(kept)
    for path, method, status in (("", "post", "201"), ("/{id}", "put", "200"), ("/{id}", "patch", "200")):
        document["paths"][f"/v1/{name}{path}"][method]["responses"][status]["links"] = _referred("links", links)


def _add_schemas(document: dict[str, Any], resources: list[Resource]) -> None:
    models: list[type[BaseModel]] = [
        ProblemOut,
        KeyIn,
        KeyRotationIn,
        EnvelopeIn,
        NoMailAddressOut,
        ExportLine,
        MatchIn,
        BatchIn,
        MergeIn,
    ]
    for resource in resources:
        models += [resource.kind.write, resource.models.patch]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    components = document.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **schemas["$defs"]}.items()))
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for resource in resources:
        patch = components["schemas"][resource.models.patch.__name__]
        for shape in patch["properties"].values():
            shape.pop("default", None)
    components["headers"] = _LIMIT_HEADERS
    components["responses"] = _everywhere()
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key as `vestka key create` prints it."}
    }


def problem_types() -> list[dict[str, Any]]:
    """Describe every type of problem."""
    return [
        {"type": kind.uri, "title": kind.title, "status": kind.status, "text": kind.text} for kind in TYPES.values()
    ]
