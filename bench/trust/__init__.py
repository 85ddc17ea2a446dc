"""`python3 run.py trust`: the promises of SECURITY.md, tried hard, and what came of it as a table.

To add a check, write a function that takes the `Ground` and gives a `Row` for each thing that was tried, in a module
of its own, and name the module in `CHECKS`:

    from bench.trust.checks import Ground, Row, check

    @check("hostile clients", "Whoever means harm gets a refusal, and nobody else has to wait.")
    def hostile(ground: Ground) -> Iterator[Row]:
        for database, url in ground.registers():  # fresh and migrated; on SQLite, and on PostgreSQL if there is one
            found = ground.run(attack(url, ground.times(10_000)))  # a coroutine; 500 times with --quick
            yield Row("idle connections", database, found.tried, "connections tried", found.hurt, "others that waited")

A row says how much was tried and how much of it went wrong; anything wrong makes the command end with 1. A check that
raises, or that takes longer than its `minutes`, is a row that says so, and the next one is tried. Checks start what
they need themselves (`tests.serving.served` runs a server in a process of its own) and put files in `ground.folder`.
`ground.say` tells those who watch. A check that is `beside` the others is carried out in a process of its own.
`python3 run.py trust --only NAME` carries out one, `--write` makes the page.
"""

from typing import Final

CHECKS: Final = (
    "bench.trust.tampering",
    "bench.trust.backups",
    "bench.trust.faults",
    "bench.trust.failover",
    "bench.trust.kills",
    "bench.trust.noises",
    "bench.trust.following",
    "bench.trust.crowds",
)
