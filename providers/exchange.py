"""One request and its answer within bounds: no provider fills our memory, or holds a call for ever."""

import asyncio
import time
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes, unpacked; a REST provider gives all of its customers in one piece."""

LARGEST_LOGIN_ANSWER = 1024 * 1024

PATIENCE = 6
"""How many time-outs an answer may take to its last byte; a time-out itself is of one wait for data."""

ENCODINGS = "gzip, deflate"
"""What is asked for, and all that is unpacked: others, and several at once, grow without measure."""

UNSENDABLE = (httpx.InvalidURL, ValueError)
"""What cannot be written into a request, as text or JSON: something that the provider itself gave us."""


class TooLarge(httpx.DecodingError):
    """The answer is longer than any that makes sense, or packed in a way that was not asked for."""


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, *, wait: timedelta, auth: httpx.Auth | None = None
) -> httpx.Response:
    """Send a request and read all of its answer, and of those that `auth` answers by another request.

    Args:
        http: The client.
        request: Built by it.
        wait: The time-out of one wait for data.
        auth: Signs the request.

    Raises:
        httpx.ReadTimeout: Bytes come, but the end does not.
        httpx.DecodingError: The answer is too large.
        httpx.TransportError: As ever.
    """
    flow = (auth or httpx.Auth()).async_auth_flow(request)
    try:
        sent = await anext(flow)
        while True:
            answer = await _answer(http, sent, wait)
            try:
                sent = await flow.asend(answer)
            except StopAsyncIteration:
                return answer
    finally:
        await flow.aclose()


async def _answer(http: httpx.AsyncClient, request: httpx.Request, wait: timedelta) -> httpx.Response:
    try:
        async with asyncio.timeout(wait.total_seconds() * PATIENCE):
            response = await http.send(request, stream=True)
            try:
                _check_packing(response)
                content = bytearray()
                async for part in response.aiter_bytes():
                    _add(content, part, LARGEST_ANSWER)
            finally:
                await response.aclose()
    except TimeoutError:
        raise httpx.ReadTimeout("The answer does not come to its end.", request=request) from None
    return _whole(response, content)


def exchange_login(http: httpx.Client, request: httpx.Request, *, wait: timedelta) -> httpx.Response:
    """Do the same from a thread, for the little that a login service has to say."""
    latest = time.monotonic() + wait.total_seconds() * PATIENCE
    response = http.send(request, stream=True)
    try:
        _check_packing(response)
        content = bytearray()
        for part in response.iter_bytes():
            _add(content, part, LARGEST_LOGIN_ANSWER)
            if time.monotonic() > latest:
                raise httpx.ReadTimeout("The answer does not come to its end.", request=request)
    finally:
        response.close()
    return _whole(response, content)


def no_cookies() -> CookieJar:
    """Give a jar that stays empty: what a provider wants kept is none of our business."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _check_packing(response: httpx.Response) -> None:
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in {"", "identity", "gzip", "deflate"}:
        raise TooLarge("The answer is packed in a way that was not asked for.")


def _add(content: bytearray, part: bytes, most: int) -> None:
    content += part
    if len(content) > most:
        raise TooLarge("The answer is too large.")


def _whole(response: httpx.Response, content: bytearray) -> httpx.Response:
    """Give the answer as one that was never packed."""
    packed = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [each for each in response.headers.multi_items() if each[0].lower() not in packed]
    return httpx.Response(
        response.status_code, headers=headers, content=bytes(content), request=response.request
    )
