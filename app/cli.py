"""The command line: ``vestka serve`` and what else those who run a register need."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app import typed
from app.core.access import ApiKey, Scope, make_key, rotate
from app.core.database import Database
from app.core.dialects import Unfit
from app.core.dialects.trouble import refuse_absent, trouble
from app.core.migrating import Newer, migrate
from app.core.rebuilding import reindex
from app.core.record import Tier
from app.core.verifying import verify
from app.parts import open_database, prepare, refuse_another
from app.places import OPENAPI
from app.register import KINDS
from app.register.seeding import seed
from app.settings import Settings
from app.sync.backup.archive import Unusable
from app.sync.backup.making import back_up
from app.sync.backup.restoring import Refused, check, restore
from app.sync.mirror import command as mirroring
from app.sync.mirror.stops import Stopped
from app.sync.writing import Foreign, export, refuse_foreign

_SCOPES: Final = get_args(get_args(Scope)[0])
_AUTHOR: Final = "cli"
Command = Callable[[argparse.Namespace, Settings], Coroutine[Any, Any, int]]


class Failed(Exception):  # noqa: N818 - what is said on standard error
    """A command that could not be carried out, with a sentence for the operator."""


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _migrated(settings: Settings) -> None:
    """Bring the database up to date, or say what stands in the way."""
    try:
        migrate(settings.url)
    except Newer:
        raise Failed(
            "This database was made by a newer version of Vestka. Run that one; nothing was changed."
        ) from None
    except OSError as error:
        raise Failed(trouble(settings.url, error)) from None
    except TypeError as error:  # what stands behind the question mark of an address is handed to the driver
        if "unexpected keyword argument" not in str(error):
            raise
        words = f"VESTKA_DATABASE_URL: the driver knows no such parameter ({error}). For encryption say ssl=require."
        raise Failed(words) from None


@asynccontextmanager
async def _opened(settings: Settings, *, new: bool = False) -> AsyncIterator[Database]:
    """Open the database, migrated; only some commands may make a ``new`` one."""
    if not new:
        refuse_absent(settings.url)
    await asyncio.to_thread(_migrated, settings)
    database = open_database(settings.url)
    try:
        await prepare(database)
        yield database
    finally:
        await database.close()


def _serve(said: argparse.Namespace, settings: Settings) -> int:
    from app.serving import run  # noqa: PLC0415 - other commands start faster without it

    if said.no_seed:
        os.environ["VESTKA_SEED"] = "false"
    _refuse_taken(said.host, said.port, "--port (and --host)")
    if settings.metrics_port:
        _refuse_taken(settings.metrics_host, settings.metrics_port, "VESTKA_METRICS_PORT (and VESTKA_METRICS_HOST)")
    _migrated(settings)
    asyncio.run(_same(settings))
    asyncio.run(_seed_first(settings, wanted=settings.seed and not said.no_seed))
    host = f"[{said.host}]" if ":" in said.host else said.host
    address = f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0'} else host}:{said.port}"  # noqa: S104 - compared, not bound
    _say(f"Vestka answers at {address}\n  read:   {address}/v1/persons\n  docs:   {address}/docs")
    _say("  write:  make a key with `key create --owner NAME --scope write` (see README)")
    return run(settings, said.host, said.port, said.workers)


def _refuse_taken(host: str, port: int, settings: str) -> None:
    """Refuse an address that somebody listens on, before anything is done."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        words = f"{host}, port {port}: {error.strerror}. Choose another with {settings}."
        raise Failed(words) from None


async def _same(settings: Settings) -> None:
    """Refuse a replica of another register, before workers are told to begin again and again."""
    if settings.read_url == settings.url:
        return
    refuse_absent(settings.read_url, "VESTKA_READ_DATABASE_URL")
    database = open_database(settings.url, settings.read_url)
    try:
        await refuse_another(database)
    finally:
        await database.close()


async def _seed_first(settings: Settings, *, wanted: bool) -> None:
    if not wanted:
        return
    database = open_database(settings.url)
    try:
        await prepare(database)
        added = await seed(database, only_if_empty=True)
    finally:
        await database.close()
    if added:
        _say(f"The register was empty; {added} records of the first content were added.")


async def _migrate(_: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings, new=True):
        _say("The database is current.")
    return 0


async def _seed(_: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings, new=True) as database:
        _say(f"{await seed(database)} records added.")
    return 0


def _refuse_unseen() -> None:
    """Refuse to make a key that nobody would see."""
    if str(getattr(sys.stdout, "name", "")) == os.devnull:  # as `main` opened it; what a shell opens has no such name
        raise Failed("Standard output is closed, and a key is printed only once. No key was made.")


def _show(token: str) -> None:
    """Print a key before it is kept, so that none is made that nobody saw."""
    try:
        sys.stdout.write(token + "\n")
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None  # what is left in it would be tried once more at the end, and complained of
        raise Failed(f"The key could not be printed ({error.strerror}). No key was made.") from None


async def _key_create(said: argparse.Namespace, settings: Settings) -> int:
    _refuse_unseen()
    expires = datetime.now(UTC) + timedelta(days=said.days) if said.days else None
    key, token = make_key(said.owner, said.scope, expires)
    async with _opened(settings, new=True) as database, database.write(_AUTHOR) as session:
        session.add(key)
        _show(token)
    return 0


async def _key_list(_: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database, database.read() as session:
        keys = (await session.execute(select(ApiKey))).scalars().all()
    now = datetime.now(UTC)
    width = max((len(",".join(key.scopes)) for key in keys), default=0) + 2
    for key in sorted(keys, key=lambda key: key.created_at):
        state = "valid" if key.valid(now) else "revoked" if key.revoked_at else "expired"
        until = key.expires_at.date().isoformat() if key.expires_at else "no end"
        used = f"used {key.last_used_on}" if key.last_used_on else "never used"
        sys.stdout.write(f"{key.prefix}  {state:8}{until:12}{used:17}{','.join(key.scopes):{width}}{key.owner}\n")
    return 0


async def _key_of(session: AsyncSession, prefix: str) -> ApiKey:
    prefix = prefix.removeprefix("vk_").partition("_")[0]
    query = select(ApiKey).where(ApiKey.prefix == prefix)  # type: ignore[arg-type]  # a column, not a bool
    key = (await session.execute(query)).scalar_one_or_none()
    if key is None:
        raise Failed(f"No key has the prefix {prefix}; `key list` shows those there are, whole.")
    return key


async def _key_rotate(said: argparse.Namespace, settings: Settings) -> int:
    _refuse_unseen()
    async with _opened(settings) as database, database.write(_AUTHOR) as session:
        key = await _key_of(session, said.prefix)
        if not key.valid(datetime.now(UTC)):
            raise Failed(f"Key {key.prefix} has ended already. Make a new one with `key create`.")
        _, token = await rotate(session, key, said.days)
        _show(token)
    _say(f"Key {key.prefix} works until {key.expires_at:%Y-%m-%d %H:%M} UTC.")
    return 0


async def _key_revoke(said: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database, database.write(_AUTHOR) as session:
        key = await _key_of(session, said.prefix)
        key.revoked_at = key.revoked_at or datetime.now(UTC)
    _say(f"Key {key.prefix} is revoked.")
    return 0


async def _verify(said: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database, database.copy() as session:
        found = await verify(session, KINDS, said.head, database.recorder if said.derived else None)
    sys.stdout.write(found.text + "\n")
    return 0 if found.sound else 1


async def _reindex(_: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database:
        changed = await reindex(database)
    _say(f"Rebuilt; {changed} rows were not as they should have been.")
    return 0


async def _backup(said: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database:
        contents, verdict = await back_up(database, said.file, replace=said.replace)
    _say(contents.text)
    if not verdict.sound:
        _say(f"The register is not as its history says, and so is the backup: {verdict.text}")
    return 0 if verdict.sound else 1


async def _restore(said: argparse.Namespace, settings: Settings) -> int:
    backup = check(said.file)
    if said.check:
        _say(backup.contents.text)
        return 0
    await asyncio.to_thread(_migrated, settings)
    done = await restore(settings.url, KINDS, backup, replace=said.replace, unsound=said.unsound)
    async with _opened(settings):  # what this version keeps in its own way is made current
        _say(done.contents.text)
    for line in done.again:
        _say(line)
    if done.ended:
        _say(f"Keys that were revoked since, or given an earlier end, keep their end: {done.ended}.")
    return 0


async def _export(said: argparse.Namespace, settings: Settings) -> int:
    async with _opened(settings) as database:
        try:
            await export(database, Tier[said.tier.upper()], said.kind, said.file)
        except BrokenPipeError:  # who reads has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


async def _mirror(said: argparse.Namespace, settings: Settings) -> int:
    if said.url is None and not said.detach:
        said.wrong("say which register to copy, as in `vestka mirror https://register.example`")
    if said.detach and said.key_file is not None:
        said.wrong("argument --key-file: not allowed with argument --detach")
    async with _opened(settings, new=True) as database:
        try:
            await mirroring.run(database, said)
        except Stopped as stopped:
            raise Failed(str(stopped)) from None
    return 0


def _openapi(said: argparse.Namespace, _: Settings) -> int:
    from app.main import openapi_text  # noqa: PLC0415 - only this command needs the application

    text = openapi_text()
    if said.check:
        there = OPENAPI.read_text(encoding="utf-8") if OPENAPI.exists() else None
        state = "current." if there == text else f"{'missing' if there is None else 'stale'}: run `vestka openapi`."
        _say(f"openapi.json is {state}")
        return 0 if there == text else 1
    if said.output == "-":
        sys.stdout.write(text)
    else:
        file = Path(said.output or OPENAPI)
        refuse_foreign(file, text.partition(":")[0].encode(), "description of the API")
        file.write_text(text, encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vestka", description="An open case register of political prisoners.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="migrate, seed an empty register, and serve it")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    serve.add_argument("--port", type=typed.port, default=8000, help="the port to listen on")
    serve.add_argument("--workers", type=typed.count, default=1, help="how many processes serve")
    serve.add_argument("--no-seed", action="store_true", help="leave an empty register empty")
    serve.set_defaults(run=_serve)
    for name, run, text in (
        ("migrate", _migrate, "bring the database's tables to this version"),
        ("seed", _seed, "add the first content, where it never was"),
        ("reindex", _reindex, "rebuild what is derived from the records"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    check = commands.add_parser("verify", help="check the history, and every record against it")
    check.add_argument("--head", type=typed.head, help="a head that was published: HASH, or POSITION:HASH")
    check.add_argument("--derived", action="store_true", help="also derive situations and indexes anew, and compare")
    check.set_defaults(run=_verify)
    _add_keys(commands)
    _add_backup(commands)
    exported = commands.add_parser("export", help="write the register as JSON Lines")
    exported.add_argument("--kind", action="append", default=[], choices=list(KINDS), help="repeat for several")
    tiers = [tier.name.lower() for tier in Tier]
    exported.add_argument("--tier", choices=tiers, default="public", help="what who may see; public by default")
    exported.add_argument("file", nargs="?", type=Path, help="where to write it; standard output without")
    exported.set_defaults(run=_export)
    mirror = commands.add_parser("mirror", help="copy another register, and follow it")
    mirroring.add_arguments(mirror)
    mirror.set_defaults(run=_mirror, wrong=mirror.error)
    openapi = commands.add_parser("openapi", help="write openapi.json")
    openapi.add_argument("--check", action="store_true", help="fail when the file is stale")
    openapi.add_argument("--output", metavar="FILE", help="where to write it; - for standard output")
    openapi.set_defaults(run=_openapi)
    return parser


def _add_keys(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    keys = commands.add_parser("key", help="make, list, rotate and revoke API keys").add_subparsers(required=True)
    create = keys.add_parser("create", help="make a key; it is printed this once")
    create.add_argument("--owner", required=True, type=typed.owner, help="who holds it; the author of its changes")
    create.add_argument("--scope", required=True, action="append", choices=_SCOPES, help="repeat for several")
    create.add_argument("--days", type=typed.count, help="after how many days it ends")
    create.set_defaults(run=_key_create)
    keys.add_parser("list", help="list keys").set_defaults(run=_key_list)
    rotate = keys.add_parser("rotate", help="make a key in place of another, which works for some days more")
    rotate.add_argument("prefix", help="how the old key begins, as `key list` shows it")
    rotate.add_argument("--days", type=typed.overlap, default=7, help="for how many days the old key still works (7)")
    rotate.set_defaults(run=_key_rotate)
    revoke = keys.add_parser("revoke", help="revoke a key at once")
    revoke.add_argument("prefix", help="how the key begins, as `key list` shows it")
    revoke.set_defaults(run=_key_revoke)


def _add_backup(commands: Any) -> None:  # noqa: ANN401 - the same
    backup = commands.add_parser("backup", help="write the whole register to a file, while it is served")
    backup.add_argument("file", type=Path, metavar="FILE", help="the file; an earlier backup that it holds is replaced")
    backup.add_argument("--replace", action="store_true", help="even one of another register, or of a later time")
    backup.set_defaults(run=_backup)
    back = commands.add_parser("restore", help="put a backup in the place of the register; stop the servers first")
    back.add_argument("file", type=Path, metavar="FILE", help="what `backup` has written, on either database")
    back.add_argument("--replace", action="store_true", help="even if the database holds a register")
    back.add_argument("--unsound", action="store_true", help="even if it is not as its history says")
    back.add_argument("--check", action="store_true", help="only read the file and say what it holds")
    back.set_defaults(run=_restore)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command: 0 done, 1 failed, 2 wrong usage."""
    os.umask(0o077)  # what is kept is for the one who runs the register
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - there is none where it was closed (`>&-`)
    try:
        said = _parser().parse_args(arguments)
        settings = Settings()
        done = said.run(said, settings)
        return asyncio.run(done) if asyncio.iscoroutine(done) else int(done)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_input=False):
            _say(
                f"VESTKA_{'_'.join(map(str, wrong['loc'])).upper()}: {str(wrong['msg']).removeprefix('Value error, ')}"
            )
        return 2
    except (Failed, Foreign, Refused, Unfit, Unusable) as failure:
        _say(str(failure))
    except SQLAlchemyError as error:
        _say(trouble(settings.url, error))
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or f"{error}")
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
