"""A served register whose writes are carried out by a process of its own: stopped, killed, and asked at once."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest
from httpx2 import AsyncClient, Client
from pydantic import SecretStr

from app import places
from app.main import OtherVersion, written_apart
from app.places import mark_of_code
from app.settings import Settings
from tests.factories import person
from tests.serving import Served, new_key, served

ANY: Final = {"If-Match": "*"}
ANSWERED: Final = 10


def children(server: Served) -> list[int]:
    said = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(one) for one in said if b"app.scribing" in Path(f"/proc/{one}/cmdline").read_bytes()]


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until_gone(process: int) -> None:
    until = time.monotonic() + 20
    while is_there(process):
        assert time.monotonic() < until, "the process that writes is still there"
        time.sleep(0.02)


async def begin(client: AsyncClient, server: Served) -> int:
    """Write until another process does; give that."""
    assert not children(server)  # while nobody has written
    async with asyncio.timeout(30):
        while True:
            assert (await client.post("/v1/persons", json=person())).status_code == 201
            await asyncio.sleep(0.5)  # it begins meanwhile, and does not while it is stopped
            for process in children(server):
                os.kill(process, signal.SIGSTOP)
                try:
                    await asyncio.wait_for(client.post("/v1/persons", json=person()), 0.5)
                except TimeoutError:
                    return process
                finally:
                    os.kill(process, signal.SIGCONT)


def client_of(server: Served, key: dict[str, str]) -> AsyncClient:
    return AsyncClient(base_url=server.base, headers=key, timeout=60)


async def test_who_asks_cannot_tell_where_it_was_written_but_by_not_waiting(database_url: str) -> None:
    key = new_key(database_url, "admin")
    with served(database_url, VESTKA_MAX_BODY_BYTES="20000") as server:
        async with client_of(server, key) as client, AsyncClient(base_url=server.base) as public:
            before = [await refused(each, sent) for each in (client, public) for sent in _SENT]
            process = await begin(client, server)
            after = [await refused(each, sent) for each in (client, public) for sent in _SENT]
            assert before == after
            assert {status for status, _ in after} == {401, 413, 415}
            made = (await client.post("/v1/persons", json=person())).json()["id"]
            await what_is_written_is_read_at_once(client, public, made)
            await who_reads_waits_for_nobody(client, made, process)
        server.process.kill()
        until_gone(process)


_SENT: Final = (b"{}", b" " * 30_000)


async def refused(client: AsyncClient, sent: bytes) -> tuple[int, object]:
    answer = await client.post("/v1/persons", content=sent)
    return answer.status_code, answer.json()


async def what_is_written_is_read_at_once(client: AsyncClient, public: AsyncClient, made: str) -> None:
    for year in range(1950, 1970):
        sent = {"birth_date": str(year)}
        assert (await client.patch(f"/v1/persons/{made}", json=sent, headers=ANY)).status_code == 200
        for place in (f"/v1/persons/{made}", "/v1/persons?sort=-updated_at&limit=1"):
            said = (await public.get(place)).json()
            assert said.get("items", [said])[0]["birth_date"] == str(year)


async def who_reads_waits_for_nobody(client: AsyncClient, made: str, process: int) -> None:
    os.kill(process, signal.SIGSTOP)
    writing = asyncio.create_task(client.delete(f"/v1/persons/{made}", headers=ANY))
    for _ in range(5):
        assert (await client.get(f"/v1/persons/{made}")).status_code == 200
        assert (await client.post("/v1/match", json={"queries": [{"name": "Invented"}]})).status_code == 200
    assert not writing.done()
    os.kill(process, signal.SIGCONT)
    assert (await writing).status_code == 204
    assert (await client.get(f"/v1/persons/{made}")).status_code == 410


async def test_a_server_that_is_stopped_lets_it_end_what_it_began(sqlite_url: str) -> None:
    """Also where whoever stops it tells every process: the terminal does, and who runs services."""
    key = new_key(sqlite_url, "write")
    with served(sqlite_url) as server:
        async with client_of(server, key) as client:
            process = await begin(client, server)
            os.kill(process, signal.SIGSTOP)
            writing = asyncio.create_task(client.post("/v1/persons", json=person()))
            await asyncio.sleep(0.3)
            for one in (signal.SIGINT, signal.SIGTERM):
                os.kill(process, one)
            os.kill(server.process.pid, signal.SIGTERM)
            await asyncio.sleep(0.3)
            os.kill(process, signal.SIGCONT)
            assert (await writing).status_code == 201
        assert server.process.wait(20) == 0
        until_gone(process)


async def test_what_was_answered_outlives_its_kill_and_the_server_goes_on(sqlite_url: str, tmp_path: Path) -> None:
    key, said, answered = new_key(sqlite_url, "write"), tmp_path / "said", []
    enough = asyncio.Event()
    with served(sqlite_url, said=str(said)) as server:
        async with client_of(server, key) as client:
            process = await begin(client, server)

            async def write() -> None:
                while is_there(process):
                    answer = await client.post("/v1/persons", json=person())
                    assert answer.status_code in {201, 503}
                    if answer.status_code == 201:
                        answered.append(answer.json()["id"])
                        if len(answered) == ANSWERED:
                            enough.set()
                    else:
                        assert "Idempotency-Key" in answer.json()["detail"]

            writing = [asyncio.create_task(write()) for _ in range(3)]
            await enough.wait()
            os.kill(process, signal.SIGKILL)
            await asyncio.gather(*writing)
            for one in answered:
                assert (await client.get(f"/v1/persons/{one}")).status_code == 200
            assert (await client.post("/v1/persons", json=person())).status_code == 201
    assert "the process that writes was lost" in said.read_text()


async def test_one_of_another_version_writes_nothing(sqlite_url: str) -> None:
    """As where a program was upgraded and its server has not been started again."""
    settings = Settings(database_url=SecretStr(sqlite_url), seed=False)
    new_key(sqlite_url, "write")  # in a database that is migrated then
    async with written_apart((settings, mark_of_code())):
        pass
    with pytest.raises(OtherVersion):
        async with written_apart((settings, "another")):
            pass


def test_what_marks_the_code_changes_with_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_HERE", tmp_path)
    (tmp_path / "one.py").write_text("1")
    before = mark_of_code()
    assert before == mark_of_code()
    (tmp_path / "one.py").write_text("11")
    assert mark_of_code() != before


def test_a_server_that_is_told_not_to_has_none(sqlite_url: str) -> None:
    key = new_key(sqlite_url, "write")
    with served(sqlite_url, VESTKA_WRITING_PROCESS="0") as server, Client(base_url=server.base, headers=key) as client:
        for _ in range(3):
            assert client.post("/v1/persons", json=person()).status_code == 201
            assert not children(server)
