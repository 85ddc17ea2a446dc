"""What those meet who run a register: how it stops, what it refuses, and what it says then."""

import signal
from pathlib import Path

import pytest

from tests.serving import free_port, served


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_ends_a_server_ends_it_in_order(sqlite_url: str, tmp_path: Path, workers: str) -> None:
    (kept := tmp_path / "kept").mkdir()
    settings = {"VESTKA_METRICS_PORT": str(free_port()), "TMPDIR": str(kept)}
    with served(sqlite_url, "--workers", workers, **settings) as server:
        assert list(kept.iterdir()) != []
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        assert list(kept.iterdir()) == []
