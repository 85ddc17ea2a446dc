"""Those who have an answer already, and say so: made once for all of them, if it can be kept at all."""

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.types import Message, Receive, Scope, Send

from app.core.hot import Hot
from tests.core.test_hot import Routes


class Revalidated(Routes):
    """Tells those who have the answer that it is still the same; keeps what each sent."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[bytes | None] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send, /) -> None:
        headers = dict(self.headers)
        known = dict(scope["headers"]).get(b"if-none-match")
        self.known.append(known)
        status = 304 if known == headers[b"etag"] else 200
        await send({"type": "http.response.start", "status": status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"" if status == 304 else b"x" * 10_000})


def reading(routes: Routes) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(Hot(routes, lambda: routes, 200_000)), base_url="http://t")


async def test_what_everybody_has_from_before_a_start_is_made_once() -> None:
    """Behind a cache each request names the tag of what is there, and no route would ever say it whole."""
    routes = Revalidated()
    async with AsyncClient(
        transport=ASGITransport(Hot(routes, lambda: routes, 200_000)), base_url="http://t"
    ) as client:
        answers = [await client.get("/a", headers={"If-None-Match": '"1-a"'}) for _ in range(5)]
        whole = await client.get("/a")
    assert routes.known == [b'"1-a"', None]
    assert [(answer.status_code, answer.content) for answer in answers] == [(304, b"")] * 5
    assert (whole.status_code, len(whole.content)) == (200, 10_000)


@pytest.mark.parametrize("room", [10_000, 200_000])
async def test_of_what_cannot_be_kept_the_route_is_told_what_they_have(room: int) -> None:
    """What is too large, or sent while it is made, is asked for whole once, and never again."""

    class Streamed(Revalidated):
        async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
            async def sent(message: Message) -> None:
                streams = message["type"] == "http.response.body" and message["body"] and room == 200_000
                await send({**message, "more_body": bool(streams)})
                if streams:
                    await send({"type": "http.response.body", "body": b""})

            await super().__call__(scope, receive, sent)

    routes = Streamed()
    hot = Hot(routes, lambda: routes, room)
    async with AsyncClient(transport=ASGITransport(hot), base_url="http://t") as client:
        answers = [await client.get("/a", headers={"If-None-Match": '"1-a"'}) for _ in range(5)]
    assert routes.known == [b'"1-a"', None, b'"1-a"', b'"1-a"', b'"1-a"']
    assert [answer.status_code for answer in answers][2:] == [304] * 3
    assert not hot.taken


async def test_of_what_is_not_for_everybody_the_route_is_told_what_they_have() -> None:
    routes = Revalidated()
    routes.headers[0] = (b"cache-control", b"private")
    async with AsyncClient(
        transport=ASGITransport(Hot(routes, lambda: routes, 200_000)), base_url="http://t"
    ) as client:
        answers = [await client.get("/a", headers={"If-None-Match": '"1-a"'}) for _ in range(3)]
    assert routes.known == [b'"1-a"'] * 3
    assert [answer.status_code for answer in answers] == [304] * 3
