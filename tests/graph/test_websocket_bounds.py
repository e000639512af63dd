"""What the sockets of one process may take, and how they end."""

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

import pytest
from support.asgi_sockets import asgi_socket
from support.library.engines import Library, number
from support.library.seed import fill
from support.library.sockets import client, served, sockets_of
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS, until
from websockets.exceptions import ConnectionClosed, InvalidStatus

from graph import encode_id
from graph.admission import Budget
from graph.websocket import SocketBounds
from graph.wire.outbox import Outbox, SlowConsumer

T = TypeVar("T")
INIT = '{"type": "connection_init"}'
SILENCE = "subscription { silence }"


async def seconds_of(awaited: Awaitable[T]) -> tuple[float, T]:
    began = time.monotonic()
    found = await awaited
    return time.monotonic() - began, found


def asks(id: str, query: str) -> str:
    return f'{{"type": "subscribe", "id": "{id}", "payload": {{"query": "{query}"}}}}'


async def test_a_client_that_does_not_say_who_it_is_is_not_waited_for(library: Library) -> None:
    async with served(library, SocketBounds(init_seconds=1)) as server:
        async with client(server.url, init=False) as socket:
            seconds, closed = await seconds_of(socket.until_closed())
        async with client(server.url, init=False) as socket:
            await socket.say({"type": "connection_init", "payload": {"delay": 60}})
            undecided = await socket.until_closed()

    assert closed == undecided == (4408, "Connection initialisation timeout")
    assert 0.9 < seconds < AT_ONCE_SECONDS


async def test_a_client_that_answers_no_ping_is_gone(library: Library) -> None:
    bounds = SocketBounds(ping_seconds=0.1, pong_seconds=2)
    async with served(library, bounds) as server:
        async with client(server.url) as socket:
            assert await socket.hear() == {"type": "ping"}
            assert await socket.until_closed() == (4408, "No pong")
        async with client(server.url) as socket:
            for _ in range(5):
                assert await socket.hear() == {"type": "ping"}
                await socket.say({"type": "pong"})
            await socket.answers()


async def test_more_messages_than_allowed_close_the_socket(library: Library) -> None:
    async with served(library, SocketBounds(messages_per_second=20, messages_at_once=10)) as server:
        async with client(server.url) as socket:
            with suppress(ConnectionClosed):
                for _ in range(500):  # more than a slow machine sends in as many seconds as these may take
                    await socket.say({"type": "ping"})
            assert await socket.until_closed() == (4420, "Too many messages")
        async with client(server.url) as socket:
            for _ in range(20):
                await socket.say({"type": "ping"})
                assert await socket.hear() == {"type": "pong"}
                await asyncio.sleep(0.06)


async def test_one_operation_too_many_is_an_error_of_its_own(library: Library) -> None:
    async with served(library, SocketBounds(operations=3)) as server, client(server.url) as socket:
        for key in "abc":
            await socket.subscribe(key, SILENCE)
            await socket.hear()
        await socket.subscribe("d", "{ __typename }")
        refused = await socket.hear()
        await socket.say({"type": "complete", "id": "a"})
        await socket.answers()
        running = server.watch.running

    assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    assert running == 2


async def test_one_socket_too_many_is_answered_503(library: Library) -> None:
    async with served(library, SocketBounds(connections=2)) as server:
        async with client(server.url), client(server.url):
            with pytest.raises(InvalidStatus) as refused:
                async with client(server.url):
                    pass
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.draining.emptied()
        async with client(server.url) as socket:
            await socket.answers()

    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["retry-after"] == "5"
    assert b"OVERLOADED" in refused.value.response.body


