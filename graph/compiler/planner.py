"""From the selection of a query to its plan. What cannot be planned is said by raising."""

# pyright: standard
# Not strict: what graphql-core and Strawberry bring is untyped.
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from sqlalchemy import Dialect
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.binding import Binding, Column, Composite, Page, ToOne, binding_of
from graph.compiler.documents import variables_of
from graph.compiler.levels import LevelMaker, Unplannable
from graph.compiler.outputs import output
from graph.compiler.plan import (
    Connection,
    Constant,
    Cursor,
    Edges,
    GlobalId,
    Level,
    Object,
    Plan,
    Root,
    RootPage,
    RootReference,
    RootRows,
    Shape,
    Value,
)
from graph.dynamic import Untyped
from graph.fields import NodeField, NodesField, OneField, PageField, ReferenceField
from graph.mapping import is_never_null
from graph.node import IdField, Node

_TYPENAME = "__typename"
_FACTS = {
    "hasNextPage": "has_next",
    "hasPreviousPage": "has_previous",
    "startCursor": "start",
    "endCursor": "end",
}
_MOST_LEVELS = 60
"""Of a plan: each has SQL that is written, and kept, for the values of requests."""
_MOST_JOINS = 8
"""In one statement: beyond it PostgreSQL stops looking for the best order, and SQLite takes 64 at most."""


