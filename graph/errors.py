"""Every error that leaves the server has a code; what is not meant for clients is masked and logged."""

import logging
from collections.abc import Iterable

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

BAD_REQUEST = "BAD_REQUEST"
BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL = "INTERNAL"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

_log = logging.getLogger(__name__)


class CodedError(GraphQLError):
    """A refusal for clients: its message is sent as it stands, its code is part of the contract."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, extensions={"code": code})

    @property
    def code(self) -> str:
        return str((self.extensions or {})["code"])


def public_errors(
    errors: Iterable[GraphQLError], request_id: str, *, executed: bool, log: logging.Logger = _log
) -> list[GraphQLError]:
    """The errors as clients may see them: each with `code` and `requestId`.

    Args:
        errors: As graphql-core reports them.
        request_id: Sent with each error and logged with each masked one.
        executed: Whether the operation's execution began: tells a document's faults from ours.
        log: Gets what is masked, at level ERROR, with `request_id` in `extra`.
    """
    return [_public(_refused(error), request_id, executed, log) for error in errors]


def _refused(error: GraphQLError) -> GraphQLError:
    """What Strawberry itself refuses, in the words of a client's error."""
    match error.original_error:
        case MissingQueryError():
            return CodedError("There is no query.", code=BAD_REQUEST)
        case CannotGetOperationTypeError():
            return CodedError("There is no operation of that name.", code=BAD_REQUEST)
        case InvalidOperationTypeError(operation_type=kind):
            return CodedError(f"A {kind.value} is not allowed here.", code=METHOD_NOT_ALLOWED)
        case _:
            return error


def _public(error: GraphQLError, request_id: str, executed: bool, log: logging.Logger) -> GraphQLError:  # noqa: FBT001  # private, named by its only caller
    code = _code(error, executed=executed)
    message = error.message
    extensions = dict(error.extensions or {})
    if code == VALIDATION_FAILED and not isinstance(error.original_error or error, GraphQLError):
        message = "The document holds a value that cannot be read."
    if code == INTERNAL:
        cause = error.original_error or error
        log.error(
            "Masked %s at %s",
            type(cause).__name__,
            error.path,
            exc_info=cause,
            extra={"request_id": request_id},
        )
        message, extensions = "Internal error.", {}
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions={**extensions, "code": code, "requestId": request_id},
    )


def _code(error: GraphQLError, *, executed: bool) -> str:
    origin = error.original_error or error
    if isinstance(origin, CodedError):
        return origin.code
    if isinstance(origin, GraphQLSyntaxError):
        return PARSE_FAILED
    if not executed:
        # A ValueError is a literal that Python cannot read, such as a number of five thousand digits.
        return VALIDATION_FAILED if isinstance(origin, GraphQLError | ValueError) else INTERNAL
    # graphql-core refuses a variable without a path, an argument with the node at fault. A result that it
    # cannot serialise comes with neither and is our mistake.
    refused = error if error.path is None else origin
    return BAD_USER_INPUT if isinstance(refused, GraphQLError) and refused.nodes else INTERNAL
