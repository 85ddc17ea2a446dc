"""What bad input gets: a problem that says what to do, the right status, and a register that is as it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.core.access import ApiKey, make_key
from app.core.history import register as register_table
from app.core.problems import TYPES
from app.register import RESOURCES
from tests.conftest import Register, client_of
from tests.factories import article, create, detention, facility, organization, person, sentence, source

JSON = {"Content-Type": "application/json"}
UNKNOWN = "8b6f3c52-6f0e-4e55-9d0c-000000000000"
SECRET = "Rejected-Value-4711"
LONG = "x" * 60_000
# Parameters that a date is compared with.
BOUNDS = [
    *(
        (kind.path.removeprefix("/v1/"), name)
        for kind in RESOURCES
        for name in kind.filters.model.model_fields
        if name.endswith(("_from", "_to", "valid_on")) and not name.startswith("term_")
    ),
    *(("persons/facets", name) for name in ("born_from", "detained_to")),
    *(("addressees", name) for name in ("verified_since", "born_to", "detained_from")),
    ("stats", "detained_from"),
]
TOO_MUCH = b'{"credit_rule": {"factor": 1e309}}'  # JSON that is read as infinity


@dataclass(frozen=True)
class Case:
    """A request, and what it gets."""

    method: str
    path: str
    status: int
    slug: str
    pointer: str | None = None
    body: bytes | None = None
    headers: Mapping[str, str | bytes] = field(default_factory=dict)


def sent(path: str, status: int, slug: str, fields: object, pointer: str | None = None) -> Case:
    """Give a POST of JSON."""
    return Case("POST", path, status, slug, pointer, json.dumps(fields).encode(), JSON)


def raw(body: bytes, status: int, slug: str, **headers: str) -> Case:
    """Give a POST of bytes."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Case("POST", "/v1/organizations", status, slug, None, body, {**JSON, **said})


def asked(path: str, status: int, slug: str, pointer: str | None = None) -> Case:
    return Case("GET", path, status, slug, pointer)


def change(path: str, status: int, slug: str, fields: object, pointer: str | None = None) -> Case:
    """Give a PATCH that overwrites on purpose."""
    headers = {**JSON, "If-Match": "*"}
    return Case("PATCH", path, status, slug, pointer, json.dumps(fields).encode(), headers)


async def position(register: Register) -> tuple[int, bytes]:
    async with register.database.read() as session:
        row = (await session.execute(select(register_table.c.position, register_table.c.head))).one()
    return row.position, row.head


def refuses(case: Case, answer: Response) -> None:
    said = f"{case.method} {case.path[:100]} {(case.body or b'')[:100]!r} -> {answer.status_code} {answer.text[:600]}"
    assert answer.status_code == case.status, said
    assert answer.headers["content-type"] == "application/problem+json", said
    problem = answer.json()
    assert problem["type"] == f"/problems/{case.slug}", said
    assert (problem["status"], problem["title"]) == (case.status, TYPES[case.slug].title), said
    assert len(problem["detail"]) > 10, said
    assert SECRET not in answer.text, said
    if case.pointer is not None:
        assert case.pointer in [error["pointer"] for error in problem["errors"]], said
        assert all(len(error["detail"]) > 10 for error in problem["errors"]), said


def _bytes(headers: Mapping[str, str | bytes]) -> dict[bytes, bytes]:
    return {name.encode(): said if isinstance(said, bytes) else said.encode() for name, said in headers.items()}


async def all_refused(register: Register, client: AsyncClient, cases: list[Case]) -> None:
    for case in cases:
        before = await position(register)
        refuses(case, await client.request(case.method, case.path, content=case.body, headers=_bytes(case.headers)))
        assert await position(register) == before, case


async def test_a_body_that_cannot_be_read_is_refused(register: Register) -> None:
    good = json.dumps(organization()).encode()
    await all_refused(
        register,
        register.editor,
        [
            raw(b"", 400, "malformed"),
            raw(b"{", 400, "malformed"),
            raw(good + b"}", 400, "malformed"),
            raw(b"name=x", 400, "malformed"),
            raw(b'{"name": "\xff"}', 400, "malformed"),
            raw(good.replace(b"Invented", b"\xd0"), 400, "malformed"),
            raw(good.decode().encode("utf-16"), 400, "malformed"),
            raw(b"\xef\xbb\xbf" + good, 400, "malformed"),
            raw(b'{"name": "\x00"}', 400, "malformed"),
            raw(b'{"name": "\\ud800"}', 400, "malformed"),
            raw(b'{"latitude": NaN}', 400, "malformed"),
            Case("POST", "/v1/facilities", 422, "invalid", "/latitude", b'{"latitude": 1e309}', JSON),
            Case("POST", "/v1/sentences", 422, "invalid", "/fine/amount", b'{"fine": {"amount": 1e309}}', JSON),
            Case("POST", "/v1/sentences", 422, "invalid", "/credit_rule/factor", TOO_MUCH, JSON),
            raw(b'{"latitude": ' + b"9" * 5000 + b"}", 400, "malformed"),
            raw(b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "malformed"),
            raw(b"[" * 100_000, 400, "malformed"),
            raw(good[:-1] + b', "kind": "media"}', 400, "malformed"),
            raw(b'{"name": {"en": "a", "en": "b"}, "kind": "ngo"}', 400, "malformed"),
            raw(good, 415, "media-type", Content_Type="text/plain"),
            raw(good, 415, "media-type", Content_Type="application/x-www-form-urlencoded"),
            raw(good, 415, "media-type", Content_Type="application/merge-patch+json"),
            raw(good, 415, "media-type", Content_Type=""),
            raw(good, 415, "media-type", Content_Encoding="gzip"),
            raw(b" " * 10_000_000, 413, "too-large"),
            raw(b"[]", 422, "invalid"),
            raw(b"null", 422, "invalid"),
            raw(b'"x"', 422, "invalid"),
        ],
    )


# A kind, what is sent, and the place of what cannot be.
IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    ("persons", person(names=[]), "/names"),
    ("persons", person(names=None), "/names"),
    ("persons", person(names=[{"kind": "legal", "full": " "}]), "/names/0/full"),
    ("persons", person(names=[{"kind": "legal", "full": "\u200b\u00ad"}]), "/names/0/full"),
    ("persons", person(names=[{"kind": "legal", "full": "a\x00b"}]), "/names/0/full"),
    ("persons", person(names=[{"kind": "legal", "full": "a\u0085b"}]), "/names/0/full"),
    ("persons", person(names=[{"kind": "legal", "full": "a\nb"}]), "/names/0/full"),
    ("persons", person(names=[{"kind": "legal", "full": "x" * 501}]), "/names/0/full"),
    ("persons", person(names=[{"kind": SECRET, "full": "x"}]), "/names/0/kind"),
    ("persons", person(names=[{"kind": "legal", "full": "x", "nickname": "x"}]), "/names/0/nickname"),
    ("persons", person(names=[{"kind": "legal", "full": "x"}] * 101), "/names"),
    ("persons", person(sex="f"), "/sex"),
    ("persons", person(birth_date="2021-02-30"), "/birth_date"),
    ("persons", person(birth_date="2021-13"), "/birth_date"),
    ("persons", person(birth_date="18.05.2021"), "/birth_date"),
    ("persons", person(birth_date="2021-05-18T00:00:00Z"), "/birth_date"),
    ("persons", person(birth_date=20210518), "/birth_date"),
    ("persons", person(birth_date="2021-05-18\n"), "/birth_date"),
    ("persons", person(birth_date="1980~\n"), "/birth_date"),
    ("articles", article(number="361-4\n"), "/number"),
    ("persons", person(birth_date="XXXX"), "/birth_date"),
    ("persons", person(birth_date="2999"), "/birth_date"),
    ("persons", person(nationalities=["XX"]), "/nationalities/0"),
    ("persons", person(nationalities="BY"), "/nationalities"),
    ("persons", person(languages=["Belarusian"]), "/languages/0"),
    ("persons", person(photo_url="javascript:alert(1)"), "/photo_url"),
    ("persons", person(biography={"EN": "x"}), "/biography/EN"),
    ("persons", person(biography={}), "/biography"),
    ("persons", person(biography="x"), "/biography"),
    ("persons", person(identifiers=[{"scheme": "A b", "value": "1"}]), "/identifiers/0/scheme"),
    ("persons", person(identifiers=[{"scheme": "a", "value": "1"}] * 2), "/identifiers/1"),
    ("persons", person(visibility="secret"), "/visibility"),
    ("persons", person(visibility=["private"]), "/visibility"),
    ("persons", person(id=UNKNOWN), "/id"),
    ("persons", person(version=7), "/version"),
    ("persons", person(created_at="2021-05-18T00:00:00Z"), "/created_at"),
    ("persons", person(**{SECRET.replace("Rejected-Value", "x"): 1}), "/x-4711"),
    ("organizations", organization(country="by"), "/country"),
    ("organizations", organization(website="example.org"), "/website"),
    ("organizations", organization(name="x"), "/name"),
    ("sources", source(published_on=f"{datetime.now(UTC).year + 1}"), "/published_on"),
    ("sources", source(title="x" * 501), "/title"),
    ("sources", source(citations=[{"source_id": UNKNOWN}]), "/citations/0/source_id"),
    ("sources", source(citations=[{"source_id": "x"}]), "/citations/0/source_id"),
    ("sources", source(citations=[{"source_id": UNKNOWN, "page": 4}]), "/citations/0/page"),
    ("sources", source(citations=[{"source_id": UNKNOWN, "field": "nope"}]), "/citations/0/field"),
    ("sources", source(publisher_id=UNKNOWN), "/publisher_id"),
    ("articles", article(number="Art. 361"), "/number"),
    ("articles", article(number=361), "/number"),
    ("articles", article(valid_from="2021", valid_to="2020"), "/valid_to"),
    ("detentions", detention(UNKNOWN), "/person_id"),
    ("detentions", {"kind": "colony"}, "/person_id"),
    ("facilities", facility(latitude=91), "/latitude"),
    ("facilities", facility(latitude="53"), "/latitude"),
    ("facilities", facility(active="yes"), "/active"),
    ("addresses", {"country": "BY", "purpose": "letters"}, ""),
]


async def test_fields_that_cannot_be_are_refused_by_pointer(register: Register) -> None:
    cases = [sent(f"/v1/{kind}", 422, "invalid", fields, pointer) for kind, fields, pointer in IMPOSSIBLE]
    await all_refused(register, register.editor, cases)


async def test_fields_that_cannot_be_beside_others_are_refused_by_pointer(register: Register) -> None:
    owner = (await create(register.editor, "persons", person()))["id"]
    place = (await create(register.editor, "facilities", facility()))["id"]
    tables: list[tuple[str, dict[str, Any], str]] = [
        ("sources", source(publisher_id=owner), "/publisher_id"),
        ("detentions", detention(owner, facility_id=owner), "/facility_id"),
        ("persons", person(birth_date="1980-05", death_date="1980-04-30"), "/death_date"),
        ("detentions", detention(owner, started_on="2021-05-18", ended_on="2021-05-17"), "/ended_on"),
        ("detentions", detention(owner, started_on="2021-05", ended_on="2021-04-30"), "/ended_on"),
        ("sentences", sentence(owner, term="12 years"), "/term"),
        ("sentences", sentence(owner, term="P0Y"), "/term"),
        ("sentences", sentence(owner, term="P1.5Y"), "/term"),
        ("sentences", sentence(owner, term="P2W"), "/term"),
        ("sentences", sentence(owner, fine={"amount": "1", "currency": "BYN"}), "/fine/amount"),
        ("sentences", sentence(owner, fine={"amount": -1, "currency": "BYN"}), "/fine/amount"),
        ("sentences", sentence(owner, fine={"amount": 1, "currency": "rubles"}), "/fine/currency"),
        ("addresses", {"country": "BY", "facility_id": place, "person_id": owner}, ""),
        ("addresses", {"country": "BY", "facility_id": place, "postal_code": 246035}, "/postal_code"),
        ("addresses", {"facility_id": place}, "/country"),
    ]
    cases = [sent(f"/v1/{kind}", 422, "invalid", fields, pointer) for kind, fields, pointer in tables]
    await all_refused(register, register.editor, cases)


async def test_what_a_patch_makes_impossible_is_refused(register: Register) -> None:
    owner = (await create(register.editor, "persons", person()))["id"]
    stay = (await create(register.editor, "detentions", detention(owner, started_on="2021-05-18")))["id"]
    place = f"/v1/detentions/{stay}"
    await all_refused(
        register,
        register.editor,
        [
            change(place, 422, "invalid", {"ended_on": "2020"}, "/ended_on"),
            change(place, 422, "invalid", {"kind": None}, "/kind"),
            change(place, 422, "invalid", {"nope": SECRET}, "/nope"),
            change(place, 422, "invalid", {"person_id": UNKNOWN}, "/person_id"),
            change(place, 422, "invalid", {"citations": {"0": 1}}, "/citations"),
            change(place, 422, "invalid", {"version": 9}, "/version"),
            change(f"/v1/detentions/{UNKNOWN}", 404, "not-found", {}),
            change("/v1/detentions/nope", 404, "not-found", {}),
            Case("PATCH", place, 428, "unconditional", None, b"{", JSON),
            Case("PATCH", place, 412, "changed", None, b"{", {**JSON, "If-Match": '"2-0000000000000000"'}),
            Case("PATCH", place, 412, "changed", None, b"{", {**JSON, "If-Match": "1"}),
            Case("PATCH", place, 412, "changed", None, b"{", {**JSON, "If-Match": ""}),
            Case("PUT", place, 400, "malformed", None, b"{}", {**JSON, "If-None-Match": '"1-0"'}),
            Case("DELETE", place, 428, "unconditional"),
            Case("DELETE", f"{place}?cascade=perhaps", 422, "invalid", "/query/cascade", None, {"If-Match": "*"}),
            Case("DELETE", "/v1/detentions", 405, "method-not-allowed"),
            Case("POST", place, 405, "method-not-allowed"),
        ],
    )


async def test_queries_that_cannot_be_are_refused_by_name(register: Register) -> None:
    for _ in range(2):
        await create(register.editor, "organizations", organization())
    cursor = (await register.public.get("/v1/organizations?limit=1")).json()["next_cursor"]
    o, p = "/v1/organizations", "/v1/persons"
    await all_refused(
        register,
        register.public,
        [
            *(asked(f"{o}?limit={n}", 422, "invalid", "/query/limit") for n in ("-1", "0", "201", "1e3", "", "9" * 40)),
            asked(f"{o}?count=perhaps", 422, "invalid", "/query/count"),
            asked(f"{o}?sort=nope", 422, "invalid", "/query/sort"),
            asked(f"{o}?sort=private_notes", 422, "invalid", "/query/sort"),
            asked(f"{o}?{SECRET[:4]}={SECRET}", 422, "invalid", "/query/Reje"),
            asked(f"{o}?kind={SECRET}", 422, "invalid", "/query/kind/0"),
            asked(f"{o}?limit=1&limit=1", 422, "invalid", "/query/limit"),
            asked(f"{o}?id=nope", 422, "invalid", "/query/id/0"),
            asked(f"{o}?id={'&id='.join([UNKNOWN] * 201)}", 422, "invalid", "/query/id"),
            asked(f"{o}?updated_since=yesterday", 422, "invalid", "/query/updated_since"),
            asked(f"{o}?updated_since=1700000000", 422, "invalid", "/query/updated_since"),
            asked(f"{o}?updated_since=2026-01-01T00:00:00", 422, "invalid", "/query/updated_since"),
            asked(f"{o}?updated_since=0001-01-01T00:00:00%2B14:00", 422, "invalid", "/query/updated_since"),
            asked(f"{p}?born_from=2021-02-30", 422, "invalid", "/query/born_from"),
            *(asked(f"/v1/{kind}?{name}=XXXX-07-13~", 422, "invalid", f"/query/{name}") for kind, name in BOUNDS),
            asked(f"{p}?identifier=nope", 422, "invalid", "/query/identifier/0"),
            asked(f"{p}?private_notes=x", 422, "invalid", "/query/private_notes"),
            asked("/v1/sentences?term_from=12", 422, "invalid", "/query/term_from"),
            asked(f"{p}?identifier=a:%00", 400, "malformed"),
            asked(f"{p}?q=%00", 400, "malformed"),
            asked(f"{p}?identifier=a:%ff", 400, "malformed"),
            asked(f"{p}?%ff=1", 400, "malformed"),
            asked(f"{o}?cursor=%ff", 400, "malformed"),
            asked(f"{o}?cursor=nope", 400, "foreign-cursor"),
            asked(f"{o}?cursor={cursor}x", 400, "foreign-cursor"),
            asked(f"{o}?cursor={cursor[:-4]}AAAA", 400, "foreign-cursor"),
            asked(f"{o}?kind=ngo&cursor={cursor}", 400, "foreign-cursor"),
            asked(f"/v1/cases?cursor={cursor}", 400, "foreign-cursor"),
            asked(f"{o}?cursor={LONG[:3000]}", 422, "invalid", "/query/cursor"),
            asked(f"{o}/{UNKNOWN}", 404, "not-found"),
            asked(f"{o}/{UNKNOWN.upper()}", 404, "not-found"),
            asked(f"{o}/%ff", 404, "not-found"),
            asked(f"{o}/%00", 404, "not-found"),
            asked(f"{o}/{UNKNOWN}/history", 404, "not-found"),
            asked(f"{o}/{UNKNOWN}?version=0", 422, "invalid", "/query/version"),
            asked(f"{o}/{UNKNOWN}?version=99999999999999999999", 422, "invalid", "/query/version"),
            asked(f"{o}/", 404, "not-found"),
            asked("/v1/nope", 404, "not-found"),
            asked("/v1/%ff", 404, "not-found"),
            asked("/nope", 404, "not-found"),
            asked("/static/nope", 404, "not-found"),
            asked("/static/../settings.py", 404, "not-found"),
        ],
    )


