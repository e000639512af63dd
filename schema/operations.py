"""The shape of every mutation: what a caller can act on is answered as data, everything else is an error."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, cast, get_type_hints

import strawberry

import graph
from repositories import Conflict
from resolvers.document_store import NoStore, StoreUnavailable
from resolvers.errors import DomainError
from schema.payloads import Payload

P = ParamSpec("P")

_log = logging.getLogger(__name__)

_INPUT = strawberry.argument(description="What is asked for.")


def mutation(*, description: str) -> Callable[[Callable[P, Awaitable[Payload]]], Any]:
    """Make a field of a method that decodes its input, calls one resolver and answers with its payload.

    A domain error becomes the payload's `userErrors`. The description should say what repeating does.
    """

    def decorate(method: Callable[P, Awaitable[Payload]]) -> Any:  # noqa: ANN401  # a field, which is no method any more
        hints = get_type_hints(method)
        payload = cast("type[Payload]", hints["return"])
        method.__annotations__["input"] = Annotated[hints["input"], _INPUT]

        @wraps(method)
        async def run(*args: P.args, **kwargs: P.kwargs) -> Payload:
            try:
                return await method(*args, **kwargs)
            except DomainError as error:
                return payload.refused(error)
            except Conflict as error:
                message = "Others kept changing the same rows; nothing was done. Try again."
                raise graph.CodedError(message, code="BUSY") from error
            except NoStore as error:
                raise graph.CodedError(str(error), code="UNAVAILABLE") from error
            except StoreUnavailable as error:
                _log.exception("The store of documents fails")
                message = "The store of documents does not answer; nothing was done. Try again."
                raise graph.CodedError(message, code="UNAVAILABLE") from error

        return graph.mutation(description=description)(run)

    return decorate
