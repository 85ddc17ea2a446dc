"""The one session event through which every write passes: history, documents, links and entries."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final, Protocol

from pydantic_core import to_json
from sqlalchemy import Select, and_, bindparam, delete, event, select, update
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction
from sqlalchemy.orm.attributes import set_attribute

from app.core.access import ApiKey
from app.core.bulk import among, insert_rows, run, run_many
from app.core.copies import apart
from app.core.cursors import Identity, Place, cursors_of, heading
from app.core.documents import MERGED, documents, entries, links, mark_of, render
from app.core.history import ERASING, Change, Heard, Move, Writing, changes, register, seal, versions
from app.core.kinds import Key, Kinds
from app.core.projection import Projector, Touch, by_kind
from app.core.record import Record, Tier


class Plug(Protocol):
    """What another part keeps beside the records, such as an index or a projection."""

    @property
    def touched(self) -> Select[Any] | None:
        """Select the kind and id of each record whose public answer hangs on what changed behind ``touched.SINCE``.

        None where no answer hangs on what is kept.
        """

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow the changes of a transaction, in it."""

    def rebuild(self, session: Session) -> int:
        """Compare all of it with the records and mend it; give the number of rows that were wrong."""

    def faults(self, session: Session) -> Iterator[str]:
        """Compare all of it with the records, a portion at a time, and say what is wrong without mending it."""


WRITING: Final = "writing"
_POINTING: Final = ("kind", "id", "field", "to_kind", "to_id", "tier")
_HOLDING: Final = ("kind", "field", "value", "id")
_CLEARED: Final = [
    delete(table).where(table.c.kind == bindparam("kind"), among(table.c.id)) for table in (links, entries)
]
_LOCKED: Final = select(register).with_for_update()
_SINCE: Final = select(changes.c.at).where(changes.c.position == bindparam("position"))
_ADVANCED: Final = update(register).values(position=bindparam("position"), head=bindparam("head"))


