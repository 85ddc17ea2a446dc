"""Registers that copy one another, and copies that end: nothing comes back, nothing is taken twice."""

import pytest

from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from app.register.seeding import seed
from app.sync.mirror.detaching import detach
from app.sync.mirror.stops import Stopped
from app.sync.mirror.telling import Teller
from tests.conftest import Register
from tests.factories import address, article, charge, create, detention, facility, person
from tests.sync.mirroring import Copying, bare, command, held, listening

ANY = {"If-Match": "*"}


async def _both_ways(copying: Copying, *, rounds: int = 2) -> None:
    """Copy in both directions, as often as it takes to settle."""
    async with listening(copying.mirror.app) as url:
        for _ in range(rounds):
            await copying.copy()
            await command(copying.source.database, url, None, copying.said).run()


async def _is_sound(register: Register) -> None:
    async with register.database.read() as session:
        verdict = await verify(session, KINDS)
    assert verdict.sound, verdict.text
    assert await reindex(register.database) == 0


async def test_two_registers_that_copy_each_other_agree_and_do_not_echo(copying: Copying) -> None:
    await seed(copying.source.database)
    await seed(copying.mirror.database)
    mine = await create(copying.mirror.editor, "persons", person())
    theirs = await create(copying.source.editor, "persons", person())
    await _both_ways(copying)
    one, other = await held(copying.source.public), await held(copying.mirror.public)
    assert bare(one) == bare(other)
    assert "origin" not in other["persons", mine["id"]]
    assert "origin" not in one["persons", theirs["id"]]
    assert one["persons", mine["id"]]["origin"] == str((await copying.mirror.database.identity()).register_id)
    await copying.mirror.editor.patch(f"/v1/persons/{mine['id']}", json={"sex": "male"}, headers=ANY)
    await _both_ways(copying)
    assert (await held(copying.source.public))["persons", mine["id"]]["sex"] == "male"
    versions = (await copying.mirror.editor.get(f"/v1/persons/{mine['id']}/history")).json()["items"]
    assert len(versions) == 2
    for register in (copying.source, copying.mirror):
        await _is_sound(register)


async def test_what_a_partner_says_of_our_person_is_seen_by_who_sees_the_person(copying: Copying) -> None:
    who = await create(copying.source.editor, "persons", person())
    what = await create(copying.source.editor, "articles", article())
    await copying.copy()
    stay = await create(copying.mirror.editor, "detentions", detention(who["id"]))
    said = await create(copying.mirror.editor, "charges", charge(who["id"], what["id"]))
    await _both_ways(copying)
    for kind, made in (("detentions", stay), ("charges", said)):
        assert (await copying.source.public.get(f"/v1/{kind}/{made['id']}")).json()["person_id"] == who["id"]
    situation = (await copying.source.public.get(f"/v1/persons/{who['id']}")).json()["situation"]
    assert situation["status"] == "imprisoned"
    # Ours is hidden at once for us, whatever the partner still shows; then the partner hears of it too.
    await copying.source.admin.patch(f"/v1/articles/{what['id']}", json={"visibility": "private"}, headers=ANY)
    assert "article_id" not in (await copying.source.public.get(f"/v1/charges/{said['id']}")).json()
    await copying.source.admin.patch(f"/v1/persons/{who['id']}", json={"visibility": "private"}, headers=ANY)
    assert (await copying.source.public.get(f"/v1/detentions/{stay['id']}")).status_code == 404
    await _is_sound(copying.source)
    await _both_ways(copying)
    assert (await copying.mirror.public.get(f"/v1/detentions/{stay['id']}")).status_code == 404
    # And back, on both sides.
    for kind, made in (("articles", what), ("persons", who)):
        await copying.source.admin.patch(f"/v1/{kind}/{made['id']}", json={"visibility": "public"}, headers=ANY)
    await _both_ways(copying)
    assert bare(await held(copying.source.public)) == bare(await held(copying.mirror.public))
    assert len((await copying.source.public.get("/v1/detentions")).json()["items"]) == 1
    # What a partner says does not hold our record.
    assert (await copying.source.admin.delete(f"/v1/persons/{who['id']}?purge=true", headers=ANY)).status_code == 204
    await _both_ways(copying)
    for register in (copying.source, copying.mirror):
        assert (await register.public.get("/v1/persons")).json()["items"] == []
        assert (await register.public.get("/v1/detentions")).json()["items"] == []
        await _is_sound(register)


