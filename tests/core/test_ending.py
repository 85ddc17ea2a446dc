"""Who interrupts a command is heard, whenever that is; each in a process of its own, as commands are."""

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.serving import ROOT

_SCRIPT: Final = """
import asyncio, contextlib, os, signal
from app.core.ending import run

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

async def at_the_end():
    interrupt()
    return "done"

async def deaf():
    with contextlib.suppress(asyncio.CancelledError):
        interrupt()
        await asyncio.sleep(60)
    return "done"

async def waiting():
    interrupt()
    await asyncio.sleep(60)

async def failing():
    raise ValueError("as it does")

async def undisturbed():
    return await asyncio.sleep(0, "done")

try:
    print({runner}({work}()))
except (KeyboardInterrupt, ValueError) as error:
    print(repr(error))
"""


@pytest.mark.parametrize(
    ("runner", "work", "said"),
    [
        ("asyncio.run", "deaf", "done"),  # or else none of this is needed any more
        ("run", "at_the_end", "KeyboardInterrupt()"),
        ("run", "deaf", "KeyboardInterrupt()"),
        ("run", "waiting", "KeyboardInterrupt()"),
        ("run", "failing", "ValueError('as it does')"),
        ("run", "undisturbed", "done"),
    ],
)
def test_an_interrupt_is_heard(runner: str, work: str, said: str) -> None:
    script = _SCRIPT.replace("{runner}", runner).replace("{work}", work)
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], env=settings, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (said, "")
