"""`agreements serve` starts from nothing, answers everybody properly, and ends in good order."""

import asyncio
import json
import signal
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import Pool, event, make_url
from support.program import Program, Run, Running
from support.simulator import Simulator, running_simulator
from support.work import configure, ended, job_status, start_sync

import models.migrations
from agreements_api.app import make_app
from agreements_api.services import open_services
from agreements_api.settings import Settings

END_SECONDS = 10
"""A quiet machine takes less than one; a busy one gets time."""
JSON = {"content-type": "application/json"}


@pytest.fixture
async def client(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as opened:
        yield opened


def connect(url: str, **options: Any) -> websockets.connect:
    return websockets.connect(
        f"{url.replace('http', 'ws', 1)}/graphql",
        subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
        proxy=None,
        **options,
    )


@asynccontextmanager
async def subscribed(url: str, subscription: str) -> AsyncGenerator[websockets.ClientConnection]:
    """Open a socket with one running subscription."""
    async with connect(url) as socket:
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        message = {"id": "1", "type": "subscribe", "payload": {"query": subscription}}
        await socket.send(json.dumps(message))
        yield socket


async def test_from_nothing_to_the_end(program: Program, tmp_path: Path) -> None:
    with program.serve() as server:
        assert await server.ask("{ providers { totalCount } }") == {"providers": {"totalCount": 2}}
        async with subscribed(server.url, "subscription { agreementChanged { sequence } }") as socket:
            began = time.monotonic()
            code = await asyncio.to_thread(server.stop, signal.SIGTERM)
            took = time.monotonic() - began
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
        output = server.output

    assert code == 0
    assert took < END_SECONDS
    newest = models.migrations.revisions()[-1]
    assert output == (
        f"Made a new database: {tmp_path}/agreements.db, at revision {newest}.\n"
        f"Serving {server.url}/graphql (GraphiQL in a browser), to this machine only.\n"
    )
    assert modes(tmp_path, "agreements.db*") == {
        "agreements.db": 0o600,
        "agreements.db.key": 0o600,
        "agreements.db.jobs-lock": 0o600,
    }


async def test_the_database_that_is_served_is_named(program_with_database: Program) -> None:
    url = make_url(program_with_database.settings["database_url"])
    name = url.database if url.get_backend_name() == "sqlite" else f"/{url.database}"

    with program_with_database.serve("--no-jobs") as server:
        first = server.output.splitlines()[0]

    assert first.startswith("The database is ")
    assert first.endswith(f"{name}.")


def modes(folder: Path, pattern: str) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob(pattern)}


async def test_work_under_way_at_the_end_goes_on_at_the_next_start(
    program_with_database: Program, run: Run
) -> None:
    async with running_simulator() as simulator:
        await configure(partial(run, **program_with_database.settings), simulator)
        await simulator.fault("/v1/customers", {"kind": "delay", "seconds": 120}, times=1000)
        with program_with_database.serve() as server:
            job = await start_sync(server)
            await until_asked(simulator)
            assert await job_status(server, job) == "RUNNING"
            began = time.monotonic()
            code = await asyncio.to_thread(server.stop, signal.SIGINT)
            took = time.monotonic() - began
            assert "Traceback" not in server.output

        await simulator.clear_faults()
        with program_with_database.serve() as server:
            assert await ended(server, job) == "SUCCEEDED"

    assert code == 0
    assert took < END_SECONDS


async def until_asked(simulator: Simulator) -> None:
    """Wait until the sync has reached the provider."""
    async with asyncio.timeout(60):
        while not any("customers" in request["path"] for request in await simulator.requests()):  # noqa: ASYNC110  # another program
            await asyncio.sleep(0.05)


