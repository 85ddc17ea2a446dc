"""`python3 run.py trust [--quick] [--only NAME] [--write]`."""

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

from bench.trust import CHECKS
from bench.trust.checks import REGISTRY, Check, Ground, Row
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
            told = [(one, _carried_out(one, ground)) for one in REGISTRY if said.only in (None, one.name)]
            if said.write:
                write(told, ground.postgres_version)
        finally:
            ground.close()
    wrong = sum(row.wrong for _, rows in told for row in rows)
    tried = sum(row.tried for _, rows in told for row in rows)
    print(f"\n{tried:,} things tried, {wrong:,} went wrong")
    return 1 if wrong else 0


def _carried_out(one: Check, ground: Ground) -> list[Row]:
    rows = one.rows(ground)
    print(printed(one, rows), flush=True)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py trust", description="Tries what SECURITY.md promises, hard.")
    parser.add_argument("--quick", action="store_true", help="try a twentieth of everything")
    parser.add_argument("--only", choices=[one.name for one in REGISTRY], help="this check alone")
    parser.add_argument("--write", action="store_true", help="write docs/trust.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
