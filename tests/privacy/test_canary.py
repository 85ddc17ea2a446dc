"""Nothing hidden shows: every route, asked in every way, answers as if what is hidden had never been.

The register of `story.py` holds a mark in every field and record that is hidden, deleted, withdrawn or purged. It is
asked the same as its twin, in which none of that ever happened: no mark shows, and no difference.
"""

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pytest

from app.core.record import Tier
from app.main import openapi_text
from app.register import KINDS
from app.sync import changes
from tests.databases import DIALECTS
from tests.privacy.asking import Answer, Asked
from tests.privacy.calls import JSON, NOBODY, Walk
from tests.privacy.making import STORY, TWINS, Told, told, whole
from tests.privacy.marks import MARKS, marks_in
from tests.privacy.values import UnknownCall
from tests.privacy.walking import beside

DOCUMENT = json.loads(openapi_text())
NAMES = {Tier.PUBLIC: "public", Tier.PARTNERS: "partners"}
# All that can be sent, by everybody to one database; of the rest, what is hidden only: the statements are the same.
walks = pytest.mark.parametrize(
    ("whole_url", "tier", "brief"),
    [("sqlite", Tier.PUBLIC, False), ("sqlite", Tier.PARTNERS, True), ("postgresql", Tier.PUBLIC, True)],
    indirect=["whole_url"],
    ids=["sqlite-public", "sqlite-partners", "postgresql-public"],
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that say at once that they wait."""
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.01)


@pytest.fixture(params=DIALECTS)
def whole_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the register in which all of it happened."""
    from tests.databases import templates  # noqa: PLC0415 - a plugin is not imported before pytest has rewritten it

    with templates(request, request.param).copy(whole) as url:
        yield url


@pytest.fixture
def twin_url(request: pytest.FixtureRequest, whole_url: str, tier: Tier) -> Iterator[str]:
    """The address of the twin for a tier."""
    from tests.databases import templates  # noqa: PLC0415 - the same

    with templates(request, whole_url.partition("+")[0]).copy(TWINS[tier]) as url:
        yield url


@walks
async def test_nothing_hidden_shows_in_any_answer(whole_url: str, twin_url: str, tier: Tier, *, brief: bool) -> None:
    walk, who = Walk(DOCUMENT, STORY, tier, brief), NAMES[tier]
    async with told(whole_url) as register, told(twin_url) as twin:
        asked, wrong = await beside(register, twin, walk, who)
    assert asked > 500
    assert not wrong, "\n".join([f"{len(wrong)} in {asked} answers:", *wrong[:20]])


@pytest.mark.parametrize(
    ("who", "tier"), [("public", Tier.PUBLIC), ("partners", Tier.PARTNERS), ("editor", Tier.PARTNERS)]
)
async def test_what_is_hidden_answers_as_what_never_was(whole_url: str, who: str, tier: Tier) -> None:
    """By every route and method, the same bytes after the same statements."""
    walk = Walk(DOCUMENT, STORY, tier)
    wrong: list[str] = []
    async with told(whole_url) as register:
        for kind, record_id in _some_hidden(walk):
            for asked, nobody in zip(walk.about(kind, record_id), walk.about(kind, NOBODY), strict=True):
                one, other = await _counted(register, who, asked), await _counted(register, who, nobody)
                wrong += [f"{asked}: {_told_apart(one, other)}"] if one != other else []
    assert not wrong, "\n".join([f"{len(wrong)} differ:", *wrong[:20]])


def _told_apart(one: tuple[Answer, list[str]], other: tuple[Answer, list[str]]) -> str:
    answers = f"{one[0].status} {one[0].body[:200]!r} or {other[0].status} {other[0].body[:200]!r}"
    first = next((pair for pair in zip_longest(one[1], other[1]) if pair[0] != pair[1]), None)
    return f"{answers}, {len(one[1])} or {len(other[1])} statements, first {str(first)[:600]}"


def _some_hidden(walk: Walk) -> list[tuple[str, str]]:
    """Give a record of each kind that is hidden and was never seen; one of each that was withdrawn."""
    chosen = {kind: record_id for kind, record_id in walk.values.hidden if (kind, record_id) not in STORY.gone}
    return [*chosen.items(), *((kind, one) for kind, one in walk.values.hidden if (kind, one) in STORY.gone)]


async def _counted(register: Told, who: str, asked: Asked) -> tuple[Answer, list[str]]:
    register.statements.clear()
    answer = await register.ask(who, asked)
    return answer, list(register.statements)


async def test_a_hidden_id_in_a_write_is_one_that_does_not_exist(whole_url: str) -> None:
    """Even in a record that refers to it: the same answer, after the same statements."""
    hidden = {kind: ids[0] for kind, ids in STORY.hidden[Tier.PRIVATE].items()}
    wrong: list[str] = []
    async with told(whole_url) as register:
        for kind, fields in (await _bodies(register)).items():
            for name, target in [*KINDS[kind].references.items(), ("citations", "sources")]:
                answers = []
                for record_id in (hidden[target], NOBODY):
                    value: Any = record_id if name != "citations" else [{"source_id": record_id}]
                    body = json.dumps({**fields, name: value}).encode()
                    path = f"/v1/{kind}/{STORY.citing[kind]}"
                    answers.append(
                        [
                            await _counted(register, "editor", Asked(method, target, (*JSON, ("if-match", "*")), body))
                            for method, target in (("POST", f"/v1/{kind}"), ("PATCH", path), ("PUT", path))
                        ]
                    )
                assert all(one.status in {403, 422} for one, _ in answers[1]), (kind, name, answers[1])
                wrong += [f"{kind}.{name}: {_told_apart(a, b)}" for a, b in zip(*answers, strict=True) if a != b]
    assert not wrong, "\n".join([f"{len(wrong)} differ:", *wrong[:20]])


async def test_a_hidden_id_in_a_batch_is_one_that_does_not_exist(whole_url: str) -> None:
    wrong: list[str] = []
    async with told(whole_url) as register:
        bodies = await _bodies(register)
        for kind, ids in STORY.hidden[Tier.PRIVATE].items():
            for operation in _operations(kind, bodies[kind]):
                answers = []
                for record_id in (ids[0], NOBODY):
                    sent = json.dumps({"operations": [operation]}).replace("HIDDEN", record_id).encode()
                    answers.append(await _counted(register, "editor", Asked("POST", "/v1/batch", JSON, sent)))
                assert answers[1][0].status in {404, 422}, (operation, answers[1])
                wrong += [f"{operation}: {_told_apart(*answers)}"] if answers[0] != answers[1] else []
    assert not wrong, "\n".join([f"{len(wrong)} differ:", *wrong[:20]])


def _operations(kind: str, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give operations on a hidden record of a kind, and a new one of each kind that refers to it."""
    on_it = {"kind": kind, "id": "HIDDEN", "if_match": "*"}
    yield from ({**on_it, "op": op, "record": said} for op, said in (("patch", {}), ("replace", fields)))
    yield {**on_it, "op": "delete"}
    for name, target in KINDS[kind].references.items():
        if target == kind:
            yield {"op": "create", "kind": kind, "record": {**fields, name: "HIDDEN"}}


async def _bodies(register: Told) -> dict[str, dict[str, Any]]:
    """Give, for each kind, fields with which an editor could make one more."""
    found = {}
    for kind in KINDS:
        read = await register.ask("editor", Asked("GET", f"/v1/{kind}/{STORY.citing[kind]}"))
        fields = {name: value for name, value in json.loads(read.body).items() if name in KINDS[kind].fields}
        found[kind] = {name: value for name, value in fields.items() if value is not None} | {"citations": []}
    return found


async def test_whoever_may_see_all_finds_every_mark(whole_url: str) -> None:
    """Nothing is looked for in vain: what must not show is there."""
    async with told(whole_url) as register:
        export = (await register.ask("admin", Asked("GET", "/v1/export"))).text
        history = [
            (await register.ask("admin", Asked("GET", f"/v1/{kind}/{record_id}/history"))).text
            for kind, ids in STORY.hidden[Tier.PRIVATE].items()
            for record_id in ids
        ]
    for marks in MARKS.values():
        found = {mark.partition(":")[0] for mark in marks_in(export, Tier(marks.tier - 1))}
        assert {marks.stem.lower(), marks.cyrillic.lower(), marks.ids, marks.month, marks.stay, marks.place} <= found
        for kind in KINDS:
            lines = [line for line in export.splitlines() if line.startswith(f'{{"kind":"{kind}"')]
            assert any(marks_in(line, Tier(marks.tier - 1)) for line in lines), kind
    assert f"{MARKS[Tier.PRIVATE].stem} owner" in "".join(history)


def test_a_route_that_nobody_can_call_is_named() -> None:
    for path, method, parameters in (
        ("/v1/new", "post", []),
        ("/v1/new/{other}", "get", []),
        ("/v1/new", "get", [{"name": "new", "in": "query", "schema": {"type": "object"}}]),
    ):
        said = {"parameters": parameters, "responses": {"200": {"description": "Done."}}, "security": [{}]}
        document = {**DOCUMENT, "paths": {path: {method: said}}}
        with pytest.raises(UnknownCall, match=r"does not know how to call .*/v1/new"):
            list(Walk(document, STORY, Tier.PUBLIC).requests())
