"""What a client asks, whichever way it comes: the members of a request, each of the type it must have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.errors import Code, CodedError

_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class GraphQLRequest:
    """One request. Either `query` or something that names a known document is given.

    Attributes:
        is_named: Whether something names the document, be it sent along or not.
        asks_for_cost: Whether the response is to tell what it cost.
    """

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_named: bool = field(init=False)
    asks_for_cost: bool = field(init=False)

    def __post_init__(self) -> None:
        # No properties, which take a while: each request is asked for them three times.
        self.is_named = self.document_id is not None or "persistedQuery" in self.extensions
        self.asks_for_cost = self.extensions.get("cost") is True


def read_request(given: object) -> GraphQLRequest:
    """Check the members of a decoded request; null counts as absent, unknown members are passed over.

    Raises:
        CodedError: BAD_REQUEST, it is no object or a member has another type.
    """
    if not isinstance(given, dict):
        raise CodedError("A request is one JSON object; there are no batches.", code=Code.BAD_REQUEST)
    members: dict[str, Any] = given  # pyright: ignore[reportUnknownVariableType]  # JSON
    for name, value in members.items():
        if name in _MEMBERS and value is not None and not isinstance(value, _MEMBERS[name]):
            what = "a text" if _MEMBERS[name] is str else "an object"
            raise CodedError(f"{name} is not {what}.", code=Code.BAD_REQUEST)
    found = members.get
    return GraphQLRequest(
        found("query"),
        found("documentId"),
        found("operationName") or None,
        found("variables") or _NOTHING,
        found("extensions") or _NOTHING,
    )


_MEMBERS = {"query": str, "documentId": str, "operationName": str, "variables": dict, "extensions": dict}
