"""What an operation is given to run with."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from starlette.types import Scope

from graph.reader import Reader


class Context(Protocol):
    """What `info.context` must offer; one for each operation, never shared by two."""

    @property
    def reader(self) -> Reader: ...

    @property
    def request_id(self) -> str: ...


MakeContext: TypeAlias = Callable[[Scope, Mapping[str, object]], Awaitable[Context]]
"""`(scope, connection_params) -> context`, anew for each operation, with the operation's request id.

The params are empty over HTTP. On a socket it is also called once at `connection_init`, where it only has to
let the caller in. `Refused` turns the caller away, `CodedError` is the error of the one operation.
"""
