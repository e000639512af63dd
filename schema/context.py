"""What every field can reach: the snapshot it reads from, and the way to the resolvers."""

from dataclasses import dataclass
from typing import TypeAlias

import strawberry

import graph
from resolvers.context import Context


@dataclass(frozen=True)
class RequestContext:
    """One operation's context; never shared by two.

    Attributes:
        reader: Where everything selected is read from.
        resolvers: What the operation's mutations and subscriptions may use.
        request_id: Goes with every error, and into the audit trail.
    """

    reader: graph.Reader
    resolvers: Context
    request_id: str


Info: TypeAlias = strawberry.Info[RequestContext, None]