async def test_health_is_answered(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == (await client.get("/readyz")).json() == {"status": "ok"}


async def test_a_database_that_does_not_answer_makes_the_server_unready_but_not_dead(tmp_path: Path) -> None:
    path = tmp_path / "agreements.db"
    async with open_services(Settings(database_url=f"sqlite:///{path}"), run_jobs=False) as services:
        path.rename(tmp_path / "elsewhere.db")
        path.mkdir()
        transport = httpx.ASGITransport(app=make_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            ready, live = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, ready.json()) == (503, {"status": "the database does not answer"})
    assert live.status_code == 200


async def test_any_number_who_ask_for_readiness_share_a_connection(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/agreements.db")
    async with open_services(settings, run_jobs=False) as services:
        opened = 0

        def count(*_: object) -> None:
            nonlocal opened
            opened += 1

        event.listen(Pool, "connect", count)
        try:
            transport = httpx.ASGITransport(app=make_app(services))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
                again = await client.get("/readyz")
        finally:
            event.remove(Pool, "connect", count)

    assert {answer.status_code for answer in (*answers, again)} == {200}
    assert 2 <= opened <= 5


async def test_a_browser_is_shown_graphiql_and_a_program_is_not(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    answer = await client.get("/graphql", params={"query": "{ viewer { name } }"})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "/graphiql/assets/" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert answer.json() == {"data": {"viewer": {"name": "local"}}}
    assert page.headers["vary"].startswith("accept")
    assert answer.headers["vary"].startswith("accept")
    assert (await client.get("/")).headers["location"] == "/graphql"


@pytest.mark.parametrize(
    ("request_line", "options", "status", "code"),
    [
        ("POST /graphql", {"json": {"query": "{ viewer { name } }"}}, 200, None),
        ("GET /livez", {}, 200, None),
        ("POST /graphql", {"content": b"{", "headers": JSON}, 400, "BAD_REQUEST"),
        ("GET /livez", {"headers": {"host": "elsewhere.example"}}, 400, "HOST_NOT_ALLOWED"),
        ("GET /livez", {"headers": {"origin": "https://evil.example"}}, 403, "ORIGIN_NOT_ALLOWED"),
        ("GET /nothing", {}, 404, "NOT_FOUND"),
        ("DELETE /graphql", {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST /livez", {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST /graphql", {"content": b" " * 20_001, "headers": JSON}, 413, "BODY_TOO_LARGE"),
        ("POST /graphql", {"content": b"{}"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_every_answer_has_a_request_id_and_safe_headers(
    client: httpx.AsyncClient, request_line: str, options: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await client.request(*request_line.split(), **options)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers
    assert ("allow" in answer.headers) == (status == 405)
    id_ = answer.headers["x-request-id"]
    assert id_
    if code is not None:
        assert answer.json()["errors"][0]["extensions"] == {"code": code, "requestId": id_}


async def test_the_caller_s_request_id_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/livez", headers={"x-request-id": "trace-42"})

    assert answer.headers["x-request-id"] == "trace-42"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_pages_of_other_origins_may_not_ask(client: httpx.AsyncClient, method: str) -> None:
    query = {"query": "{ __typename }"}
    options: dict[str, Any] = {"params": query} if method == "GET" else {"json": query}

    async def status(origin: str) -> int:
        return (await client.request(method, "/graphql", headers={"origin": origin}, **options)).status_code

    own = str(client.base_url).rstrip("/")
    assert [await status(origin) for origin in (own, "https://portal.example.com")] == [200, 200]
    others = ("https://evil.example", "null", own.replace("127.0.0.1", "localhost"))
    assert [await status(origin) for origin in others] == [403, 403, 403]


async def test_a_listed_origin_s_page_is_told_that_it_may_ask(client: httpx.AsyncClient) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    listed = {"origin": "https://portal.example.com"}

    asked = await client.options("/graphql", headers=listed | preflight)
    answer = await client.post("/graphql", headers=listed, json={"query": "{ __typename }"})
    refused = await client.options("/graphql", headers={"origin": "https://evil.example"} | preflight)

    assert (asked.status_code, refused.status_code) == (200, 403)
    assert asked.headers["access-control-allow-headers"] == "content-type"
    for each in (asked, answer):
        assert each.headers["access-control-allow-origin"] == "https://portal.example.com"
    assert answer.headers["access-control-expose-headers"] == "x-request-id"
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("headers", "status"), [({"origin": "https://evil.example"}, 403), ({"host": "elsewhere.example"}, 400)]
)
async def test_sockets_are_refused_as_requests_are(
    server: Running, headers: dict[str, str], status: int
) -> None:
    host = {"host": headers["host"]} if "host" in headers else {}
    origin = websockets.Origin(headers["origin"]) if "origin" in headers else None

    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(server.url, origin=origin, additional_headers=host).__aenter__()

    assert refusal.value.response.status_code == status
    assert refusal.value.response.headers["x-request-id"]
    assert "[error" not in server.output  # anybody's page could fill the log


async def test_a_page_of_our_own_may_open_a_socket(server: Running) -> None:
    async with connect(server.url, origin=websockets.Origin(server.url)) as socket:
        assert socket.subprotocol == "graphql-transport-ws"
        assert socket.response is not None
        assert socket.response.headers["x-request-id"]
