"""What files in requests may take: of memory, of time, of everybody's patience."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message
from support.patience import PATIENCE_SECONDS
from support.upload_requests import HEADERS, KEEP, one_file, post
from support.upload_server import MAX_FILE_BYTES

from graph.deadlines import ClientGone
from graph.refusals import Refused
from graph.uploads import UploadBounds, Uploads


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    with subprocess.Popen(
        [sys.executable, "-m", "support.upload_server"], stdout=subprocess.PIPE, text=True, env=environment
    ) as started:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()
        started.kill()


def peak_megabytes(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
async def test_200_megabytes_are_refused_at_the_cap_without_being_held(
    process: tuple[subprocess.Popen[str], str],
) -> None:
    started, url = process
    start, _, _ = one_file(b"<content>").partition(b"<content>")

    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        assert (await post(client, one_file(bytes(2_000_000)))).status_code == 200
        before = peak_megabytes(started.pid)

        answer, sent = await flood(url, start, megabytes=200)

        assert b" 413 " in answer
        assert b"FILE_TOO_LARGE" in answer
        assert sent <= 2 * MAX_FILE_BYTES
        assert peak_megabytes(started.pid) - before <= 16
        assert (await post(client, one_file())).status_code == 200


async def flood(url: str, start: bytes, *, megabytes: int) -> tuple[bytes, int]:
    """Send a body of no announced length until there is an answer; the answer, and how much was sent."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = "\r\n".join(
        [
            "POST /graphql HTTP/1.1",
            "host: localhost",
            *(f"{name}: {value}" for name, value in HEADERS.items()),
            "transfer-encoding: chunked",
        ]
    )
    writer.write(head.encode() + b"\r\n\r\n%x\r\n" % len(start) + start + b"\r\n")
    answered, sent = asyncio.create_task(reader.readuntil(b"}]}")), 0
    while not answered.done() and sent < megabytes * 1024 * 1024:
        writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
        await writer.drain()
        sent += 65_536
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(answered, PATIENCE_SECONDS)
    writer.close()
    return answer, sent


async def test_what_would_not_be_run_is_refused_before_its_file_is_read() -> None:
    """Whoever reads the operations says no; nothing more is asked of the client."""
    start, _, _ = one_file(b"<content>").partition(b"<content>")
    pieces = [start, *[bytes(65_536)] * 3]

    def no(operations: dict[str, Any]) -> None:
        assert operations["query"] == KEEP
        raise Refused(400, "BAD_REQUEST", "No.")

    with pytest.raises(Refused, match="No"):
        async with Uploads().read(a_request(pieces), no):
            pass

    assert len(pieces) == 3  # only the first was taken


async def test_only_so_many_uploads_are_read_at_once_and_an_idle_one_is_given_up() -> None:
    uploads = Uploads(UploadBounds(requests=2, idle_seconds=0.2))
    start, _, _ = one_file(b"<content>").partition(b"<content>")

    async def read() -> tuple[int, str]:
        try:
            async with uploads.read(a_request([start])):
                return 200, ""
        except Refused as error:
            return error.status, error.code

    assert sorted(await asyncio.gather(*(read() for _ in range(3)))) == [
        (408, "REQUEST_TIMEOUT"),
        (408, "REQUEST_TIMEOUT"),
        (503, "OVERLOADED"),
    ]
    assert await read() == (408, "REQUEST_TIMEOUT")


async def test_a_client_that_leaves_in_the_middle_is_not_answered() -> None:
    start, _, _ = one_file(b"<content>").partition(b"<content>")

    with pytest.raises(ClientGone):
        async with Uploads().read(a_request([start], then={"type": "http.disconnect"})):
            pass


def a_request(pieces: list[bytes], then: Message | None = None) -> Request:
    """A request of which these pieces of the body come, then that message, or nothing more for ever."""

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        if then is None:
            await asyncio.Event().wait()
        assert then is not None
        return then

    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)
