"""Random valid queries for a schema whose SDL says what costs how much, and their answers of full pages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
    parse,
)
from graphql.execution import get_directive_values


@cache
def directive(schema: GraphQLSchema, name: str, node: Any) -> dict[str, Any]:
    """What is applied to a type or field of the SDL."""
    found = schema.get_directive(name)
    assert found is not None
    return get_directive_values(found, node) or {} if node is not None else {}


@cache
def rows_of(schema: GraphQLSchema) -> set[str]:
    """The names of the types that count, as the SDL says."""
    return {
        name
        for name, each in schema.type_map.items()
        if is_object_type(each) and directive(schema, "cost", each.ast_node).get("weight") == "1"
    }


@dataclass
class Query:
    text: str
    variables: dict[str, Any]


@dataclass
class Writer:
    """Writes queries of nested pages with aliases, fragments, variables and conditions.

    Args:
        schema: Built from SDL.
        random: Decides.
        sizes: The most that is asked of each connection's field; of others `most`.
        most: Rows of a page.
        given: Values of required arguments by name; a root field that needs others is left out.
        avoid: Fields left out.
        leaves: Whether to select any but `__typename`.
    """

    schema: GraphQLSchema
    random: Random
    sizes: dict[str, int] = field(default_factory=dict)
    most: int = 3
    given: dict[str, str] = field(default_factory=dict)
    avoid: frozenset[str] = frozenset()
    leaves: bool = True

    def query(self) -> Query:
        self._declared: list[str] = []
        self._variables: dict[str, Any] = {}
        self._fragments: dict[str, list[str]] = {}
        self._texts: list[str] = []
        root = self.schema.query_type
        assert root is not None
        self._rows = rows_of(self.schema)
        body = self._selection(root, self.random.randint(1, 3))
        head = f"query({' '.join(self._declared)})" if self._declared else "query"
        return Query(" ".join([head, body, *self._texts]), self._variables)

    def _selection(self, parent: GraphQLObjectType, depth: int) -> str:
        leaves = [name for name, each in parent.fields.items() if self._is_leaf(name, each)]
        deep = [name for name, each in parent.fields.items() if self._is_deep(name, each)]
        parts = ["__typename", *self.random.sample(leaves, min(len(leaves), 2) if self.leaves else 0)]
        if depth:
            parts += [
                self._field(name, parent.fields[name], depth)
                for name in self.random.sample(deep, min(len(deep), self.random.randint(1, 3)))
            ]
        if depth and self.random.random() < 0.3 and parent.name in self._rows:
            parts.append(f"...{self._fragment(parent, depth)}")
        if self.random.random() < 0.2:
            parts = ["__typename", f"... on {parent.name} {{ {' '.join(parts)} }}"]
        return f"{{ {' '.join(parts)} }}"

    def _fragment(self, parent: GraphQLObjectType, depth: int) -> str:
        """One of the fragments written before, or another: what is spread twice in a place is merged."""
        key = f"{parent.name}{depth}"
        known = self._fragments.setdefault(key, [])
        if not known or self.random.random() < 0.4:
            body = self._selection(parent, depth - 1)
            name = f"F{len(self._texts)}"
            self._texts.append(f"fragment {name} on {parent.name} {body}")
            known.append(name)
        else:
            name = self.random.choice(known)
        return f"{name} ...{name}" if self.random.random() < 0.3 else name

    def _field(self, name: str, served: GraphQLField, depth: int) -> str:
        arguments = [
            f"{key}: {self.given[key]}" for key, each in served.args.items() if is_required_argument(each)
        ]
        target = get_named_type(served.type)
        assert isinstance(target, GraphQLObjectType)
        if "first" in served.args:
            arguments += self._page(name, served)
            node = get_named_type(get_named_type(target.fields["edges"].type).fields["node"].type)
            counts = (
                ["totalCount ", "pageInfo { hasNextPage } "] if self.leaves else ["pageInfo { __typename } "]
            )
            inside = self.random.choice(["", *counts])
            inner = f"{{ {inside}edges {{ {self._alias('node')} {self._selection(node, depth - 1)} }} }}"
        else:
            inner = self._selection(target, depth - 1)
        called = f"({', '.join(arguments)})" if arguments else ""
        # Each has a name of its own, so that no two arguments of one field differ.
        return f"{self._name('f')}: {name}{called}{self._condition()} {inner}"

    def _page(self, name: str, served: GraphQLField) -> Iterator[str]:
        most = self.sizes.get(name, self.most)
        size = self.random.randint(1, most)
        argument = self.random.choice([each for each in ("first", "last") if each in served.args])
        match self.random.randint(0, 3):
            case 0:
                yield f"{argument}: {size}"
            case 1:
                yield f"{argument}: ${self._variable('Int', size)}"
            case 2:
                yield f"{argument}: ${self._variable(f'Int = {size}', None)}"
            case _ if self._default(served) <= most:
                yield "after: null"
            case _:
                yield f"first: {most}"

    def _default(self, served: GraphQLField) -> int:
        return int(directive(self.schema, "listSize", served.ast_node)["assumedSize"])

    def _condition(self) -> str:
        if self.random.random() < 0.85:
            return ""
        name = self._variable("Boolean!", self.random.random() < 0.5)
        return f" @{self.random.choice(['include', 'skip'])}(if: ${name})"

    def _variable(self, kind: str, value: Any) -> str:
        name = self._name("v")
        self._declared.append(f"${name}: {kind}")
        if value is not None:
            self._variables[name] = value
        return name

    def _alias(self, name: str) -> str:
        return f"{self._name('n')}: {name}" if self.random.random() < 0.2 else name

    def _name(self, letter: str) -> str:
        self._count = getattr(self, "_count", 0) + 1
        return f"{letter}{self._count}"

    def _is_leaf(self, name: str, served: GraphQLField) -> bool:
        named = get_named_type(served.type)
        return (
            name not in self.avoid
            and is_leaf_type(named)
            and not any(map(is_required_argument, served.args.values()))
        )

    def _is_deep(self, name: str, served: GraphQLField) -> bool:
        needed = {key for key, each in served.args.items() if is_required_argument(each)}
        return (
            name not in self.avoid
            and isinstance(get_named_type(served.type), GraphQLObjectType)
            and needed <= set(self.given)
        )


def counted(answer: Any, rows: set[str]) -> int:
    """The objects of the types among `rows`, of an answer that names each object's type."""
    if isinstance(answer, list):
        return sum(counted(each, rows) for each in answer)
    if isinstance(answer, dict):
        return (answer.get("__typename") in rows) + sum(counted(each, rows) for each in answer.values())
    return 0


def with_full_pages(schema: GraphQLSchema, query: Query) -> Any:
    """The answer to a query without leaves if every page were full and nothing were null."""

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        served = info.parent_type.fields[info.field_name]
        if "first" in served.args:
            size = given.get("last", given.get("first"))
            return {
                "size": directive(schema, "listSize", served.ast_node)["assumedSize"]
                if size is None
                else size
            }
        if info.field_name == "edges":
            return [{}] * source["size"]
        return {} if is_object_type(get_named_type(served.type)) and "[" not in str(served.type) else None

    result = execute_sync(schema, parse(query.text), variable_values=query.variables, field_resolver=resolve)
    assert result.errors is None, result.errors
    return result.data
