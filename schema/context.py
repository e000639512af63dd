"""What every field can reach: the snapshot it reads from, and the way to the resolvers."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import strawberry

import graph
from resolvers.context import Context


class RequestContext:
    """One operation's context; never shared by two.

    Args:
        reader: Where everything selected is read from.
        request_id: Goes with every error, and into the audit trail.
        make_resolvers: Makes `resolvers`, given the request's id.
    """

    def __init__(
        self, reader: graph.Reader, request_id: str, make_resolvers: Callable[[str], Context]
    ) -> None:
        self.reader, self.request_id = reader, request_id
        self._make_resolvers = make_resolvers

    @cached_property
    def resolvers(self) -> Context:
        """What the operation's mutations and subscriptions may use; most operations are neither."""
        return self._make_resolvers(self.request_id)


Info: TypeAlias = strawberry.Info[RequestContext, None]
