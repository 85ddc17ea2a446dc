"""The process is killed while it migrates and seeds, or is asked for batches and purges: each is done once, or not."""

import random
from collections.abc import Iterator

from app.register.seeding import seeds
from bench.trust.checks import Ground, Row, check
from tests.core.interrupting import begun_again, dying, faults_of, interrupted, statements_of

_STARTS = 40
_LIVES = 8


@check(
    "kills", "A first start that is killed at any moment has done all of a step or nothing; the next makes it whole."
)
def kills(ground: Ground) -> Iterator[Row]:
    """Kill a first start, half of the times while it makes the tables and half while it seeds, and start again."""
    wanted = sum(map(len, seeds().values()))
    for database in ("SQLite", "PostgreSQL"):
        url = ground.register(database, migrated=False)
        if url is None:
            return
        making, filling = statements_of(url)
        times, wrong = ground.times(_STARTS) // 2, list[str]()
        moments = [making * number // (times + 1) for number in range(1, times + 1)]
        moments += [making + filling * number // (times + 1) for number in range(1, times + 1)]
        for moment in moments:
            url = ground.register(database, migrated=False)
            if url is not None:
                dying(url, moment, "seed")
                wrong += begun_again(url, wanted)
        note = "; ".join([f"{making} statements make the tables, {filling} fill them", *wrong[:3]])[:300]
        yield Row(
            "killed while it migrates and seeds", database, len(moments), "kills", len(wrong), "done by half", note
        )


@check("interrupted", "A batch or a purge that is killed is done whole or not at all; what was answered is done.")
def interruptions(ground: Ground) -> Iterator[Row]:
    """Kill servers that add in batches and purge, one after the other on the same register."""
    dice = random.Random(3)
    for database, url in ground.registers():
        answered, wrong = 0, list[str]()
        lives = ground.times(_LIVES)
        for _ in range(lives):
            asked = ground.run(interrupted(url, dice.uniform(0, 1)))
            wrong += ground.run(faults_of(url, asked))
            answered += asked.answered
        note = "; ".join([f"{lives} kills", *wrong[:3]])[:300]
        unit, fault = "batches and purges answered", "done by half, lost, or not erased"
        yield Row("killed among batches and purges", database, answered, unit, len(wrong), fault, note)
