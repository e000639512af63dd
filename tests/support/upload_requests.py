"""Multipart requests as clients write them, and as they should not."""

import json
from typing import Any

import httpx

KEEP = "query ($file: Upload!) { keep(file: $file) { name contentType size sha256 } }"
SEND = "query ($letter: Letter!) { send(letter: $letter) { name size } }"
BOUNDARY = "a-boundary'of_ours"
PREFLIGHT = {"GraphQL-Preflight": "1"}
HEADERS = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"', **PREFLIGHT}

Part = tuple[str, bytes]


def field(name: str, content: object) -> Part:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return f'Content-Disposition: form-data; name="{name}"', text


def file(name: str, content: bytes, file_name: str = "a.pdf", more: str = "") -> Part:
    return f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"{more}', content


def body(*parts: Part, boundary: str = BOUNDARY, end: str = "--\r\n") -> bytes:
    joined = b"".join(
        b"--"
        + boundary.encode()
        + b"\r\n"
        + head.encode("utf-8", "surrogatepass")
        + b"\r\n\r\n"
        + content
        + b"\r\n"
        for head, content in parts
    )
    return joined + b"--" + boundary.encode() + end.encode()


def one_file(content: bytes = b"%PDF-1.7", **changes: Any) -> bytes:
    operations = changes.get("operations", {"query": KEEP, "variables": {"file": None}})
    places = changes.get("map", {"0": ["variables.file"]})
    return body(
        field("operations", operations), field("map", places), *changes.get("files", [file("0", content)])
    )


async def post(
    client: httpx.AsyncClient, content: Any, headers: dict[str, str] | None = None, boundary: str = BOUNDARY
) -> httpx.Response:
    kind = {"content-type": f'multipart/form-data; boundary="{boundary}"'}
    return await client.post("/graphql", content=content, headers={**kind, **PREFLIGHT, **(headers or {})})


def refused(answer: httpx.Response) -> tuple[int, str]:
    [error] = answer.json()["errors"]
    assert error["message"].endswith("."), error
    return answer.status_code, error["extensions"]["code"]
