"""Who reads leaves nothing behind: not in logs, metrics, temporary files or the database, whatever goes wrong."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

from app.core.migrating import migrate
from app.parts import open_database
from app.places import STATIC
from app.register.seeding import seed
from tests.databases import SqliteTemplates
from tests.serving import free_port, served

# Nothing of these may be found again; in letters and digits alone, so that no encoding hides them.
MARK = "zqxreader"
HERE = "127.66.77.88"  # every address of 127.0.0.0/8 is this machine's
ELSEWHERE = "198.51.100.77"
HEADERS = {
    "User-Agent": f"{MARK}agent",
    "Referer": f"https://example.org/{MARK}referer",
    "X-Forwarded-For": ELSEWHERE,
    "Cookie": f"{MARK}=cookie",
    "Accept-Language": f"be, x-{MARK}",
    "If-None-Match": f'"1-{MARK}"',
    "Idempotency-Key": f"{MARK}key",
    "X-Change-Reason": f"{MARK}reason",
}
ASKED = [
    ("GET", f"/v1/persons?q={MARK}name", None),
    ("GET", f"/v1/persons?q={MARK}name&format=xlsx", None),
    ("GET", f"/v1/persons?identifier=x:{MARK}id", None),
    ("GET", f"/v1/persons?{MARK}=1", None),
    ("GET", f"/v1/persons?cursor={MARK}cursor", None),
    ("GET", f"/v1/addressees?q={MARK}name&format=pdf", None),
    ("GET", f"/v1/persons/{MARK}path", None),
    ("GET", f"/{MARK}/path?{MARK}=query", None),
    ("GET", f"/v1/search?q={MARK}search", None),
    ("GET", f"/v1/changes?after={MARK}cursor", None),
    ("GET", f"/v1/reconcile/suggest/entity?prefix={MARK}", None),
    ("POST", "/v1/match", {"queries": [{"name": f"{MARK} {MARK}son"}]}),
    ("POST", "/v1/match", {MARK: MARK}),
    ("POST", "/v1/persons", {"names": [{"kind": "legal", "full": f"{MARK}body"}]}),
    ("DELETE", f"/v1/persons/{MARK}", None),
    ("OPTIONS", f"/v1/{MARK}", None),
]
RAW = [
    f"GET /{MARK}\x01 HTTP/1.1\r\nHost: {MARK}\r\n\r\n",
    f"{MARK} / HTTP/1.1\r\n\r\n",
    f"GET /?q={MARK} HTTP/1.1\r\nHost: x\r\n{MARK}: \x01\r\n\r\n",
    f"GET /?{MARK} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {MARK}\r\n\r\n",
    f"GET /?{MARK} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {MARK}\r\n\r\n",
    f"POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{MARK}",
    f"POST /v1/match HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n{MARK}",
]
# What a reader asks for is nobody's business either, though it is in the register.
NAME, PERSON = "zolotova", "d6faf4ea-e5bf-5c63-9460-7c8d89f86868"
BROKEN = [f"/v1/persons?q={NAME}", f"/v1/persons/{PERSON}/file", f"/v1/persons?q={NAME}&format=xlsx", "/v1/export"]


def found_in(folder: Path) -> Iterator[str]:
    """Give the files that hold what a reader sent."""
    for file in folder.rglob("*"):
        if file.is_file() and re.search(traces(), file.read_bytes().lower()):
            yield file.name


def traces() -> bytes:
    return b"|".join(re.escape(one).encode() for one in (MARK, HERE, ELSEWHERE))


def ask_everything(base: str) -> list[int]:
    transport = httpx2.HTTPTransport(local_address=HERE)
    with httpx2.Client(base_url=base, transport=transport, headers=HEADERS, timeout=60) as client:
        answers = [client.request(method, path, json=body) for method, path, body in ASKED]
        assert not any("set-cookie" in answer.headers for answer in answers)
        return [answer.status_code for answer in answers]


def ask_broken(url: str) -> int | None:
    """Give the status of an answer; None when it breaks off."""
    try:
        return httpx2.get(url, headers=HEADERS).status_code
    except httpx2.RemoteProtocolError:
        return None


async def send_raw(address: tuple[str, int], said: str, *, leave: bool) -> None:
    reader, writer = await asyncio.open_connection(*address, local_addr=(HERE, 0))
    writer.write(said.encode("latin-1"))
    await writer.drain()
    if leave:  # in the middle of an answer, or of what was to come
        writer.transport.abort()
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.read(100), 1)
    writer.close()


async def all_raw(address: tuple[str, int]) -> None:
    streams = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in ("/v1/export", f"/v1/persons?q={MARK}")]
    told = [send_raw(address, said, leave=False) for said in RAW]
    left = [send_raw(address, said, leave=True) for said in (*RAW, *streams)]
    await asyncio.gather(*told, *left)


def break_the_records(file: Path) -> None:
    """Have what is read fail in a way that nobody expects, in the middle of streams too."""
    with closing(sqlite3.connect(file, timeout=30)) as database:
        database.execute("UPDATE documents SET body = 'no bytes'")
        database.execute("UPDATE situations SET answer = 'no bytes'")
        database.commit()


def with_seeds(url: str) -> None:
    async def fill() -> None:
        database = open_database(url)
        await seed(database)
        await database.close()

    migrate(url)
    asyncio.run(fill())


@pytest.fixture
def filled_url(sqlite_templates: SqliteTemplates) -> Iterator[str]:
    with sqlite_templates.copy(with_seeds) as url:
        yield url


def hold_headers(base: str) -> None:
    """Hold that every answer carries what keeps browsers from harm, and no cookie."""
    with httpx2.Client(base_url=base, timeout=60) as client:
        for path in ("/", "/docs", "/openapi.json", "/static/docs.js", "/healthz", "/v1/persons", "/v1/no", "/v1/keys"):
            for method in ("GET", "HEAD", "OPTIONS", "POST"):
                headers = client.request(method, path).headers
                assert headers["x-content-type-options"] == "nosniff", (method, path)
                assert headers["referrer-policy"] == "no-referrer"
                assert headers["x-frame-options"] == "DENY"
                assert headers["content-security-policy"].startswith("default-src 'none'")
                assert headers["cache-control"]
                assert {"set-cookie", "server", "x-powered-by"} & set(headers) == set()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_of_a_reader_is_found_again(filled_url: str, tmp_path: Path, workers: str) -> None:
    """At the level `debug`, with metrics, with errors of every kind, in all that the server has written by the end."""
    file = Path(filled_url.partition("///")[2])
    place, output = tmp_path / "temporary", tmp_path / "output"
    place.mkdir()
    port = free_port()
    settings = {"VESTKA_LOG_LEVEL": "debug", "VESTKA_METRICS_PORT": str(port), "TMPDIR": str(place)}
    with served(filled_url, "--workers", workers, said=str(output), **settings) as running:
        hold_headers(running.base)
        statuses = ask_everything(running.base)
        assert {200, 400, 401, 404, 422} <= set(statuses), statuses
        asyncio.run(all_raw(running.address))
        break_the_records(file)
        assert [ask_broken(running.base + path) for path in BROKEN] == [500, 500, 500, None]
        metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert "vestka_requests_total" in metrics
        assert not re.search(traces(), metrics.lower().encode())
        assert list(place.rglob("*"))
        assert list(found_in(place)) == []
        assert list(found_in(file.parent)) == []
    assert b"Vestka answers" in output.read_bytes()
    assert list(found_in(tmp_path)) == []
    log = output.read_text(encoding="utf-8")
    assert log.count('"event": "failed"') == len(BROKEN)
    assert NAME not in log.lower()
    assert PERSON not in log
    assert "Traceback" not in log


def test_the_page_of_documentation_refers_to_nothing_outside() -> None:
    """Whatever its styles and pictures could load by themselves; what its scripts do is seen in a browser."""
    page = (STATIC / "docs.html").read_text(encoding="utf-8")
    referred = re.findall(r'(?:src|href|action|data|poster)="([^"]*)"', page)
    assert referred
    assert [one for one in referred if not re.fullmatch(r"(static/[\w./-]+|openapi\.json)", one)] == []
    for style in STATIC.rglob("*.css"):
        loaded = re.findall(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]?([^;'\"]+)", style.read_text(encoding="utf-8"))
        assert [one for pair in loaded for one in pair if one and not one.startswith("data:")] == []
    for picture in STATIC.rglob("*.svg"):
        assert not re.findall(r'(?:href|src)="(?!#)', picture.read_text(encoding="utf-8"))
