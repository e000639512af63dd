"""Runs operations, the same for every transport: limits before, deadlines during, masking after."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    create_source_event_stream,
    map_source_to_response_event,
)
from graphql.execution import ExperimentalIncrementalExecutionResults
from strawberry.execution.is_awaitable import optimized_is_awaitable

from graph.admission import Admission, Budget
from graph.compiler import Plans, TooLarge
from graph.compiler.references import References
from graph.context import Context
from graph.deadlines import Deadlines, Leaving
from graph.documents import Definition, Document, Documents, NotRunnable, TrustedDocuments
from graph.errors import Code, CodedError, deadline_error, located, public_errors
from graph.incremental import Ahead, Announced, Part, Parts, part
from graph.reader import Reader
from graph.refusals import Refused
from graph.requests import GraphQLRequest
from graph.responses import Response, written, written_within
from graph.schema import AtOnce, InParts, Paced, Schema

_MOST_ERRORS = 5
"""Of variables: names that are like a wrong one are sought, for a millisecond each."""


@dataclass(frozen=True)
class Bounds:
    """What one operation may take.

    Attributes:
        query_seconds: Of a query, and of each event of a subscription.
        mutation_seconds: Of a mutation.
        response_bytes: Of one response; incrementally delivered, of each part.
    """

    query_seconds: float = 10.0
    mutation_seconds: float = 30.0
    response_bytes: int = 8 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of a valid document, with its variables: what may be run now.

    It reads at most `cost` rows, and resolves at most `work` fields.
    """

    document: Document
    definition: Definition
    request: GraphQLRequest
    cost: int
    work: int


