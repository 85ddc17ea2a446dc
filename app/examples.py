"""What the description of the API shows of each route: the first seeds, as they are answered."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.core.problems import TYPES
from app.core.requests import JSON, MERGE_PATCH
from app.core.resource import Resource
from app.example_case import as_read, example_file, example_timeline
from app.letters.shapes import EXAMPLE
from app.reading.facets import EXAMPLE as FACETS
from app.reading.searching.routes import EXAMPLE as SEARCH
from app.reading.stats import EXAMPLE as STATS
from app.register.seeding import seeds

_DAY: Final = "2026-01-01T00:00:00Z"
_NOBODY: Final = "00000000-0000-4000-8000-00000000000"
# No source of the seeds speaks of a recognition, so this one is nobody's.
_INVENTED: Final[Mapping[str, dict[str, Any]]] = {
    "recognitions": {
        "id": f"{_NOBODY}0",
        "visibility": "public",
        "person_id": f"{_NOBODY}1",
        "organization_id": f"{_NOBODY}2",
        "decision": "recognized",
        "scheme": "political_prisoner",
        "decided_on": "2021-05",
        "citations": [{"source_id": f"{_NOBODY}3"}],
    }
}
_KEY: Final = {
    "id": f"{_NOBODY}0",
    "prefix": "2e77903c",
    "owner": "An invented organization",
    "scopes": ["write"],
    "created_at": _DAY,
    "expires_at": "2027-01-01T00:00:00Z",
    "revoked_at": None,
    "last_used_on": "2026-01-02",
    "replaces": None,
}
_READ: Final = {
    "at": _DAY,
    "key_id": f"{_NOBODY}0",
    "owner": "An invented organization",
    "method": "GET",
    "route": "/v1/persons/{id}",
    "records": [{"kind": "persons", "id": f"{_NOBODY}1"}],
    "kinds": None,
}
_ACT: Final = {
    "at": _DAY,
    "kind": "keys",
    "id": f"{_NOBODY}0",
    "action": "create",
    "author": "cli",
    "key_id": None,
    "reason": None,
}

_BATCH: Final = {
    "operations": [
        {
            "op": "create",
            "kind": "persons",
            "id": f"{_NOBODY}4",
            "record": {"visibility": "public", "names": [{"kind": "legal", "full": "An Invented Person"}]},
        },
        {
            "op": "create",
            "kind": "detentions",
            "id": f"{_NOBODY}5",
            "record": {"visibility": "public", "person_id": f"{_NOBODY}4", "kind": "pretrial", "started_on": "2026-01"},
        },
    ]
}


def add_examples(document: dict[str, Any], resources: Iterable[Resource]) -> None:
    """Show what is sent and answered."""
    for resource in resources:
        _add_of_kind(document["paths"], resource)
    for (method, path), (sent, answered) in _others(document).items():
        operation = document["paths"][path][method]
        if sent is not None:
            operation["requestBody"]["content"][JSON]["example"] = sent
        if answered is not None:
            _show(next(answer for status, answer in operation["responses"].items() if status[0] == "2"), answered)


def _add_of_kind(paths: dict[str, Any], resource: Resource) -> None:
    record = _first(resource)
    one, many = paths[f"{resource.path}/{{id}}"], paths[resource.path]
    _show(many["get"]["responses"]["200"], {"items": [record], "next_cursor": None})
    _show(many["post"]["responses"]["201"], record)
    _show(one["put"]["responses"]["201"], record)
    for method in ("get", "put", "patch"):
        _show(one[method]["responses"]["200"], record)
    names = set(resource.kind.fields)
    sent = {name: value for name, value in record.items() if name in names and value not in (None, [])}
    for operation in (many["post"], one["put"]):
        operation["requestBody"]["content"][JSON]["example"] = sent
    field = next(name for name in reversed(sent) if name not in {"visibility", "citations"})
    for media_type in (MERGE_PATCH, JSON):
        one["patch"]["requestBody"]["content"][media_type]["example"] = {field: sent[field]}
    changes = [{"field": name, "before": None, "after": value} for name, value in sent.items()]
    made = {"version": 1, "at": _DAY, "action": "upsert", "changes": changes}
    _show(paths[f"{resource.path}/{{id}}/history"]["get"]["responses"]["200"], {"items": [made], "next_cursor": None})


def _show(response: dict[str, Any], example: object) -> None:
    response["content"][JSON]["example"] = example


def _first(resource: Resource) -> dict[str, Any]:
    """Give the first seed of a kind as the public reads it, with what is derived."""
    said = next(iter(seeds()[resource.kind.name]), None) or _INVENTED[resource.kind.name]
    derived = {name: info.examples[0] for name, (_, info) in resource.derived.items() if info.examples}
    return as_read(resource.kind.name, said) | derived


def _shown(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give the record that reading one of a kind shows."""
    shown: dict[str, Any] = document["paths"][f"/v1/{kind}/{{id}}"]["get"]["responses"]["200"]["content"][JSON]
    return shown["example"]  # type: ignore[no-any-return]  # a record