async def test_what_we_say_of_a_copied_person_stays_ours(copying: Copying) -> None:
    who = await create(copying.source.editor, "persons", person())
    await copying.copy()
    mine = await create(copying.mirror.editor, "detentions", detention(who["id"]))
    await copying.source.admin.patch(f"/v1/persons/{who['id']}", json={"visibility": "private"}, headers=ANY)
    await copying.copy()
    place = f"/v1/detentions/{mine['id']}"
    assert (await copying.mirror.public.get(place)).status_code == 404
    assert (await copying.mirror.keeper.get(place)).status_code == 200
    await copying.source.admin.patch(f"/v1/persons/{who['id']}", json={"visibility": "public"}, headers=ANY)
    await copying.copy()
    assert (await copying.mirror.public.get(place)).json()["person_id"] == who["id"]
    assert (await copying.mirror.editor.patch(place, json={"regime": "strict"}, headers=ANY)).status_code == 200
    await _is_sound(copying.mirror)


async def test_a_copy_that_is_detached_is_ours_and_followers_hear_of_it(copying: Copying) -> None:
    who = await create(copying.source.editor, "persons", person())
    place = (await create(copying.source.editor, "facilities", facility()))["id"]
    await create(copying.source.editor, "addresses", address(place))
    hidden = await create(copying.source.admin, "articles", article(visibility="private"))
    said = await create(copying.source.admin, "charges", charge(who["id"], hidden["id"]))
    gone = await create(copying.source.editor, "persons", person())
    await copying.copy()
    await copying.source.editor.delete(f"/v1/persons/{gone['id']}", headers=ANY)
    await copying.copy()
    cursor = (await copying.mirror.public.get("/v1/changes")).json()["cursor"]
    assert await detach(copying.mirror.database, None, Teller(copying.said.append)) == 4
    heard = (await copying.mirror.public.get(f"/v1/changes?after={cursor}")).json()["items"]
    assert {item["version"] for item in heard if item["kind"] == "persons"} == {2}
    assert len(heard) == 4
    assert all("origin" not in item["record"] for item in heard)
    for kind, record_id in (("persons", who["id"]), ("charges", said["id"])):
        answer = await copying.mirror.editor.get(f"/v1/{kind}/{record_id}")
        change = {"sex": "male"} if kind == "persons" else {"status": "dropped", "article_id": None}
        done = await copying.mirror.editor.patch(
            f"/v1/{kind}/{record_id}", json=change, headers={"If-Match": answer.headers["etag"]}
        )
        assert done.status_code == (200 if kind == "persons" else 422), done.text
    await _is_sound(copying.mirror)
    with pytest.raises(Stopped, match="nothing"):
        await detach(copying.mirror.database, copying.url, Teller(copying.said.append))
    with pytest.raises(Stopped, match=f"persons/{who['id']}"):
        await copying.copy()


async def test_a_copy_of_a_copy_keeps_where_records_are_from(copying: Copying) -> None:
    made = await create(copying.source.editor, "persons", person())
    await copying.copy()
    first = (await copying.mirror.public.get(f"/v1/persons/{made['id']}")).json()["origin"]
    async with listening(copying.mirror.app) as url:
        await command(copying.source.database, url, None, copying.said).run()
    assert first == str((await copying.source.database.identity()).register_id)
    assert "origin" not in (await copying.source.public.get(f"/v1/persons/{made['id']}")).json()
