"""Nothing hidden is in what a server logs and counts, whoever asks, and whatever fails."""

import json
import re
from pathlib import Path

import httpx2

from app.core.record import Tier
from app.main import openapi_text
from tests.core.test_reader_privacy import break_the_records
from tests.databases import SqliteTemplates
from tests.privacy.asking import Asked
from tests.privacy.calls import Walk
from tests.privacy.making import STORY, whole
from tests.privacy.marks import marks_in
from tests.serving import free_port, new_key, served

HIDDEN = STORY.hidden[Tier.PRIVATE]["persons"][0]
# Changes that fail because of what they hold: of the text of a record nothing may be told either.
NONSENSE = json.dumps({"names": [{"kind": "legal", "full": "Xwjigma nonsense"}], "Xwjigma": 1}).encode()


_ANY_ID = re.compile(r"[0-9a-f-]{36}")


def requests() -> list[Asked]:
    """Give a request by each route, and all reads of a hidden record of each kind."""
    walk = Walk(json.loads(openapi_text()), STORY, Tier.PUBLIC, brief=True)
    every = {(one.method, _ANY_ID.sub("", one.target), one.headers): one for one in walk.requests()}
    hidden = [one for kind, ids in STORY.hidden[Tier.PRIVATE].items() for one in walk.about(kind, ids[0])]
    asked = [one for one in every.values() if "?" not in one.target and "stream" not in one.target]
    return [*asked, *(one for one in hidden if one.method == "GET")]


def test_nothing_hidden_is_in_logs_or_metrics(sqlite_templates: SqliteTemplates, tmp_path: Path) -> None:
    """At the level `debug`, for an admin who sees all; then with a database that is broken."""
    said, port = tmp_path / "said", free_port()
    settings = {"VESTKA_LOG_LEVEL": "debug", "VESTKA_METRICS_PORT": str(port), "TMPDIR": str(tmp_path)}
    with sqlite_templates.copy(whole) as url:
        key, shown = new_key(url, "admin"), 0
        with (
            served(url, said=str(said), **settings) as running,
            httpx2.Client(base_url=running.base, headers=key, timeout=60) as client,
        ):
            for one in requests():
                answer = client.request(one.method, one.target, headers=dict(one.headers), content=one.body)
                shown += bool(marks_in(answer.text, Tier.PUBLIC))
            client.post("/v1/persons", headers={"content-type": "application/json"}, content=NONSENSE)
            break_the_records(Path(url.partition("///")[2]))
            broken = [client.get(f"/v1/persons{path}").status_code for path in ("", f"/{HIDDEN}", f"/{HIDDEN}/file")]
            metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    log = said.read_text(encoding="utf-8")
    assert shown > 50
    assert log.count('"event": "failed"') == broken.count(500) > 0
    assert "vestka_requests_total" in metrics
    assert marks_in(log, Tier.PUBLIC) + marks_in(metrics, Tier.PUBLIC) == []
