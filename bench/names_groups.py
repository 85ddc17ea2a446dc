"""Measures the name engine group by group: `python -m bench.names_groups [--group akanie,az] [--missed 20]`.

The groups are spellings that have been seen to defeat searches (`names_cases.txt`) and people of other lands. Half of
each group is for those who work on the rules, and `--missed` prints what failed there; the other half is held out, and
only its figures are shown.
"""

import argparse
import statistics
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bench.names import Answer, Engine, engine, place, token_sort_baseline, trigram_baseline
from bench.names_lands import LANDS, Foreigner, foreigners
from bench.names_people import SCHEMES, people

_CROWD: Final = 600
"""People of each land who are indexed."""
_ASKED: Final = 160
"""How many of them are asked for, in so many other writings."""
_WRITINGS: Final = 2
_TOP: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A spelling of somebody who is indexed in another."""

    group: str
    text: str
    owner: int
    held: bool


def cases() -> Iterator[tuple[str, str, list[str]]]:
    """Yield the rows of `names_cases.txt`: group, indexed name, queries."""
    group = ""
    for line in Path(__file__).with_name("names_cases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            indexed, *asked = (part.strip() for part in line.split("|"))
            yield group, indexed, asked


def built(crowd: int) -> tuple[list[tuple[int, str]], list[Asked]]:
    """Return whom to index, numbered, and what to ask; the crowd are our region's people, whom nobody asks for."""
    random = Random(4)
    texts = [
        person.spelt(random.choice(SCHEMES), patronymic=random.random() < 0.7)  # noqa: PLR2004 - a share
        for person in people(crowd, seed=77)
    ]
    asked: list[Asked] = []
    for group, indexed, queries in cases():
        texts.append(indexed)
        asked += [Asked(group, query, len(texts), _held(indexed)) for query in queries]
    for land in LANDS:
        for person in foreigners(land, _CROWD, seed=8):
            indexed, others = _chosen(person, random)
            texts.append(person.writings[indexed])
            if person.number <= _ASKED:
                asked += [
                    Asked(f"{land} {other}" if land == "abroad" else land, query, len(texts), _held(texts[-1]))
                    for other, query in others
                ]
    return list(enumerate(texts, 1)), asked


def _held(indexed: str) -> bool:
    return zlib.crc32(indexed.encode()) % 2 == 0


def _chosen(person: Foreigner, random: Random) -> tuple[str, list[tuple[str, str]]]:
    """Choose the writing to index and the others to ask in."""
    ours = ["ru", "latin"] if person.land == "abroad" else list(person.writings)
    indexed = random.choice(ours)
    known = {person.writings[name] for name in (ours if person.land == "abroad" else [indexed])}
    others = [(name, text) for name, text in person.writings.items() if text not in known]
    random.shuffle(others)
    return indexed, others[:_WRITINGS]


def _report(name: str, ask: Engine, asked: Sequence[Asked], texts: dict[int, str], missed: int) -> None:
    answers: dict[str, list[tuple[Asked, Answer]]] = defaultdict(list)
    took = []
    for one in asked:
        start = time.process_time()
        answers[one.group].append((one, ask(one.text)))
        took.append(1000 * (time.process_time() - start))
    cut = statistics.quantiles(took, n=20)
    print(f"{name}: {len(texts)} people, {len(asked)} queries, ms p50 {cut[9]:.1f} p95 {cut[-1]:.1f}")
    for group, found in answers.items():
        halves = (_figures([entry for entry in found if entry[0].held is held]) for held in (False, True))
        print(f"  {group:30} seen {next(halves)} | held out {next(halves)}")
        failed = [entry for entry in found if not entry[0].held and place(entry[0].owner, entry[1]) != 1]
        for one, answer in failed[:missed]:
            best = [(texts[number], score) for number, score in answer[:2]]
            print(f"      {one.text} → {texts[one.owner]} at {place(one.owner, answer)}: {best}")


def _figures(answers: Sequence[tuple[Asked, Answer]]) -> str:
    places = [place(one.owner, answer) for one, answer in answers]
    count = max(1, len(places))
    first, top = sum(at == 1 for at in places) / count, sum(0 < at <= _TOP for at in places) / count
    return f"{len(places):4} R@1 {first:.3f} R@5 {top:.3f} MRR {sum(1 / at for at in places if at) / count:.3f}"


def main() -> None:
    """Build the groups, ask the engine and, if wanted, the baselines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="distractors of our region")
    parser.add_argument("--group", default="", help="beginnings of the names of groups, with commas")
    parser.add_argument("--missed", type=int, default=0, help="print so many queries of each group that failed")
    parser.add_argument("--baselines", action="store_true")
    options = parser.parse_args()
    forms, asked = built(options.people)
    asked = [one for one in asked if one.group.startswith(tuple(options.group.split(",")))]
    _report("engine", engine(forms), asked, dict(forms), options.missed)
    if options.baselines:
        _report("trigram", trigram_baseline(forms), asked, dict(forms), 0)
        _report("token sort", token_sort_baseline(forms), asked, dict(forms), 0)


if __name__ == "__main__":
    main()
