"""Every error that leaves the server has a code; what is not meant for clients is masked and logged."""

import logging
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Self

from graphql import GraphQLError, GraphQLSyntaxError


class Code(StrEnum):
    """The codes of top-level errors, the one list of them: what clients decide by."""

    def __new__(cls, name: str, meaning: str) -> Self:
        made = str.__new__(cls, name)
        made._value_ = name
        made.meaning = meaning
        return made

    _value_: str
    meaning: str

    # The request itself
    BAD_REQUEST = "BAD_REQUEST", "The request is not well-formed; the message names the member at fault."
    METHOD_NOT_ALLOWED = (
        "METHOD_NOT_ALLOWED",
        "This address does not take the method, or not for this operation.",
    )
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", "The body has a type or charset that is not taken."
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", "No answer of a type that the client accepts can be given."
    BODY_TOO_LARGE = "BODY_TOO_LARGE", "The body is longer than is taken."
    URL_TOO_LONG = "URL_TOO_LONG", "The URL is longer than is taken; use POST."
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE", "The headers are longer than is taken."
    FILE_TOO_LARGE = "FILE_TOO_LARGE", "An uploaded file is longer than is taken."
    TOO_MANY_FILES = "TOO_MANY_FILES", "More files than are taken with one request."
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT", "The request did not come to its end in time."
    PREFLIGHT_REQUIRED = (
        "PREFLIGHT_REQUIRED",
        "The request lacks the header that keeps other sites' forms out.",
    )
    HOST_NOT_ALLOWED = "HOST_NOT_ALLOWED", "The server does not answer for this host name."
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED", "Pages of this origin may not call the server."
    UNAUTHENTICATED = "UNAUTHENTICATED", "Who calls is not proved, or not any more."
    FORBIDDEN = "FORBIDDEN", "The caller may not do this, or the link does not allow it any more."
    OVERLOADED = "OVERLOADED", "Too much is asked of the server at once; try again after `Retry-After`."
    GONE = "GONE", "What was at this address has been removed."
    DAMAGED = "DAMAGED", "What is stored is not what was put there, so it is not given out."
    NOT_FOUND = "NOT_FOUND", "What is asked for does not exist, or the caller may not see it."

    # The document
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED", "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED", "The document does not fit the schema."
    BAD_USER_INPUT = "BAD_USER_INPUT", "A variable or an argument has a value that it cannot have."
    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND",
        "No document is known under the hash; send it with the document once.",
    )
    PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH", "The hash is not that of the document sent along."
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED", "Only documents of the server's manifest are run."

    # Its demand
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS", "The document has more tokens than are read."
    DOCUMENT_TOO_LONG = "DOCUMENT_TOO_LONG", "The document has more characters than are read."
    TOO_MANY_FRAGMENTS = "TOO_MANY_FRAGMENTS", "The document defines more fragments than are taken."
    NESTING_EXCEEDED = "NESTING_EXCEEDED", "Braces and brackets stand deeper in each other than is read."
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS", "The document has more operations than are taken."
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS", "The operation selects more fields than are served at once."
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES", "The operation uses more aliases than are served at once."
    TOO_MANY_ARGUMENTS = "TOO_MANY_ARGUMENTS", "The operation gives more arguments than are read at once."
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES", "The operation uses more directives than are served at once."
    TOO_MANY_DEFERRALS = "TOO_MANY_DEFERRALS", "The operation has more @defer and @stream than are served."
    DEPTH_EXCEEDED = "DEPTH_EXCEEDED", "The operation is nested deeper than is served."
    COST_EXCEEDED = "COST_EXCEEDED", "The operation may return more rows than are served at once."
    WORK_EXCEEDED = "WORK_EXCEEDED", "The operation may resolve more fields than are served at once."
    INTROSPECTION_EXCEEDED = "INTROSPECTION_EXCEEDED", "The introspection asks for far more than the schema."
    STRING_TOO_LONG = "STRING_TOO_LONG", "A text among the arguments is longer than is taken."
    LIST_TOO_LONG = "LIST_TOO_LONG", "A list among the arguments is longer than is taken."

    # Its arguments
    BAD_ID = "BAD_ID", "This is no global id, or not one of the type asked for."
    BAD_CURSOR = "BAD_CURSOR", "The cursor was not given here, for this list under this filter and order."
    BAD_ORDER = "BAD_ORDER", "The order names a key twice."
    BAD_PAGE = "BAD_PAGE", "The page's arguments contradict each other."
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE", "The page is larger than is served at once."
    TOO_MANY_IDS = "TOO_MANY_IDS", "More ids than are looked up at once."

    # Its execution
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", "The operation took longer than it may and was given up."
    RESPONSE_TOO_LARGE = "RESPONSE_TOO_LARGE", "The answer would be longer than is sent."
    BUSY = "BUSY", "Others kept changing the same rows; nothing was done. Try again."
    UNAVAILABLE = "UNAVAILABLE", "Something that the server needs does not answer. Try again."
    INTERNAL = "INTERNAL", "Something failed here; the log holds the cause under the request id."

    # Streams
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS", "More subscriptions than one connection may have."
    SLOW_CONSUMER = (
        "SLOW_CONSUMER",
        "Events came faster than they were taken; subscribe again from the last one.",
    )
    SERVER_ENDING = "SERVER_ENDING", "The server is about to end; ask again, and another will answer."


