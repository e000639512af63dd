"""What is served has every name that clients rely on, is described throughout, and is what is committed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

import schema
from models import ErrorCode

CONTRACT = Path(__file__).with_name("contract.graphql")
COMMITTED = Path(schema.__file__).with_name("schema.graphql")


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema(schema.print_sdl())


def facts(of: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Everything that a client may rely on, as (where, what)."""
    for name, type_ in of.type_map.items():
        if is_introspection_type(type_):
            continue
        yield name, type(type_).__name__
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                yield from ((f"{name} implements {each.name}", "") for each in type_.interfaces)
                for field_name, item in type_.fields.items():
                    yield f"{name}.{field_name}", str(item.type)
                    for argument_name, argument in item.args.items():
                        yield f"{name}.{field_name}({argument_name})", taken(argument)
            case GraphQLInputObjectType():
                yield from ((f"{name}.{key}", taken(item)) for key, item in type_.fields.items())
            case GraphQLEnumType():
                yield from ((f"{name}.{value}", "") for value in type_.values)
            case _:
                pass


def taken(item: GraphQLArgument | GraphQLInputField) -> str:
    default = "" if item.default_value is Undefined else f" = {item.default_value}"
    return f"{item.type}{default}"


def test_every_name_of_the_contract_is_served_as_it_stands_there(served: GraphQLSchema) -> None:
    promised = dict(facts(build_schema(CONTRACT.read_text(encoding="utf-8"))))
    found = dict(facts(served))

    assert {where: found.get(where) for where in promised} == promised


def test_nothing_of_the_contract_asks_for_more_than_stands_there(served: GraphQLSchema) -> None:
    promised = dict(facts(build_schema(CONTRACT.read_text(encoding="utf-8"))))

    more = [where for where, what in facts(served) if where not in promised and what.endswith("!")]

    assert [where for where in more if _owner(where) in promised] == []


def _owner(where: str) -> str:
    """The field of an argument, or the type of an input field; nothing for what clients only read."""
    if "(" in where:
        return where.partition("(")[0]
    name = where.partition(".")[0]
    return name if name.endswith(("Input", "Filter", "Order")) else ""


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema.print_sdl(), "run `make schema`"


def test_everything_is_described(served: GraphQLSchema) -> None:
    assert sorted(where for where, text in descriptions(served) if not (text or "").strip()) == []


def descriptions(of: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, type_ in of.type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{name}.{value}", item.description) for value, item in type_.values.items())
        fields = getattr(type_, "fields", {})
        for field_name, item in fields.items():
            yield f"{name}.{field_name}", item.description
            if isinstance(item, GraphQLField):
                for argument_name, argument in item.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description


def test_every_mutation_takes_one_input_and_answers_with_user_errors(served: GraphQLSchema) -> None:
    assert served.mutation_type is not None
    for name, item in served.mutation_type.fields.items():
        title = name[0].upper() + name[1:]
        assert {key: str(each.type) for key, each in item.args.items()} == {"input": f"{title}Input!"}
        assert str(item.type) == f"{title}Payload!"
        payload = served.type_map[f"{title}Payload"]
        assert isinstance(payload, GraphQLObjectType)
        assert str(payload.fields["userErrors"].type) == "[UserError!]!"


def test_every_code_that_the_domain_gives_is_served(served: GraphQLSchema) -> None:
    codes = served.type_map["UserErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert set(codes.values) == set(ErrorCode)


def test_every_served_code_is_given_by_something() -> None:
    root = Path(schema.__file__).parent.parent
    sources = [
        path.read_text(encoding="utf-8")
        for package in ("models", "resolvers", "repositories", "providers")
        for path in (root / package).rglob("*.py")
        if path != root / "models" / "errors.py"
    ]

    assert [code for code in ErrorCode if not any(code.value in source for source in sources)] == []
