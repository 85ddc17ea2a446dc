"""`/v1/reconcile` against the published schemas and rules of the Reconciliation Service API 0.2, on both databases."""

import json
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it has no stubs here
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from app.reading.reconciling.routes import PASSED_OVER
from app.settings import Settings
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, person

ROOT = "/v1/reconcile"
SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in (Path(__file__).parent / "schemas").glob("*.json")
}
REGISTRY: Any = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema, default_specification=DRAFT7)) for schema in SCHEMAS.values()
)
PLURALS = {"entity": "entities", "property": "properties", "type": "types"}
Batch = dict[str, Any]


def conforms(schema: str, value: object) -> None:
    validator = Draft7Validator(SCHEMAS[schema], registry=REGISTRY)
    assert [error.message for error in validator.iter_errors(value)] == []


async def reconciled(client: AsyncClient, batch: Batch) -> Batch:
    conforms("reconciliation-query-batch", batch)
    answer = await client.post(ROOT, data={"queries": json.dumps(batch)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    results: Batch = answer.json()
    conforms("reconciliation-result-batch", results)
    assert list(results) == list(batch)
    assert (await client.get(ROOT, params={"queries": json.dumps(batch)})).json() == results
    return {key: result["result"] for key, result in results.items()}


async def suggested(client: AsyncClient, kind: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{ROOT}/suggest/{kind}", params=query)
    assert answer.status_code == 200, answer.text
    conforms(f"suggest-{PLURALS[kind]}-response", answer.json())
    result: list[dict[str, Any]] = answer.json()["result"]
    return result


async def test_the_manifest_conforms_and_leads_to_what_there_is(seeded: Register) -> None:
    answer = await seeded.public.get(ROOT)
    manifest = answer.json()
    conforms("manifest", manifest)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"  # it repeats the host that was asked
    assert manifest["identifierSpace"] == "http://t/v1/persons/"
    someone = (await seeded.public.get("/v1/persons?limit=1")).json()["items"][0]["id"]
    for template in (manifest["view"]["url"], manifest["preview"]["url"]):
        assert (await seeded.public.get(template.replace("{{id}}", someone))).status_code == 200
    for service in manifest["suggest"].values():
        address = service["service_url"] + service["service_path"]
        assert (await seeded.public.get(address, params={"prefix": "p"})).status_code == 200


async def test_a_register_that_knows_its_address_says_it(seeded: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Settings(seed=False, public_url="https://register.example")
    monkeypatch.setitem(seeded.app.state._state, "settings", known)  # noqa: SLF001 - its way leaves nothing behind
    answer = await seeded.public.get(ROOT)
    assert answer.json()["identifierSpace"] == "https://register.example/v1/persons/"
    assert answer.headers["cache-control"] == "public, no-cache"


async def test_a_batch_is_answered_query_by_query(seeded: Register) -> None:
    found = await reconciled(
        seeded.public,
        {
            "q0": {"query": "Марина Золотова"},
            "q1": {"query": "Wanda Quibble", "limit": 3},
            "q2": {"query": "Чэкіна Людміла", "type": "person", "type_strict": "should", "limit": 1},
            "q3": {"query": "Чэкіна Людміла", "type": ["organization"]},
            "": {"query": ""},
        },
    )
    (zolatava,) = found["q0"]
    assert zolatava["match"] is True
    assert zolatava["type"] == [{"id": "person", "name": "Person"}]
    assert 90 < zolatava["score"] <= 100
    assert len(found["q2"]) == 1
    assert (found["q1"], found["q3"], found[""]) == ([], [], [])


async def test_a_name_or_an_id_finds_its_own(seeded: Register) -> None:
    people = (await seeded.public.get("/v1/persons")).json()["items"]
    by_name = await reconciled(
        seeded.public, {str(i): {"query": one["names"][0]["full"]} for i, one in enumerate(people)}
    )
    by_id = await reconciled(seeded.public, {str(i): {"query": one["id"]} for i, one in enumerate(people)})
    for i, one in enumerate(people):
        assert by_name[str(i)][0]["id"] == one["id"]
        assert by_id[str(i)] == [{**by_id[str(i)][0], "id": one["id"], "score": 100, "match": True}]
    assert await reconciled(seeded.public, {"q": {"query": "00000000-0000-4000-8000-000000000000"}}) == {"q": []}


@pytest.mark.parametrize("born", ["1961-03-04", "04.03.1961", "1961-03-04T00:00:00Z", ["1961-03-04"]])
async def test_properties_tell_namesakes_apart(register: Register, born: object) -> None:
    made = []
    for date, country, qid in (("1961-03-04", "BY", "Q1"), ("1988-11-30", "PL", "Q2")):
        fields = person(names=[{"kind": "legal", "full": "Ігар Залескі"}], birth_date=date, nationalities=[country])
        fields["identifiers"] = [{"scheme": "wikidata", "value": qid}]
        made.append((await create(register.keeper, "persons", fields))["id"])

    def asked(pid: str, v: object, **more: Any) -> dict[str, Any]:
        return {"query": "Igor Zaleski", "properties": [{"pid": pid, "v": v}], **more}

    found = await reconciled(
        register.public,
        {
            "none": {"query": "Igor Zaleski"},
            "born": asked("birth_date", born),
            "country": asked("country", {"id": "pl", "name": "Poland"}),
            "id": asked("identifier", "wikidata:Q2"),
            "only": {"properties": [{"pid": "identifier", "v": "wikidata:Q2"}]},
            "other": asked("shoe_size", 42),
            "unread": asked("birth_date", "long ago"),
            "one": asked("birth_date", 1961.5, limit=1),
        },
    )
    best = {key: (result[0]["id"], result[0]["match"]) for key, result in found.items()}
    assert best["born"] == (made[0], True)
    assert best["country"] == best["id"] == (made[1], True)
    assert [one["id"] for one in found["only"]] == [made[1]]
    assert not any(one["match"] for key in ("none", "other", "unread") for one in found[key])
    assert found["none"] == found["other"] == found["unread"]
    assert len(found["one"]) == 1
    features = {one["id"]: one["value"] for one in found["born"][0]["features"]}
    assert features == {"name": found["none"][0]["score"], "birth_date": 2}
    assert "born 1961-03-04" in found["born"][0]["description"]


@pytest.mark.parametrize(
    ("queries", "status", "slug"),
    [
        ("", 400, "malformed"),
        ("{", 400, "malformed"),
        ("[]", 422, "invalid"),
        ('{"q0": {}}', 422, "invalid"),
        ('{"q0": {"properties": []}}', 422, "invalid"),
        ('{"q0": {"query": "A", "properties": [{"p": "x", "v": "y"}]}}', 422, "invalid"),
        ('{"q0": {"query": "A", "limit": 0}}', 422, "invalid"),
        ('{"q0": {"query": "A", "limit": 1e309}}', 422, "invalid"),
        ('{"q0": {"query": "A", "limit": -1e309}}', 422, "invalid"),
        (f'{{"q0": {{"query": "A", "limit": 1{"0" * 400}}}}}', 422, "invalid"),
        ('{"q0": {"query": "A", "nope": 1}}', 422, "invalid"),
        ('{"q0": "A"}', 422, "invalid"),
        ('{"q0": {"query": "A"}, "q0": {"query": "B"}}', 400, "malformed"),
        ('{"q0": {"query": "A", "query": "B"}}', 400, "malformed"),
        (json.dumps({str(i): {"query": "A"} for i in range(101)}), 413, "too-large"),
    ],
)
async def test_a_batch_that_is_none_is_refused(register: Register, queries: str, status: int, slug: str) -> None:
    is_problem(await register.public.post(ROOT, data={"queries": queries}), status, slug)
    is_problem(await register.public.get(ROOT, params={"queries": queries}), status, slug)


async def test_a_form_that_is_none_is_refused(register: Register) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    is_problem(await register.public.post(ROOT, json={"queries": {}}), 415, "media-type")
    is_problem(await register.public.post(ROOT, content=b"", headers=form), 422, "invalid")
    is_problem(await register.public.post(ROOT, content=b"queries={}&queries={}", headers=form), 422, "invalid")
    is_problem(await register.public.post(ROOT, content=b"queries=%ff", headers=form), 400, "malformed")
    is_problem(await register.public.post(ROOT, content=b"a=1&" * 30, headers=form), 400, "malformed")
    assert (await register.public.post(ROOT, data={"queries": "{}"})).json() == {}


ROUTES = ["", "/suggest/entity?prefix=a", "/suggest/property?prefix=a", "/suggest/type?prefix=a", "/preview/{id}"]


@pytest.mark.parametrize("route", ROUTES)
async def test_only_what_clients_add_by_themselves_is_passed_over(register: Register, route: str) -> None:
    made = await create(register.keeper, "persons", person())
    path = ROOT + route.format(id=made["id"])
    path += "&" if "?" in path else "?"
    for added in ("callback=jQuery1&_=1700000000", "callback=a&callback=b", "lang=en&spell=always&limit=5"):
        assert (await register.public.get(path + added)).status_code == 200, added
    for wrong in ("nope=1", "prefx=a", "query=a", "extend={}"):
        is_problem(await register.public.get(path + wrong), 422, "invalid")
    for unreadable in ("callback=%ff", "callback=%00", "%ff=1"):
        is_problem(await register.public.get(path + unreadable), 400, "malformed")


async def test_parameters_of_the_service_are_readable_and_come_once(register: Register) -> None:
    for path in ("suggest/entity", "suggest/property", "suggest/type"):
        for unreadable in ("%ff", "%00", "a%00"):
            is_problem(await register.public.get(f"{ROOT}/{path}?prefix={unreadable}"), 400, "malformed")
        is_problem(await register.public.get(f"{ROOT}/{path}?prefix=a&prefix=b"), 422, "invalid")
    is_problem(await register.public.get(f"{ROOT}/suggest/entity?prefix=a&cursor=0&cursor=1"), 422, "invalid")
    is_problem(await register.public.get(f"{ROOT}?queries={{}}&queries={{}}"), 422, "invalid")
    is_problem(await register.public.post(f"{ROOT}?nope=1", data={"queries": "{}"}), 422, "invalid")
    is_problem(await register.public.post(ROOT, data={"queries": "{}", "extend": "{}"}), 422, "invalid")
    assert (await register.public.post(f"{ROOT}?callback=a", data={"queries": "{}", "callback": "a"})).json() == {}
    assert await suggested(register.public, "entity", prefix="a", type=["organization", "person"]) == []


async def test_each_route_says_what_it_passes_over(register: Register) -> None:
    paths = (await register.public.get("/openapi.json")).json()["paths"]
    routes = [route for path, methods in paths.items() if path.startswith(ROOT) for route in methods.values()]
    assert len(routes) == 6
    assert all("`callback`" in route["description"] for route in routes)
    assert all(f"`{name}`" in paths[ROOT]["get"]["description"] for name in PASSED_OVER)


async def test_people_properties_and_types_are_suggested(seeded: Register) -> None:
    (one,) = await suggested(seeded.public, "entity", prefix="Зол")
    assert "olatava" in one["name"]
    assert one["notable"] == [{"id": "person", "name": "Person"}]
    assert [found["id"] for found in await suggested(seeded.public, "entity", prefix=one["id"])] == [one["id"]]
    assert await suggested(seeded.public, "entity", prefix="Зол", cursor=1) == []
    assert await suggested(seeded.public, "entity", prefix="Зол", type="organization") == []
    assert await suggested(seeded.public, "entity", prefix="Quibble", lang="en", spell="always") == []
    assert [found["id"] for found in await suggested(seeded.public, "property", prefix="bir")] == ["birth_date"]
    assert len(await suggested(seeded.public, "property", prefix="")) == 4
    assert [found["id"] for found in await suggested(seeded.public, "type", prefix="P")] == ["person"]
    assert await suggested(seeded.public, "type", prefix="x") == []
    is_problem(await seeded.public.get(f"{ROOT}/suggest/entity"), 422, "invalid")
    is_problem(await seeded.public.get(f"{ROOT}/suggest/entity?prefix=a&cursor=-1"), 422, "invalid")


async def test_more_suggestions_follow_from_a_cursor(register: Register) -> None:
    for number in range(23):
        fields = person(names=[{"kind": "legal", "full": "Залескі Ігар"}], birth_date=str(1950 + number))
        await create(register.keeper, "persons", fields)
    first = await suggested(register.public, "entity", prefix="Zales")
    rest = await suggested(register.public, "entity", prefix="Zales", cursor=20)
    assert (len(first), len(rest), len({one["id"] for one in first + rest})) == (20, 3, 23)


async def test_a_preview_is_a_page_by_itself_and_writes_names_as_text(register: Register) -> None:
    fields = person(names=[{"kind": "legal", "full": "<script>alert(1)</script> & Ігар"}], birth_date="1961")
    made = await create(register.keeper, "persons", fields)
    answer = await register.public.get(f"{ROOT}/preview/{made['id']}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Ігар" in answer.text
    assert "1961" in answer.text
    assert not any(mark in answer.text for mark in ("http:", "https:", "src=", "href=", "url("))
    again = await register.public.get(f"{ROOT}/preview/{made['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_nobody_reconciles_with_those_whom_they_may_not_see(register: Register) -> None:
    hidden = person(names=[{"kind": "legal", "full": "Залескі Ігар"}], visibility="private")
    hidden["identifiers"] = [{"scheme": "wikidata", "value": "Q1"}]
    made = await create(register.keeper, "persons", hidden)
    batch = {
        "name": {"query": "Залескі Ігар"},
        "id": {"query": made["id"]},
        "other": {"properties": [{"pid": "identifier", "v": "wikidata:Q1"}]},
    }
    for client in (register.public, register.partner):
        assert await reconciled(client, batch) == {"name": [], "id": [], "other": []}
        assert await suggested(client, "entity", prefix="Залескі") == []
        assert await suggested(client, "entity", prefix=made["id"]) == []
        is_problem(await client.get(f"{ROOT}/preview/{made['id']}"), 404, "not-found")
    found = await reconciled(register.keeper, batch)
    assert {one["id"] for result in found.values() for one in result} == {made["id"]}