async def test_a_server_without_that_extension_refuses_before_it_accepts(library: Library) -> None:
    made = sockets_of(library, SocketBounds(connections=0))

    async with asgi_socket(made.sockets, extensions={}) as (socket, task):
        await asyncio.wait_for(task, PATIENCE_SECONDS)

    assert socket.sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("query", "leaves"),
    [
        (SILENCE, False), (SILENCE, True), ("{ wait(seconds: 60) }", False), ("{ wait(seconds: 60) }", True),
        ("subscription { flood(size: 10, pause: 0.01) }", True),
    ],
)  # fmt: skip
async def test_what_nobody_waits_for_ends_at_once(library: Library, query: str, *, leaves: bool) -> None:
    async with served(library) as server, client(server.url) as socket:
        for key in range(20):
            await socket.subscribe(str(key), query)
        await server.watch.until(20)
        if leaves:
            socket.connection.transport.abort()
        else:
            for key in range(20):
                await socket.say({"type": "complete", "id": str(key)})
        seconds, _ = await seconds_of(server.watch.until(0))

    assert seconds < AT_ONCE_SECONDS
    assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_a_client_that_reads_nothing_takes_no_memory_and_is_closed(library: Library) -> None:
    bounds = SocketBounds(
        waiting_bytes=200_000, patience_seconds=0.3, send_seconds=3, operations=10, ping_seconds=60
    )
    made = sockets_of(library, bounds)
    async with asgi_socket(made.sockets) as (socket, task):
        socket.text(INIT)
        await socket.until_said(1)
        socket.taking.clear()
        tracemalloc.start()
        for key in range(10):
            socket.text(asks(str(key), "subscription { flood(size: 20000) }"))
        await made.watch.until(0, begun=10)  # each has been given up
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool
        await asyncio.wait_for(asyncio.shield(task), PATIENCE_SECONDS)
        socket.taking.set()

    # What may wait, one message beyond it for each operation, and what execution itself takes.
    assert held < 1_500_000
    assert peak < 4_000_000
    assert made.draining.held == 0


async def test_large_messages_that_nobody_takes_do_not_wait_side_by_side() -> None:
    """One is in the box, one waits for it: whoever comes next with another is told at once."""
    outbox = Outbox(most_messages=100, most_bytes=1_000, patience=30)
    await outbox.put(b"x" * 5_000)
    waiting = asyncio.create_task(outbox.put(b"y" * 5_000))
    await asyncio.sleep(0)

    with pytest.raises(SlowConsumer):
        await asyncio.wait_for(outbox.put(b"z" * 5_000), AT_ONCE_SECONDS)
    waiting.cancel()


async def test_what_waits_on_all_sockets_together_is_bounded() -> None:
    budget = Budget(10_000)
    first, second = (Outbox(most_messages=9, most_bytes=9_999, patience=1, budget=budget) for _ in range(2))
    await first.put(b"x" * 8_000)

    with pytest.raises(SlowConsumer):
        await second.put(b"y" * 8_000)
    first.close()
    await second.put(b"y" * 8_000)


