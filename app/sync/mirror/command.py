"""``vestka mirror``."""

import argparse
from pathlib import Path
from typing import Any

from app.core.collecting import collect_seldom
from app.core.database import Database
from app.sync.mirror.detaching import detach
from app.sync.mirror.running import Mirror
from app.sync.mirror.source import Source, base_of
from app.sync.mirror.stops import Patience, Stopped
from app.sync.mirror.telling import Teller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("url", nargs="?", help="the register to copy, as in https://register.example")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="a file with your key there; public without")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", action="store_true", help="go on following it")
    what.add_argument("--detach", action="store_true", help="end the copy: its records become this register's own")


async def run(database: Database, said: Any) -> None:  # noqa: ANN401 - argparse's namespace
    """Carry it out; ``Stopped`` says why it ended early."""
    collect_seldom()
    teller = Teller()
    if said.detach:
        count = await detach(database, said.url and base_of(said.url), teller)
        teller.say(f"{count:,} records are this register's own now.")
        return
    source = Source(said.url, _key(said.key_file))
    if said.key_file and source.url.startswith("http://"):
        teller.say("The key goes over the line as it is: use https, except on this machine or an onion service.")
    await Mirror(database, source, said.follow, teller, Patience()).run()


def _key(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Stopped(f"{file} cannot be read ({getattr(error, 'strerror', None) or 'no text'}).") from None
    if not key.startswith("vk_") or not key.isascii() or not key.isprintable() or " " in key:
        raise Stopped(f"{file} holds no key: one line as `vestka key create` prints it.")
    return key
