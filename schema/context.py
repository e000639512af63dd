"""What every field can reach: the snapshot it reads from, and the way to the resolvers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import strawberry

import graph
from resolvers.context import Context


@dataclass(frozen=True)
class RequestContext:
    """One operation's context; never shared by two.

    Attributes:
        reader: Where everything selected is read from.
        request_id: Goes with every error, and into the audit trail.
        make_resolvers: Makes `resolvers`.
    """

    reader: graph.Reader
    request_id: str
    make_resolvers: Callable[[], Context]

    @cached_property
    def resolvers(self) -> Context:
        """What the operation's mutations and subscriptions may use; most operations are neither."""
        return self.make_resolvers()


Info: TypeAlias = strawberry.Info[RequestContext, None]
