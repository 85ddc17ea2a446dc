"""What a crash leaves: every write that was answered, whole."""

import contextlib
import threading
import time

import httpx2

from tests.factories import organization
from tests.serving import Served, new_key, run, served


def write_until_it_dies(server: Served, key: dict[str, str], answered: list[str]) -> None:
    with contextlib.suppress(httpx2.TransportError), httpx2.Client(base_url=server.base, headers=key) as client:
        while True:
            answer = client.post("/v1/organizations", json=organization())
            assert answer.status_code == 201
            answered.append(answer.json()["id"])


def test_every_write_that_was_answered_outlives_a_kill(database_url: str) -> None:
    key = new_key(database_url, "write")
    answered: list[str] = []
    with served(database_url) as server:
        writers = [threading.Thread(target=write_until_it_dies, args=(server, key, answered)) for _ in range(4)]
        for writer in writers:
            writer.start()
        while len(answered) < 40:
            time.sleep(0.01)
        server.kill()
        for writer in writers:
            writer.join()
    with served(database_url) as server, httpx2.Client(base_url=server.base) as client:
        for record_id in answered:
            history = client.get(f"/v1/organizations/{record_id}/history")
            assert [item["version"] for item in history.json()["items"]] == [1]
            assert client.get(f"/v1/organizations/{record_id}").status_code == 200
    verified = run(database_url, "verify")
    assert (verified.returncode, "changes verified" in verified.stdout) == (0, True)
    assert "0 rows" in run(database_url, "reindex").stderr
