"""A clock that is set back gives no change a time before the last one's."""

from datetime import UTC, datetime, timedelta

import time_machine

from tests.conftest import Register
from tests.factories import article, create


async def test_times_go_on_when_the_clock_is_set_back(register: Register) -> None:
    first = await create(register.editor, "articles", article())
    with time_machine.travel(datetime.now(UTC) - timedelta(days=1), tick=True):
        second = await create(register.editor, "articles", article())
        changed = await register.editor.patch(
            f"/v1/articles/{first['id']}", json={"number": "361"}, headers={"If-Match": "*"}
        )
        assert first["updated_at"] < second["updated_at"] < changed.json()["updated_at"]
        since = await register.public.get("/v1/articles", params={"sort": "-updated_at"})
        assert [item["id"] for item in since.json()["items"]] == [first["id"], second["id"]]
        feed = (await register.public.get("/v1/changes")).json()["items"]
        assert [item["id"] for item in feed] == [second["id"], first["id"]]
