"""Hours in short: normal and hostile load for minutes, and the memory of the server does not grow."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest
import websockets
from support.hostile import attacks
from support.program import Program, Running
from support.wire import exchange

MINUTES = float(os.environ.get("SOAK_MINUTES", "2"))
"""Give `SOAK_MINUTES=30` for the long one."""
WARM_SHARE = 0.4
"""Of the time: until then caches fill, pools open and the allocator takes what it needs."""
GROWTH = 1.05
PAUSE_SECONDS = 0.02

PAGE = """query ($n: Int!) {
    providers(first: $n) { totalCount edges { node { id name capabilities { customerSync } } } }
    agreementTemplates(first: 5) { edges { node { name provider { name } } } } viewer { name } }"""
CREATE = """mutation ($name: String!) {
    createAccount(input: {name: $name}) { account { id name } userErrors { code } } }"""

pytestmark = pytest.mark.timeout(60 * MINUTES + 180)


async def test_memory_does_not_grow_under_mixed_load(program: Program) -> None:
    with program.serve("--no-jobs") as server:
        ends_at = time.monotonic() + 60 * MINUTES
        warm_at = time.monotonic() + 60 * MINUTES * WARM_SHARE
        rounds = [0, 0, 0, 0]
        async with asyncio.TaskGroup() as loads:
            for at, load in enumerate((ask, attack, subscribe, follow)):
                loads.create_task(repeat(load, server, ends_at, rounds, at))
            await asyncio.sleep(warm_at - time.monotonic())
            warm = await typical_bytes(server)
            await asyncio.sleep(max(0.0, ends_at - time.monotonic() - 4))
            late = await typical_bytes(server)

        assert min(rounds) > 20
        assert late <= warm * GROWTH, (warm, late)
        assert await server.ask("{ viewer { name } }") == {"viewer": {"name": "local"}}


async def repeat(
    load: Callable[[Running, int], Awaitable[None]],
    server: Running,
    ends_at: float,
    rounds: list[int],
    at: int,
) -> None:
    while time.monotonic() < ends_at:
        await load(server, rounds[at])
        rounds[at] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def ask(server: Running, turn: int) -> None:
    """Ask what people ask, and write a little."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        for n in range(5):
            answer = await client.post("/graphql", json={"query": PAGE, "variables": {"n": n + 1}})
            assert "errors" not in answer.json(), answer.text
        fresh = {"query": f"query Q{turn} {{ providers {{ totalCount }} }}"}
        assert "errors" not in (await client.post("/graphql", json=fresh)).json()
        if turn % 10 == 0:
            made = {"query": CREATE, "variables": {"name": f"Customer {turn}"}}
            assert (await client.post("/graphql", json=made)).json()["data"]["createAccount"][
                "userErrors"
            ] == []


ATTACKS = cycle(attack.wire() for attack in attacks())


async def attack(server: Running, _turn: int) -> None:
    for request in islice(ATTACKS, 5):
        assert (await exchange(server.url, request, seconds=20)).status


async def subscribe(server: Running, _turn: int) -> None:
    """Open a socket, follow a little, send nonsense, and leave without a word."""
    address = f"{server.url.replace('http', 'ws', 1)}/graphql"
    protocol = websockets.Subprotocol("graphql-transport-ws")
    async with websockets.connect(address, subprotocols=[protocol], proxy=None) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        for n in range(3):
            query = "subscription { agreementChanged { sequence } }" if n else PAGE
            message = {"id": str(n), "type": "subscribe", "payload": {"query": query, "variables": {"n": 1}}}
            await socket.send(json.dumps(message))
        first = json.loads(await socket.recv())
        assert first["type"] == "next", first
        await socket.send("[]")


async def follow(server: Running, _turn: int) -> None:
    """Open a stream and leave it."""
    ask = {"query": "subscription { agreementChanged { sequence } }"}
    headers = {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client,
        client.stream("POST", "/graphql", json=ask, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        await anext(answer.aiter_bytes())


def resident_bytes(server: Running) -> int:
    """How much memory the server holds."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def typical_bytes(server: Running) -> int:
    """The median of some seconds: single requests take and give back."""
    found: list[int] = []
    for _ in range(20):
        found.append(resident_bytes(server))
        await asyncio.sleep(0.2)
    return sorted(found)[10]