async def test_a_real_client_that_reads_nothing_is_closed(library: Library) -> None:
    bounds = SocketBounds(patience_seconds=0.3, send_seconds=0.8, operations=5)
    async with (
        served(library, bounds) as server,
        client(server.url, max_queue=1, compression=None) as socket,
    ):
        await socket.subscribe("1", "subscription { flood(size: 100000) }")
        await server.watch.until(1)
        await server.watch.until(0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.draining.emptied()
        socket.connection.transport.abort()


async def test_a_slow_client_is_told_which_subscriptions_ended_and_goes_on(library: Library) -> None:
    bounds = SocketBounds(waiting_messages=5, patience_seconds=0.2, send_seconds=30)
    made = sockets_of(library, bounds)
    async with asgi_socket(made.sockets) as (socket, _):
        socket.text(INIT)
        await socket.until_said(1)
        socket.taking.clear()
        socket.text(asks("1", "subscription { flood(size: 10) }"))
        await made.watch.until(0, begun=1)
        socket.taking.set()
        heard = await socket.until_said(7)
        socket.text(asks("2", "{ __typename }"))
        after = (await socket.until_said(9))[7:]

    assert all('"next"' in each for each in heard[1:6])
    assert '"type":"error"' in heard[6]
    assert "SLOW_CONSUMER" in heard[6]
    assert '{"data":{"__typename":"Query"}}' in after[0]


async def test_a_waiting_subscription_keeps_no_connection_of_the_database(library: Library) -> None:
    await fill(library, 1)
    book = encode_id("Book", number(0))
    made = sockets_of(library, SocketBounds(waiting_messages=3))
    async with asgi_socket(made.sockets) as (socket, _):
        socket.text(INIT)
        await socket.until_said(1)
        socket.taking.clear()
        socket.text(
            asks("1", f'subscription {{ allChanges(id: \\"{book}\\") {{ sequence book {{ name }} }} }}')
        )
        await made.watch.until(1)
        await asyncio.sleep(0.3)
        await until(lambda: not library.reads.pool.checkedout())  # type: ignore[attr-defined]  # of a queue pool
        socket.taking.set()
        heard = await socket.until_said(50)

    assert [f'"sequence":{i}' in each for i, each in enumerate(heard[1:])] == [True] * (len(heard) - 1)


async def test_pings_without_end_from_a_client_that_reads_nothing_close_the_socket(library: Library) -> None:
    bounds = SocketBounds(waiting_messages=10, patience_seconds=0.2, send_seconds=30, messages_at_once=10_000)
    made = sockets_of(library, bounds)
    async with asgi_socket(made.sockets) as (socket, task):
        socket.text(INIT)
        await socket.until_said(1)
        socket.taking.clear()
        for _ in range(1_000):
            socket.text('{"type": "ping"}')
        await asyncio.wait_for(asyncio.shield(task), PATIENCE_SECONDS)
        socket.taking.set()

    assert made.draining.held == 0


async def test_when_the_server_ends_queries_finish_and_then_sockets_are_told(library: Library) -> None:
    async with served(library) as server, client(server.url) as socket, client(server.url) as idle:
        await socket.subscribe("1", SILENCE)
        await socket.hear()
        await socket.subscribe("2", "{ wait(seconds: 3) }")
        await server.watch.until(2)
        server.draining.begin()
        await socket.subscribe("3", "{ __typename }")
        refused = await socket.hear()
        assert await idle.until_closed() == (1012, "Service restart")
        with pytest.raises(InvalidStatus) as late:
            async with client(server.url):
                pass
        answered = [await socket.hear() for _ in range(2)]
        closed = await socket.until_closed()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.draining.emptied()
        running = server.watch.running

    assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"
    assert answered[0]["payload"] == {"data": {"wait": "done"}}
    assert answered[1] == {"id": "2", "type": "complete"}
    assert closed == (1012, "Service restart")
    assert late.value.response.status_code == 503
    assert running == 0


async def test_a_server_that_ends_does_not_wait_for_ever(library: Library) -> None:
    async with served(library, SocketBounds(drain_seconds=0.3)) as server, client(server.url) as socket:
        await socket.subscribe("1", "{ wait(seconds: 60) }")
        await server.watch.until(1)
        server.draining.begin()
        seconds, closed = await seconds_of(socket.until_closed())
        await server.watch.until(0)

    assert closed == (1012, "Service restart")
    assert 0.2 < seconds < AT_ONCE_SECONDS


async def test_what_waits_to_be_sent_is_sent_before_the_server_ends(library: Library) -> None:
    made = sockets_of(library)
    async with asgi_socket(made.sockets) as (socket, task):
        socket.text(INIT)
        await socket.until_said(1)
        socket.taking.clear()
        for key in range(3):
            socket.text(asks(str(key), "{ wait(seconds: 0) }"))
        await made.watch.until(0, begun=3)
        made.draining.begin()
        await asyncio.sleep(0.05)
        socket.taking.set()
        await asyncio.wait_for(task, PATIENCE_SECONDS)

    assert len([each for each in socket.texts if '"complete"' in each]) == 3
    assert socket.closed_with == 1012