_UNREADABLE = {
    Code.GRAPHQL_VALIDATION_FAILED: "The document holds a value that cannot be read.",
    Code.BAD_USER_INPUT: "A variable holds a value that cannot be read.",
}
_AWAY = "The database does not answer, or takes no more, at the moment. Try again later."
MAY_BE_DONE = "It may have taken effect: look, or repeat it with the same idempotency key."
"""Of a mutation whose end is not known."""

_log = logging.getLogger(__name__)


class CodedError(GraphQLError):
    """A refusal for clients: its message is sent as it stands, its code is part of the contract.

    Args:
        message: One sentence for a person.
        code: A member of `Code`, or its name.

    Raises:
        ValueError: There is no such code.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, extensions={"code": Code(code).value})

    @property
    def code(self) -> str:
        return str((self.extensions or {})["code"])


def deadline_error(*, mutation: bool) -> CodedError:
    message = "The operation took too long and was given up."
    if mutation:
        message += f" {MAY_BE_DONE}"
    return CodedError(message, code=Code.DEADLINE_EXCEEDED)


def located(error: Exception) -> GraphQLError:
    """The error as graphql-core tells it, which knows no place for what failed outside of a field."""
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def public_errors(  # noqa: PLR0913  # options, all by name
    errors: Iterable[GraphQLError],
    request_id: str,
    *,
    executed: bool,
    log: logging.Logger = _log,
    passes: Callable[[Exception], bool] = lambda _: False,
    mutation: bool = False,
) -> list[dict[str, Any]]:
    """The errors as clients may see them: formatted, each with `code` and `requestId`.

    Args:
        errors: As graphql-core reports them.
        request_id: Sent with each error and logged with each masked one.
        executed: Whether the operation's execution began: tells a document's faults from ours.
        log: Gets what is masked, at level ERROR, with `request_id` in `extra`.
        passes: Whether what is masked comes of a database that is away for a while: UNAVAILABLE.
        mutation: Whether the operation is one: what failed may have been written all the same.
    """
    away = f"{_AWAY} {MAY_BE_DONE}" if mutation else _AWAY
    return [
        _public(error, request_id, executed, log, away if passes(_cause(error)) else None) for error in errors
    ]


def _public(
    error: GraphQLError,
    request_id: str,
    executed: bool,  # noqa: FBT001  # private, named by its only caller
    log: logging.Logger,
    away: str | None,
) -> dict[str, Any]:
    code = _code(error, executed=executed)
    message = error.message
    extensions = dict(error.extensions or {})
    cause = _cause(error)
    if code is Code.INTERNAL and away is not None:
        # Each request meets it: one line tells as much as a traceback.
        log.error("The database fails: %s", cause, extra={"request_id": request_id})
        code, message, extensions = Code.UNAVAILABLE, away, {}
    # What a scalar raises ends up in the text of graphql-core's error.
    unreadable = code in _UNREADABLE and not isinstance(cause, GraphQLError)
    if unreadable:
        # The client's fault: no traceback for each, and no value of the client's in the log.
        log.info("Could not read a value: %s", type(cause).__name__, extra={"request_id": request_id})
        message, extensions = _UNREADABLE[code], {}
    if code is Code.INTERNAL:
        log.error(
            "Masked %s at %s",
            type(cause).__name__,
            error.path,
            exc_info=cause,
            extra={"request_id": request_id},
        )
        message, extensions = "Internal error.", {}
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = {**extensions, "code": code, "requestId": request_id}
    return formatted


def _cause(error: GraphQLError) -> Exception:
    """What it all began with, under what graphql-core has put around it."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _code(error: GraphQLError, *, executed: bool) -> Code:
    origin = error.original_error or error
    if isinstance(origin, CodedError):
        return Code(origin.code)
    if isinstance(origin, GraphQLSyntaxError):
        return Code.GRAPHQL_PARSE_FAILED
    if not executed:
        # A ValueError is a literal that Python cannot read, such as a number of five thousand digits.
        known = isinstance(origin, GraphQLError | ValueError)
        return Code.GRAPHQL_VALIDATION_FAILED if known else Code.INTERNAL
    if error.path is None and error.original_error is None:
        return Code.BAD_USER_INPUT  # too many faults in the variables to name them all
    # graphql-core refuses a variable without a path, an argument with the node at fault. A result that it
    # cannot serialise comes with neither and is our mistake.
    refused = error if error.path is None else origin
    known = isinstance(refused, GraphQLError) and bool(refused.nodes)
    readable = isinstance(_cause(error), GraphQLError | ValueError)
    return Code.BAD_USER_INPUT if known and readable else Code.INTERNAL
