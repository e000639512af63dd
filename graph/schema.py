"""A Strawberry schema whose every answer is masked and whose every operation gives its connection back."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.errors import BAD_REQUEST, CodedError, public_errors
from graph.fields import Context


@dataclass
class PerOperation:
    """Stands for the context on a socket: each operation makes one of its own.

    `connection_params` is what the client sent when it connected.
    """

    make: Callable[[dict[str, object]], Awaitable[Context]]
    connection_params: dict[str, object]


class NamedOperation(SchemaExtension):
    """Refuses a document of several operations that does not say which to run; the first would be run."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        operations = (
            [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
            if document
            else []
        )
        named = context._provided_operation_name  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the public name is the first's
        if len(operations) > 1 and named is None:
            message = "There are several operations: name the one to run in operationName."
            context.pre_execution_errors = [CodedError(message, code=BAD_REQUEST)]
        yield


class Schema(strawberry.Schema):
    """Runs operations so that on every path errors are coded and masked, and the reader is closed."""

    log = logging.getLogger(__name__)

    def __init__(self, **given: Any) -> None:  # noqa: ANN401  # Strawberry's signature
        super().__init__(**given, extensions=[NamedOperation])  # pyright: ignore[reportUnknownMemberType]  # Strawberry's

    async def execute(  # type: ignore[override]  # the context is not optional  # noqa: PLR0913, PLR0917  # Strawberry's
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,  # noqa: ANN401  # Strawberry's signature
        root_value: Any = None,  # noqa: ANN401  # Strawberry's signature
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        try:
            result = await super().execute(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                operation_extensions,
            )
        except (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError) as error:
            result = PreExecutionError(data=None, errors=[GraphQLError(str(error), original_error=error)])
        finally:
            await context_value.reader.close()
        return self._public(result, context_value)

    async def stream(  # type: ignore[override]  # yields results only: there is no incremental delivery  # noqa: PLR0913, PLR0917  # Strawberry's
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,  # noqa: ANN401  # Strawberry's signature
        root_value: Any = None,  # noqa: ANN401  # Strawberry's signature
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> AsyncGenerator[ExecutionResult, None]:
        context = context_value
        if isinstance(context, PerOperation):
            context = await context.make(context.connection_params)
        results: Any = await super().stream(
            query,
            variable_values,
            context,
            root_value,
            operation_name,
            operation_extensions,
            allowed_operation_types,
        )

        async def public() -> AsyncGenerator[ExecutionResult, None]:
            try:
                async with aclosing(results):
                    async for result in results:
                        yield self._public(result, context)
            finally:
                await context.reader.close()

        return public()

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:  # noqa: ANN401  # Strawberry's signature
        """Log nothing here: what needs a log is logged where it is masked, with its request id."""

    def _public(self, result: ExecutionResult, context: Context) -> ExecutionResult:
        if result.errors:
            executed = not isinstance(result, PreExecutionError)
            result.errors = public_errors(result.errors, context.request_id, executed=executed, log=self.log)
        return result
