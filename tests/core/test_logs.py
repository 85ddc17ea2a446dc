"""Logs: one line of JSON on standard error for what the service does, nothing about who reads."""

import json
import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog

from app.core import logs

SECRET = "zqxwhatareadersent"


@pytest.fixture
def guarded() -> Iterator[None]:
    """The logs as they are while a server serves; afterwards everything is as it was."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi", "invented"))]
    before = [(one, one.handlers, one.level, one.propagate, one.disabled) for one in loggers]
    hooks = sys.unraisablehook, threading.excepthook, logging.raiseExceptions
    logs.configure("debug")
    logs.guard()
    yield
    sys.unraisablehook, threading.excepthook, logging.raiseExceptions = hooks
    for one, handlers, level, propagate, disabled in before:
        one.handlers, one.propagate, one.disabled = handlers, propagate, disabled
        one.setLevel(level)


def failing() -> BaseException:
    """Give an error as one is that was raised while a request was answered."""
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError as error:
        return error
    raise AssertionError


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


@pytest.mark.usefixtures("guarded")
def test_what_libraries_say_is_a_line_without_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=failing())
    logging.getLogger("uvicorn.error").error("ASGI callable should return None, but returned '%s'.", SECRET)
    logging.getLogger("asyncio").error(SECRET, exc_info=failing())
    logging.getLogger("invented").warning("%s", SECRET)
    said = capsys.readouterr()
    assert said.out == ""
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert [line["logger"] for line in lines] == ["uvicorn.error", "uvicorn.error", "asyncio", "invented"]
    assert (lines[0]["error"], lines[0]["at"]) == ("KeyError", lines[2]["at"])
    assert lines[0]["at"][0].startswith("test_logs.py:")
    assert SECRET not in said.err


@pytest.mark.usefixtures("guarded")
def test_what_nobody_catches_is_a_line_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    class Dropped:
        def __del__(self) -> None:
            raise ValueError(SECRET)

    Dropped()
    thread = threading.Thread(target=lambda: int(SECRET))
    thread.start()
    thread.join()
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert [(line["event"], line["error"]) for line in lines] == [
        ("unraisable", "ValueError"),
        ("thread", "ValueError"),
    ]
    assert SECRET not in said.err


@pytest.mark.usefixtures("guarded")
def test_connections_and_messages_are_not_told_however_much_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("uvicorn.error", "uvicorn.asgi", "aiosqlite", "asyncio", "sqlalchemy.engine"):
        for level in (5, logging.DEBUG, logging.INFO):
            logging.getLogger(name).log(level, "%s - HTTP connection made", SECRET)
    assert capsys.readouterr().err == ""
    assert logging.getLogger("uvicorn.error").level >= logging.INFO


@pytest.mark.usefixtures("guarded")
def test_what_the_server_says_before_anybody_asks_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord(
        "uvicorn.error", logging.ERROR, "/lib/uvicorn/lifespan/on.py", 1, "No %s.", ("file",), None
    )
    logging.getLogger("uvicorn.error").handle(record)
    assert json.loads(capsys.readouterr().err)["words"] == "No file."
