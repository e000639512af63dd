"""Files in variables arrive as they were sent, or the request is refused with a code: whatever is sent."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx
import pytest
from graphql import parse, validate
from support.upload_requests import BOUNDARY, KEEP, SEND, body, field, file, one_file, post, refused
from support.upload_server import MAX_BODY_BYTES, MAX_FILE_BYTES, MAX_FILES, SCHEMA, app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # raises what the application raises
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_048_576, 1_048_577, 5_000_000])
async def test_a_file_arrives_as_it_was_sent(client: httpx.AsyncClient, size: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311  # repeatable

    answer = await post(
        client, one_file(files=[file("0", content, "a b.pdf", "\r\nContent-Type: application/pdf")])
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["keep"] == {
        "name": "a b.pdf",
        "contentType": "application/pdf",
        "size": size,
        "sha256": sha256(content).hexdigest(),
    }


async def test_files_go_to_their_places_in_lists_and_objects_in_any_order(client: httpx.AsyncClient) -> None:
    variables = {"letter": {"title": "Signed", "enclosures": [None, None, None]}}
    places = {"b": ["variables.letter.enclosures.2"], "a": ["variables.letter.enclosures.0"]}

    answer = await post(
        client,
        one_file(
            operations={"query": SEND, "variables": variables},
            map=places,
            files=[file("a", b"1", "first"), file("b", b"22", "third")],
        ),
    )

    assert answer.json()["data"]["send"] == [{"name": "first", "size": 1}, {"name": "third", "size": 2}]


async def test_where_the_network_cuts_a_body_makes_no_difference(client: httpx.AsyncClient) -> None:
    # a boundary that almost comes, and its first bytes, in what is a file's content
    content = b"\r\n--a-boundary\r\n--a-boundary'of_our\r\r\n-" * 3
    whole = one_file(content)
    for size in (1, 2, 3, 7, 64):

        async def pieces(size: int = size) -> AsyncIterator[bytes]:
            for at in range(0, len(whole), size):
                yield whole[at : at + size]

        answer = await post(client, pieces())

        assert answer.json()["data"]["keep"]["sha256"] == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="Vertrag, Größe «2».pdf"', "Vertrag, Größe «2».pdf"),
        (r'filename="a \"quoted\" name"', 'a "quoted" name'),
        ('filename="a; b=c.pdf"', "a; b=c.pdf"),
        ("filename=plain.pdf", "plain.pdf"),
        ("filename=\"x\"; filename*=utf-8''%E2%82%AC.pdf", "€.pdf"),
    ],
)
async def test_a_files_name_is_read_in_utf_8(client: httpx.AsyncClient, disposition: str, name: str) -> None:
    part = f'Content-Disposition: form-data; name="0"; {disposition}', b"1"

    answer = await post(client, one_file(files=[part]))

    assert answer.json()["data"]["keep"]["name"] == name


@pytest.mark.parametrize("name", ["Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Preflight"])
async def test_each_header_that_forces_a_preflight_will_do_unless_it_is_empty(
    client: httpx.AsyncClient, name: str
) -> None:
    without = {"GraphQL-Preflight": ""}

    assert (await post(client, one_file(), {**without, name: "keep"})).status_code == 200
    assert refused(await post(client, one_file(), {**without, name: " "})) == (403, "PREFLIGHT_REQUIRED")


OPERATIONS = field("operations", {"query": KEEP, "variables": {"file": None}})
MAP = field("map", {"0": ["variables.file"]})
FILE = file("0", b"%PDF-")

MALFORMED = {
    "nothing": b"",
    "no part": body(),
    "only operations": body(OPERATIONS),
    "no file": body(OPERATIONS, MAP),
    "the map first": body(MAP, OPERATIONS, FILE),
    "a file before the map": body(OPERATIONS, FILE, MAP),
    "operations twice": body(OPERATIONS, OPERATIONS, MAP, FILE),
    "the map twice": body(OPERATIONS, MAP, MAP, FILE),
    "a file twice": body(OPERATIONS, MAP, FILE, FILE),
    "a part beside": body(OPERATIONS, MAP, FILE, file("1", b"x")),
    "a file without a name": body(OPERATIONS, MAP, field("0", b"x")),
    "another boundary": body(OPERATIONS, MAP, FILE, boundary="another"),
    "no last boundary": body(OPERATIONS, MAP, FILE, end="\r\n"),
    "half a last boundary": body(OPERATIONS, MAP, FILE, end="-"),
    "a batch": one_file(operations=[{"query": KEEP, "variables": {"file": None}}]),
    "a number": one_file(operations=1),
    "no JSON": one_file(operations=b"{"),
    "a lone surrogate": one_file(operations=b'{"query": "\\ud800", "variables": {"file": null}}'),
    "UTF-16": one_file(operations=json.dumps({"query": KEEP, "variables": {"file": None}}).encode("utf-16")),
    "a deep JSON": one_file(operations=b"[" * 100_000),
    "no variables": one_file(operations={"query": KEEP}),
    "variables that are none": one_file(operations={"query": KEEP, "variables": [None]}),
    "a place that is taken": one_file(operations={"query": KEEP, "variables": {"file": "x"}}),
    "an unknown place": one_file(map={"0": ["variables.other"]}),
    "a place past the file": one_file(map={"0": ["variables.file"], "1": ["variables.file.x"]}),
    "a place outside": one_file(map={"0": ["query"]}),
    "all variables": one_file(map={"0": ["variables"]}),
    "an empty path": one_file(map={"0": [""]}),
    "an endless path": one_file(map={"0": ["variables" + ".a" * 1000]}),
    "a deep member of the map that a second one hides": one_file(
        map=b'{"0": ' + b"[" * 1000 + b"]" * 1000 + b', "0": ["variables.file"]}'
    ),
    "a number without end that a second member hides": one_file(
        map=b'{"0": ' + b"9" * 5000 + b', "0": ["variables.file"]}'
    ),
    "two places of a file": one_file(map={"0": ["variables.file", "variables.file"]}),
    "two files in a place": one_file(map={"0": ["variables.file"], "1": ["variables.file"]}),
    "a name twice in the map": one_file(map=b'{"0": ["variables.file"], "0": ["variables.file"]}'),
    "a map of texts": one_file(map={"0": "variables.file"}),
    "a map of numbers": one_file(map={"0": [1]}),
    "a map of nothing": one_file(map={"0": []}),
    "a list as a map": one_file(map=[["variables.file"]]),
    "a negative index": one_file(
        operations={"query": KEEP, "variables": {"file": [None]}}, map={"0": ["variables.file.-1"]}
    ),
    "an index too large": one_file(
        operations={"query": KEEP, "variables": {"file": [None]}}, map={"0": ["variables.file.1"]}
    ),
    "no disposition": body(("X: y", b"{}")),
    "no form-data": body(('Content-Disposition: attachment; name="operations"', b"{}")),
    "no name": body(("Content-Disposition: form-data", b"{}")),
    "a name twice": body(('Content-Disposition: form-data; name="operations"; name="map"', b"{}")),
    "a disposition twice": body(("Content-Disposition: form-data\r\nContent-Disposition: form-data", b"{}")),
    "an open quote": body(('Content-Disposition: form-data; name="operations', b"{}")),
    "a name in Latin 1": one_file().replace(b"a.pdf", b"\xe9.pdf"),
    "a surrogate as a name": one_file().replace(b"a.pdf", b"\xed\xa0\x80.pdf"),
    "a NUL in a name": one_file().replace(b"a.pdf", b"\x00.pdf"),
    "an extended name in Latin 1": one_file().replace(b'"a.pdf"', b"\"\"; filename*=utf-8''%E9"),
    "an extended name of a charset": one_file().replace(b'"a.pdf"', b"\"\"; filename*=utf-16''%E9"),
    "operations in UTF-16": one_file().replace(
        b'"operations"', b'"operations"\r\nContent-Type: application/json; charset=utf-16'
    ),
    "an encoded part": one_file().replace(b'a.pdf"', b'a.pdf"\r\nContent-Transfer-Encoding: base64'),
    "a long header": one_file().replace(b"a.pdf", b"a" * 10_000),
    "a long header name": one_file().replace(b"Content-Disposition", b"X" * 10_000, 1),
    "many headers": one_file().replace(b"\r\n\r\n", b"\r\nX: y" * 20 + b"\r\n\r\n", 1),
    "a broken header": one_file().replace(b"Content-Disposition", b"Content Disposition", 1),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
async def test_what_is_malformed_is_refused(client: httpx.AsyncClient, what: str) -> None:
    assert refused(await post(client, MALFORMED[what])) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("content_type", "refusal"),
    [
        ("multipart/form-data", (400, "BAD_REQUEST")),
        ("multipart/form-data; boundary=", (400, "BAD_REQUEST")),
        ("multipart/form-data; boundary=" + "x" * 71, (400, "BAD_REQUEST")),
        ('multipart/form-data; boundary="a\\"b"', (400, "BAD_REQUEST")),
        ("multipart/form-data; boundary=a; boundary=b", (400, "BAD_REQUEST")),
        ("multipart/form-data; boundary=\xe9", (400, "BAD_REQUEST")),
        ("multipart/form-data; boundary=a; charset=utf-16", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("multipart/mixed; boundary=a", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("application/json", (415, "UNSUPPORTED_MEDIA_TYPE")),
    ],
)
async def test_another_content_type_is_refused(
    client: httpx.AsyncClient, content_type: str, refusal: tuple[int, str]
) -> None:
    headers = [(b"content-type", content_type.encode("latin-1")), (b"graphql-preflight", b"1")]

    assert refused(await client.post("/graphql", content=one_file(), headers=headers)) == refusal


async def test_what_is_too_long_or_too_much_is_refused(client: httpx.AsyncClient) -> None:
    many = {str(n): ["variables.file"] for n in range(MAX_FILES + 1)}
    long = one_file(operations={"query": KEEP + " " * 256_000, "variables": {"file": None}})
    padded = one_file() + b"x" * MAX_BODY_BYTES

    assert (await post(client, one_file(bytes(MAX_FILE_BYTES)))).status_code == 200
    assert refused(await post(client, one_file(bytes(MAX_FILE_BYTES + 1)))) == (413, "FILE_TOO_LARGE")
    assert refused(await post(client, one_file(map=many))) == (413, "TOO_MANY_FILES")
    assert refused(await post(client, long)) == (413, "BODY_TOO_LARGE")
    assert refused(await post(client, padded)) == (413, "BODY_TOO_LARGE")


async def test_a_body_that_does_not_come_to_its_end_in_time_is_refused(client: httpx.AsyncClient) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield one_file()[:200]
        await asyncio.sleep(30)

    assert refused(await post(client, slow())) == (408, "REQUEST_TIMEOUT")


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (KEEP, {"file": "a.pdf"}, "A file is sent as a part"),
        (KEEP, {"file": {"name": "a.pdf"}}, "A file is sent as a part"),
        ('{ keep(file: "a.pdf") { size } }', {}, "A file cannot be written in the document"),
    ],
)
async def test_a_file_is_nothing_that_json_can_hold(
    client: httpx.AsyncClient, query: str, variables: dict[str, object], message: str
) -> None:
    operations = {"query": query, "variables": variables}

    answer = await post(client, one_file(operations=operations, map={}, files=[]))

    assert answer.status_code == 400
    assert message in answer.text


def test_a_file_in_a_document_is_refused_with_its_place() -> None:
    query = '{ keep(file: "a.pdf") { size } }'
    [error] = validate(SCHEMA._schema, parse(query))  # noqa: SLF001  # the schema of graphql-core

    assert [place.column for place in error.locations or ()] == [query.index('"') + 1]


async def test_no_body_whatever_breaks_the_server(client: httpx.AsyncClient) -> None:
    """A thousand bodies, each made from a good one by a few of the accidents below; seeded."""
    dice = random.Random(7)  # noqa: S311  # repeatable
    outcomes: dict[int, int] = {}
    for _ in range(1000):
        content, headers = mutated(dice)

        answer = await post(client, content, headers)

        assert answer.headers["content-type"] == "application/json", content[:500]
        assert 200 <= answer.status_code < 500, content[:500]
        if answer.status_code != 200:
            assert all(each["extensions"]["code"] for each in answer.json()["errors"])
        outcomes[answer.status_code] = outcomes.get(answer.status_code, 0) + 1
    assert outcomes.keys() >= {200, 400, 413}
    assert outcomes[400] > 500


NASTY = [
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\r\n", b"\n", b"\r", b'"', b"--", b";", b"=", b"%", b"\\", b"*",
    b"{", b"[" * 50, b"\r\n--" + BOUNDARY.encode(), b"\r\n--" + BOUNDARY.encode() + b"\r\n",
    b"\r\n--" + BOUNDARY.encode() + b"--", b"Content-Disposition: form-data", b'; filename="x"',
    b"; filename*=utf-8''%ff", b"charset=utf-7", b"null", b"\\ud83d", b"9" * 500, b"-1", b"1e999", b"NaN",
    b'{"0":["variables.file"]}', b"variables.", b".", b"\xef\xbb\xbf", b"x" * 5000,
]  # fmt: skip


def mutated(dice: random.Random) -> tuple[bytes, dict[str, str]]:
    content = bytearray(one_file(dice.randbytes(dice.choice([0, 10, 3000]))))
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3, 8])):
        at = dice.randrange(len(content) + 1)
        match dice.randrange(8):
            case 0:
                del content[at:]
            case 1:
                del content[at : at + dice.randrange(1, 40)]
            case 2:
                content[at : at + dice.choice([0, 1, 5])] = dice.choice(NASTY)
            case 3:
                content[at:at] = content[at : at + dice.randrange(1, 300)]
            case 4 if len(content) > at:
                content[at] = dice.randrange(256)
            case 5:
                lines = bytes(content).split(b"\r\n")
                dice.shuffle(lines)
                content = bytearray(b"\r\n".join(lines))
            case 6:
                content[at:at] = b'", "x": ' * dice.choice([1, 40_000])
            case _:
                found = [
                    each.start()
                    for each in re.finditer(dice.choice([b"name", b"map", b"null", b": "]), content)
                ]
                if found:
                    where = dice.choice(found)
                    content[where : where + 3] = dice.choice(NASTY)
    headers = (
        {}
        if dice.random() < 0.9
        else {"content-type": dice.choice(["multipart/form-data", "text/plain", "", "x;=;"])}
    )
    return bytes(content), headers
