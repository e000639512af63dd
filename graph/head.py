"""The headers of a request by their names, looked through once however many ask."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from starlette.types import Scope

Head: TypeAlias = Mapping[bytes, Sequence[bytes]]
"""The values of each header, in the order in which they came, by its name in lower case."""

_KEPT = "graph.head"


def head_of(scope: Scope) -> Head:
    """The headers of an HTTP request or a handshake."""
    found: dict[bytes, list[bytes]] | None = scope.get(_KEPT)
    if found is None:
        found = scope[_KEPT] = {}
        for name, value in scope["headers"]:
            values = found.get(name)
            if values is None:
                found[name] = [value]
            else:
                values.append(value)
    return found


def text_of(head: Head, name: bytes) -> str:
    """The first value of a header; empty without one."""
    values = head.get(name)
    return values[0].decode("latin-1") if values else ""