class Engine:
    """Prepares and runs operations.

    Args:
        schema: What is served.
        documents: Of this schema, within its limits.
        trusted: Documents that clients may name.
        bounds: What one operation may take.
        admission: How many operations run at once, on all transports together.
        plans: Answers the queries it can; without, graphql-core answers all of them.
        log: Gets what is masked.
        passes: Whether an error comes of a database that is away, or full, for a while.
    """

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        schema: Schema,
        documents: Documents,
        *,
        trusted: TrustedDocuments | None = None,
        bounds: Bounds | None = None,
        admission: Admission | None = None,
        plans: Plans | None = None,
        log: logging.Logger = logging.getLogger(__name__),  # noqa: B008  # the same for all
        passes: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self.trusted = trusted or TrustedDocuments()
        self.bounds = bounds or Bounds()
        self._admission = admission or Admission()
        self._plans = plans
        self._schema = schema.core
        self._documents = documents
        self._of_queries = Deadlines(self.bounds.query_seconds)
        self._of_mutations = Deadlines(self.bounds.mutation_seconds)
        self._public = partial(public_errors, log=log, passes=passes)

    def prepare(self, request: GraphQLRequest, request_id: str) -> Operation | Response:
        """Find what the request asks for; the response that refuses it if it cannot be run."""
        try:
            return self.find(request)
        except NotRunnable as error:
            return self.refused(error, request_id)

    def find(self, request: GraphQLRequest) -> Operation:
        """Find what the request asks for; raises NotRunnable if it cannot be run."""
        try:
            document = self._documents.get(self.trusted.text_of(request))
            definition = document.operation(request.operation_name)
            most = definition.price.of(request.variables)
        except CodedError as error:
            raise NotRunnable([error]) from error
        if request.is_named:
            self.trusted.learn(request, document)
        return Operation(document, definition, request, most.rows, most.work)

    def refused(self, error: NotRunnable, request_id: str) -> Response:
        """The response that says why a request cannot be run."""
        return self._refused(error.errors, request_id)

    def explain(self, operation: Operation, reader: Reader) -> str:
        """How an operation is answered: its plan with the SQL, or why it has none.

        Raises:
            ValueError: The variables do not fit it.
        """
        if self._plans is None:
            return "Answered by graphql-core: the compiler is switched off."
        return self._plans.explain(operation.document, operation.definition.node, operation.request, reader)

    async def run(self, operation: Operation, context: Context, leaving: Leaving | None = None) -> Response:
        """Run a query or mutation to its end.

        When the caller is cancelled, so are the resolvers and the statement that is running.

        Args:
            operation: A query or mutation.
            context: Its own.
            leaving: Of the client that waits for the response.

        Raises:
            Overloaded: Too many operations run already.
            ClientGone: The client left; the work was cancelled at once.
        """
        deadlines = self._of_mutations if operation.definition.mutates else self._of_queries
        try:
            with self._admission, deadlines.one(leaving):
                data = await self._planned(operation, context)
                found = await self._execute(AtOnce, operation, context) if data is None else None
        except TimeoutError:
            return self._timed_out(operation, context.request_id)
        except TooLarge:
            return self._too_large(context.request_id)
        finally:
            if context.reader.end():
                await _closed(context)
        if data is not None:
            return self._response_of_plan(operation, data, context.request_id)
        return self._response(operation, found, context.request_id)

    async def run_in_parts(
        self, operation: Operation, context: Context, budget: Budget | None = None
    ) -> Response | Parts:
        """Run a query or mutation; what it defers or streams follows in parts, if there is such.

        The deadline holds for all parts together, however slowly they are taken. The caller closes `rest`,
        read to its end or not.

        Args:
            operation: A query or mutation.
            context: Its own.
            budget: Of bytes that wait for clients: it holds what is ready before it is asked for.

        Raises:
            Overloaded: Too many operations run already.
        """
        ends_at = asyncio.get_running_loop().time() + self._seconds(operation)
        async with AsyncExitStack() as held:
            held.push_async_callback(_closed, context)
            held.enter_context(self._admission)
            try:
                async with asyncio.timeout_at(ends_at):
                    data = await self._planned(operation, context)
                    if data is not None:
                        return self._response_of_plan(operation, data, context.request_id)
                    found = await self._execute(InParts, operation, context)
            except TimeoutError:
                return self._timed_out(operation, context.request_id)
            except TooLarge:
                return self._too_large(context.request_id)
            if not isinstance(found, ExperimentalIncrementalExecutionResults):
                return self._response(operation, found, context.request_id)
            parts = self._parts(found, operation, context, ends_at, held.pop_all())
        # Begun here: a generator that is closed before it begins would leave the context open.
        most = self.bounds.response_bytes
        return Parts(await anext(parts), Ahead(parts, most, budget or Budget()), most)

    async def subscribe(self, operation: Operation, context: Context) -> AsyncGenerator[Response, None]:
        """Run a subscription: one response an event, or one that says why there are none.

        Nothing of the database is held while a response is taken. Close it when nobody listens any more.

        Raises:
            Refused: The source turns the caller away.
        """
        try:
            executor = self._executor(AtOnce, operation, context)
            if isinstance(executor, list):
                yield self._refused(executor, context.request_id, executed=True)
                return
            async with asyncio.timeout(self.bounds.query_seconds):
                source = await _waited(create_source_event_stream(executor))
            if isinstance(source, ExecutionResult):
                yield self._refused(source.errors or [], context.request_id, executed=True)
                return
            async with aclosing(map_source_to_response_event(executor, source, self._event)) as events:
                async for event in events:
                    response = self._response(operation, event, context.request_id)
                    await context.reader.renew()
                    yield response
        except Refused:  # the caller may not go on: the transport's to say
            raise
        except TimeoutError:
            yield self._without_data(deadline_error(mutation=False), context.request_id, final=True)
        except Exception as error:  # noqa: BLE001  # masked and logged, whatever it is
            yield self._without_data(located(error), context.request_id, final=True)
        finally:
            await _closed(context)

    async def stream(self, operation: Operation, context: Context) -> AsyncGenerator[Response, None]:
        """Run any operation: a query or mutation gives one response, a subscription one an event."""
        if not operation.definition.subscribes:
            yield await self.run(operation, context)
            return
        async with aclosing(self.subscribe(operation, context)) as responses:
            async for response in responses:
                yield response

    def _executor(
        self, executes: type[Paced], operation: Operation, context: Context
    ) -> Executor | list[GraphQLError]:
        document, request, plans = operation.document, operation.request, self._plans
        node, values = operation.definition.node, None
        if plans is not None and len(document.node.definitions) == 1:
            values = plans.plain(document, node, request.variables)
        hidden = not self._documents.suggestions
        executor: Any
        if values is not None:
            executor = executes.of(
                self._schema,
                node,
                values,
                context,
                is_awaitable=optimized_is_awaitable,
                hide_suggestions=hidden,
            )
        else:
            executor = executes.build(
                self._schema,
                document.node,
                context_value=context,
                raw_variable_values=dict(request.variables),
                operation_name=operation.definition.name,
                is_awaitable=optimized_is_awaitable,  # pyright: ignore[reportArgumentType]  # Strawberry's says bool
                max_coercion_errors=_MOST_ERRORS,
                hide_suggestions=hidden,
            )
        if plans is not None and isinstance(executor, Paced):
            executor.references = References(plans, document, request, context.reader)
        return executor

    def _planned(self, operation: Operation, context: Context) -> Awaitable[bytes | None]:
        """The data that a plan gives; None if there is none. Raises TooLarge."""
        if self._plans is None:
            return _nothing()
        node, most = operation.definition.node, self.bounds.response_bytes
        return self._plans.answer(operation.document, node, operation.request, context.reader, most)

    def _response_of_plan(self, operation: Operation, data: bytes, request_id: str) -> Response:
        end = b"}"
        if operation.request.asks_for_cost:
            end = b"," + written(self._extensions(operation))[1:]
        body = b"".join((b'{"data":', data, end))
        return Response(body) if len(body) <= self.bounds.response_bytes else self._too_large(request_id)

    async def _execute(self, executes: type[Paced], operation: Operation, context: Context) -> Any:  # noqa: ANN401  # one of three kinds of results
        executor = self._executor(executes, operation, context)
        if isinstance(executor, list):
            return executor
        return await _waited(executor.execute_operation())

    async def _event(self, event: Executor) -> ExecutionResult:
        try:
            async with asyncio.timeout(self.bounds.query_seconds), self._admission.turn():
                found: Any = await _waited(event.execute_operation(serially=False))
        except TimeoutError:
            return ExecutionResult(None, [deadline_error(mutation=False)])
        return found

    async def _parts(
        self,
        found: ExperimentalIncrementalExecutionResults,
        operation: Operation,
        context: Context,
        ends_at: float,
        held: AsyncExitStack,
    ) -> AsyncGenerator[Part, None]:
        announced = Announced()
        failure: GraphQLError | None = None
        mutation = operation.definition.mutates
        public = partial(self._public, request_id=context.request_id, executed=True, mutation=mutation)
        try:
            first = part(found.initial_result, public)
            announced.take(first)
            yield {**first, **self._extensions(operation)}
            async with aclosing(found.subsequent_results) as following:
                while True:
                    async with asyncio.timeout_at(ends_at):
                        result = await anext(following, None)
                    if result is None:
                        return
                    following_part = part(result, public)
                    yield following_part
                    announced.take(following_part)
        except TimeoutError:
            failure = deadline_error(mutation=mutation)
        except Exception as error:  # noqa: BLE001  # masked and logged, whatever it is
            failure = located(error)
        finally:
            await held.aclose()
        yield announced.failed(public([failure]))

    def _seconds(self, operation: Operation) -> float:
        mutation = operation.definition.mutates
        return self.bounds.mutation_seconds if mutation else self.bounds.query_seconds

    def _response(self, operation: Operation, found: Any, request_id: str) -> Response:  # noqa: ANN401  # a result, or the errors of variables
        if isinstance(found, list):
            return self._refused(found, request_id, executed=True)
        mutation = operation.definition.mutates
        errors = self._public(found.errors or [], request_id, executed=True, mutation=mutation)
        content: dict[str, Any] = {"data": found.data}
        if errors:
            content["errors"] = errors
        body = written_within(content | self._extensions(operation), self.bounds.response_bytes)
        if body is None:
            return self._too_large(request_id)
        return Response(body, errors)

    def _extensions(self, operation: Operation) -> dict[str, Any]:
        if not operation.request.asks_for_cost:
            return {}
        limits = self._documents.limits
        fields = {"requested": operation.work, "limit": limits.resolved}
        cost = {"requested": operation.cost, "limit": limits.cost, "fields": fields}
        return {"extensions": {"cost": cost}}

    def _too_large(self, request_id: str) -> Response:
        error = CodedError(
            f"The response would have more than {self.bounds.response_bytes} bytes: ask for smaller pages.",
            code=Code.RESPONSE_TOO_LARGE,
        )
        return self._without_data(error, request_id)

    def _timed_out(self, operation: Operation, request_id: str) -> Response:
        return self._without_data(deadline_error(mutation=operation.definition.mutates), request_id)

    def _without_data(self, error: GraphQLError, request_id: str, *, final: bool = False) -> Response:
        errors = self._public([error], request_id, executed=True)
        return Response(written({"data": None, "errors": errors}), errors, final=final)

    def _refused(self, errors: list[GraphQLError], request_id: str, *, executed: bool = False) -> Response:
        formatted = self._public(errors, request_id, executed=executed)
        return Response(written({"errors": formatted}), formatted, executed=False)


async def _waited(value: Any) -> Any:  # noqa: ANN401  # graphql-core answers at once where nothing waits
    return await value if optimized_is_awaitable(value) else value


async def _nothing() -> None:
    pass


async def _closed(context: Context) -> None:
    """Give the connection back, whoever cancels meanwhile."""
    if context.reader.end():
        await asyncio.shield(asyncio.ensure_future(context.reader.close()))
