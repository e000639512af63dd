"""GraphQL over WebSocket: the protocol, as a real client sees it."""

import logging
from collections.abc import AsyncIterator

import pytest
from support.library.engines import Library, number
from support.library.seed import fill
from support.library.serving import SECRET
from support.library.sockets import Served, client, served
from websockets.exceptions import InvalidStatus

from graph import encode_id

COUNT = "{ books { totalCount } }"
BOOK = "subscription ($id: ID!) { book(id: $id) { name } }"


@pytest.fixture
async def server(library: Library) -> AsyncIterator[Served]:
    async with served(library) as opened:
        yield opened


async def test_a_socket_serves_queries_mutations_and_subscriptions(server: Served, library: Library) -> None:
    await fill(library, 1)
    book = encode_id("Book", number(0))
    rename = f'mutation {{ rename(id: "{book}", name: "x") {{ book {{ name }} }} }}'

    async with client(server.url) as socket:
        await socket.subscribe("1", COUNT)
        query = [await socket.hear() for _ in range(2)]
        await socket.subscribe("2", BOOK, variables={"id": book})
        events = [await socket.hear() for _ in range(3)]
        await socket.subscribe("3", rename)
        change = [await socket.hear() for _ in range(2)]

    assert query == [
        {"id": "1", "type": "next", "payload": {"data": {"books": {"totalCount": 3}}}},
        {"id": "1", "type": "complete"},
    ]
    shown = {"data": {"book": {"name": "book 0"}}}
    assert [each.get("payload") for each in events] == [shown, shown, None]
    assert change[0]["payload"] == {"data": {"rename": {"book": {"name": "x"}}}}
    assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_an_id_that_json_must_escape_comes_back_as_it_was(server: Served) -> None:
    async with client(server.url) as socket:
        await socket.subscribe('"\\\u2028é', COUNT)

        assert [(await socket.hear())["id"] for _ in range(2)] == ['"\\\u2028é'] * 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_REQUEST"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Book { id }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_REQUEST"),
        ("query ($n: Int!) { books(first: $n) { totalCount } }", "BAD_USER_INPUT"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_bad_operation_is_an_error_of_its_own(server: Served, query: str, code: str) -> None:
    async with client(server.url) as socket:
        await socket.subscribe("1", query)
        heard = await socket.hear()
        await socket.answers()

    assert (heard["id"], heard["type"]) == ("1", "error")
    assert heard["payload"][0]["extensions"]["code"] == code
    assert heard["payload"][0]["extensions"]["requestId"]


@pytest.mark.parametrize("query", ["{ failure }", "subscription { breaks }"])
async def test_what_fails_here_is_masked(
    server: Served, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    async with client(server.url) as socket:
        await socket.subscribe("1", query)
        heard = [await socket.hear()]
        while heard[-1]["type"] == "next" and len(heard) < 2:
            heard.append(await socket.hear())
        await socket.answers()

    assert SECRET not in repr(heard)
    assert "Internal error." in repr(heard)
    assert SECRET in caplog.text


async def test_each_operation_has_an_id_of_its_own_also_in_the_log(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"x-request-id": "conn-1"}
    async with client(server.url, additional_headers=headers) as socket:
        for key in ("a", "b"):
            await socket.subscribe(key, "{ failure }")
        heard = [await socket.hear() for _ in range(4)]
        await socket.subscribe("c", "{")
        refused = await socket.hear()

    ids = {
        each["payload"]["errors"][0]["extensions"]["requestId"] for each in heard if each["type"] == "next"
    }
    logged = {getattr(each, "request_id", None) for each in caplog.records if each.levelno == logging.ERROR}
    assert ids == logged == {"conn-1/1", "conn-1/2"}
    assert refused["payload"][0]["extensions"]["requestId"] == "conn-1/3"
    assert socket.connection.response is not None
    assert socket.connection.response.headers["x-request-id"] == "conn-1"


async def test_pings_are_answered_at_any_time(server: Served) -> None:
    async with client(server.url, init=False) as socket:
        await socket.say({"type": "ping"})
        before = await socket.hear()
        await socket.say({"type": "connection_init"})
        await socket.hear()
        await socket.say({"type": "ping", "payload": {"a": [1, {"é": None}]}})
        echoed = await socket.hear()
        await socket.say({"type": "pong", "payload": {"unasked": True}})
        await socket.answers()

    assert before == {"type": "pong"}
    assert echoed == {"type": "pong", "payload": {"a": [1, {"é": None}]}}


async def test_what_a_client_completes_ends_at_once(server: Served) -> None:
    async with client(server.url) as socket:
        await socket.subscribe("1", "subscription { silence }")
        await socket.subscribe("2", "{ wait(seconds: 60) }")
        assert (await socket.hear())["payload"] == {"data": {"silence": "first"}}
        await server.watch.until(2)
        for key in ("1", "2", "never heard of"):
            await socket.say({"type": "complete", "id": key})
        await server.watch.until(0)
        await socket.subscribe("1", COUNT)

        assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]


async def test_an_id_is_free_again_once_its_operation_has_ended(server: Served) -> None:
    async with client(server.url) as socket:
        for query in (COUNT, "{ nothing }", COUNT):
            await socket.subscribe("1", query)
            while (await socket.hear())["type"] == "next":
                pass


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": COUNT}}], 4401),
        ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
        ([{"type": "connection_init", "payload": {"refuse": True}}], 4403),
        ([{"type": "connection_init", "payload": {"coded": True}}], 4403),
        ([{"type": "connection_init", "payload": {"broken": True}}], 4500),
        (
            [
                {"type": "connection_init", "payload": {"delay": 3}},
                {"type": "subscribe", "id": "1", "payload": {"query": COUNT}},
            ],
            4401,
        ),
    ],
)
async def test_a_client_that_is_not_let_in_is_told_why(
    server: Served, messages: list[object], code: int
) -> None:
    async with client(server.url, init=False) as socket:
        for message in messages:
            await socket.say(message)
        closed = await socket.until_closed()

    assert closed[0] == code
    assert closed[1]
    assert SECRET not in closed[1]


async def test_a_second_operation_under_a_running_ones_id_closes_the_socket(server: Served) -> None:
    async with client(server.url) as socket:
        for _ in range(2):
            await socket.subscribe("same", "subscription { silence }")

        assert await socket.until_closed() == (4409, "Subscriber for same already exists")


async def test_a_right_that_ends_later_closes_the_socket(server: Served) -> None:
    async with client(server.url, params={"allowed_contexts": 2}) as socket:
        await socket.subscribe("1", COUNT)
        assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await socket.subscribe("2", COUNT)
        by_context = await socket.until_closed()
    async with client(server.url) as socket:
        await socket.subscribe("1", "subscription { expires }")
        by_source = await socket.until_closed()

    assert by_context == (4403, "Who are you?")
    assert by_source == (4403, "The token has expired.")


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "chat"])
async def test_another_protocol_is_not_spoken(server: Served, protocol: str | None) -> None:
    async with client(server.url, protocol=protocol, init=False) as socket:
        assert await socket.until_closed() == (4406, "Speak graphql-transport-ws")


async def test_a_socket_is_not_for_foreign_pages(server: Served) -> None:
    own = server.url.replace("ws:", "http:").removesuffix("/graphql")
    for origin in ("https://portal.example.com", own):
        async with client(server.url, origin=origin):
            pass
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with client(server.url, origin=origin):
                pass

        assert refused.value.response.status_code == 403
        assert b"ORIGIN_NOT_ALLOWED" in refused.value.response.body
