"""The export: one state of the register as lines, whole or resumed."""

import gzip
import json
import os
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import make_url

from app.cli import main
from app.sync import copying
from app.sync.compressing import encoding_of
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, person
from tests.sync.following import Copy, exported, held_in, items_of, streamed

ANY = {"If-Match": "*"}


async def test_an_export_holds_what_the_feed_gives(seeded: Register) -> None:
    hidden = await create(seeded.admin, "persons", person(visibility="private", private_notes="not for all"))
    for role in ("public", "partner", "keeper"):
        client = seeded.clients[role]
        first, records, _ = await exported(client)
        copy = Copy()
        for item in await items_of(client):
            copy.take(item)
        assert held_in(records) == copy.held
        assert (("persons", hidden["id"]) in copy.held) is (role == "keeper")
        assert (await client.get(f"/v1/changes?after={first['cursor']}")).json()["items"] == []
        assert first["cursor"] == copy.cursor


async def test_the_first_line_says_what_the_file_is_and_the_last_how_much(seeded: Register) -> None:
    first, records, last = await exported(seeded.public)
    identity = await seeded.database.identity()
    assert first["register_id"] == str(identity.register_id)
    assert (first["format_version"], first["tier"]) == (1, "public")
    assert list(dict.fromkeys(line["kind"] for line in records)) == [
        kind for kind in first["kinds"] if last["kinds"][kind]
    ]
    assert sum(last["kinds"].values()) == last["count"] == len(records)
    one, _, _ = await exported(seeded.public, kind=["persons", "cases"])
    assert one["kinds"] == ["persons", "cases"]
    assert (await seeded.public.get(f"/v1/changes?kind=cases&after={one['cursor']}")).status_code == 200
    is_problem(await seeded.public.get(f"/v1/changes?after={one['cursor']}"), 400, "foreign-cursor")


async def test_an_export_tells_nothing_of_what_the_tier_does_not_see(register: Register) -> None:
    made = await create(register.admin, "persons", person())
    before = (await register.public.get("/v1/export")).content
    await create(register.admin, "persons", person(visibility="partners"))
    await register.admin.patch(f"/v1/persons/{made['id']}", json={"private_notes": "hush"}, headers=ANY)
    assert (await register.public.get("/v1/export")).content == before
    await register.admin.patch(f"/v1/persons/{made['id']}", json={"sex": "male"}, headers=ANY)
    after = json.loads((await register.public.get("/v1/export")).text.splitlines()[0])
    assert after["head"] != json.loads(before.splitlines()[0])["head"]


