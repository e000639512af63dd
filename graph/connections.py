"""Connections as clients see them: pages whose parts are read only when they are selected."""

from typing import Any, Generic, TypeVar

import strawberry

from graph.node import shown
from graph.paging import Request
from graph.reader import Reader, Values
from graph.weights import FREE

T = TypeVar("T")


class Connection(Generic[T]):
    """Annotates a connection: `Connection[Agreement]` is served as `AgreementConnection`."""


@strawberry.type(description="Where a page stands in its connection.", directives=[FREE])
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether there are rows after this page; with `before` true: its row stood there."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether there are rows before this page; with `after` true: its row stood there."
    )
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first edge, null on an empty page."
    )
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge, null on an empty page.")


class Edge:
    """One row of a page."""

    __slots__ = ("_request", "_row")

    def __init__(self, request: Request, row: Values) -> None:
        self._request = request
        self._row = row

    @property
    def cursor(self) -> str:
        return self._request.cursors.encode([self._row[key.attribute] for key in self._request.keys])

    @property
    def node(self) -> Any:  # noqa: ANN401  # an instance of the binding's type
        return shown(self._request.binding, self._row)


class Page:
    """One connection of one parent. Each part costs its statement when it is selected, and nothing before."""

    __slots__ = ("_depth", "_parent", "_reader", "_request")

    def __init__(self, reader: Reader, request: Request, parent: Any, depth: int) -> None:  # noqa: ANN401  # a key, None for the root
        self._reader = reader
        self._request = request
        self._parent = parent
        self._depth = depth

    @property
    async def edges(self) -> list[Edge]:
        page = await self._reader.slices(self._request).load(self._parent, self._depth)
        return [Edge(self._request, row) for row in page.rows]

    @property
    async def page_info(self) -> PageInfo:
        page = await self._reader.slices(self._request).load(self._parent, self._depth)
        ends = [Edge(self._request, row).cursor for row in (*page.rows[:1], *page.rows[-1:])]
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=ends[0] if ends else None,
            end_cursor=ends[-1] if ends else None,
        )

    @property
    async def total_count(self) -> int:
        return await self._reader.counts(self._request).load(self._parent, self._depth)


def connection_type(cls: type[Any], name: str) -> type[Any]:
    """Make `<name>Connection` and `<name>Edge` for a type."""
    edge = _described(
        f"{name}Edge",
        f"One {name} of a page.",
        cursor=(str, "Where this edge stands: give it as `after` or `before`."),
        node=(cls, f"The {name} itself."),
    )
    return _described(
        f"{name}Connection",
        f"A page of {name} rows.",
        edges=(list[edge], "The rows of the page, in the order asked for."),  # type: ignore[valid-type]  # made above
        page_info=(PageInfo, "Where the page stands."),
        total_count=(
            int,
            "How many rows there are under the filter, whatever the page; counted when selected.",
        ),
    )


def _described(name: str, description: str, **fields: tuple[Any, str]) -> type[Any]:
    namespace: dict[str, Any] = {
        field: strawberry.field(description=text) for field, (_, text) in fields.items()
    }
    namespace["__annotations__"] = {field: annotation for field, (annotation, _) in fields.items()}
    made = type(name, (), namespace)
    return strawberry.type(made, name=name, description=description, directives=[FREE])
