"""A declaration that its model does not bear out is refused before anything is served."""

import re
from enum import Enum
from typing import Any

import pytest
import strawberry
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from support.library.engines import SCHEMA
from support.library.schema import REGISTRY

import graph
from graph import Connection, Node, Registry, column, relation, shows, value


class Base(DeclarativeBase):
    pass


class House(Base):
    __tablename__ = "houses"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    title: Mapped[str] = mapped_column(String())
    rooms: Mapped[list["Room"]] = relationship(lazy="raise", back_populates="house")


class Room(Base):
    __tablename__ = "rooms"
    id: Mapped[int] = mapped_column(primary_key=True)
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    house: Mapped[House] = relationship(lazy="raise", back_populates="rooms")


def hidden(alias: Any, caller: object) -> Any:
    return alias.id > 0


def declare(
    fields: dict[str, tuple[Any, Any]], *, model: type[Base] = House, rooms_visible: Any = (), **options: Any
) -> None:
    registry = Registry()
    room = type("Room", (Node,), {"__annotations__": {}, "__module__": __name__})
    shows(Room, description="A room.", visible=rooms_visible, registry=registry)(room)
    namespace: dict[str, Any] = {name: mark for name, (_, mark) in fields.items()}
    namespace["__annotations__"] = {name: annotation for name, (annotation, _) in fields.items()}
    house = type("House", (Node,), {**namespace, "__module__": __name__})
    shows(model, description="A house.", registry=registry, **options)(house)
    graph.bind_all(registry)


@strawberry.input
class Odd:
    name: str | None = strawberry.UNSET


@strawberry.input
class Tagged:
    room: strawberry.ID | None = graph.has("rooms", description="x")


@strawberry.input
class Wrong:
    name: str | None = graph.equal("nothing", description="x")


NAME = column(description="x")
ROOM_ORDER = {
    "nullable": graph.order("House", NAME=graph.by("name", "x")),
    "locale": graph.order("House", TITLE=graph.by("title", "x")),
}


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        ({"nothing": (str, NAME)}, {}, "House has no column or hybrid «nothing»."),
        ({"rooms": (str, NAME)}, {}, "House has no column or hybrid «rooms»."),
        ({"name": (str, NAME)}, {}, "House.name: House.name can be null."),
        ({"name": (str | None, value(description="x"))}, {}, "House has no composite «name»."),
        (
            {"title": (Connection["Room"], relation(description="x"))},
            {},
            "House has no relationship «title».",
        ),
        ({"rooms": ("Room", relation(description="x"))}, {}, "House.rooms is not a to-one relationship."),
        ({}, {"filter": Odd}, "Odd.name says no condition."),
        ({}, {"filter": Wrong}, "House has no column or hybrid «nothing»."),
        ({}, {"order": ROOM_ORDER["nullable"]}, "House.name can be null"),
        ({}, {"order": ROOM_ORDER["locale"]}, "without collation"),
        ({}, {"default_order": [graph.ascending("nothing")]}, "House has no column or hybrid «nothing»."),
        ({}, {"visible": "rooms"}, "House.rooms is not a to-one relationship."),
        (
            {"rooms": (Connection["Room"], relation(description="x", arguments=Tagged))},
            {},
            "room: has and lacks are for filters.",
        ),
        ({}, {"model": Room}, "Room is shown by Room already."),
        (
            {"house": ("Room", relation(description="x", source="house"))},
            {"rooms_visible": "house"},
            "House has no relationship «house».",
        ),
    ],
)
def test_a_false_declaration_is_refused(fields: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        declare(fields, **options)


def test_a_row_must_not_need_a_row_that_may_be_hidden() -> None:
    def bind(visible: Any) -> None:
        registry = Registry()
        house = type("House", (Node,), {"__annotations__": {}, "__module__": __name__})
        shows(House, description="x", visible=hidden, registry=registry)(house)
        mark = relation(description="x")
        namespace = {"__annotations__": {"house": "House"}, "house": mark, "__module__": __name__}
        shows(Room, description="x", visible=visible, registry=registry)(type("Room", (Node,), namespace))
        graph.bind_all(registry)

    bind("house")
    bind(["house", hidden])
    for visible in ((), hidden):
        with pytest.raises(TypeError, match=r"Room.house cannot be null, but may be hidden"):
            bind(visible)


def test_every_value_of_an_enum_is_described() -> None:
    class Colour(Enum):
        RED = 1
        BLUE = 2

    with pytest.raises(TypeError, match="see BLUE"):
        graph.enum(Colour, "x", RED="x")
    with pytest.raises(TypeError, match="see GREEN"):
        graph.enum(Colour, "x", RED="x", BLUE="x", GREEN="x")


def test_everything_in_the_schema_is_described() -> None:
    sdl = SCHEMA().introspect()["__schema"]
    bare = [
        (kind["name"], item["name"])
        for kind in sdl["types"]
        if not kind["name"].startswith("__") and kind["name"] != "Mutation" and kind["name"] != "Subscription"
        for item in [kind, *(kind["fields"] or []), *(kind["inputFields"] or []), *(kind["enumValues"] or [])]
        + [argument for field in kind["fields"] or [] for argument in field["args"]]
        if not item["description"]
    ]

    assert bare == []


def test_bindings_are_data_to_be_inspected() -> None:
    SCHEMA()
    book = REGISTRY.bindings["Book"]

    assert book.attributes == (
        "id", "title", "status", "pages", "printed_on", "is_long", "author_id",
    )  # fmt: skip
    assert repr(book) == "<Binding Book shows Book>"
    assert {name: type(field).__name__ for name, field in REGISTRY.bindings["Author"].fields.items()} == {
        "name": "Column",
        "full_name": "Composite",
        "site": "Composite",
        "publisher": "ToOne",
        "mentor": "ToOne",
        "books": "Page",
    }


def test_binding_twice_is_harmless() -> None:
    SCHEMA()

    assert graph.bind_all(REGISTRY) == graph.bind_all(REGISTRY)
