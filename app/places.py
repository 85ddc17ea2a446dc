"""Where the files are that come with the program: in the repository, or in the wheel."""

import hashlib
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_BUNDLED: Final = _HERE / "_bundled"
_ROOT: Final = _BUNDLED if _BUNDLED.is_dir() else _HERE.parent

MIGRATIONS: Final = _ROOT / "migrations"
SEED: Final = _ROOT / "seed"
STATIC: Final = _HERE / "static"
OPENAPI: Final = _ROOT / "openapi.json"


def mark_of_code() -> str:
    """Give what changes when the program's files do: a process that begins later may find others than this one did."""
    files = sorted([*_HERE.rglob("*.py"), *MIGRATIONS.rglob("*.py")])
    said = "".join(f"{file}|{(stat := file.stat()).st_size}|{stat.st_mtime_ns}\n" for file in files)
    return hashlib.sha256(said.encode()).hexdigest()
