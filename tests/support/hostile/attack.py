"""What an attack is: a request on the wire, and a name that says what is wrong with it."""

import json
from dataclasses import dataclass
from typing import Any

QUERY = "{ providers { totalCount } }"
GOOD = json.dumps({"query": QUERY}).encode()


@dataclass(frozen=True)
class Attack:
    """One request. `length` is announced instead of the true one; `target` may hold any bytes."""

    name: str
    body: bytes = GOOD
    method: bytes = b"POST"
    target: bytes = b"/graphql"
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)
    host: bytes | None = b"127.0.0.1"
    chunked: bool = False

    def wire(self) -> bytes:
        lines = [self.method + b" " + self.target + b" HTTP/1.1"]
        if self.host is not None:
            lines.append(b"host: " + self.host)
        lines += [name + b": " + value for name, value in self.headers]
        if self.chunked:
            lines.append(b"transfer-encoding: chunked")
            body = b"".join(b"1\r\n%c\r\n" % byte for byte in self.body) + b"0\r\n\r\n"
        else:
            lines.append(b"content-length: %d" % len(self.body))
            body = self.body
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def asking(query: str, **members: Any) -> bytes:
    return json.dumps({"query": query, **members}).encode()
