"""Logs: one line of JSON on standard error for what the service does, nothing about who reads."""

import json
import logging

import pytest
import structlog

from app.core import logs


def test_a_line_is_json_on_standard_error_and_nothing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    structlog.get_logger().info("an invented event", count=1)
    said = capsys.readouterr()
    assert said.out == ""
    line = json.loads(said.err)
    assert (line["event"], line["level"], line["count"]) == ("an invented event", "info", 1)


def test_the_servers_own_log_of_requests_is_silent_whatever_starts_it() -> None:
    """With `uvicorn app.main:app`, too: it would hold addresses and queries."""
    logs.configure("info")
    assert logging.getLogger("uvicorn.access").disabled
