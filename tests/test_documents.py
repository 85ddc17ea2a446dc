"""The documents are under test: what they promise is what the program does."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient
from jsonschema_rs import Draft202012Validator
from pydantic import SecretStr

from app.cli import main
from app.core.problems import TYPES
from app.core.types import COUNTRIES
from app.main import openapi_text
from app.register import KINDS
from app.settings import Settings
from tests.conftest import Register

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCHEMA = json.loads(openapi_text())
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
]


def holds(answer: Any, shown: Any) -> bool:
    """Tell whether an answer holds at least what a document shows of it, in its order."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(name in answer and holds(answer[name], shown[name]) for name in shown)
    if isinstance(shown, list):
        left: Iterator[Any] = iter(answer if isinstance(answer, list) else ())
        return isinstance(answer, list) and all(any(holds(item, wanted) for item in left) for wanted in shown)
    return bool(answer == shown)


def requests_shown(page: str) -> list[tuple[str, Any]]:
    """Give each request of a page that is followed by its answer."""
    found = re.findall(r"```sh\n(curl -s '[^\n]+)\n```\n\n```json\n(.*?)```", page, re.DOTALL)
    return [(shlex.split(command)[-1].removeprefix("localhost:8000"), json.loads(answer)) for command, answer in found]


async def test_the_readmes_requests_get_the_answers_it_shows(seeded: Register) -> None:
    shown = requests_shown(README)
    assert len(shown) >= 5
    for path, answer in shown:
        given = (await seeded.public.get(path)).json()
        assert holds(given, answer), (path, given)


@pytest.mark.parametrize("name", ["letters", "reading"])
async def test_a_page_shows_what_is_answered(seeded: Register, name: str) -> None:
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    shown = requests_shown(page)
    assert len(shown) >= 3
    for path, answer in shown:
        given = (await seeded.public.get(path)).json()
        assert holds(given, answer), (path, given)


async def test_the_readme_shows_everybody(seeded: Register) -> None:
    path, shown = requests_shown(README)[0]
    given = (await seeded.public.get(path)).json()
    assert len(given["items"]) == len(shown["items"]) == 4


def test_the_proxy_that_is_shown_logs_nobody_and_says_everywhere_whom_a_request_is_from() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    outside, _, server = shown.partition("server {")
    assert re.findall(r"^(\w+_log [^;]+);", outside, re.MULTILINE) == ["access_log off", "error_log /dev/null crit"]
    within = re.findall(r"location \S+ \{([^}]*)\}", server)
    assert len(within) == 2
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in re.sub(r"location \S+ \{[^}]*\}", "", server)
    assert [said for said in within if "set_header" in said or "_log" in said] == []
    assert "proxy_cache" not in shown


@pytest.mark.parametrize("kind", list(KINDS))
async def test_what_the_description_shows_can_be_sent(register: Register, kind: str) -> None:
    """What is shown speaks of seeds, which are not here: the register says that, and has nothing else against it."""
    sent = SCHEMA["paths"][f"/v1/{kind}"]["post"]["requestBody"]["content"]["application/json"]["example"]
    answer = await register.editor.post(f"/v1/{kind}", json=sent)
    wrong = {error["pointer"].rpartition("/")[2] for error in answer.json().get("errors", ())}
    assert answer.status_code == 422 if wrong else answer.status_code == 201
    assert {name for name in wrong if not name.endswith("_id")} == set()


async def test_the_readmes_way_of_writing_works(seeded: Register) -> None:
    bodies = [json.loads(text) for text in re.findall(r"-d '(\{.*?\})'", README)]
    writer: AsyncClient = seeded.editor
    made = await writer.post("/v1/organizations", json=bodies[0])
    assert made.status_code == 201
    kind = {"If-Match": made.headers["etag"], "Content-Type": "application/merge-patch+json"}
    changed = await writer.patch(made.headers["location"], content=json.dumps(bodies[1]), headers=kind)
    assert changed.json().items() >= bodies[1].items()


def test_each_setting_is_in_the_readme_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `VESTKA_([A-Z_]+)` \| (\S+) \|", README, re.MULTILINE))
    assert rows == {name.upper(): default_of(info.default) for name, info in Settings.model_fields.items()}


def default_of(value: object) -> str:
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    if plain in (None, ""):
        return "–"
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


def test_each_command_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert {"serve", "key", "openapi"} <= set(commands)
    assert [command for command in commands if not re.search(rf"^\| `{command}\b", README, re.MULTILINE)] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_route_says_what_it_does(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > len(operation["summary"])


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the forms in which an operation takes and gives what it does."""
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for status, answer in operation["responses"].items():
        yield from answer.get("content", {}).items() if status[0] == "2" else ()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_example_is_what_its_schema_allows(operation: dict[str, Any]) -> None:
    for media_type, content in contents(operation):
        assert "example" in content or media_type != "application/json" or operation["tags"][0] not in KINDS
        if "example" in content:
            schema = {**content.get("schema", {}), "components": SCHEMA["components"]}
            Draft202012Validator(schema).validate(content["example"])


def enumerated(shape: Any) -> Iterator[str]:
    """Give the words that a value can be, as far as its own schema lists them."""
    for arm in (shape, shape.get("items", {}), *shape.get("anyOf", ())):
        yield from (word for word in arm.get("enum", ()) if isinstance(word, str))
        if arm is not shape and "items" in arm:
            yield from enumerated(arm["items"])


def told_of(shape: Any) -> str:
    """Give all that is said of a value."""
    arms = (shape, shape.get("items", {}), *shape.get("anyOf", ()))
    return " ".join(arm.get("description", "") for arm in arms)


def test_each_word_of_an_enumeration_is_described() -> None:
    fields = [
        (f"{name}.{field}", shape)
        for name, schema in SCHEMA["components"]["schemas"].items()
        for field, shape in schema.get("properties", {}).items()
    ]
    parameters = [
        (f"{path}?{parameter['name']}", parameter["schema"] | {"description": parameter.get("description", "")})
        for path, methods in SCHEMA["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", ())
        if parameter["name"] != "sort"
    ]
    said = {
        (place, word)
        for place, shape in (*fields, *parameters)
        for word in enumerated(shape)
        if word not in KINDS and word not in COUNTRIES and f"`{word}`" not in told_of(shape)
    }
    assert said == set()


def test_each_type_of_problem_is_described() -> None:
    assert all(kind.title and kind.text.endswith(".") for kind in TYPES.values())
    schema = json.loads(openapi_text())
    told = {slug for slug in TYPES if f"/problems/{slug}" in json.dumps(schema)}
    assert told >= {"gone", "changed", "invalid", "needed"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")), ids=lambda page: str(page.name))
def test_a_decision_record_is_short_and_whole(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert re.match(rf"# {int(page.name[:4])}\. \S", lines[0])
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_decision_records_have_numbers_of_their_own() -> None:
    numbers = [page.name[:4] for page in ROOT.glob("docs/decisions/*.md")]
    assert len(numbers) == len(set(numbers)) > 0


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert "--hash=sha256:" in text
