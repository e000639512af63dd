"""The served schema: Strawberry's, as graphql-core executes it."""

# pyright: standard
# Not strict: what graphql-core and Strawberry bring is untyped.
import asyncio
from collections.abc import Awaitable, Mapping
from functools import cache, partial
from inspect import isawaitable
from typing import Any, Protocol, Self

import strawberry
from graphql import (
    Executor,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.incremental.stream_item_queue import StreamItemQueue
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.errors import Code, CodedError
from graph.inputs import prepare_inputs, prepare_mutations

_LONG = 20
"""Lists of so many items are completed with pauses."""


class ReadReferences(Protocol):
    """Reads what an object refers to in one go, before its fields are completed."""

    def concerns(self, served: GraphQLObjectType) -> bool:
        """Whether objects of the type refer to rows."""
        ...

    def __call__(
        self, executor: "Paced", served: GraphQLObjectType, details: list[Any], held: object
    ) -> Awaitable[Mapping[str, Any]]:
        """Read those of `held`: fields by response name, complete; those left out are resolved as always."""
        ...


class Paced(Executor):  # type: ignore[type-arg]  # graphql-core's parameter is internal
    """Lets others run while it completes long lists. `references` reads ahead, where it is set."""

    references: ReadReferences | None = None

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # graphql-core's
        super().__init__(*args, **options)
        self._read: dict[int, Mapping[str, Any]] = {}

    @classmethod
    def of(  # noqa: PLR0913  # what an execution depends on
        cls,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        values: VariableValues,
        context: Any,  # noqa: ANN401  # the caller's
        *,
        is_awaitable: Any,  # noqa: ANN401  # a predicate
        hide_suggestions: bool,
    ) -> Self:
        """What `build` makes of an operation, the only thing in its document, with values that are known."""
        return cls(
            schema,
            {},
            {},
            None,
            context,
            operation,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=is_awaitable,
            hide_suggestions=hide_suggestions,
        )

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What fields are given to wait for work beside them.

        Made when asked for: kept, it would refer back here, and leave executions to the garbage collector.
        """
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(  # pyright: ignore[reportIncompatibleVariableOverride]  # of an attribute, by a property
        self, _made: GraphQLResolveInfoHelpers
    ) -> None: ...

    def complete_object_value(  # noqa: PLR0913, PLR0917  # graphql-core's signature
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,  # noqa: ANN401  # graphql-core's
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,  # noqa: ANN401  # whatever a resolver gives
        position_context: Any,  # noqa: ANN401  # graphql-core's
    ) -> Any:  # noqa: ANN401  # an object, or one to come
        complete = partial(
            super().complete_object_value,
            return_type,
            field_details_list,
            info,
            path,
            result,
            position_context,
        )
        read = self.references
        if read is None or not read.concerns(return_type):
            return complete()

        async def completed() -> Any:  # noqa: ANN401  # an object
            self._read[id(result)] = await read(self, return_type, field_details_list, result)
            try:
                found = complete()
                return await found if isawaitable(found) else found
            finally:
                del self._read[id(result)]

        return completed()

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401  # whatever a resolver gave
        field_details_list: Any,  # noqa: ANN401  # graphql-core's
        path: Path,
        position_context: Any,  # noqa: ANN401  # graphql-core's
    ) -> Any:  # noqa: ANN401  # a value, or one to come
        if self._read:
            read = self._read.get(id(source), {})
            if path.key in read:
                return read[str(path.key)]
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def get_stream_usage(self, field_details_list: Any, path: Path) -> Any:  # noqa: ANN401  # graphql-core's
        try:
            return super().get_stream_usage(field_details_list, path)
        except ValueError as error:  # an initialCount below 0: the client's mistake
            raise CodedError(f"{error}.", code=Code.BAD_USER_INPUT) from error

    def complete_list_value(  # noqa: PLR0913, PLR0917  # graphql-core's signature
        self,
        return_type: Any,  # noqa: ANN401  # graphql-core's
        field_details_list: Any,  # noqa: ANN401  # graphql-core's
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,  # noqa: ANN401  # whatever a resolver gives
        position_context: Any,  # noqa: ANN401  # graphql-core's
    ) -> Any:  # noqa: ANN401  # a list, or one to come
        if (
            isinstance(result, list)
            and not result
            and self.get_stream_usage(field_details_list, path) is None
        ):
            return []
        if (
            isinstance(result, list)
            and len(result) >= _LONG
            and not is_leaf_type(get_named_type(return_type))
            and self.get_stream_usage(field_details_list, path) is None
        ):
            result = self.context_value.reader.pace.items(result)
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )


class AtOnce(Paced):  # type: ignore[type-arg]  # graphql-core's parameter is internal
    """Executes an operation into one response; @defer and @stream change nothing in it."""

    operation_extensions = None
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info  # type: ignore[assignment]  # of a sibling

    def execute_fields_serially(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,  # noqa: ANN401  # the root
        path: Path | None,
        grouped_field_set: Any,  # noqa: ANN401  # graphql-core's
        position_context: Any,  # noqa: ANN401  # graphql-core's
    ) -> Any:  # noqa: ANN401  # an object, or one to come
        """Execute them one after the other, which of a single one needs no care."""
        execute = self.execute_fields if len(grouped_field_set) == 1 else super().execute_fields_serially
        return execute(parent_type, source_value, path, grouped_field_set, position_context)


class InParts(Paced, StrawberryGraphQLCoreExecutionContext, IncrementalExecutor):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """Executes an operation into a first response and what @defer and @stream let follow."""

    def build_stream_item_queue(  # noqa: PLR0913, PLR0917  # graphql-core's signature
        self,
        initial_index: int,
        stream_path: Path,
        iterator: Any,  # noqa: ANN401  # of items, or of those to come
        field_details_list: Any,  # noqa: ANN401  # graphql-core's
        info: GraphQLResolveInfo,
        item_type: GraphQLOutputType,
        is_async: bool,  # noqa: FBT001  # graphql-core's signature
    ) -> StreamItemQueue:
        """Complete the items of a list side by side, so that what they ask for is read together.

        graphql-core completes one after the other, unless it may begin before the first response is complete.
        """
        given = super().build_stream_item_queue(
            initial_index, stream_path, iterator, field_details_list, info, item_type, is_async
        )
        if is_async:
            return given

        pace = self.context_value.reader.pace

        async def produce(queue: StreamItemQueue) -> None:
            for index, item in enumerate(iterator, initial_index):
                if pace.used_up:
                    await pace.turn()
                result = self.create_sub_executor().complete_stream_item(
                    stream_path.add_key(index, None), item, field_details_list, info, item_type
                )
                await queue.push(asyncio.ensure_future(result) if isawaitable(result) else result)

        return StreamItemQueue(produce, given._on_abort)  # noqa: SLF001  # there is no other way to it


class _Names(NameConverter):
    """Names in GraphQL; Strawberry asks for those of an input's fields each time that one is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(super().apply_naming_config)  # type: ignore[method-assign]  # the same


class Schema(strawberry.Schema):
    """A Strawberry schema with the directives of incremental delivery, to be executed by an `Engine`."""

    def __init__(self, *, config: StrawberryConfig | None = None, **given: Any) -> None:  # noqa: ANN401  # Strawberry's signature
        config = config or StrawberryConfig()
        config.name_converter = _Names()
        config.enable_experimental_incremental_execution = True
        super().__init__(**given, config=config)  # pyright: ignore[reportUnknownMemberType]  # Strawberry's
        prepare_inputs(self._schema)
        if not given.get("exception_handlers"):  # which Strawberry calls on the way
            prepare_mutations(self._schema, self.schema_converter)

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema
