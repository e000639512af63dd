"""How a REST provider says no, and what is made of it."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from support.rest_simulator import API_KEY

from providers.errors import AdministratorNeeded, InputRefused, ProviderUnavailable, Unsupported


def answer(body, status=400):
    return {"kind": "status", "status": status, "body": body}


@asynccontextmanager
async def answering(status, content_type, body):
    """Serve one answer for ever: what no simulator of a decent provider says."""

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def refusal(connect_rest, status, content_type, body):
    async with answering(status, content_type, body) as url:
        client = connect_rest(base_url=url, max_attempts=1)
        with pytest.raises((InputRefused, ProviderUnavailable)) as caught:
            await client.read_capabilities()
        await client.aclose()
    return caught.value


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", "TEXT/PLAIN"])
async def test_plain_text_is_told(connect_rest, content_type):
    error = await refusal(connect_rest, 400, content_type, b"\xef\xbb\xbf Please provide\tall details \n")

    assert isinstance(error, InputRefused)
    assert error.message == "The provider refused (400): Please provide all details"


async def test_a_problem_is_told_with_what_is_wrong_in_it(connect_rest):
    problem = {
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": "00-84c1",
        "errors": {"Name": ["The Name field is required."]},
    }

    error = await refusal(connect_rest, 400, "application/problem+json", json.dumps(problem).encode())

    assert error.message == (
        "The provider refused (400): One or more validation errors occurred."
        " Name: The Name field is required."
    )
    assert error.correlation_id == "00-84c1"


async def test_a_fault_told_as_a_problem_is_no_refusal(connect_rest):
    problem = {"Title": "An error occurred.", "Status": 500, "Detail": "The file is in use.", "code": 17}

    error = await refusal(connect_rest, 500, "application/problem+json", json.dumps(problem).encode())

    assert isinstance(error, ProviderUnavailable)
    assert error.message == "The provider did not answer usefully (500): The file is in use."
    assert error.provider_code == "17"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html>Bad Request</html>"),
        ("application/json", b""),
        ("application/json", b"[1]"),
        ("application/json", b'{"title": {"deep": 1}}'),
        ("application/octet-stream", b"\xff\xfe"),
    ],
)
async def test_what_is_no_sentence_is_not_told(connect_rest, content_type, body):
    error = await refusal(connect_rest, 400, content_type, body)

    assert error.message == "The provider refused (400)."


async def test_of_a_trace_only_the_sentence_is_told_and_never_the_key(connect_rest):
    trace = f"Key {API_KEY} is unhappy. {'x' * 400}\r\n   at Program.Main()\r\nHEADERS\r\nkey: {API_KEY}"

    error = await refusal(connect_rest, 500, "text/plain", trace.encode())

    assert API_KEY not in str(error)
    assert "Program.Main" not in str(error)
    assert "Key *** is unhappy." in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AdministratorNeeded),
        (403, AdministratorNeeded),
        (404, ProviderUnavailable),
        (405, Unsupported),
        (408, ProviderUnavailable),
        (409, InputRefused),
        (422, InputRefused),
        (429, ProviderUnavailable),
        (501, Unsupported),
        (503, ProviderUnavailable),
        (307, ProviderUnavailable),
    ],
)
async def test_each_status_says_what_to_do_next(rest, connect_rest, status, kind):
    await rest.fault("domain-check", answer(None, status))

    with pytest.raises(kind):
        await connect_rest(max_attempts=1).is_domain_available("x.example")


@pytest.mark.parametrize("key", ["wrong", "hush!"])
async def test_a_wrong_key_needs_an_administrator_and_is_not_told(connect_rest, key):
    with pytest.raises(AdministratorNeeded, match="Invalid client!") as caught:
        await connect_rest(api_key=key).read_capabilities()

    assert key not in str(caught.value)


async def test_a_long_wait_is_the_callers(rest, rest_client):
    await rest.fault("domain-check", {"kind": "status", "status": 429, "retryAfterSeconds": 61})

    with pytest.raises(ProviderUnavailable) as caught:
        await rest_client.is_domain_available("x.example")

    assert caught.value.retry_after_seconds == 61
    assert len(await rest.requests()) == 1


async def test_an_answer_that_got_lost_on_the_way_is_no_empty_list(connect_rest):
    async with answering(200, "application/json", b"") as url:
        client = connect_rest(base_url=url, max_attempts=1)
        with pytest.raises(ProviderUnavailable):
            await anext(client.list_customers())
        await client.aclose()
