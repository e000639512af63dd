"""No provider fills our memory or holds a call for ever, and none gets back what it did not give."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from support.patience import PATIENCE_SECONDS

from providers import exchange
from providers.clock import SystemClock
from providers.errors import InputRefused, ProviderUnavailable
from providers.partner_center import Connection
from providers.partner_center.attestation import acceptance_request
from providers.partner_center.auth import SaveRefreshToken
from providers.partner_center.client import PartnerCenter
from providers.partner_center.wire import error_body
from providers.record import Malformed
from providers.rest import RestConnection
from providers.rest.client import RestProvider
from providers.rest.session import Call, Session

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
TOKEN = "eyJhbGciOiJub25lIn0.eyJvaWQiOiIxIn0.c2ln"  # noqa: S105 -- of nobody
TENANT = "11111111-1111-1111-1111-111111111111"


@asynccontextmanager
async def answering(answer: Answer, seen: list[str] | None = None) -> AsyncGenerator[str]:
    """Serve whatever the test says, as no well-behaved server would."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if seen is not None:
                    seen.append(head.decode())
                await answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def head(length: int, *lines: str, status: str = "200 OK") -> bytes:
    known = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {length}"]
    return ("\r\n".join([*known, *lines]) + "\r\n\r\n").encode()


def whole(body: bytes, *lines: str, status: str = "200 OK") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(len(body), *lines, status=status) + body)

    return answer


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(head(10_000))
    for _ in range(10_000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_headers(writer: asyncio.StreamWriter) -> None:
    for number in range(10_000):
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" if number % 2 else b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


def rest(url: str, **more: Any) -> RestProvider:
    return RestProvider(RestConnection(base_url=url, api_key="key", max_attempts=1, **more))


def partner_center(url: str, save: SaveRefreshToken | None = None, **more: Any) -> PartnerCenter:
    """A client whose login service is at the same address."""
    connection = Connection(
        tenant_id=TENANT,
        client_id="client",
        client_secret="secret",  # noqa: S106 -- of nobody
        refresh_token="first",  # noqa: S106 -- likewise
        base_url=url,
        login_url=url,
        max_attempts=1,
        **more,
    )
    return PartnerCenter(connection, save_refresh_token=save)


async def read(client: RestProvider | PartnerCenter) -> int:
    async with aclosing(client):
        return sum([len(page) async for page in client.list_customers()])


@pytest.mark.parametrize("answer", [drip, drip_headers])
@pytest.mark.parametrize("client", [rest, partner_center])
async def test_an_answer_that_never_ends_is_given_up(
    client: Callable[..., RestProvider | PartnerCenter], answer: Answer
) -> None:
    async with answering(answer) as url, asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ProviderUnavailable):
            await read(client(url, timeout=timedelta(milliseconds=200)))


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_without_measure_is_not_read(
    monkeypatch: pytest.MonkeyPatch, *, packed: bool, status: str
) -> None:
    monkeypatch.setattr(exchange, "LARGEST_ANSWER", 100_000)
    body = b" " * 200_000
    answer = whole(gzip.compress(body), "Content-Encoding: gzip", status=status) if packed else None
    async with answering(answer or whole(body, status=status)) as url:
        with pytest.raises(ProviderUnavailable, match="TooLarge"):
            await read(rest(url))


async def test_an_answer_packed_twice_is_not_unpacked() -> None:
    body = gzip.compress(gzip.compress(b"[]"))
    async with answering(whole(body, "Content-Encoding: gzip, gzip")) as url:
        with pytest.raises(ProviderUnavailable, match="TooLarge"):
            await read(rest(url))


async def test_a_packed_answer_is_read() -> None:
    body = gzip.compress(json.dumps([{"Id": "1"}]).encode())
    async with answering(whole(body, "Content-Encoding: gzip")) as url:
        assert await read(rest(url)) == 1


async def test_the_login_service_is_not_listened_to_without_measure() -> None:
    body = gzip.compress(b" " * (exchange.LARGEST_LOGIN_ANSWER + 1))
    async with answering(whole(body, "Content-Encoding: gzip")) as url:
        with pytest.raises(ProviderUnavailable):
            await read(partner_center(url))


async def test_cookies_are_not_kept() -> None:
    seen: list[str] = []
    async with (
        answering(whole(b"[]", "Set-Cookie: session=1; Path=/"), seen) as url,
        aclosing(rest(url)) as client,
    ):
        for _ in range(2):
            assert await client.find_customer(domain="a.example") is None

    assert len(seen) == 2
    assert not any("cookie:" in each.casefold() for each in seen)


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
async def test_a_list_that_got_lost_on_the_way_is_no_empty_list(body: bytes) -> None:
    async with answering(whole(body)) as url:
        with pytest.raises(ProviderUnavailable):
            await read(rest(url))


@pytest.mark.parametrize("value", ["\ud800", float("inf"), float("nan")])
async def test_what_cannot_be_sent_back_is_the_providers_fault(value: object) -> None:
    async with answering(whole(b"{}")) as url:
        connection = RestConnection(base_url=url, api_key="key", max_attempts=1)
        async with aclosing(Session(connection, clock=SystemClock())) as session:
            with pytest.raises(ProviderUnavailable):
                await session.once(Call(method="POST", path="/customers", read=str, json={"given": value}))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "http://[",
        "https://a.example/ b",
    ],
)
def test_an_address_that_no_person_should_follow_is_not_taken(url: str) -> None:
    with pytest.raises(Malformed):
        acceptance_request({"url": url, "attestationId": "1"})


async def test_a_token_in_an_error_is_not_repeated() -> None:
    said = error_body(json.dumps({"code": "9" * 5000, "description": f"Bearer {TOKEN} is bad"}).encode())

    assert said.text == "Bearer *** is bad"
    assert len(said.code or "") == 100


async def test_a_key_in_the_code_or_the_trace_of_an_error_is_not_repeated() -> None:
    problem = json.dumps({"title": "No", "code": "for key", "traceId": "of key"}).encode()
    async with answering(whole(problem, status="400 Bad Request")) as url, aclosing(rest(url)) as client:
        with pytest.raises(InputRefused) as caught:
            await client.is_domain_available("a.example")

    assert (caught.value.provider_code, caught.value.correlation_id) == ("for ***", "of ***")


async def test_a_refresh_token_on_its_way_is_saved_though_nobody_waits_any_more() -> None:
    saved: list[str] = []
    issuer: dict[str, str] = {}
    seen: list[str] = []

    async def answer(writer: asyncio.StreamWriter) -> None:
        if "openid-configuration" in seen[-1]:
            body = json.dumps(issuer)
        elif "/token" in seen[-1]:
            await asyncio.sleep(0.1)
            body = json.dumps({"access_token": TOKEN, "expires_in": 3600, "refresh_token": "second"})
        else:
            body = '{"items": []}'
        await whole(body.encode())(writer)

    async def save(refresh_token: str) -> None:
        await asyncio.sleep(0)
        saved.append(refresh_token)

    async with answering(answer, seen) as url:
        at = url.replace("http:", "https:")
        names = ("issuer", "authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
        issuer |= dict.fromkeys(names, f"{at}/{TENANT}/token")
        async with aclosing(partner_center(url, save)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.08):
                    await client.list_templates()
            assert list(await client.list_templates()) == []

    assert saved == ["second"]
    assert sum("/token" in each for each in seen) == 1
