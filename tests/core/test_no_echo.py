"""What is refused is not said back, wherever it was sent, and each place that is named is one that was sent."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import AsyncClient, Response
from pydantic_core import PydanticKnownError, _pydantic_core

from app.core.problems import faults
from app.register import KINDS
from tests.conftest import Register
from tests.core.test_conformance import PATHS
from tests.factories import Fields, create, one_more, person

SECRET = "Zolatava"
SIGN = "Ж"
NUMBER = 47114711.4711
# Where an id, a date, a code, a text, a number, a list or an object is wanted, most of these are none.
TEXTS = [
    f"{SECRET} Maryna",
    SIGN * 36,
    f"8b6f3c52-6f0e-4e55-9d0c-4711471147{SIGN}1",
    f"4711-47-11 {SECRET}",
    SECRET * 4000,
]
WRONG: list[Any] = [
    *TEXTS,
    NUMBER,
    [SECRET],
    [SIGN * 36],
    [[SECRET]],
    {"en": NUMBER},
    {"en": [SECRET]},
    {"en": SECRET * 4000},
    [{"kind": SECRET, "full": NUMBER, "scheme": SECRET, "value": [SECRET], "source_id": SIGN * 36, "field": SECRET}],
    {"text": [SECRET], "factor": SECRET, "amount": SECRET, "currency": SECRET},
]
MARKS = (SECRET, SIGN, quote(SIGN), "47114711", "4711-47")
ANY = {"If-Match": "*"}
NOBODY = "00000000-0000-4000-8000-000000000000"
OPERATION = {"op": "create", "kind": "persons", "record": person()}
# What a model says, and never what was sent: bounds, patterns, choices, names of classes and fields.
OF_MODELS = {
    *("attribute", "method_name", "class_name", "class", "field_type", "expected", "expected_plural", "pattern"),
    *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "actual_length", "discriminator"),
    *("expected_schemes", "expected_version", "max_digits", "decimal_places", "whole_digits"),
}
# These say in fixed words what is wrong; the last are ours, which the tests below hold to it.
FIXED = {
    *("date_parsing", "date_from_datetime_parsing", "time_parsing", "datetime_parsing", "datetime_from_date_parsing"),
    *("time_delta_parsing", "value_error"),
}
# No model of the register has such a field, and no JSON gives such an object.
NEVER = {
    *("json_invalid", "get_attribute_error", "iteration_error", "mapping_type", "bytes_invalid_encoding"),
    *("assertion_error", "datetime_object_invalid", "timezone_offset", "url_parsing", "url_syntax_violation"),
}
OWN = {"union_tag_invalid", "uuid_parsing"}


def keeps_quiet(answer: Response, *said: object) -> None:
    if answer.status_code >= 400:
        told = answer.text + str(answer.headers)
        found = [mark for mark in MARKS if mark in told]
        assert not found, (found, str(said)[:500], told[:1000])


def leads(body: Any, pointer: str) -> bool:
    """Tell whether a pointer leads somewhere in a body; what is missing is missing from something that is there."""
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    try:
        for part in path:
            body = body[int(part) if isinstance(body, list) else part]
    except (LookupError, TypeError, ValueError):
        return False
    return isinstance(body, dict) or pointer == "" or (isinstance(body, list) and last.isdigit())


async def refused(client: AsyncClient, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, path, json=body, headers=ANY)
    keeps_quiet(answer, method, path, body)
    if answer.status_code == 422:
        lost = [one["pointer"] for one in answer.json()["errors"] if not leads(body, one["pointer"])]
        assert not lost, (method, path, lost, answer.text[:500])


def test_whether_its_words_hold_what_was_sent_is_decided_for_every_type_of_error() -> None:
    """A type that comes with another pydantic fails here: decide whether its words may be passed on."""
    listed = _pydantic_core.list_all_errors()
    holding = {
        one["type"]
        for one in listed
        if not set(re.findall(r"{(\w+)}", one["message_template_python"] + one.get("message_template_json", "")))
        <= OF_MODELS
    }
    assert len(listed) > 100
    assert holding == FIXED | NEVER | OWN


@pytest.mark.parametrize(
    "sent", [SECRET, f"{SECRET}' found using 'x' does not match any of the expected tags: 'y", "a\nb"]
)
def test_a_choice_that_there_is_not_is_told_by_its_place_and_what_there_is(sent: str) -> None:
    known = {"discriminator": "'op'", "tag": sent, "expected_tags": "'one', 'two'"}
    error = PydanticKnownError("union_tag_invalid", known)
    (fault,) = faults([{"type": error.type, "loc": ("here", 0), "msg": error.message()}])
    assert (fault.pointer, fault.detail) == ("/here/0/op", "Send one of 'one', 'two'.")


async def test_an_operation_of_no_kind_is_told_what_kinds_there_are(register: Register) -> None:
    operations = [{**OPERATION, "op": TEXTS[0]}, {"kind": "persons"}, {**OPERATION, "id": SIGN * 36}]
    answer = await register.editor.post("/v1/batch", json={"operations": operations})
    keeps_quiet(answer)
    assert [(one["pointer"], one["detail"]) for one in answer.json()["errors"]] == [
        ("/operations/0/op", "Send one of 'create', 'replace', 'patch', 'delete'."),
        ("/operations/1/op", "This is required."),
        (
            "/operations/2/id",
            "This is no id. Write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, in digits and letters a to f.",
        ),
    ]


async def test_a_name_that_is_no_language_is_told_as_one(register: Register) -> None:
    wrong = {"biography": {"Maryna": "x", "be-" + "x" * 40: "x", "en": "A life."}}
    who = (await create(register.editor, "persons", person()))["id"]
    operation = {**OPERATION, "record": person(**wrong)}
    answers = [
        await register.editor.post("/v1/persons", json=person(**wrong)),
        await register.editor.patch(f"/v1/persons/{who}", json=wrong, headers=ANY),
        await register.editor.post("/v1/batch", json={"operations": [operation]}),
    ]
    for prefix, answer in zip(("", "", "/operations/0/record"), answers, strict=True):
        assert answer.status_code == 422
        told = {one["pointer"]: one["detail"] for one in answer.json()["errors"]}
        places = {f"{prefix}/biography/{name}" for name in wrong["biography"] if name != "en"}
        assert told == dict.fromkeys(places, "This is no language tag, as in `be` or `be-Latn`.")


@pytest.mark.parametrize("kind", list(KINDS))
async def test_no_field_of_a_record_says_back_what_was_sent(register: Register, kind: str) -> None:
    fields, path = KINDS[kind].fields, f"/v1/{kind}"
    for value in WRONG:
        one_wrong = [{"op": "create", "kind": kind, "record": {**one_more(kind), name: value}} for name in fields]
        await refused(register.admin, "POST", "/v1/batch?dry_run=true", {"operations": one_wrong})
        for body in (dict.fromkeys(fields, value), {"names": [dict.fromkeys(("kind", "full", "language"), value)]}):
            await refused(register.admin, "POST", path, body)
    who = (await create(register.admin, "organizations", one_more("organizations")))["id"]
    for value in WRONG if kind == "organizations" else ():
        for name in fields:
            for method, body in (("PUT", {**one_more(kind), name: value}), ("PATCH", {name: value})):
                await refused(register.admin, method, f"{path}/{who}", body)


async def test_no_other_body_says_back_what_was_sent(register: Register) -> None:
    who, other = [(await create(register.editor, "persons", person()))["id"] for _ in range(2)]
    key = (await register.admin.post("/v1/keys", json={"owner": "x", "scopes": ["write"]})).json()
    bodies: dict[str, Fields] = {
        f"/v1/persons/{who}/merge": {"into": other},
        f"/v1/persons/{who}/envelope.pdf": {"size": "C6", "language": "be", "origin": "PL", "sender": ["x"]},
        "/v1/keys": {"owner": "x", "scopes": ["write"], "days": 1, "expires_at": None},
        f"/v1/keys/{key['id']}/rotate": {"days": 1, "overlap": 1},
    }
    for path, body in bodies.items():
        for value in WRONG:
            for name in body:
                await refused(register.admin, "POST", path, {**body, name: value})
            await refused(register.admin, "POST", path, value)
    asked = {"name": "x", "birth_date": "1980", "country": "BY", "facility": "x", "identifiers": [{}]}
    for value in WRONG:
        for body in (value, {"queries": value}, *({"queries": [{**asked, name: value}]} for name in asked)):
            await refused(register.public, "POST", "/v1/match", body)
        for form in (value, {"q": value}, *({"q": {name: value}} for name in ("query", "type", "limit", "properties"))):
            answer = await register.public.post("/v1/reconcile", data={"queries": json.dumps(form)})
            keeps_quiet(answer, form)


async def test_no_part_of_a_batch_says_back_what_was_sent(register: Register) -> None:
    change = {"op": "patch", "kind": "persons", "id": NOBODY, "if_match": "*", "record": {}}
    for value in WRONG:
        for body in (value, {"operations": value}, {"operations": [value]}):
            await refused(register.editor, "POST", "/v1/batch", body)
        for whole in (OPERATION, change):
            operations = [{**whole, name: value} for name in whole]
            await refused(register.editor, "POST", "/v1/batch", {"operations": operations})
            for operation in operations:
                await refused(register.editor, "POST", "/v1/batch", {"operations": [operation]})


async def test_no_address_says_back_what_was_sent(register: Register) -> None:
    for path, operations in PATHS.items():
        if "get" not in operations or "stream" in path:
            continue
        names = [one["name"] for one in operations["get"].get("parameters", ()) if one["in"] == "query"]
        for text in TEXTS[:4]:
            for name in names:
                query = f"{name}={quote(text)}"
                answer = await register.admin.get(f"{path.replace('{id}', NOBODY)}?{query}")
                keeps_quiet(answer, path, query)
            there = re.sub(r"{\w+}", quote(text), path)
            for method in operations:
                if there != path:
                    keeps_quiet(await register.admin.request(method, there, headers=ANY, json={}), method, there)


async def test_no_header_says_back_what_was_sent(register: Register) -> None:
    who = (await create(register.editor, "persons", person()))["id"]
    sent = quote(f"{SECRET} {SIGN}")
    names = ("If-Match", "If-None-Match", "X-Change-Reason", "Idempotency-Key", "Content-Type", "Content-Encoding")
    for name in (*names, "Accept", "Authorization", "Last-Event-ID", "Range"):
        for text in (sent, f"{SECRET} x" * 60):
            for method, path in (
                ("GET", f"/v1/persons/{who}"),
                ("GET", "/v1/persons"),
                ("GET", "/v1/changes/stream?kind=x"),
                ("POST", "/v1/persons"),
                ("PUT", f"/v1/persons/{who}"),
                ("PATCH", f"/v1/persons/{who}"),
                ("DELETE", f"/v1/persons/{who}/merge"),
            ):
                headers = {**ANY, "Content-Type": "application/json", name: text}
                keeps_quiet(
                    await register.admin.request(method, path, headers=headers, content=b"{}"), name, method, path
                )
