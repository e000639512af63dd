"""The headers of a request by their names, looked through once however many ask."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from starlette.types import Scope

Head: TypeAlias = Mapping[bytes, tuple[bytes, ...]]
"""The values of each header, in the order in which they came, by its name in lower case."""

_KEPT = "graph.head"
"""Where they are in the scope; whoever changes its headers has to take out all that begins with `graph.`."""


def head_of(scope: Scope) -> Head:
    """The headers of an HTTP request or a handshake."""
    found: Head | None = scope.get(_KEPT)
    if found is None:
        headers = scope["headers"]
        found = {name: (value,) for name, value in headers}
        if len(found) < len(headers):
            found = _gathered(headers)
        scope[_KEPT] = found = MappingProxyType(found)  # others with the same head may share it
    return found


def _gathered(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """The same where some come more than once."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def text_of(head: Head, name: bytes) -> str:
    """The first value of a header; empty without one."""
    values = head.get(name)
    return values[0].decode("latin-1") if values else ""
