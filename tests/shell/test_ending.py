"""The end of a server under load: nobody's request fails, streams are told to come back; it exits with 0."""

import asyncio
import json
import signal
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field

import httpx
import websockets
from support.program import Program, Running

SOCKETS, STREAMS, REQUESTS_PER_SECOND = 50, 20, 100
CHANGES = "subscription { agreementChanged { sequence } }"
EVENTS = {"accept": "text/event-stream"}


@dataclass
class Load:
    """Requests as they were begun, and what became of each."""

    failures: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    begun: int = 0

    async def ask(self, client: httpx.AsyncClient) -> None:
        began = time.monotonic()
        self.begun += 1
        try:
            answer = await client.post("/graphql", json={"query": "{ providers { totalCount } }"})
            if answer.status_code != 200 or "errors" in answer.json():
                self.failures.append((began, answer.text))
        except httpx.HTTPError as error:
            self.failures.append((began, repr(error)))

    async def go_on(self, url: str, stop: asyncio.Event) -> None:
        """Begin requests at a steady pace, whether or not earlier ones have ended."""
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        async with (
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits) as client,
            asyncio.TaskGroup() as asking,
        ):
            due = time.monotonic()
            while not stop.is_set():
                asking.create_task(self.ask(client))
                due += 1 / REQUESTS_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))


async def test_the_end_under_load_fails_nobody(program: Program) -> None:
    with program.serve("--no-jobs", drain_delay="5") as server:  # time to see it unready
        load, stop = Load(), asyncio.Event()
        async with AsyncExitStack() as opened:
            sockets = [await opened.enter_async_context(a_socket(server)) for _ in range(SOCKETS)]
            client = await opened.enter_async_context(
                httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60)
            )
            streams = [await opened.enter_async_context(a_stream(client)) for _ in range(STREAMS)]
            loading = asyncio.create_task(load.go_on(server.url, stop))
            await asyncio.sleep(1)
            unready = asyncio.create_task(turned_unready(server))
            code = await asyncio.to_thread(server.stop, signal.SIGTERM)
            stop.set()
            await loading
            closings = [await closing_code(each) for each in sockets]
            endings = [await ended_properly(each) for each in streams]

        turned = await unready

    assert code == 0
    assert load.begun > REQUESTS_PER_SECOND
    assert [told for began, told in load.failures if began <= turned + 1] == []
    assert closings == [1012] * SOCKETS
    assert endings == [True] * STREAMS
    assert "Traceback" not in server.output


RENAME = "mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { account { name } } }"
CREATE = 'mutation { createAccount(input: {name: "Fabrikam"}) { account { id } } }'


async def test_what_the_end_does_not_wait_for_is_told_so_and_not_done_afterwards(program: Program) -> None:
    file = program.folder / "agreements.db"
    with program.serve("--no-jobs", shutdown_timeout="2", drain_delay="0") as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
            made = (await client.post("/graphql", json={"query": CREATE})).json()["data"]
            given = {"accountId": made["createAccount"]["account"]["id"], "name": "Contoso"}
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                query = {"query": RENAME, "variables": {"input": given}}
                renaming = asyncio.create_task(client.post("/graphql", json=query))
                await asyncio.sleep(1)
                ending = asyncio.create_task(asyncio.to_thread(server.stop, signal.SIGTERM))
                answer = await renaming
                other.execute("ROLLBACK")
                code = await ending

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "SERVER_ENDING")
    assert "may have taken effect" in answer.json()["errors"][0]["message"]
    assert code == 0
    with closing(sqlite3.connect(file)) as reading:
        assert reading.execute("SELECT name FROM accounts").fetchall() == [("Fabrikam",)]
    assert "Traceback" not in server.output


@asynccontextmanager
async def a_socket(server: Running) -> AsyncGenerator[websockets.ClientConnection]:
    address = f"{server.url.replace('http', 'ws', 1)}/graphql"
    protocol = websockets.Subprotocol("graphql-transport-ws")
    async with websockets.connect(address, subprotocols=[protocol], proxy=None) as socket:
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": CHANGES}}))
        yield socket


@asynccontextmanager
async def a_stream(client: httpx.AsyncClient) -> AsyncGenerator[httpx.Response]:
    async with client.stream("POST", "/graphql", json={"query": CHANGES}, headers=EVENTS) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer


async def turned_unready(server: Running) -> float:
    """When the server first called itself unready."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        while (await client.get("/readyz")).status_code == 200:  # noqa: ASYNC110  # another program
            await asyncio.sleep(0.01)
    return time.monotonic()


async def closing_code(socket: websockets.ClientConnection) -> int | None:
    with suppress(websockets.ConnectionClosed):
        while True:
            await socket.recv()
    return socket.close_code


async def ended_properly(answer: httpx.Response) -> bool:
    """Whether the body came to the end that HTTP gives it."""
    try:
        async for _ in answer.aiter_bytes():
            pass
    except httpx.HTTPError:
        return False
    return True