class Recorder:
    """Follows a session class: what is flushed is recorded, and what would bypass the record is refused.

    ``plugs`` are told every change in the same transaction, so that projections of other parts follow.
    """

    def __init__(self, kinds: Kinds, plugs: Iterable[Plug] = ()) -> None:
        self.kinds = kinds
        self.plugs = tuple(plugs)
        self._tables = {str(kind.record.__tablename__) for kind in kinds.values()}

    def follow(self, session_class: type[Session]) -> None:
        """Attach to a session class of its own."""
        event.listen(session_class, "before_flush", self._before_flush)
        event.listen(session_class, "do_orm_execute", self._refuse_bulk)
        event.listen(session_class, "after_transaction_end", self._forget)

    def _before_flush(self, session: Session, _: UOWTransaction, __: object) -> None:
        records = [record for record in session.dirty if isinstance(record, Record) and session.is_modified(record)]
        new = [record for record in session.new if isinstance(record, Record)]
        gone = [_key_of(record) for record in session.deleted if isinstance(record, Record)]
        touched = {key: _removed(session, key) for key in gone}
        touched |= {_key_of(record): _written(record, _begun(session, _key_of(record))) for record in new}
        touched |= {_key_of(record): _written(record, "update") for record in records}
        objects = {_key_of(record): record for record in (*new, *records)}
        keys = [key for key in (*session.new, *session.dirty) if isinstance(key, ApiKey)]
        if touched or keys:
            self.write(session, touched, objects)
            self._note_keys(session, keys)

    def write(self, session: Session, touched: dict[Key, Touch], objects: dict[Key, Record]) -> list[Change]:
        """Record the touched records and all that follows from them, in the transaction at hand."""
        writing = writing_in(session)
        done = Projector(session, self.kinds).project(touched)
        rows, heard = [], []
        for change in done:
            row, moves = _log(writing, change)
            rows.append(row)
            heard += moves
            writing.left |= any(one["tier"] == Tier.PUBLIC and one["action"] in ERASING for one in moves)
            if (record := objects.get(change.key)) is not None:
                _stamp(record, change, writing)
        if rows:
            insert_rows(session, changes, rows)
            insert_rows(session, versions, heard)
            _place_documents(session, done, rows, writing)
            # What is merged as it was before leads where it led.
            moved = {change.key for change in done}
            self._index(session, {key: one for key, one in touched.items() if not one.into or key in moved}, done)
            _note_apart(session, done)
            _erase(session, [key for key, touch in touched.items() if _erases(touch)])
            _advance(session, writing)
        for plug in self.plugs:
            plug(session, done)
        return done

    def _index(self, session: Session, touched: dict[Key, Touch], done: list[Change]) -> None:
        new = {change.key for change in done if change.is_new}
        for kind, ids in by_kind(touched.keys() - new):
            for cleared in _CLEARED:
                run(session, cleared, {"kind": kind, "ids": ids})
        pointing, holding = self.indexed({key: touch.fields for key, touch in touched.items()})
        insert_rows(session, links, pointing + [_led(change) for change in done if change.action == "merge"])
        insert_rows(session, entries, holding)

    def indexed(self, records: dict[Key, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Give the rows of ``links`` and of ``entries`` for records; None for one that is gone."""
        pointing: dict[tuple[Any, ...], int] = {}
        holding: dict[tuple[Any, ...], None] = {}
        for (kind, record_id), fields in records.items():
            if fields is None:
                continue
            for name, (to_kind, to_id), tier in self.kinds[kind].links(fields):
                place = (kind, record_id, name, to_kind, to_id)
                pointing[place] = min(int(tier), pointing.get(place, int(tier)))
            holding |= dict.fromkeys((kind, name, value, record_id) for name, value in self.kinds[kind].entries(fields))
        return (
            [dict(zip(_POINTING, (*place, tier), strict=True)) for place, tier in pointing.items()],
            [dict(zip(_HOLDING, place, strict=True)) for place in holding],
        )

    def _note_keys(self, session: Session, keys: list[ApiKey]) -> None:
        """Record what is done with API keys; no tier hears of it, and secrets are not part of it."""
        writing = writing_in(session)
        for key in keys:
            action = "create" if key in session.new else "update"
            change = Change(("keys", key.id), action, key.described(), writing.at, ())
            row, _ = _log(writing, change)
            insert_rows(session, changes, [row])
        if keys:
            _advance(session, writing)

    def _refuse_bulk(self, state: ORMExecuteState) -> None:
        """Refuse statements that would change records behind the log's back."""
        table = getattr(state.statement, "table", None)
        if not state.is_select and table is not None and table.name in self._tables:
            raise RuntimeError(f"{table.name} is written through the session, record by record, or not at all")

    def _forget(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            session.info.pop(WRITING, None)


def writing_in(session: Session) -> Writing:
    """Give the transaction that writes; there is none outside of ``Database.write()``."""
    writing = session.info.get(WRITING)
    if not isinstance(writing, Writing):
        raise RuntimeError("records are written in Database.write() only")  # noqa: TRY004 - not a matter of types
    return writing


def _key_of(record: Record) -> Key:
    return str(record.__tablename__), record.id


def _written(record: Record, action: str) -> Touch:
    names = ("visibility", *(n for n in type(record).model_fields if n not in _SYSTEM), "citations")
    return Touch(action, record.stored(names), record.created_at)


_SYSTEM: Final = {"id", "version", "created_at", "updated_at", "visibility", "citations"}


def _begun(session: Session, key: Key) -> str:
    return "restore" if key in writing_in(session).restored else "create"


def _removed(session: Session, key: Key) -> Touch:
    writing = writing_in(session)
    if (into := writing.merged.get(key)) is not None:
        return Touch("merge", None, datetime.now(UTC), into=into)
    return Touch("purge" if key in writing.erase else "delete", None, datetime.now(UTC))


def _stamp(record: Record, change: Change, writing: Writing) -> None:
    """Give the table row what the private tier's document says, and its derived columns."""
    private = next((move for move in change.moves if move.tier is Tier.PRIVATE), None)
    if private is not None and private.fields is not None:
        set_attribute(record, "version", private.version)
        set_attribute(record, "updated_at", writing.at)
    record.derive()


def _log(writing: Writing, change: Change) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the log's next row for a change, and what each tier hears of it."""
    kind, record_id = change.key
    writing.position += 1
    # What a record that is gone used to say stands in the rows before this one.
    body = _body(change, writing)
    row: dict[str, Any] = {
        "position": writing.position,
        "at": writing.at,
        "kind": kind,
        "id": record_id,
        "action": "withdraw" if change.given and body is None else change.action,
        "author": writing.author,
        "key_id": writing.key_id,
        # A reason is given for what was written, and may speak of a record that others do not see, or that was purged.
        "reason": None if change.action in _WITHOUT_REASON else writing.reason,
        "body": body,
    }
    heard = _heard(change, writing.at)
    row = seal(row, heard, writing.head)
    writing.head = row["hash"]
    base = {"kind": kind, "id": record_id, "position": writing.position}
    return row, [base | dict(zip(("tier", "version", "action", "mark"), one, strict=True)) for one in heard]


_WITHOUT_REASON: Final = {"follow", *ERASING}


def _heard(change: Change, at: datetime) -> list[Heard]:
    source = change.given.source if change.given else None
    marks: dict[tuple[datetime, str, bool], str] = {}  # once for all tiers that hear the same
    heard: list[Heard] = []
    for move in change.moves:
        said = move.updated_at or at, move.hash, move.gone
        if said not in marks:
            marks[said] = mark_of(change.created_at, *said[:2], source, gone=move.gone)
        heard.append((int(move.tier), move.version, move.action, marks[said]))
    return heard


def _body(change: Change, writing: Writing) -> bytes | None:
    if change.into is not None:
        return to_json({"into": change.into[1]})
    if change.fields is None:
        return None
    if change.given is not None:
        return change.given.body
    return render(change.key[1], 0, change.created_at, writing.at, change.fields)


def _led(change: Change) -> dict[str, Any]:
    """Give the link of a record that was merged; every tier that saw it hears of that, or will once it may."""
    (kind, record_id), (to_kind, to_id) = change.key, change.into or change.key
    first = Tier.PRIVATE if change.first is None else change.first
    return {"kind": kind, "id": record_id, "field": MERGED, "to_kind": to_kind, "to_id": to_id, "tier": int(first)}


def _place_documents(session: Session, done: list[Change], rows: list[dict[str, Any]], writing: Writing) -> None:
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for change, row in zip(done, rows, strict=True):
        written: dict[tuple[int, int], bytes] = {}  # once for all tiers that see the same
        for move in change.moves:
            said = _document(change, move, writing.at, written) | _placed(change, move, row["position"], writing)
            (old if move.tier in change.known else new).append(said)
    # What a tier reads in one go lies together, and not between what the others see of it.
    insert_rows(session, documents, sorted(new, key=itemgetter("tier")))
    run_many(session, _MOVED, [_renamed(row) for row in old])


_MOVING: Final = (
    "version",
    "created_at",
    "updated_at",
    "position",
    "action",
    "gone",
    "hash",
    "body",
    "source",
    "heading",
)
_MOVED: Final = (
    update(documents)
    .where(*(documents.c[name] == bindparam(f"at_{name}") for name in ("kind", "id", "tier")))
    .values({name: bindparam(name) for name in _MOVING})
)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    moving = {name: row[name] for name in _MOVING}
    return moving | {f"at_{name}": row[name] for name in ("kind", "id", "tier")}


def _placed(change: Change, move: Move, position: int, writing: Writing) -> dict[str, Any]:
    """Give the place in the commit order, and what the feed says of it."""
    cursor = cursors_of(writing.identity, move.tier).seal(Place(position, writing.at))
    return {
        "position": position,
        "heading": heading(cursor, writing.at, change.key, move.version, move.action, change.into),
    }


def _document(change: Change, move: Move, at: datetime, written: dict[tuple[int, int], bytes]) -> dict[str, Any]:
    kind, record_id = change.key
    updated_at = move.updated_at or at
    body, shown = move.body, move.fields
    if shown is not None and body is None:
        origin = change.given.origin if change.given else None
        body = written.get((id(shown), move.version)) or render(
            record_id, move.version, change.created_at, updated_at, shown, origin
        )
        written[id(shown), move.version] = body
    return {
        "kind": kind,
        "id": record_id,
        "tier": int(move.tier),
        "version": move.version,
        "created_at": change.created_at,
        "updated_at": updated_at,
        "action": move.action,
        "gone": move.gone,
        "hash": move.hash,
        "body": body,
        "source": change.given.source if change.given else None,
    }


def _note_apart(session: Session, done: list[Change]) -> None:
    """Keep, of copied records that are not shown as they were given, what is needed to compare with the source."""
    given = {change.key: change.given.source for change in done if change.given}
    if given and session.execute(select(apart.c.id).limit(1)).first():
        for kind, ids in by_kind(given):
            theirs = and_(apart.c.kind == kind, apart.c.id.in_(ids), apart.c.source.in_(set(given.values())))
            session.execute(delete(apart).where(theirs))
    rows = [
        {"source": said.source, "kind": change.key[0], "id": change.key[1], "created_at": change.created_at}
        | {"version": said.version, "hash": said.hash}
        for change in done
        if (said := change.given) and not change.whole
    ]
    insert_rows(session, apart, rows)


def _erases(touch: Touch) -> bool:
    """Tell whether nothing is kept of a record that is gone: it was purged, or its source no longer shows it."""
    return touch.action == "purge" or (touch.given is not None and touch.fields is None and touch.into is None)


def _erase(session: Session, keys: list[Key]) -> None:
    """Erase what the log holds of records that were purged, and what could prove a guess at it.

    The purge itself says nothing of them, and stays provable, so that nobody erases by hand and calls it a purge.
    """
    for kind, ids in by_kind(keys):
        theirs = and_(changes.c.kind == kind, changes.c.id.in_(ids), changes.c.action.not_in(ERASING))
        session.execute(update(changes).where(theirs).values(body=None, salt=None, reason=None))
        shown = and_(versions.c.kind == kind, versions.c.id.in_(ids), versions.c.action == "upsert")
        session.execute(update(versions).where(shown).values(mark=None))
    writing_in(session).erased |= bool(keys)


def _advance(session: Session, writing: Writing) -> None:
    run(session, _ADVANCED, {"position": writing.position, "head": writing.head})


def turn(session: Session) -> None:
    """Say that answers may be others from now on, though no record changed."""
    session.execute(update(register).values(epoch=register.c.epoch + 1))


def begin(session: Session, author: str, **said: Any) -> Writing:  # noqa: ANN401 - the rest of Writing
    """Make this transaction the one that writes: wait for its turn and take up the log where it ends.

    The row of ``register`` is the lock. It makes the order of positions the order of commits, so that a feed
    by position skips nothing.
    """
    (row,) = run(session, _LOCKED)
    # A clock that was set back gives no change a time before the last one's: who asks by time misses nothing.
    last = run(session, _SINCE, {"position": row.position})
    at = max(datetime.now(UTC), last[0].at + timedelta(microseconds=1)) if last else datetime.now(UTC)
    identity = Identity(row.register_id, row.secret)
    writing = Writing(author, at, row.position, row.head, identity, **said)
    session.info[WRITING] = writing
    return writing
