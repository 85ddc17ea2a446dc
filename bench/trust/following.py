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
        times = ground.times(count)
        environment = {**os.environ, setting: str(times)}
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-x", "tests/sync/test_trials.py", "-k", name]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        said = done.stdout.strip().splitlines()[-1:] or [done.stderr[-200:]]
        yield Row(what, "each", times, unit, int(done.returncode != 0), "ended unequal", said[0][:200])
