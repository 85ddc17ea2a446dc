"""Following under trial: writers, cut lines, killed servers and mirrors, and any sequence of changes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from bench.trust.checks import Ground, Row, check
from tests.serving import ROOT

_TRIALS: Final = {
    "copies after kills": ("whoever_is_killed", "VESTKA_TRIAL_KILLS", 15, "lives of a server"),
    "copies after any changes": ("any_sequence", "VESTKA_TRIAL_EXAMPLES", 100, "sequences for each tier"),
}


@check("following", "Copies miss nothing, take nothing twice, and end equal.", minutes=60)
def following(ground: Ground) -> Iterator[Row]:
    """Carry out the trials of `tests/sync/test_trials.py`, longer."""
    for what, (name, setting, count, unit) in _TRIALS.items():
        for database, dialect in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql")):
            times = ground.times(count)
            environment = {**os.environ, setting: str(times)}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "tests/sync/test_trials.py",
                "-k",
                f"{name} and {dialect}",
            ]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
            note = "" if done.returncode == 0 else done.stdout.strip().splitlines()[-1][:200]
            yield Row(what, database, times, unit, int(done.returncode != 0), "ended unequal", note)
