"""Where the files are that come with the program: in the repository, or in the wheel."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_BUNDLED: Final = _HERE / "_bundled"
_ROOT: Final = _BUNDLED if _BUNDLED.is_dir() else _HERE.parent

MIGRATIONS: Final = _ROOT / "migrations"
SEED: Final = _ROOT / "seed"
STATIC: Final = _HERE / "static"
OPENAPI: Final = _ROOT / "openapi.json"