class Planner:
    """Plans one operation.

    Args:
        schema: The types, and the bindings behind them.
        document: Valid.
        operation: A query of the document.
        variables: Of these only those are used that @skip and @include depend on.
        dialect: Of the database.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        dialect: Dialect,
    ) -> None:
        self._schema, self._operation, self._variables = schema, operation, variables
        self._dialect = dialect
        self._fragments = {
            each.name.value: FragmentDetails(each)
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._levels: list[Level] = []
        self._repeats = False

    def plan(self) -> Plan:
        """The plan.

        Raises:
            Unplannable: Something is selected that only graphql-core can answer.
        """
        query = self._schema.query_type
        assert query is not None  # noqa: S101  # a valid query is one of a schema that has some
        collected = collect_fields(self._schema, self._fragments, self._variables, query, self._operation)
        roots = tuple(
            (key, self._root(query, details)) for key, details in collected.grouped_field_set.items()
        )
        return Plan(roots, tuple(self._levels), self._repeats)

    def references(self, payload: GraphQLObjectType, details: list[FieldDetails]) -> Plan:
        """The plan of the rows that a payload refers to, and of nothing else that is selected of it.

        Raises:
            Unplannable: As above.
        """
        roots: list[tuple[str, Root]] = []
        for key, each in self._collected(payload, details).items():
            definition = payload.fields.get(each[0].node.name.value)
            field = _strawberry_field(definition)
            if definition is None or not isinstance(field, ReferenceField) or _is_list(definition):
                continue
            target = binding_of(self._class_of(definition))
            if target.visible or not self._only_id(target, each):
                level = self._rows(target, definition, each, few=True)
                roots.append((key, RootReference(level, field.python_name)))
        return Plan(tuple(roots), tuple(self._levels), self._repeats)

    def _class_of(self, definition: GraphQLField) -> type[Any]:
        """The class behind a field's type."""
        served: Any = get_named_type(definition.type)
        return served.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin

    def _root(self, query: GraphQLObjectType, details: list[FieldDetails]) -> Root:
        name = details[0].node.name.value
        if name == _TYPENAME:
            return Constant(query.name)
        definition = query.fields.get(name)
        field = _strawberry_field(definition)
        if definition is None or field is None:
            raise Unplannable(f"Query.{name} asks about the schema.")
        match field:
            case PageField():
                return RootPage(self._connection(definition, field, details))
            case OneField():
                binding = binding_of(field.cls)
                level = self._rows(binding, definition, details, few=True)
                node = details[0].node
                return RootRows({binding.name: level}, definition, node, _variable(node))
            case NodeField():
                many = isinstance(field, NodesField)
                levels = {
                    binding.name: self._rows_or_none(binding, definition, details, few=not many)
                    for binding in self._known(field)
                }
                self._repeats |= many
                node = details[0].node
                return RootRows(levels, definition, node, _variable(node), any_type=True, many=many)
            case _:
                raise Unplannable(f"Query.{name} is no field that a binding serves.")

    def _known(self, field: NodeField) -> list[Binding]:
        """The bindings that the field knows, by the names of types."""
        found = (field.known(name) for name in self._schema.type_map)
        return [each for each in found if each is not None]

    def _rows_or_none(
        self, binding: Binding, definition: GraphQLField, details: list[FieldDetails], *, few: bool
    ) -> Level | None:
        """As `_rows`; None where graphql-core has to answer, if such a row is asked for."""
        if not issubclass(binding.cls, Node):
            return None
        kept = list(self._levels)
        try:
            return self._rows(binding, definition, details, few=few)
        except Unplannable:
            self._levels = kept
            return None

    def _rows(
        self, binding: Binding, definition: GraphQLField, details: list[FieldDetails], *, few: bool = False
    ) -> Level:
        """Rows by their keys."""
        maker = LevelMaker(binding)
        key = maker.cell(0, binding.key[0])
        assert key == 0  # noqa: S101  # the projector finds it there
        shape = self._object(maker, 0, binding, details)
        return self._added(maker.made(len(self._levels), None, shape, few=few))

    def _added(self, level: Level) -> Level:
        if len(self._levels) >= _MOST_LEVELS:
            raise Unplannable(f"It has more than {_MOST_LEVELS} levels.")
        self._levels.append(level)
        return level

    def _connection(self, definition: GraphQLField, field: PageField, details: list[FieldDetails]) -> Level:
        binding = binding_of(field.page.target)
        maker = LevelMaker(binding, field.page)
        node = details[0].node
        connection = Connection(field.page, field, definition, node, variables_of(node))
        served = get_named_type(definition.type)
        shape = self._fields(served, details, lambda name, each: self._part(maker, served, name, each))
        return self._added(maker.made(len(self._levels), connection, Object(shape)))

    def _part(self, maker: LevelMaker, served: Untyped, name: str, details: list[FieldDetails]) -> Shape:
        """A field of a connection."""
        inner = get_named_type(served.fields[name].type)
        match name:
            case "edges":
                maker.rows = True
                return Edges(Object(self._fields(inner, details, lambda *each: self._of_edge(maker, *each))))
            case "pageInfo":
                return Object(self._fields(inner, details, lambda part, _: maker.fact(_FACTS[part])))
            case _:
                return maker.fact("count")

    def _of_edge(self, maker: LevelMaker, name: str, details: list[FieldDetails]) -> Shape:
        if name == "cursor":
            maker.cursors = True
            return Cursor()
        return self._object(maker, 0, maker.binding, details)

    def _object(
        self,
        maker: LevelMaker,
        row: int,
        binding: Binding,
        details: list[FieldDetails],
    ) -> Object:
        """One of the level's joined rows."""
        shapes = self._fields(
            self._schema.type_map[binding.name],
            details,
            lambda name, each: self._field(maker, row, binding, name, each),
        )
        return Object(shapes)

    def _field(
        self, maker: LevelMaker, row: int, binding: Binding, name: str, details: list[FieldDetails]
    ) -> Shape:
        served_type: Any = self._schema.type_map[binding.name]
        definition = served_type.fields[name]
        served = _strawberry_field(definition)
        if isinstance(served, IdField):
            return GlobalId(maker.cell(row, "id"), binding.name)
        match binding.fields.get(served.python_name) if served is not None else None:
            case Column(source=source):
                return self._value(maker, row, binding, source, definition)
            case Composite() as item:
                return self._composite(maker, row, binding, item, definition, details)
            case ToOne() as item:
                return self._to_one(maker, row, item, definition, details)
            case Page() as page:
                self._repeats |= row > 0 or maker.shared
                assert isinstance(served, PageField)  # noqa: S101  # so it was bound
                level = self._connection(definition, served, details)
                return maker.link(level, maker.cell(row, str(page.source)), required=True)
            case _:
                raise Unplannable(f"{binding.name}.{name} has a resolver of its own.")

    def _value(
        self, maker: LevelMaker, row: int, binding: Binding, source: str, definition: GraphQLField
    ) -> Value:
        stored = getattr(binding.model, source).type
        found = output(get_named_type(definition.type), stored, self._dialect)
        if found is None:
            raise Unplannable(f"{binding.name}.{source} is served in a way of its own.")
        self._repeats |= maker.is_shown(row, source)
        required = is_non_null_type(definition.type)
        unsure = required and not is_never_null(binding.model, source)
        return Value(maker.cell(row, source), found, required, unsure)

    def _composite(  # noqa: PLR0913, PLR0917  # what an object depends on
        self,
        maker: LevelMaker,
        row: int,
        binding: Binding,
        item: Composite,
        definition: GraphQLField,
        details: list[FieldDetails],
    ) -> Object:
        if not item.parts:
            raise Unplannable(f"{binding.name}.{item.name} is more than its columns.")
        sources = dict(zip(item.parts, item.sources, strict=True))
        served: Any = get_named_type(definition.type)

        def part(name: str, _details: list[FieldDetails]) -> Shape:
            inner = served.fields[name]
            field = _strawberry_field(inner)
            if field is None or not field.is_basic_field or field.python_name not in sources:
                raise Unplannable(f"{served.name}.{name} has a resolver of its own.")
            return self._value(maker, row, binding, sources[field.python_name], inner)

        fields = self._fields(served, details, part)
        absent = tuple(maker.cell(row, source) for source in item.sources) if item.optional else ()
        return Object(fields, absent, required=is_non_null_type(definition.type))

    def _to_one(
        self, maker: LevelMaker, row: int, item: ToOne, definition: GraphQLField, details: list[FieldDetails]
    ) -> Shape:
        target = binding_of(item.target)
        required = is_non_null_type(definition.type)
        if not target.visible and self._only_id(target, details):
            # As the ordinary path has it: nothing is read for what is known already.
            link = maker.cell(row, item.link)
            shapes = self._fields(
                self._schema.type_map[target.name], details, lambda *_: GlobalId(link, target.name)
            )
            return Object(shapes, (link,), required=required)
        if len(maker.joins) >= _MOST_JOINS:
            self._repeats = True
            link = maker.cell(row, item.link)
            return maker.link(self._rows(target, definition, details), link, required=required)
        joined = maker.join(row, item.link, target)
        shape = replace(self._object(maker, joined, target, details), required=required)
        for _, each in shape.fields:
            if isinstance(each, GlobalId) or (isinstance(each, Value) and each.required and not each.unsure):
                return replace(shape, absent=(each.cell,))  # which is NULL where there is no row
        return replace(shape, present=maker.cell(joined, target.key[0], presence=True))

    def _only_id(self, target: Binding, details: list[FieldDetails]) -> bool:
        served = self._schema.type_map[target.name]
        names = {each[0].node.name.value for each in self._collected(served, details).values()}
        return names <= {"id", _TYPENAME} and issubclass(target.cls, Node)

    def _fields(
        self,
        served: Untyped,
        details: list[FieldDetails],
        shape: Callable[[str, list[FieldDetails]], Shape],
    ) -> tuple[tuple[str, Shape], ...]:
        """What is selected of a type, by response name, in the order of graphql-core."""
        found: list[tuple[str, Shape]] = []
        for key, each in self._collected(served, details).items():
            name = each[0].node.name.value
            found.append((key, Constant(served.name) if name == _TYPENAME else shape(name, each)))
        return tuple(found)

    def _collected(self, served: Untyped, details: list[FieldDetails]) -> Mapping[str, list[FieldDetails]]:
        return collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, served, details
        ).grouped_field_set


def _strawberry_field(definition: GraphQLField | None) -> StrawberryField | None:
    return definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if definition else None


def _variable(node: FieldNode) -> str | None:
    """The variable that a field's one argument is, if it is one."""
    match node.arguments:
        case (ArgumentNode(value=VariableNode(name=name)),):
            return name.value
        case _:
            return None


@cache
def refers(served: GraphQLObjectType) -> bool:
    """Whether objects of the type refer to rows that `Planner.references` can plan."""
    return any(
        isinstance(_strawberry_field(each), ReferenceField) and not _is_list(each)
        for each in served.fields.values()
    )


def _is_list(definition: GraphQLField) -> bool:
    """Whether the field is a list."""
    return is_list_type(get_nullable_type(definition.type))
