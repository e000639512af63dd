"""Answers are made shorter for clients that say that they can read them so, and for no others."""

import gzip
import sys
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.library.endpoint import an_app, asking
from support.library.engines import Library
from support.library.seed import fill, number

from graph import encode_id
from graph.wire.codings import AT_ONCE_BYTES, LEAST_BYTES, Coding, coded, wanted_coding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SCHEMA = "{ __schema { types { name description fields { name } } } }"
SHORT = "{ __typename }"
READ: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
}
MODERN = "gzip, deflate, br, zstd"


async def asked(
    library: Library, accepts: str | None, query: str = SCHEMA, **headers: str
) -> tuple[httpx.Response, bytes]:
    """The answer, and its content as it was sent."""
    sent = {"accept": "application/json", **headers, "accept-encoding": accepts or ""}
    async with asking(an_app(library)) as client:
        request = client.build_request("POST", "/graphql", json={"query": query}, headers=sent)
        if accepts is None:
            del request.headers["accept-encoding"]
        answer = await client.send(request, stream=True)
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("br", None),
        ("deflate", None),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        (MODERN, "zstd"),
        ("gzip, zstd;q=0.9", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "zstd"),
        ("gzip;q=0, zstd;q=0", None),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "gzip"),
        ("*;q=0", None),
        ("gzip;q=0, *", None),
        ("zstd, *;q=0", "zstd"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0", None),
        ("gzip;q=2, zstd;q=x", None),
        ("gzip;level=9", None),
        (";;, ,gzip ; q = 0.7", "gzip"),
    ],
)
async def test_the_coding_is_what_the_client_wants_most(
    library: Library, accepts: str | None, coding: str | None
) -> None:
    answer, sent = await asked(library, accepts)
    _, plain = await asked(library, None)

    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-length"] == str(len(sent))
    assert answer.headers["vary"] == "accept, accept-encoding"
    assert READ[coding](sent) == plain
    assert coding is None or len(sent) < len(plain) / 2


async def test_what_fits_a_packet_is_left_as_it_is(library: Library) -> None:
    answer, sent = await asked(library, MODERN, SHORT)

    assert "content-encoding" not in answer.headers
    assert sent == b'{"data":{"__typename":"Query"}}'
    assert answer.headers["vary"] == "accept, accept-encoding"


async def test_unless_the_client_does_not_take_it_so(library: Library) -> None:
    answer, sent = await asked(library, "gzip, identity;q=0", SHORT)

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == b'{"data":{"__typename":"Query"}}'


async def test_queries_by_get_are_coded_and_head_gets_no_body(library: Library) -> None:
    headers = {"accept-encoding": "gzip", "accept": "application/json"}
    async with asking(an_app(library)) as client:
        answer = await client.get("/graphql", params={"query": SCHEMA}, headers=headers)
        head = await client.head("/graphql", params={"query": SCHEMA}, headers=headers)

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["__schema"]["types"]) > 10
    assert (head.status_code, head.headers.get("content-encoding")) == (405, None)


async def test_what_a_mutation_tells_is_never_coded(library: Library) -> None:
    """Or its length would tell how much of a secret is what the client has guessed."""
    await fill(library, 1)
    names = " ".join(f"n{n}: name" for n in range(20))
    renamed = f'rename(id: "{encode_id("Book", number(0))}", name: "{"long " * 15}") {{ book {{ {names} }} }}'
    answer, sent = await asked(library, MODERN, f"mutation {{ {renamed} }}")

    assert "content-encoding" not in answer.headers
    assert b"long long" in sent
    assert len(sent) > LEAST_BYTES


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;deferSpec=20220824"])
async def test_what_comes_in_parts_is_not_coded(library: Library, accept: str) -> None:
    query = "{ __typename ... @defer { books { totalCount } } }"
    answer, sent = await asked(library, MODERN, query, accept=accept)

    assert answer.headers["content-type"].startswith(accept.partition(";")[0])
    assert "content-encoding" not in answer.headers
    assert b"totalCount" in sent


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("size", [0, 1, AT_ONCE_BYTES, AT_ONCE_BYTES + 1, 3_000_000])
async def test_content_of_any_length_is_the_same_when_it_is_read(coding: Coding, size: int) -> None:
    body = (b'{"a":"\xc3\xa9' * (size // 8 + 1))[:size]

    for _ in range(2):  # the second by a compressor that was used before
        assert READ[coding.value](await coded(body, coding)) == body


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_any_header_is_read(headers: list[bytes]) -> None:
    coding, _ = wanted_coding(*headers)

    assert coding in {None, Coding.ZSTD, Coding.GZIP}


def test_a_header_of_many_elements_is_read_to_its_bound() -> None:
    assert wanted_coding(b"a," * 30_000 + b"gzip") == (None, True)
