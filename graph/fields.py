"""The fields that read: bound when the schema is built, they ask the reader when they are resolved."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
from collections.abc import Callable, Hashable, Mapping
from inspect import Parameter
from typing import Optional

import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode, SelectionSetNode
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import UNRESOLVED, StrawberryField

from graph.binding import Binding, ToOne, binding_of
from graph.binding import Page as PageBinding
from graph.connections import Page
from graph.dynamic import Untyped, Value
from graph.errors import CodedError
from graph.ids import decode_id, split_id
from graph.mapping import attribute
from graph.node import Node, shown
from graph.paging import Limits, Request, default_size, page_request
from graph.reader import Reader
from graph.weights import ListSize, page_size


class ReadField(StrawberryField):
    """A field of which the type and arguments are known once everything is bound."""

    def __init__(self, description: str, *directives: object) -> None:
        super().__init__(description=description, directives=directives)

    def annotation(self) -> object:
        """The served type, as an annotation.

        Raises:
            TypeError: It is not bound yet.
        """
        raise NotImplementedError

    def make_arguments(self) -> list[StrawberryArgument]:
        return []

    def resolve_type(self, *, type_definition: Untyped = None) -> Untyped:
        try:
            annotation = self.annotation()
        except TypeError:
            return UNRESOLVED
        return StrawberryAnnotation(annotation).resolve(type_definition=type_definition)

    @property
    def is_basic_field(self) -> bool:
        return False

    @property
    def arguments(self) -> list[StrawberryArgument]:
        if self._arguments is None:
            self._arguments = self.make_arguments()
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value


class ToOneField(ReadField):
    def __init__(self, item: ToOne, description: str) -> None:
        super().__init__(description)
        self._item = item

    def annotation(self) -> object:
        target = binding_of(self._item.target).cls
        return target | None if self._item.nullable else target

    def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Untyped:
        key = source.__dict__[self._item.link]
        return None if key is None else _read(info, binding_of(self._item.target), key, self)


class PageField(ReadField):
    """A connection, nested or on the root."""

    def __init__(self, description: str, page: PageBinding, place: str) -> None:
        size = page_size(default_size(page, Limits()), forward_only=page.forward_only)
        super().__init__(description, size)
        self.page = page
        self._place = place

    def annotation(self) -> object:
        return binding_of(self.page.target).cls.__connection__

    def make_arguments(self) -> list[StrawberryArgument]:
        return page_arguments(self.page)

    def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Page:
        reader: Reader = info.context.reader
        page = self.page

        def request() -> Request:
            return self.request(kwargs, reader.key, reader.limits)

        # The arguments of one place in the document are the same for every parent.
        place = ("request", self, id(info._raw_info.field_nodes[0]))  # noqa: SLF001  # Strawberry offers no other way
        parent = source.__dict__[page.source] if page.source else None
        return Page(reader, reader.keep(place, request), parent, _depth(info))

    def request(self, given: Mapping[str, Untyped], secret: bytes, limits: Limits) -> Request:
        """The page that these arguments ask for; raises as `page_request` does."""
        place = f"{self._place}.{self.python_name}"
        return page_request(
            binding_of(self.page.target), self.page, given, place=place, secret=secret, limits=limits
        )


class OneField(ReadField):
    """One row by its global id."""

    def __init__(self, cls: type[Node], description: str) -> None:
        super().__init__(description)
        self.cls = cls

    def annotation(self) -> object:
        return binding_of(self.cls).cls | None

    def make_arguments(self) -> list[StrawberryArgument]:
        return [
            argument("id", strawberry.ID, f"Global id of the {binding_of(self.cls).name}.", required=True)
        ]

    async def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Untyped:
        binding = binding_of(self.cls)
        return await read_one(info, binding, decode_id(kwargs["id"], binding.name))


class NodeField(ReadField):
    """Any row by its global id."""

    def __init__(self, description: str, known: Callable[[str], Binding | None], *directives: object) -> None:
        super().__init__(description, *directives)
        self.known = known

    def annotation(self) -> object:
        return Node | None

    def make_arguments(self) -> list[StrawberryArgument]:
        return [argument("id", strawberry.ID, "Global id of any type.", required=True)]

    async def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Untyped:
        return await self.find(info, kwargs["id"])

    async def find(self, info: Untyped, text: str) -> Untyped:
        try:
            type_name, key = split_id(text)
        except ValueError as error:
            raise CodedError(str(error), code="BAD_ID") from error
        binding = self.known(type_name)
        return None if binding is None else await read_one(info, binding, key)


class NodesField(NodeField):
    """Many rows by their global ids, in the order of the ids."""

    def __init__(self, description: str, known: Callable[[str], Binding | None]) -> None:
        super().__init__(description, known, ListSize(assumed_size=Limits().ids))

    def annotation(self) -> object:
        return list[Node | None]

    def make_arguments(self) -> list[StrawberryArgument]:
        return [argument("ids", list[strawberry.ID], "Global ids of any types.", required=True)]

    async def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Untyped:
        ids, limit = kwargs["ids"], info.context.reader.limits.ids
        if len(ids) > limit:
            raise CodedError(f"{len(ids)} ids; at most {limit} are allowed.", code="TOO_MANY_IDS")
        # A bad id is the error of its own place in the list.
        return await asyncio.gather(*(self.find(info, text) for text in ids), return_exceptions=True)


class ReferenceField(StrawberryField):
    """A field of a payload that holds references and serves the rows, as they are when they are read.

    A list of them has a `ListSize` among its directives.
    """

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Untyped, info: Untyped, args: Untyped, kwargs: Untyped) -> Untyped:
        held = getattr(source, self.python_name)
        if held is None:
            return None
        if isinstance(held, list):
            return self._all(held, info)
        return _read(info, binding_of(type(held)), held.id, self)

    async def _all(self, held: list[Node], info: Untyped) -> list[Untyped]:
        loads = (read_one(info, binding_of(type(item)), item.id, self) for item in held)
        return [item for item in await asyncio.gather(*loads) if item is not None]


async def read_one(info: Untyped, binding: Binding, id: Value, key: Hashable = None) -> Untyped:
    """The row with this id; None if there is none that the caller sees.

    Args:
        info: Of the field that asks.
        binding: Of the row.
        id: As the model has it.
        key: Who asks: each gets a batch, and thus a statement, of its own.
    """
    return shown(binding, await info.context.reader.rows(binding, key).load(id, _depth(info)))


def _depth(info: Untyped) -> int:
    depth, path = 0, info.path
    while path is not None:
        depth, path = depth + 1, path.prev
    return depth


def page_arguments(page: PageBinding) -> list[StrawberryArgument]:
    """The arguments of a connection, as the contract names them."""
    binding = binding_of(page.target)
    for item in page.criteria.values():
        if item.attribute is not None:
            attribute(binding.model, item.attribute)
    made = [
        argument(name, kind, text, required=required) for name, (kind, text, required) in page.flat.items()
    ]
    if page.takes_filter and binding.filter is not None:
        made.append(
            argument("filter", binding.filter, "Conditions that every row must meet; null means none.")
        )
    if page.takes_order and binding.order is not None:
        order = list[binding.order.input]  # type: ignore[name-defined]  # made at run time
        made.append(
            argument("order_by", order, "Keys of the order, most significant first; ties break by id.")
        )
    made.append(argument("first", int, "Size of a page from the front."))
    made.append(argument("after", str, "Cursor: only rows after it."))
    if not page.forward_only:
        made.append(argument("last", int, "Size of a page from the back; not together with `first`."))
        made.append(
            argument(
                "before", str, "Cursor: only rows before it; without `first` or `last` the nearest ones."
            )
        )
    return made


def argument(
    name: str, annotation: Untyped, description: str, *, required: bool = False
) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation if required else Optional[annotation]),  # noqa: UP045  # some are no types: `|` fails
        description=description,
        default=Parameter.empty if required else UNSET,
    )


def _read(info: Untyped, binding: Binding, id: Value, key: Hashable) -> Untyped:
    """The row, without a statement where its id is all that is selected and everyone may see it."""
    reader: Reader = info.context.reader
    if not binding.visible and _only_id(reader, info._raw_info):  # noqa: SLF001  # Strawberry offers no other way
        return binding.cls.ref(id)
    return read_one(info, binding, id, key)


def _only_id(reader: Reader, info: Untyped) -> bool:
    def only_id(selection: SelectionSetNode | None) -> bool:
        return all(map(is_id, selection.selections if selection else ()))

    def is_id(item: SelectionNode) -> bool:
        match item:
            case FieldNode(name=name):
                return name.value in {"id", "__typename"}
            case InlineFragmentNode(selection_set=inner):
                return only_id(inner)
            case FragmentSpreadNode(name=name):
                return only_id(info.fragments[name.value].selection_set)
            case _:
                return False

    nodes: list[FieldNode] = info.field_nodes
    return reader.keep(
        ("only id", *map(id, nodes)), lambda: all(only_id(node.selection_set) for node in nodes)
    )