async def test_an_unknown_version_of_a_record_is_refused(register: Register) -> None:
    made = (await create(register.editor, "organizations", organization()))["id"]
    await all_refused(register, register.public, [asked(f"/v1/organizations/{made}?version=2", 404, "not-found")])


async def test_headers_that_cannot_be_read_are_refused(register: Register) -> None:
    good = json.dumps(organization()).encode()

    def case(**headers: str | bytes) -> Case:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return Case("POST", "/v1/organizations", 400, "malformed", None, good, {**JSON, **said})

    await all_refused(
        register,
        register.editor,
        [
            case(X_Change_Reason="%ff"),
            case(X_Change_Reason="%00"),
            case(X_Change_Reason="a%0Ab"),
            case(X_Change_Reason="x" * 501),
            case(X_Change_Reason=b"\xd0\xbf"),
            case(Idempotency_Key=""),
            case(Idempotency_Key="a b"),
            case(Idempotency_Key="x" * 256),
            case(Idempotency_Key=b"\xd0\xbf"),
        ],
    )


async def test_keys_that_open_nothing_are_refused_alike(register: Register) -> None:
    expired, old = make_key("invented", ["admin"], datetime.now(UTC) - timedelta(seconds=1))
    revoked, withdrawn = make_key("invented", ["admin"])
    revoked.revoked_at = datetime.now(UTC)
    async with register.database.write("tests") as session:
        session.add_all([expired, revoked])
    prefix = old.split("_")[1]
    wrong = [old, withdrawn, old[:-1], f"vk_{prefix}_x", "vk_", "x", "vk_00000000_" + "x" * 43, LONG]
    for token in wrong:
        for method, path in (("GET", "/v1/organizations"), ("POST", "/v1/organizations"), ("GET", "/v1/keys")):
            answer = await client_of(register.app, token).request(method, path)
            refuses(Case(method, path, 401, "unauthorized"), answer)
            assert answer.headers["www-authenticate"].startswith("Bearer")
    for said in ("Basic dXNlcjpwYXNz", "vk_x", "Bearer", b"Bearer \xff"):
        answer = await register.public.get("/v1/organizations", headers=_bytes({"Authorization": said}))
        refuses(Case("GET", "/v1/organizations", 401, "unauthorized"), answer)


async def test_a_key_without_the_scope_is_told_which_it_needs(register: Register) -> None:
    good = json.dumps(organization()).encode()
    for client, method, path, scope in (
        (register.partner, "POST", "/v1/organizations", "write"),
        (register.editor, "GET", "/v1/keys", "admin"),
        (register.keeper, "POST", "/v1/keys", "admin"),
        (register.keeper, "DELETE", f"/v1/keys/{uuid4()}", "admin"),
        (register.keeper, "DELETE", f"/v1/organizations/{UNKNOWN}?purge=true", "admin"),
    ):
        before = await position(register)
        answer = await client.request(method, path, content=good, headers=JSON)
        refuses(Case(method, path, 403, "forbidden"), answer)
        assert f"`{scope}`" in answer.json()["detail"]
        assert await position(register) == before


async def test_keys_over_http_are_checked_too(register: Register) -> None:
    k = "/v1/keys"
    await all_refused(
        register,
        register.admin,
        [
            sent(k, 422, "invalid", {"owner": "x", "scopes": []}, "/scopes"),
            sent(k, 422, "invalid", {"owner": "x", "scopes": ["root"]}, "/scopes/0"),
            sent(k, 422, "invalid", {"owner": "x\x07", "scopes": ["write"]}, "/owner"),
            sent(k, 422, "invalid", {"owner": "x" * 101, "scopes": ["write"]}, "/owner"),
            sent(k, 422, "invalid", {"owner": "x", "scopes": ["write"], "days": 0}, "/days"),
            sent(k, 422, "invalid", {"owner": "x", "scopes": ["write"], "key": "mine"}, "/key"),
            sent(k, 422, "invalid", {"scopes": ["write"]}, "/owner"),
            Case("DELETE", f"{k}/{UNKNOWN}", 404, "not-found"),
            asked(f"{k}/{UNKNOWN}", 404, "not-found"),
            asked(f"{k}?owner=x", 422, "invalid", "/query/owner"),
        ],
    )
    async with register.database.read() as session:
        assert len((await session.execute(select(ApiKey))).scalars().all()) == 4
