"""Noise: requests that are broken in every way that a program can break them, and what comes of it.

Each function takes how much to try, so that a test tries little and `python3 run.py trust` all of it.
"""

import asyncio
import contextlib
import random
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.hostile import Address, Found, Hurt

ROOT: Final = Path(__file__).parents[1]
_AT_ONCE: Final = 16
_PATIENCE: Final = 30.0  # seconds after which a server that neither answers nor hangs up has hung
_ID: Final = b"00000000-0000-4000-8000-000000000000"
_BODY: Final = b'{"names":[{"kind":"legal","full":"Invented Person"}],"visibility":"public"}'
_CHUNKED: Final = (
    b"POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_STATUS: Final = re.compile(rb"^HTTP/1\.1 ([1-5][0-9]{2}) ")
# What clients send when they mean it.
_SENSE: Final = (
    b"GET /v1/persons?q=anna&limit=2 HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n",
    b"GET /v1/persons/" + _ID + b' HTTP/1.1\r\nHost: x\r\nIf-None-Match: "1-00", W/"x"\r\n\r\n',
    b"HEAD /v1/export?kind=persons HTTP/1.1\r\nHost: x\r\nAccept-Encoding: zstd, gzip;q=0.5\r\n\r\n",
    b"OPTIONS /v1/cases HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    b"POST /v1/persons HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_BODY), _BODY),
    _CHUNKED + b'1a\r\n{"queries":[{"name":"Anna"\r\n3\r\n}]}\r\n0\r\n\r\n',
    b"PATCH /v1/cases/" + _ID + b" HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/merge-patch+json\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /v1/changes?wait=0&after=AAAA HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer vk_00000000_x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eHg=\r\n\r\n",
)
_SPICE: Final = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"%00",
        b"%",
        b"%ff",
        b"\xd0",
        b"..",
        b"//",
        b"?",
        b"#",
        b" ",
        b"\t",
        b":",
    ),
    *(
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"CONNECT x:1",
        b"http://x/",
    ),
    *(b"Content-Length: -1\r\n", b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"ffffffffffffffff\r\n", b"-1\r\n"),
    *(
        b"Host: y\r\n",
        b"If-Match: \xff\r\n",
        b"Range: bytes=0-\r\n",
        b"Cookie: a=b\r\n",
        b": x\r\n",
        b"X: " + b"y" * 9000,
    ),
    *(b'{"a":' * 50, b"[" * 50, b'"\\ud800"', b"1e999", b"NaN", b'{"a":1,"a":2}', "Золотова".encode(), b"a" * 17_000),
)


async def noise(address: Address, requests: int, seed: int = 0) -> Found:
    """Send requests with something in them broken; each is answered as it should be, or the server hangs up."""
    found, at_once = Found("noise at the socket", requests), asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        sent = broken(seed * 1_000_003 + number)
        async with at_once:
            answer = await _exchange(address, sent)
        found.got[answer] += 1
        if answer == "nothing in time" or answer.startswith("5"):
            raise Hurt(f"{answer} to {sent[:300]!r}")

    for start in range(0, requests, 1000):
        await asyncio.gather(*(one(number) for number in range(start, min(requests, start + 1000))))
    return found


def broken(number: int) -> bytes:
    """Give a request, or a few behind one another, with a few things in them broken; now and then only bytes.

    The same number gives the same again.
    """
    dice = random.Random(number)
    if dice.random() < 0.05:  # noqa: PLR2004 - one in twenty
        return dice.randbytes(dice.randint(1, 400))
    sent = b"".join(dice.choice(_SENSE) for _ in range(dice.choice((1, 1, 1, 2, 3))))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        sent = dice.choice(_WAYS)(sent, dice)
    return sent


def _flipped(sent: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(sent) or 1)
    return sent[:at] + bytes([dice.randrange(256)]) + sent[at + 1 :]


def _spiced(sent: bytes, dice: random.Random) -> bytes:
    at = dice.choice((dice.randrange(len(sent) or 1), sent.find(b"\r\n") + 2))
    return sent[:at] + dice.choice(_SPICE) + sent[at:]


def _cut(sent: bytes, dice: random.Random) -> bytes:
    return sent[: dice.randint(1, len(sent) or 1)]


def _without(sent: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(sent) or 1)
    return sent[:at] + sent[at + dice.randint(1, 20) :]


def _twice(sent: bytes, dice: random.Random) -> bytes:
    lines = sent.split(b"\r\n")
    at = dice.randrange(len(lines))
    return b"\r\n".join([*lines[:at], lines[at], *lines[at:]])


_WAYS: Final[Sequence[Callable[[bytes, random.Random], bytes]]] = (_flipped, _spiced, _spiced, _cut, _without, _twice)


async def _exchange(address: Address, sent: bytes) -> str:
    """Send bytes and nothing more, and say how the server ended it."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(sent)
                writer.write_eof()
                answer = await reader.read()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        return "nothing in time"
    except OSError:
        return "hung up"
    status = _STATUS.match(answer)
    return "hung up" if not answer else status[1].decode() if status else "no status"


# The stream of changes does not end, and what ends single keys would end the key at hand, which lists tell of.
ALL_BUT_KEYS: Final = ("--exclude-path", "/v1/changes/stream", "--exclude-path-regex", "^/v1/keys/")
KEYS: Final = ("--include-path-regex", "^/v1/keys", "--exclude-name", "GET /v1/keys")  # no links lead there


def described(base: str, headers: Mapping[str, str], examples: int, *more: str, seed: int = 0) -> Found:
    """Have schemathesis try all that the description of the API allows, and what it does not, with every check."""
    said = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = [sys.executable, "-P", "-m", "schemathesis.cli", "run", f"{base}/openapi.json", *said]
    command += ["-n", str(examples), "--seed", str(seed), "--no-color", *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - of our own
    counted = re.search(r"([0-9,]+) generated", done.stdout)
    found = Found("requests by the description", int(counted[1].replace(",", "")) if counted else 0)
    if done.returncode != 0:
        raise Hurt(done.stdout[-6000:] + done.stderr[-2000:])
    return found
