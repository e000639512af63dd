"""GraphQL over WebSocket by Strawberry's handler, hardened: no message a client can send ends abnormally."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from graph.fields import Context
from graph.schema import PerOperation, Schema


class _Handler(BaseGraphQLTransportWSHandler[PerOperation, None]):
    async def handle_message(self, message: Any) -> None:  # noqa: ANN401  # whatever JSON the client sent
        if _is_well_formed(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("Malformed message")

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """A bad operation is that operation's error, and no reason to close the socket for the others."""


class Sockets(GraphQL[PerOperation, None]):
    """The sockets of one endpoint; each operation on one gets a context of its own."""

    graphql_transport_ws_handler_class = _Handler

    def __init__(
        self,
        schema: Schema,
        make_context: Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Context]],
        *,
        allowed_origins: tuple[str, ...],
    ) -> None:
        super().__init__(
            schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL], allowed_origins=allowed_origins
        )
        self._make_context = make_context

    def decode_json(self, data: str | bytes) -> object:
        """Read a message; nesting and numbers beyond measure are as good as no JSON."""
        return orjson.loads(data)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> PerOperation:
        return PerOperation(lambda params: self._make_context(request, params), {})


def _is_well_formed(message: Any) -> bool:  # noqa: ANN401  # whatever JSON the client sent
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in {"subscribe", "complete"}:
        return True
    if not isinstance(message.get("id"), str):
        return False
    payload = message.get("payload")
    return message["type"] == "complete" or (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )
