"""Two records of one person become one, and two again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.access import Caller
from app.core.asked import PathId
from app.core.contract import IF_MATCH, WRITE_HEADERS, answers, sends
from app.core.desk import Desk
from app.core.edtf import PartialDate, certainly_before
from app.core.idempotency import Claim, Kept, keep, once
from app.core.kinds import Fields, Key
from app.core.problems import Conflict, Problem, Type, declare, docs, fault, invalid
from app.core.projection import sights
from app.core.record import Tier
from app.core.requests import (
    JSON,
    STRICT,
    WriteDesk,
    bytes_of,
    change_reason,
    database_of,
    desk_of,
    model_from,
    require_match,
    writer_of,
    written,
)
from app.core.types import Id
from app.core.undoing import Step, steps_of_merge
from app.register.joining import gained, leading, likeness, moved, narrower, undone, united
from app.register.persons import persons
from app.register.rules import Stay, clash

UNMERGEABLE: Final = declare(
    Type(
        "unmergeable",
        409,
        "The two records cannot be one as they are",
        "`conflicts` names what cannot be true of one person at once. Correct or delete one of each, then merge again.",
    )
)
_PROBLEMS: Final = (
    *("malformed", "unauthorized", "forbidden", "not-found", "merged", "unmergeable", "gone", "changed"),
    *("invalid", "unconditional", "unavailable", "internal"),
)
_PERSON: Final = persons.kind
_LIFE: Final = ("birth_date", "death_date")
_LIVES: Final = "One of the two died before the other was born. Correct the date that is wrong, or they are two people."


class MergeIn(BaseModel):
    """Which record a person's record becomes part of."""

    model_config = ConfigDict(extra="forbid")

    into: Id = Field(description="The id of the record that stays.")


async def _admin(caller: Annotated[Caller, Depends(writer_of)]) -> Caller:
    caller.require("admin")
    return caller


Admin = Annotated[Caller, Depends(_admin)]


def router() -> APIRouter:
    """Make the routes, which answer as reading a person does."""
    routes = APIRouter(prefix=f"{persons.path}/{{id}}/merge", tags=[_PERSON.name], dependencies=STRICT)
    routes.add_api_route(
        "",
        merge_person,
        methods=["POST"],
        summary="Merge a person into another",
        operation_id="merge_persons",
        response_model=None,
        responses={
            **answers("POST", 200, persons.models.read),
            **docs(*_PROBLEMS, "in-flight", "too-large", "media-type", "key-reused"),
        },
        openapi_extra=sends(MergeIn, JSON) | {"parameters": [IF_MATCH | {"required": True}, *WRITE_HEADERS]},
    )
    routes.add_api_route(
        "",
        unmerge_person,
        methods=["DELETE"],
        summary="Undo the merge of a person",
        operation_id="unmerge_persons",
        status_code=204,
        response_model=None,
        responses={204: {"description": "The record is one of its own again."}, **docs(*_PROBLEMS)},
        openapi_extra={"parameters": [IF_MATCH | {"required": True}, WRITE_HEADERS[-1]]},
    )
    return routes


async def merge_person(request: Request, caller: Admin, id: PathId) -> Response:  # noqa: A002 - the path's word
    """Two records are of one person: this one becomes part of the other, which is answered (admin).

    What belongs to it moves; what the other has in the same words already becomes one with that. Its names become
    aliases, its identifiers move, what the other does not know is filled in, and nothing of the other is overwritten.
    From then on this id answers 308, for those who may see the other; its history stays.

    Stays that cannot both be are 409 `unmergeable`, and so is a record that fewer may see than the other: its names
    would be shown. Undo it with `DELETE` on the same path. See docs/editing.md.
    """
    body = await bytes_of(request, JSON)
    change_reason(request)  # refused before the key is looked up, or the same request had two answers
    do = partial(_merged, request, caller, id, body)
    return await once(request, database_of(request), caller, do, partial(persons.again, request, caller))


async def _merged(request: Request, caller: Caller, person_id: UUID, body: bytes, held: Claim | None) -> Response:
    reason = change_reason(request)
    async with database_of(request).write(caller.name, key_id=caller.key_id, reason=reason) as session:
        desk = desk_of(request, session, caller)
        require_match(request, await desk.find(_PERSON, person_id))
        into = model_from(body, MergeIn).into
        await _check_target(desk, person_id, into)
        await Merging(desk, person_id, into).carry_out()
        await desk.settle()
        version, answer = await persons.answered(request, desk, into)
        if held is not None:
            await keep(session, held, Kept(200, _PERSON.name, into, version))
    return written(answer, 200, persons.location(request, into))


