"""Measures the name engine on invented people, beside two baselines: `python -m bench.names [--people 20000]`."""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final

from anyascii import anyascii
from rapidfuzz import fuzz, process

from app.names.index import MemoryIndex
from app.names.verdict import Verdict, verdict
from bench.names_fair import is_tie
from bench.names_people import SCHEMES, Invented, people, slip

KINDS: Final = ("schemes", "slip", "order", "no patronymic", "nobody")
GOALS: Final = {"schemes": 0.985, "slip": 0.965, "order": 0.985, "no patronymic": 0.99}
_TOP: Final = 5

Answer = list[tuple[int, float]]
Engine = Callable[[str], Answer]
Ties = Callable[["Query", Answer], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A spelling, whose it is (0: nobody's) and how it was made."""

    text: str
    owner: int
    kind: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What one engine reaches on one kind of query."""

    recall_1: float
    recall_5: float
    mrr: float
    p50: float
    p95: float


def queries(targets: Sequence[Invented], strangers: Sequence[Invented], indexed: dict[int, str]) -> list[Query]:
    """Spell each target in a scheme that is not the indexed one, in four ways; and strangers, whom nobody indexed."""
    random = Random(7)
    made = []
    for person in targets:
        other = [scheme for scheme in SCHEMES if scheme != indexed[person.number]]
        full, slipped, turned, short = (random.choice(other) for _ in range(4))
        first = random.random() < 0.5  # noqa: PLR2004 - half
        shuffled = person.spelt(turned).split()
        random.shuffle(shuffled)
        made += [
            Query(person.spelt(full), person.number, "schemes", full),
            Query(slip(person.spelt(slipped, patronymic=first), random), person.number, "slip", slipped),
            Query(" ".join(shuffled), person.number, "order", turned),
            Query(person.spelt(short, patronymic=False, surname_first=first), person.number, "no patronymic", short),
        ]
    for person in strangers:
        scheme = random.choice(SCHEMES)
        made.append(Query(person.spelt(scheme, patronymic=random.random() < 0.5), 0, "nobody", scheme))  # noqa: PLR2004 - a share
    return made


def engine(forms: Sequence[tuple[int, str]]) -> Engine:
    """Return the register's own search over these names."""
    index = MemoryIndex()
    for number, text in forms:
        index.add(number, text)

    def ask(text: str) -> Answer:
        return [(int(str(hit.owner)), hit.score) for hit in index.search(text)]

    return ask


def trigram_baseline(forms: Sequence[tuple[int, str]]) -> Engine:
    """Return a search by shared trigrams of the folded name (Jaccard, as pg_trgm's similarity)."""
    grams = {number: _trigrams(text) for number, text in forms}
    postings: dict[str, list[int]] = {}
    for number, own in grams.items():
        for gram in own:
            postings.setdefault(gram, []).append(number)

    def ask(text: str) -> Answer:
        sought, shared = _trigrams(text), dict[int, int]()
        for gram in sought:
            for number in postings.get(gram, ()):
                shared[number] = shared.get(number, 0) + 1
        scored = [(number, count / (len(sought) + len(grams[number]) - count)) for number, count in shared.items()]
        return sorted(scored, key=lambda entry: (-entry[1], entry[0]))[:20]

    return ask


def _trigrams(text: str) -> set[str]:
    return {f"  {word} "[i : i + 3] for word in _folded(text).split() for i in range(len(word) + 1)}


def token_sort_baseline(forms: Sequence[tuple[int, str]]) -> Engine:
    """Return rapidfuzz's token_sort_ratio over all folded names."""
    folded = [" ".join(sorted(_folded(text).split())) for _, text in forms]

    def ask(text: str) -> Answer:
        sought = " ".join(sorted(_folded(text).split()))
        best = process.extract(sought, folded, scorer=fuzz.ratio, limit=20)
        return [(forms[place][0], score / 100) for _, score, place in best]

    return ask


def _folded(text: str) -> str:
    return anyascii(text).lower().replace("'", "")


def measured(ask: Engine, asked: Sequence[Query]) -> tuple[Figures, list[tuple[Query, Answer]]]:
    """Ask every query once and return the figures with the answers."""
    answers, took = [], []
    for query in asked:
        start = time.process_time()
        answers.append((query, ask(query.text)))
        took.append((time.process_time() - start) * 1000)
    places = [place(query.owner, answer) for query, answer in answers]
    cut = statistics.quantiles(took, n=20)
    figures = Figures(
        recall_1=sum(place == 1 for place in places) / len(places),
        recall_5=sum(0 < place <= _TOP for place in places) / len(places),
        mrr=sum(1 / place for place in places if place) / len(places),
        p50=statistics.median(took),
        p95=cut[-1],
    )
    return figures, answers


def place(owner: int, answer: Answer) -> int:
    """Return the place of the one who was meant in an answer, from 1; 0 for none."""
    return next((place for place, (number, _) in enumerate(answer, 1) if number == owner), 0)


def _precision(answers: Sequence[tuple[Query, Answer]]) -> tuple[int, int, int]:
    """Return how many answers are a sure match, how many of these are right, how many strangers got no answer."""
    sure = right = empty = 0
    for query, answer in answers:
        scores = [score for _, score in answer]
        found = verdict(scores[0], scores[1] if len(scores) > 1 else 0.0) if scores else Verdict.NONE
        sure += found is Verdict.MATCH
        right += found is Verdict.MATCH and answer[0][0] == query.owner
        empty += query.kind == "nobody" and not answer
    return sure, right, empty


def _report(name: str, ask: Engine, asked: Sequence[Query], ties: Ties, *, missed: int) -> None:
    everything: list[tuple[Query, Answer]] = []
    for kind in KINDS:
        figures, answers = measured(ask, [query for query in asked if query.kind == kind])
        everything += answers
        goal = f"  goal {GOALS[kind]}  {_without_ties(answers, ties)}" if kind in GOALS else ""
        print(
            f"{name:12} {kind:14} R@1 {figures.recall_1:.4f}  R@5 {figures.recall_5:.4f}  MRR {figures.mrr:.4f}"
            f"  ms p50 {figures.p50:.1f} p95 {figures.p95:.1f}{goal}"
        )
    if name == "engine":
        sure, right, empty = _precision(everything)
        strangers = sum(query.kind == "nobody" for query in asked)
        print(f"{name:12} match verdict: {sure} of {len(asked)}, precision {right / max(1, sure):.4f}, goal 0.99")
        print(f"{name:12} strangers who got an empty list: {empty} of {strangers}")
        _print_missed(everything, missed)


def _without_ties(answers: Sequence[tuple[Query, Answer]], ties: Ties) -> str:
    """Say how many queries mean two people alike, and what the recall is without these."""
    kept = [place(query.owner, answer) for query, answer in answers if not ties(query, answer)]
    first = sum(at == 1 for at in kept) / max(1, len(kept))
    return f"{len(answers) - len(kept)} ties, R@1 without {first:.4f}"


def _print_missed(answers: Sequence[tuple[Query, Answer]], count: int) -> None:
    wrong = (entry for entry in answers if entry[0].owner and place(entry[0].owner, entry[1]) != 1)
    for query, answer in islice(wrong, count):
        print(f"  missed {query.kind:14} {query.scheme:14} {query.text} → {place(query.owner, answer)} {answer[:2]}")


def built(crowd: int, count: int) -> tuple[list[tuple[int, str]], list[Query], list[Invented]]:
    """Return the names to index with whose they are, the queries, and everybody in the order of their numbers."""
    strangers = count // 4
    everybody = list(people(crowd + count + strangers, seed=20_201))
    random = Random(11)
    indexed = {person.number: random.choice(SCHEMES) for person in everybody[:-strangers]}
    patronymic = {number: random.random() < 0.7 for number in indexed}  # noqa: PLR2004 - a share, as in real registers
    forms = [
        (person.number, person.spelt(indexed[person.number], patronymic=patronymic[person.number]))
        for person in everybody[:-strangers]
    ]
    return forms, queries(everybody[:count], everybody[-strangers:], indexed), everybody


def main() -> None:
    """Build the set, ask the engine and the baselines, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="distractors")
    parser.add_argument("--targets", type=int, default=1_000, help="people who are asked for, four queries each")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--missed", type=int, default=0, help="print so many queries that failed")
    options = parser.parse_args()
    forms, asked, everybody = built(options.people, options.targets)
    by_number, indexed = {person.number: person for person in everybody}, dict(forms)

    def ties(query: Query, answer: Answer) -> bool:
        others = [by_number[number] for number, _ in answer[:_TOP] if number != query.owner]
        return any(is_tie(query.text, by_number[query.owner], other, indexed) for other in others)

    start = time.process_time()
    ask = engine(forms)
    print(f"{len(forms)} people indexed in {time.process_time() - start:.1f} s, {len(asked)} queries")
    _report("engine", ask, asked, ties, missed=options.missed)
    if not options.no_baselines:
        sample = [query for query in asked if query.owner % 4 == 0]
        _report("trigram", trigram_baseline(forms), sample, ties, missed=0)
        _report("token sort", token_sort_baseline(forms), sample, ties, missed=0)


if __name__ == "__main__":
    main()