def _others(document: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Give what is sent to and answered by the routes that are no kind's."""
    organization = _shown(document, "organizations")
    lists = sorted(path for path in document["paths"] if f"{path}/{{id}}/history" in document["paths"])
    gone = TYPES["gone"]
    told = {"type": gone.uri, "title": gone.title, "status": gone.status, "text": gone.text}
    at = {name: organization[name] for name in ("id", "version")}
    change = {"cursor": "NQT3dPyT-R14236U", "at": _DAY, "kind": "organizations", **at, "action": "upsert"}
    page = {"items": [{**change, "record": organization}], "cursor": change["cursor"], "has_more": True}
    digest = {"cursor": change["cursor"], "at": _DAY, "kinds": {"organizations": {"count": 1, "hash": "5a" * 32}}}
    index = {"name": "Vestka", "documentation": "/docs", "openapi": "/openapi.json"}
    person = seeds()["persons"][0]
    found = {"id": person["id"], "score": 1.0, "on": person["names"][0]["full"], "evidence": {}}
    wanted = {"owner": _KEY["owner"], "scopes": _KEY["scopes"], "days": 365}
    return {
        ("get", "/"): (None, {**index, "lists": {path.rpartition("/")[2]: path for path in lists}}),
        ("get", "/healthz"): (None, {"status": "alive"}),
        ("get", "/readyz"): (None, {"status": "ready"}),
        ("get", "/problems"): (None, {"items": [told]}),
        ("get", "/problems/{slug}"): (None, told),
        ("get", "/v1/changes"): (None, page),
        ("get", "/v1/digest"): (None, digest),
        ("post", "/v1/batch"): (_BATCH, {"results": [{"id": f"{_NOBODY}{i}", "version": 1} for i in (4, 5)]}),
        ("post", "/v1/match"): (
            {"queries": [{"name": person["names"][0]["full"]}]},
            {"results": [{"verdict": "match", "candidates": [found]}]},
        ),
        ("post", "/v1/persons/{id}/merge"): ({"into": person["id"]}, _shown(document, "persons")),
        ("post", "/v1/persons/{id}/envelope.pdf"): (
            {"size": "C6", "language": "be", "origin": "DE", "sender": ["An invented sender", "Invented street 1"]},
            None,
        ),
        # Again, because the framework drops what is null from examples.
        ("get", "/v1/addressees"): (None, {"items": [EXAMPLE], "next_cursor": None}),
        ("get", "/v1/persons/{id}/address"): (None, EXAMPLE),
        ("get", "/v1/persons/{id}/file"): (None, example_file()),
        ("get", "/v1/persons/{id}/timeline"): (None, example_timeline()),
        ("get", "/v1/persons/facets"): (None, FACETS),
        ("get", "/v1/stats"): (None, STATS),
        ("get", "/v1/search"): (None, SEARCH),
        ("get", "/v1/keys"): (None, {"items": [_KEY]}),
        ("get", "/v1/keys/{id}"): (None, _KEY),
        ("post", "/v1/keys/{id}/rotate"): (
            {"days": 7},
            {**_KEY, "id": f"{_NOBODY}1", "prefix": "91b4d07a", "replaces": f"{_NOBODY}0", "key": "vk_91b4d07a_…"},
        ),
        ("get", "/v1/keys/{id}/history"): (
            None,
            {"items": [{**_ACT, "changes": [{"field": "scopes", "before": None, "after": ["write"]}]}]},
        ),
        ("get", "/v1/acts"): (None, {"items": [_ACT], "next_cursor": None}),
        ("get", "/v1/reads"): (None, {"items": [_READ], "next_cursor": None}),
        ("post", "/v1/keys"): (wanted, {**_KEY, "key": "vk_2e77903c_…"}),
    }