@pytest.mark.parametrize("portion", [1, 1_000, 100_000])
async def test_a_cut_export_goes_on_where_it_ended(
    seeded: Register, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(copying, "PORTION", portion)
    first, records, _ = await exported(seeded.public)
    for cut in (0, len(records) // 2, len(records) - 1):
        last = f"{records[cut]['kind']}/{records[cut]['record']['id']}"
        again, rest, _ = await exported(seeded.public, cursor=first["cursor"], after=last)
        assert rest == records[cut + 1 :]
        assert (again["cursor"], again["continued"]) == (first["cursor"], True)


async def test_pieces_of_an_export_and_the_feed_from_its_cursor_make_the_whole(register: Register) -> None:
    made = [await create(register.editor, "persons", person()) for _ in range(6)]
    first, records, _ = await exported(register.public)
    # The bad line: three records arrived, then the register went on.
    copy = Copy(held=held_in(records[:3]))
    await register.editor.patch(f"/v1/persons/{made[0]['id']}", json={"sex": "male"}, headers=ANY)
    await register.editor.delete(f"/v1/persons/{made[2]['id']}", headers=ANY)
    await register.editor.patch(f"/v1/persons/{made[4]['id']}", json={"visibility": "partners"}, headers=ANY)
    await create(register.editor, "persons", person())
    _, rest, _ = await exported(register.public, cursor=first["cursor"], after=f"persons/{made[2]['id']}")
    copy.held |= held_in(rest)
    for item in await items_of(register.public, after=first["cursor"]):
        copy.take(item)
    assert copy.held == held_in((await exported(register.public))[1])


async def test_what_cannot_go_on_is_refused(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    cursor = (await exported(register.public))[0]["cursor"]
    last = f"persons/{made['id']}"
    for query, pointer in (
        ({"after": last}, "/query/after"),
        ({"cursor": cursor}, "/query/after"),
        ({"cursor": cursor, "after": "persons"}, "/query/after"),
        ({"cursor": cursor, "after": f"nobody/{made['id']}"}, "/query/after"),
        ({"cursor": cursor, "after": "persons/00000000-0000-0000-0000-000000000000"}, "/query/after"),
        ({"kind": "nobody"}, "/query/kind/0"),
    ):
        refused = await register.public.get("/v1/export", params=query)
        is_problem(refused, 422, "invalid")
        assert refused.json()["errors"][0]["pointer"] == pointer
    # An empty cursor is none of ours: taken for a beginning, it would skip all that came before and say so nowhere.
    for strange in ("", "abc"):
        refused = await register.public.get("/v1/export", params={"cursor": strange, "after": last})
        is_problem(refused, 400, "foreign-cursor")
    foreign = {"cursor": cursor, "after": last}
    is_problem(await register.partner.get("/v1/export", params=foreign), 400, "foreign-cursor")
    is_problem(await register.public.get("/v1/export", params={**foreign, "kind": "persons"}), 400, "foreign-cursor")


async def test_an_export_is_one_state_however_long_it_takes(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PORTION", 1)
    made = [await create(register.editor, "persons", person()) for _ in range(6)]
    before = await exported(register.public)
    lines = []
    async with streamed(register.app, "/v1/export") as body:
        async for piece in body:
            lines.append(json.loads(piece))
            if len(lines) == 3:
                for one in made:
                    await register.editor.patch(f"/v1/persons/{one['id']}", json={"sex": "male"}, headers=ANY)
                await register.editor.delete(f"/v1/persons/{made[5]['id']}", headers=ANY)
                await create(register.editor, "persons", person())
    assert lines[0]["status"] == 200
    assert (lines[1], lines[2:-1], lines[-1]) == before


async def test_an_export_holds_a_portion_at_a_time(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PORTION", 2_000)
    for _ in range(30):
        await create(register.editor, "persons", person())
    async with streamed(register.app, "/v1/export") as body:
        pieces = [piece async for piece in body]
    sizes = [len(piece.splitlines()) for piece in pieces]
    assert (sum(sizes), sizes[:2], sizes[-1]) == (33, [1, 1], 1)
    assert all(2_000 <= len(piece) < 3_500 for piece in pieces[2:-2])
    assert len(pieces) > 8


async def test_a_reader_who_leaves_gives_back_the_connection(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PORTION", 1)
    for _ in range(5):
        await create(register.editor, "persons", person())
    pool = register.database.pouring.pool
    for _ in range(5):
        async with streamed(register.app, "/v1/export") as body:
            await anext(body)
            await anext(body)
        assert pool.checkedout() == 0  # type: ignore[attr-defined]  # pools that count have it
    assert (await register.public.head("/v1/export")).status_code == 200
    assert pool.checkedout() == 0  # type: ignore[attr-defined]  # the same
    assert (await register.partner.get("/v1/export?cursor=x&after=persons/x")).status_code == 422
    assert pool.checkedout() == 0  # type: ignore[attr-defined]  # the same


async def test_compressed_exports_can_be_read_as_far_as_they_came(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PORTION", 800)
    for _ in range(5):
        await create(register.editor, "persons", person())
    plain = (await register.public.get("/v1/export", headers={"Accept-Encoding": "identity"})).content
    for name, read in (("gzip", gzip.decompress), ("zstd", _unzstd)):
        pieces = []
        async with streamed(register.app, "/v1/export", ("Accept-Encoding", name)) as body:
            start = json.loads(await anext(body))
            assert (start["content-encoding"], start["vary"]) == (name, "Authorization, Accept-Encoding")
            pieces = [piece async for piece in body]
        assert read(b"".join(pieces)) == plain
    cut = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(pieces[:2]))
    assert plain.startswith(cut)
    assert cut.count(b"\n") == 3


def _unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(data) as reader:
        whole: bytes = reader.read()
        return whole


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0.5, zstd;q=0.1", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("GZIP;Q=1", "gzip"),
        ("gzip;q=nonsense", None),
        ("identity;q=1, gzip;q=0.5", None),
    ],
)
def test_the_encoding_is_what_the_reader_likes_best(accepted: str | None, chosen: str | None) -> None:
    assert encoding_of(accepted) == chosen


def test_the_command_replaces_an_export_and_nothing_else(
    seeded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VESTKA_DATABASE_URL", seeded_url)
    file, other = tmp_path / "copy.jsonl", tmp_path / "notes.txt"
    for _ in range(2):
        assert main(["export", str(file)]) == 0
        assert json.loads(file.read_text().splitlines()[-1])["count"] > 0
    other.write_text("something else")
    database = [Path(make_url(seeded_url).database or "")] if seeded_url.startswith("sqlite") else []
    for foreign in (other, *database):
        before = foreign.read_bytes()
        for command, said in ((["export"], "is no export"), (["openapi", "--output"], "is no description")):
            assert main([*command, str(foreign)]) == 1
            assert f"{foreign} {said}" in capsys.readouterr().err
            assert foreign.read_bytes() == before
    link = tmp_path / "link"
    link.symlink_to(file)
    assert main(["export", "--kind", "cases", str(link)]) == 0
    assert (link.is_symlink(), '"kinds":["cases"]' in file.read_text()) == (True, True)
    assert main(["export", os.devnull]) == 0
    assert not Path(os.devnull).is_file()