async def unmerge_person(request: Request, desk: WriteDesk, id: PathId) -> Response:  # noqa: A002 - the path's word
    """The record becomes one of its own again, as it was, with all that it brought (admin).

    `If-Match` takes the ETag of the record that it is part of now. What was edited since keeps the edits; what came new
    stays with the other. A later merge of the other is to be undone first.
    """
    desk.caller.require("admin")
    if not (await desk.find(_PERSON, id, merged=True)).merged:
        raise Problem("not-found", "This record is not part of another one.")
    into = await desk.merged_into(_PERSON, id)
    require_match(request, await desk.find(_PERSON, into))
    await desk.refuse_copied((_PERSON.name, id))
    steps = await desk.session.run_sync(steps_of_merge, (_PERSON.name, id))
    if (_PERSON.name, id) not in {step.key for step in steps}:
        raise Problem(UNMERGEABLE.slug, "What this record said before was never told to this register.")
    await Undoing(desk, steps, into).carry_out()
    await desk.settle()
    return Response(status_code=204)


async def _check_target(desk: Desk, person_id: UUID, into: UUID) -> None:
    """Refuse to merge into what is not there as a record of its own."""
    if into == person_id:
        raise invalid(fault("/into", "This is the record itself. Name the one that it becomes part of."))
    try:
        await desk.find(_PERSON, into)
    except Problem as problem:
        words = {"gone": "That record was deleted.", "merged": f"That record is part of another. {problem.detail}"}
        nobody = "There is no such record that you can see."
        raise invalid(fault("/into", words.get(problem.type.slug, nobody))) from None


def _place(key: Key) -> str:
    return f"/{key[0]}/{key[1]}"


@dataclass
class Merging:
    """One merge, staged at a desk."""

    desk: Desk
    person_id: UUID
    into: UUID
    ids: dict[str, str] = field(default_factory=dict)  # of records that become part of others
    twins: dict[Key, Key] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Key, Key]:
        """Give the two records, the one that goes first."""
        return (_PERSON.name, self.person_id), (_PERSON.name, self.into)

    async def carry_out(self) -> None:
        """Stage all of it; 409 where the two records contradict each other."""
        people = await self.desk.load(self.keys)
        going, staying = (people[key] for key in self.keys)
        said = gained(staying, going)
        # Asked first: whatever else is wrong with a copy cannot be set right here.
        for key in self.keys if said != staying else self.keys[:1]:
            await self.desk.refuse_copied(key)
        _refuse_showing(going, staying)
        mine, theirs = await self._belongings()
        await self.desk.read_ahead([*self.keys, *mine, *theirs])
        self.ids[str(self.person_id)] = str(self.into)
        self._find_twins(mine, theirs)
        left = {key: fields for key, fields in mine.items() if key not in self.twins}
        _refuse_conflicts([*self._lives(staying, said), *_stays(left, theirs)])
        await self._write(self.keys[1], staying, said, "/into")
        for key, fields in left.items():
            await self._write(key, fields, self._moved(key, fields), _place(key))
        await self._unite(mine, theirs)
        await self.desk.merge(_PERSON, self.person_id, self.into)

    def _lives(self, staying: Fields, said: Fields) -> Iterator[Conflict]:
        """Say so where the one of the two died before the other was born."""
        known, (born, died) = [tuple(fields[name] for name in _LIFE) for fields in (staying, said)]
        if known != (born, died) and born and died and certainly_before(PartialDate(died), PartialDate(born)):
            yield Conflict(kind=_PERSON.name, id=self.person_id, other_id=self.into, detail=_LIVES)

    async def _belongings(self) -> tuple[dict[Key, Fields], dict[Key, Fields]]:
        """Give what belongs to each of the two."""
        mine: dict[Key, Fields] = {}
        theirs: dict[Key, Fields] = {}
        for name, kind in self.desk.kinds.items():
            if kind.owner is not None:
                for key, fields in (await self.desk.belonging(name, self.keys)).items():
                    (mine if fields[kind.owner] == str(self.person_id) else theirs)[key] = fields
        return mine, theirs

    def _moved(self, key: Key, fields: Fields) -> Fields:
        return moved(fields, self.ids, self.desk.kinds[key[0]].references)

    def _find_twins(self, mine: Mapping[Key, Fields], theirs: Mapping[Key, Fields]) -> None:
        """Find what says the same on both sides; what refers to such may say the same from then on."""
        known = {(key[0], likeness(fields)): key for key, fields in theirs.items()}
        more = True
        while more:
            more = False
            for key, fields in mine.items():
                twin = known.get((key[0], likeness(self._moved(key, fields))))
                if twin is not None and key not in self.twins:
                    self.twins[key], self.ids[str(key[1])], more = twin, str(twin[1]), True

    async def _unite(self, mine: Mapping[Key, Fields], theirs: Mapping[Key, Fields]) -> None:
        """Make one record of each that says the same, with the sources of both."""
        united_with: dict[Key, Fields] = {}
        for key, twin in self.twins.items():
            so_far = united_with.get(twin, theirs[twin])
            united_with[twin] = {**so_far, "citations": united(so_far["citations"], mine[key]["citations"])}
            await self.desk.merge(self.desk.kinds[key[0]], key[1], twin[1], _place(key))
        for twin, fields in united_with.items():
            await self._write(twin, theirs[twin], fields, _place(twin))

    async def _write(self, key: Key, before: Fields, after: Fields, prefix: str) -> None:
        if before != after:
            await self.desk.replace(self.desk.kinds[key[0]], key[1], after, prefix)


