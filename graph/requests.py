"""What a client asks, whichever way it comes: the members of a request, each of the type it must have."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graph.errors import Code, CodedError

_NOTHING: Mapping[str, Any] = {}


class GraphQLRequest(NamedTuple):
    """One request. Either `query` or something that names a known document is given."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = _NOTHING
    extensions: Mapping[str, Any] = _NOTHING

    @property
    def is_named(self) -> bool:
        """Whether something names the document, be it sent along or not."""
        return self.document_id is not None or "persistedQuery" in self.extensions

    @property
    def asks_for_cost(self) -> bool:
        return self.extensions.get("cost") is True


def read_request(given: object) -> GraphQLRequest:
    """Check the members of a decoded request; null counts as absent, unknown members are passed over.

    Raises:
        CodedError: BAD_REQUEST, it is no object or a member has another type.
    """
    if not isinstance(given, dict):
        raise CodedError("A request is one JSON object; there are no batches.", code=Code.BAD_REQUEST)
    members = cast("dict[str, Any]", given)
    return GraphQLRequest(
        query=_text(members, "query"),
        document_id=_text(members, "documentId"),
        operation_name=_text(members, "operationName") or None,
        variables=_object(members, "variables"),
        extensions=_object(members, "extensions"),
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None or isinstance(value, str):
        return value
    raise CodedError(f"{name} is not a text.", code=Code.BAD_REQUEST)


def _object(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = members.get(name)
    if value is None:
        return _NOTHING
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise CodedError(f"{name} is not an object.", code=Code.BAD_REQUEST)
