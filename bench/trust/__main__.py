"""`python3 run.py trust [--quick] [--only NAME] [--write]`."""

import argparse
import importlib
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.trust import CHECKS
from bench.trust.checks import REGISTRY, Check, Ground, Row, apart
from bench.trust.telling import printed, write


def main() -> int:
    """Carry out the checks and print what came of them; 1 if anything went wrong."""
    for name in CHECKS:
        importlib.import_module(name)
    said = _parser().parse_args()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="vestka-trust-") as folder:
        ground = Ground(Path(folder), said.quick)
        try:
            told = _carried_out([one for one in REGISTRY if said.only in (None, one.name)], ground)
            if said.write:
                write(told, ground.postgres_version)
        finally:
            ground.close()
    wrong = sum(row.wrong for _, rows in told for row in rows)
    tried = sum(row.tried for _, rows in told for row in rows)
    print(f"\n{tried:,} things tried, {wrong:,} went wrong")
    return 1 if wrong else 0


def _carried_out(checks: list[Check], ground: Ground) -> list[tuple[Check, list[Row]]]:
    """Carry out one check after the other, and beside them those that leave room for others."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as aside:
        beside = [one.name for one in checks if one.beside]
        begun = {name: aside.submit(apart, name, ground.folder, CHECKS, quick=ground.quick) for name in beside}
        told = [(one, _told(one, one.rows(ground))) for one in checks if not one.beside]
        return told + [(one, _told(one, begun[one.name].result())) for one in checks if one.beside]


def _told(one: Check, rows: list[Row]) -> list[Row]:
    print(printed(one, rows), flush=True)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py trust", description="Tries what SECURITY.md promises, hard.")
    parser.add_argument("--quick", action="store_true", help="try a twentieth, some of it on one database only")
    parser.add_argument("--only", choices=[one.name for one in REGISTRY], help="this check alone")
    parser.add_argument("--write", action="store_true", help="write docs/trust.md, or its part of --only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