def _refuse_showing(going: Fields, staying: Fields) -> None:
    """Refuse to put what few may see on a record that more may see."""
    if Tier.named(going["visibility"]) > Tier.named(staying["visibility"]):
        raise Problem(
            UNMERGEABLE.slug,
            f"This record is `{going['visibility']}` and the other `{staying['visibility']}`: those who may not see "
            "this one would be shown its names. Give both the same visibility first, whichever is right.",
        )


def _stays(mine: Mapping[Key, Fields], theirs: Mapping[Key, Fields]) -> Iterator[Conflict]:
    """Give the stays of the two records that cannot be stays of one person."""
    stays = [(key, Stay.of(fields)) for key, fields in mine.items() if key[0] == "detentions"]
    others = [(key, Stay.of(fields)) for key, fields in theirs.items() if key[0] == "detentions"]
    for key, stay in stays:
        for other, known in others:
            if complaint := clash(stay, known):
                yield Conflict(kind="detentions", id=key[1], other_id=other[1], detail=complaint[1])


def _refuse_conflicts(found: list[Conflict]) -> None:
    if found:
        raise Problem(UNMERGEABLE.slug, members={"conflicts": found[:100]})


@dataclass
class Undoing:
    """The steps of one merge, taken back at a desk."""

    desk: Desk
    steps: Sequence[Step]
    into: UUID

    async def carry_out(self) -> None:
        """Stage all of it; what was deleted or merged elsewhere since stays so."""
        keys = [step.key for step in self.steps]
        now = await self.desk.load([*keys, (_PERSON.name, self.into)])
        await self.desk.read_ahead(keys)
        cover = now[_PERSON.name, self.into]["visibility"]
        parts = [step for step in self.steps if step.action == "merge" and await self._is_part(step)]
        back = {step.key: step.before for step in parts} | {
            step.key: undone(step.before, step.after, now[step.key])
            for step in self.steps
            if step.after is not None and step.key in now and self._is_still_theirs(step.key, step.after, now[step.key])
        }
        there = await self._there(back) | {step.key for step in parts}
        back = {key: leading(fields, self.desk.kinds[key[0]].references, there) for key, fields in back.items()}
        for step in parts:
            await self._restore(step, back[step.key])
        for step in self.steps:
            if step.action != "merge" and step.key in back:
                await self._take_back(step, back[step.key], now[step.key], cover)

    async def _is_part(self, step: Step) -> bool:
        """Tell whether a record is still part of what this merge made it part of."""
        kind = self.desk.kinds[step.key[0]]
        try:
            found = await self.desk.find(kind, step.key[1], merged=True)
        except Problem as problem:
            if problem.type.slug != "gone":
                raise
            return False  # it was deleted along with the record that it was part of
        return found.merged and await self.desk.merged_into(kind, step.key[1]) == step.into

    def _is_still_theirs(self, key: Key, after: Fields, now: Fields) -> bool:
        """Tell whether a record belongs to whom the merge gave it; what was given to others since is theirs."""
        owner = self.desk.kinds[key[0]].owner
        return owner is None or now[owner] == after[owner]

    async def _there(self, records: Mapping[Key, Fields]) -> set[Key]:
        """Give what these refer to, as far as there still is such a record."""
        links = {link for key, fields in records.items() for _, link, _ in self.desk.kinds[key[0]].links(fields)}
        return set(await self.desk.session.run_sync(sights, links))

    async def _restore(self, step: Step, fields: Fields) -> None:
        kind = self.desk.kinds[step.key[0]]
        lost = [name for name in kind.references if fields.get(name) != step.before.get(name)]
        # What cannot be without a record that was deleted stays part of the other.
        if not any(kind.write.model_fields[name].is_required() for name in lost):
            await self.desk.restore(kind, step.key[1], fields, _place(step.key))

    async def _take_back(self, step: Step, fields: Fields, now: Fields, cover: str) -> None:
        kind = self.desk.kinds[step.key[0]]
        if kind.owner is not None and fields[kind.owner] != now[kind.owner] and now != step.after:
            # What was written on it since was seen by those who see the other record, and by nobody else.
            fields = {**fields, "visibility": narrower(fields["visibility"], cover)}
        if fields != now:
            await self.desk.replace(kind, step.key[1], fields, _place(step.key))
