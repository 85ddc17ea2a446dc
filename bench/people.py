"""Fills a register with invented people and all that is said of them, through the same rules as every write."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.collecting import collect_seldom
from app.core.database import Database
from app.core.documents import documents
from app.core.kinds import Key
from app.core.migrating import migrate
from app.core.projection import Touch
from app.core.recorder import Recorder, writing_in
from app.core.rows import Row, full_row
from app.core.taking import take
from app.parts import open_database, prepare
from app.reading.keeping import catch_up
from app.register import KINDS
from bench.names_people import Invented, people

_SPACE: Final = UUID("b0b5c0de-0000-4000-8000-000000000000")
_BEGUN: Final = 1_600_000_000_000  # milliseconds since 1970
_PORTION: Final = 500
_SEED: Final = 2024
_START: Final = date(2020, 8, 1)
_DAYS: Final = 1_700
_ARTICLES: Final = (
    "130",
    "188",
    "218",
    "289",
    "290",
    "293",
    "295",
    "339",
    "341",
    "342",
    "361",
    "364",
    "368",
    "369",
    "411",
)
_TERMS: Final = ("P1Y", "P1Y6M", "P2Y", "P2Y6M", "P3Y", "P4Y", "P5Y", "P7Y", "P8Y", "P10Y", "P12Y")
_CATEGORIES: Final = ("journalist", "activist", "worker", "student", "teacher", "human_rights_defender", "other")
_ENDS: Final = ("sentence_served", "pardoned", "released_unspecified", "died")
Record = tuple[str, UUID, dict[str, Any]]


@lru_cache(maxsize=20_000)
def _id(kind: str, number: int) -> UUID:
    """Give an id as the product gives them, which tells when it was made: one after the other, of each kind."""
    made = _BEGUN + number * 1_000 << 80 | uuid5(_SPACE, f"{kind}/{number}").int & (1 << 80) - 1
    return UUID(int=made & ~(0xF << 76) | 0x7 << 76)


def _shared() -> Iterator[Record]:
    """Give what many people have in common: codes, places with their addresses, cases, sources."""
    seen: dict[str, Any] = {"visibility": "public"}
    said: dict[str, Any]
    for number in range(400):
        day = _START + timedelta(days=number * 5)
        title = {"title": f"Invented Bulletin {number}", "published_on": day.isoformat(), "language": "en"}
        yield "sources", _id("sources", number), {**seen, "kind": "news", **title}
    for number, article in enumerate(_ARTICLES):
        said = {"country": "BY", "code": "criminal", "number": article}
        yield "articles", _id("articles", number), {**seen, **said, "citations": _cites(number)}
    for number in range(150):
        said = {"title": {"en": f"Invented Case {number}"}, "country": "BY"}
        yield "cases", _id("cases", number), {**seen, **said, "citations": _cites(number)}
    for number in range(60):
        name = {"en": f"Invented Colony {number}", "be": f"Выдуманая калонія {number}"}
        said = {"name": name, "kind": "colony", "number": str(number), "country": "BY", "mail": "open"}
        yield "facilities", _id("facilities", number), {**seen, **said, "citations": _cites(number)}
        place = {"postal_code": f"2{number:05}", "locality": {"en": f"Invented Town {number}"}}
        said = {"facility_id": str(_id("facilities", number)), "country": "BY", "verified_on": "2026-05-01", **place}
        yield "addresses", _id("addresses", number), {**seen, **said, "citations": _cites(number)}


def _cites(number: int) -> list[dict[str, Any]]:
    return [{"source_id": str(_id("sources", number % 400)), "quote": f"as invented on page {number % 97}"}]


def _of_one(invented: Invented, random: Random) -> Iterator[Record]:
    """Give one person and the records that belong to them: about four."""
    number = invented.number
    person = _id("persons", number)
    seen = {"visibility": random.choices(("public", "partners", "private"), (94, 4, 2))[0], "citations": _cites(number)}
    yield "persons", person, {**seen, **_described(invented, random)}
    mine = {"visibility": "public", "person_id": str(person), "citations": _cites(number + 1)}
    arrest = _START + timedelta(days=random.randrange(_DAYS))
    verdict = arrest + timedelta(days=random.randrange(90, 400))
    place = {"facility_id": str(_id("facilities", number % 60))}
    sentence = _id("sentences", number)
    term = {"kind": "imprisonment", "term": random.choice(_TERMS), "stage": "first_instance", "status": "in_force"}
    case = {"case_id": str(_id("cases", number % 150))}
    yield "sentences", sentence, {**mine, **case, **term, "decided_on": verdict.isoformat()}
    article = {"article_id": str(_id("articles", random.randrange(len(_ARTICLES)))), "sentence_id": str(sentence)}
    yield "charges", _id("charges", number), {**mine, **case, **article, "status": "convicted"}
    first = {"kind": "pretrial", "started_on": arrest.isoformat(), "ended_on": verdict.isoformat()}
    yield "detentions", _id("detentions", 2 * number), {**mine, **first, "end_reason": "transferred"}
    then = {"kind": "colony", "started_on": verdict.isoformat(), **place, **_until(verdict, random)}
    yield "detentions", _id("detentions", 2 * number + 1), {**mine, **then}


def _until(verdict: date, random: Random) -> dict[str, Any]:
    if random.random() < 0.6:  # noqa: PLR2004 - a share
        return {"confirmed_on": "2026-05-01", "place_confirmed_on": "2026-05-01"}
    end = min(verdict + timedelta(days=random.randrange(200, 900)), date(2026, 9, 1))
    return {"ended_on": end.isoformat(), "end_reason": random.choice(_ENDS)}


def _described(invented: Invented, random: Random) -> dict[str, Any]:
    spelt = (("be", invented.spelt("be")), ("ru", invented.spelt("ru")), ("en", invented.spelt("be 2007")))
    born = date(1950, 1, 1) + timedelta(days=random.randrange(20_000))
    precise = (born.isoformat(), born.isoformat()[:7], born.isoformat()[:4], None)
    return {
        "names": [{"kind": "legal", "language": language, "full": full} for language, full in spelt],
        "sex": "female" if invented.names["ru"][2].endswith("на") else "male",
        "birth_date": random.choices(precise, (6, 1, 2, 1))[0],
        "nationalities": random.choices((["BY"], ["UA"], ["RU"], []), (85, 3, 4, 8))[0],
        "categories": [random.choice(_CATEGORIES)],
        "private_notes": "An invented note." if random.random() < 0.1 else None,  # noqa: PLR2004 - a share
    }


def portions(count: int) -> Iterator[list[Record]]:
    """Give the records of a register with that many people, what is referred to first; the same ones every time."""
    random = Random(_SEED)
    yield list(_shared())
    portion: list[Record] = []
    for invented in people(count, _SEED):
        portion += _of_one(invented, random)
        if invented.number % _PORTION == 0:
            yield portion
            portion = []
    yield portion


async def fill(database: Database, count: int) -> int:
    """Write a register with that many people, as far as it is not there; give the number of records written.

    In bulk, as a copy of another register is: recorded and kept as every write is, only the objects and rules are left
    out that invented records need not be held against. What was broken off goes on where it ended.
    """
    written = 0
    for portion in portions(count):
        if not written and await _is_there(database, portion):
            continue
        async with database.write("bench", hasty=True) as session:
            await session.run_sync(_write, database.recorder, portion)
        written += len(portion)
    async for _ in catch_up(database):
        pass
    return written


async def _is_there(database: Database, portion: list[Record]) -> bool:
    """Tell whether a portion was written, which is done whole or not at all."""
    if not portion:
        return True
    kind, record_id, _ = portion[-1]
    async with database.read() as session:
        query = select(documents.c.id).where(documents.c.kind == kind, documents.c.id == record_id).limit(1)
        return (await session.execute(query)).first() is not None


def _write(session: Session, recorder: Recorder, portion: list[Record]) -> None:
    at = writing_in(session).at
    touched: dict[Key, Touch] = {}
    rows: dict[Key, Row] = {}
    for name, record_id, sent in portion:
        kind = KINDS[name]
        said = kind.write.model_validate_json(to_json(sent), strict=True).model_dump(mode="json")
        fields = {field: said[field] for field in kind.fields}
        touched[name, record_id] = Touch("create", fields, at)
        rows[name, record_id] = full_row(kind, record_id, fields, {"version": 1, "created_at": at, "updated_at": at})
    take(session, recorder, touched, rows)


async def _main(count: int, url: str) -> None:
    await asyncio.to_thread(migrate, url)
    database = open_database(url)
    await prepare(database)
    collect_seldom()
    started = time.perf_counter()
    written = await fill(database, count)
    took = time.perf_counter() - started
    await database.close()
    if written:
        print(f"{count:,} people, {written:,} records, {written / took:,.0f} a second", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench people", description=__doc__)
    parser.add_argument("count", type=int, help="how many people")
    parser.add_argument("--url", required=True, help="the database to fill, if it is empty")
    said = parser.parse_args()
    sys.exit(asyncio.run(_main(said.count, said.url)))
