"""What a start loads: what only some requests need is loaded by the first of them."""

import subprocess
import sys

from tests.serving import ROOT

LATER = ("typst", "segno", "icalendar", "xlsxwriter", "alembic", "asyncpg")
ASK = f"import sys, app.main; print([name for name in {LATER} if name in sys.modules])"


def test_what_is_not_used_is_not_loaded() -> None:
    said = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
