"""What holds for every route that there is, read off the description: a new one is tested on arrival."""

import json
from itertools import product
from typing import Any

import pytest

from app.main import openapi_text
from app.register import KINDS
from tests.conftest import Register
from tests.core.test_conformance import PATHS, is_problem
from tests.factories import article, charge, create, person

NOBODY = "00000000-0000-4000-8000-000000000000"
ANY = {"If-Match": "*"}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}
WRITTEN = (("", "post", "201"), ("/{id}", "put", "200"), ("/{id}", "patch", "200"))
FILES: dict[str, dict[str, Any]] = {"/docs": {"get": {}}, "/openapi.json": {"get": {}}}


def target(path: str) -> str:
    return path.replace("{id}", NOBODY).replace("{slug}", "gone")


@pytest.mark.parametrize("role", ["public", "admin"])
async def test_an_unknown_parameter_is_refused_by_name(register: Register, role: str) -> None:
    client, secret = register.clients[role], "Rejected-Value-4711"
    for path, operations in PATHS.items():
        for method in (*operations, *(["head"] if "get" in operations else [])):
            answer = await client.request(method, f"{target(path)}?nope={secret}", headers=ANY)
            assert answer.status_code == 422, (method, path, answer.text)
            if method != "head":
                assert answer.json()["errors"][0]["pointer"] == "/query/nope", (method, path)
                assert secret not in answer.text


async def test_an_instant_in_a_query_is_written_as_one(register: Register) -> None:
    """A number is none, though a library would take it for seconds since 1970."""
    asked = [
        (path, one["name"])
        for path, operations in PATHS.items()
        for one in operations.get("get", {}).get("parameters", ())
        if '"date-time"' in json.dumps(one) and one["in"] == "query"
    ]
    assert ("/v1/reads", "until") in asked
    assert len(asked) > 10
    for path, name in asked:
        for value in ("0.5", "1700000000", "2026-01-31"):
            answer = await register.admin.get(target(path), params={name: value})
            assert answer.status_code == 422, (path, name, value)


async def test_every_path_says_what_it_takes_and_refuses_the_rest_with_a_problem(register: Register) -> None:
    """Whatever a path with an id would say to it: `/v1/persons/facets` is no person."""
    for path, operations in (PATHS | FILES).items():
        told = await register.public.options(target(path))
        assert told.status_code == 204, path
        allowed = set(told.headers["allow"].split(", "))
        assert allowed == {"OPTIONS", *map(str.upper, operations), *(["HEAD"] if "get" in operations else [])}, path
        for role, method in product(("public", "admin"), METHODS - allowed):
            refused = await register.clients[role].request(method, target(path), headers=ANY)
            is_problem(refused, 405, "method-not-allowed")
            assert set(refused.headers["allow"].split(", ")) == allowed, (method, path)


async def test_whoever_lacks_the_key_is_told_so_by_every_route_that_needs_one(register: Register) -> None:
    for path, operations in PATHS.items():
        for method, operation in operations.items():
            if {} not in operation["security"]:
                answer = await register.public.request(method, target(path), headers=ANY)
                is_problem(answer, 401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path)


async def test_what_needs_a_record_is_listed_as_far_as_the_caller_sees_it(register: Register) -> None:
    owner = (await create(register.editor, "persons", person()))["id"]
    law = (await create(register.editor, "articles", article()))["id"]
    seen = (await create(register.editor, "charges", charge(owner, law)))["id"]
    hidden = (await create(register.admin, "charges", charge(owner, law, visibility="private")))["id"]
    for client, ids in ((register.editor, {seen}), (register.admin, {seen, hidden})):
        for place in (f"/v1/articles/{law}", f"/v1/persons/{owner}"):
            answer = await client.delete(place, headers=ANY)
            is_problem(answer, 409, "needed")
            assert {one["id"] for one in answer.json()["needed_by"]} == ids
    # Taken along is what belongs to the record, and nothing else that refers to it.
    is_problem(await register.admin.delete(f"/v1/articles/{law}?cascade=true", headers=ANY), 409, "needed")
    gone = await register.admin.delete(f"/v1/persons/{owner}?cascade=true", headers=ANY)
    assert gone.status_code == 204
    for place, status in ((f"/v1/charges/{seen}", 410), (f"/v1/charges/{hidden}", 404), (f"/v1/articles/{law}", 200)):
        assert (await register.public.get(place)).status_code == status
    assert (await register.admin.get(f"/v1/charges/{hidden}")).status_code == 410


async def test_a_date_filter_finds_what_may_lie_in_the_range(register: Register) -> None:
    days = ("1979-12-31", "1980", "1980-05", "1980-05-18", "XXXX-05-18", "1981-01-01", None)
    for day in days:
        await create(register.editor, "persons", person(birth_date=day))
    for query, wanted in (
        ("born_from=1980&born_to=1980", {"1980", "1980-05", "1980-05-18", "XXXX-05-18"}),
        ("born_from=1980-06&born_to=1980", {"1980", "XXXX-05-18"}),
        ("born_from=1980-05-18&born_to=1980-05-18", {"1980", "1980-05", "1980-05-18", "XXXX-05-18"}),
        ("born_to=1979", {"1979-12-31", "XXXX-05-18"}),
        ("born_from=1981", {"1981-01-01", "XXXX-05-18"}),
    ):
        listed = (await register.public.get(f"/v1/persons?{query}")).json()["items"]
        assert {one["birth_date"] for one in listed} == wanted, query


def test_each_link_leads_to_an_operation_that_takes_what_it_brings() -> None:
    described = {
        operation["operationId"]: {f"{one['in']}.{one['name']}" for one in operation["parameters"]}
        for operations in PATHS.values()
        for operation in operations.values()
        if "parameters" in operation
    }
    links = json.loads(openapi_text())["components"]["links"]
    assert len(links) == 5 * len(KINDS)
    for name, link in links.items():
        assert set(link["parameters"]) <= described[link["operationId"]], name
    for kind, (path, method, status) in product(KINDS, WRITTEN):
        told = PATHS[f"/v1/{kind}{path}"][method]["responses"][status]["links"]
        assert set(told) == {name for name in links if name.removesuffix("_history").endswith(f"_{kind}")}


async def test_a_record_that_was_written_is_followed_along_its_links(register: Register) -> None:
    operations = {
        operation["operationId"]: (method, path)
        for path, described in PATHS.items()
        for method, operation in described.items()
    }
    links = json.loads(openapi_text())["components"]["links"]
    answer = await register.editor.post("/v1/articles", json=article())
    for name in ("read_articles", "read_articles_history", "replace_articles", "patch_articles", "delete_articles"):
        said = {"$response.body#/id": answer.json()["id"], "$response.header.ETag": answer.headers["etag"]}
        brought = {place: said[what] for place, what in links[name]["parameters"].items()}
        method, path = operations[links[name]["operationId"]]
        headers = {"If-Match": brought["header.If-Match"]} if "header.If-Match" in brought else {}
        sent = None if method in {"get", "delete"} else article(number="9")
        there = path.replace("{id}", brought["path.id"])
        followed = await register.editor.request(method, there, headers=headers, json=sent)
        assert followed.is_success, (name, followed.text)
        answer = followed if name.startswith(("replace", "patch")) else answer
