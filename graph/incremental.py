"""Responses in parts, as @defer and @stream ask for them."""

# pyright: standard
# Not strict: what graphql-core brings is of three kinds that share no type.
import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from graph.admission import Budget
from graph.responses import least_bytes

Part: TypeAlias = Mapping[str, Any]
Path: TypeAlias = Sequence[str | int]


def part(found: Any, public: Callable[[Any], list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: ANN401  # graphql-core's initial or subsequent result
    """Format one result of graphql-core's, with its errors made public, wherever they stand."""
    formatted: dict[str, Any] = dict(found.formatted)
    if formatted.get("errors"):
        formatted["errors"] = public(found.errors)
    for name in ("incremental", "completed"):
        for item, shown in zip(getattr(found, name, None) or (), formatted.get(name, ()), strict=True):
            if item.errors:
                shown["errors"] = public(item.errors)
    return formatted


class Ahead:
    """Takes what a generator gives as it comes, and holds it until somebody asks.

    So the generator ends in its own time, and what it holds open does not wait for a slow client.

    Args:
        source: What is taken.
        most_bytes: Of one part, as far as they are counted here.
        budget: Of bytes that wait for clients. Where it holds no more, `Overloaded` comes last.
    """

    def __init__(self, source: AsyncGenerator[Part, None], most_bytes: int, budget: Budget) -> None:
        self._source, self._most_bytes, self._budget = source, most_bytes, budget
        self._held = 0
        self._come: asyncio.Queue[tuple[Part, int] | None] = asyncio.Queue()
        self._taking = asyncio.create_task(self._take())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Part:
        come = await self._come.get()
        if come is None:
            await self._taking  # what was unexpected is raised here
            raise StopAsyncIteration
        part, size = come
        self._hold(-size)
        return part

    async def aclose(self) -> None:
        """Stop; harmless when it has ended."""
        self._taking.cancel()
        await asyncio.gather(self._taking, return_exceptions=True)
        await self._source.aclose()  # a task that is cancelled before it begins has closed nothing
        self._hold(-self._held)

    async def _take(self) -> None:
        try:
            async with aclosing(self._source) as parts:
                async for part in parts:
                    size = least_bytes(part, self._most_bytes)
                    self._budget.require(size)
                    self._hold(size)
                    self._come.put_nowait((part, size))
        finally:
            self._come.put_nowait(None)

    def _hold(self, size: int) -> None:
        self._held += size
        self._budget.take(size)


@dataclass(frozen=True)
class Parts:
    """A response in parts: the first, and those that follow.

    Each is formatted as the draft of the specification has it (`pending`, `incremental` and `completed` by
    id, `hasNext`), with errors as clients may see them. Close `rest`, read to its end or not.

    Attributes:
        first: With the `data` that nothing delays.
        rest: The last one has `hasNext` false.
        most_bytes: Of each part as it is sent.
    """

    first: Part
    rest: Ahead
    most_bytes: int

    async def all(self) -> AsyncGenerator[Part, None]:
        """The first and the rest."""
        yield self.first
        async for part in self.rest:
            yield part


class Announced:
    """What the parts taken so far have announced and not completed."""

    def __init__(self) -> None:
        self._begun = False
        self._ids: dict[str, None] = {}

    def take(self, part: Part) -> None:
        self._begun = True
        self._ids.update((each["id"], None) for each in part.get("pending", ()))
        for each in part.get("completed", ()):
            self._ids.pop(each["id"], None)

    def failed(self, errors: Sequence[Mapping[str, Any]]) -> Part:
        """The last part, if all that is awaited fails for these reasons."""
        if not self._begun:
            return {"data": None, "errors": errors, "hasNext": False}
        return {"completed": [{"id": key, "errors": errors} for key in self._ids], "hasNext": False}


class LegacyFormat:
    """Turns the parts of one response into those of the draft of August 2022: patches that name their path.

    There a fragment is one patch, at its own path under its own label, and Relay holds to that: pieces that
    stand deeper, or came with another fragment, are put in their place below it. Give the parts in order.
    """

    def __init__(self) -> None:
        self._data: Any = None
        self._mine: dict[int, Any] = {}
        self._places: dict[str, Part] = {}

    def convert(self, part: Part) -> Part | None:
        """The part by path; None if there is nothing in it to tell."""
        self._places.update((each["id"], each) for each in part.get("pending", ()))
        if "data" in part:
            self._data = part["data"]
            return {name: value for name, value in part.items() if name != "pending"}
        patches = self._patches(part.get("incremental", ()), part.get("completed", ()))
        if not patches and part["hasNext"]:
            return None
        rest = {name: part[name] for name in ("extensions", "hasNext") if name in part}
        return {"incremental": patches, **rest} if patches else rest

    def _patches(self, incremental: Sequence[Part], completed: Sequence[Part]) -> list[Part]:
        whole = dict.fromkeys(each["id"] for each in completed if "errors" not in each)
        # Of several fragments at one place the first is told what none of them has for itself.
        places = {tuple(self._places[key]["path"]): key for key in reversed(whole)}
        patches, told = list[Part](), set[str]()
        fragments: dict[str, list[Part]] = {}
        for piece in incremental:
            if "items" in piece:
                patches += self._fragments(fragments)
                patches.append(self._items(piece))
            else:
                key = piece["id"] if piece["id"] in whole else self._around(piece, places)
                fragments.setdefault(key, []).append(piece)
                told.add(key)
                there = self._writable(self._path(piece))
                there.update(_merged(there, piece["data"]))
        # What shares everything with others has nothing of its own left to tell, but that it is there.
        fragments.update((key, []) for key in whole if key not in told and not self._is_stream(key))
        patches += self._fragments(fragments)
        return patches + [self._failure(each) for each in completed if "errors" in each]

    def _around(self, piece: Part, places: Mapping[tuple[str | int, ...], str]) -> str:
        """Which fragment is told the piece of one that is not complete yet: the nearest around it that is."""
        path = tuple(self._path(piece))
        found = (places.get(path[:length]) for length in range(len(path), -1, -1))
        return next((key for key in found if key is not None and not self._is_stream(key)), piece["id"])

    def _fragments(self, fragments: dict[str, list[Part]]) -> list[Part]:
        """A patch for each of the fragments, which are then forgotten."""
        patches = list[Part]()
        for key, pieces in fragments.items():
            path = self._places[key]["path"]
            placed = [(self._path(each)[len(path) :], each["data"]) for each in pieces]
            patches.append(self._patch(key, path, pieces, data=_nested(self._at(path), placed, known=())))
        fragments.clear()
        return patches

    def _items(self, piece: Part) -> Part:
        path = self._path(piece)
        items: list[Any] = self._writable(path)
        index = len(items)
        items.extend(piece["items"])
        return self._patch(piece["id"], [*path, index], [piece], items=piece["items"])

    def _failure(self, completed: Part) -> Part:
        key = completed["id"]
        path = self._places[key]["path"]
        if self._is_stream(key):
            return self._patch(key, [*path, len(self._at(path))], [completed], items=None)
        return self._patch(key, path, [completed], data=None)

    def _patch(self, key: str, path: Path, pieces: Sequence[Part], **told: Any) -> Part:  # noqa: ANN401  # data or items
        place = self._places[key]
        label = {"label": place["label"]} if "label" in place else {}
        errors = [error for each in pieces for error in each.get("errors", ())]
        return {**told, "path": path, **label, **({"errors": errors} if errors else {})}

    def _is_stream(self, key: str) -> bool:
        return isinstance(self._at(self._places[key]["path"]), list)

    def _path(self, piece: Part) -> list[str | int]:
        return [*self._places[piece["id"]]["path"], *piece.get("subPath", ())]

    def _writable(self, path: Path) -> Any:  # noqa: ANN401  # a dictionary or a list
        """What stands there, to be changed: of the parts themselves, which are shared, nothing is changed."""
        found = self._data = self._own(self._data)
        for step in path:
            found[step] = found = self._own(found[step])
        return found

    def _own(self, value: Any) -> Any:  # noqa: ANN401  # a dictionary or a list
        if id(value) in self._mine:
            return value
        mine = value.copy()
        self._mine[id(mine)] = mine
        return mine

    def _at(self, path: Path) -> Any:  # noqa: ANN401  # whatever stands there
        found = self._data
        for step in path:
            found = found[step]
        return found


def _nested(at: Any, pieces: Sequence[tuple[Path, Part]], known: Sequence[str] = ("id", "__typename")) -> Any:  # noqa: ANN401  # a part of a response
    """Pieces put into one value at the places they have below it.

    Args:
        at: What stands there in the whole response.
        pieces: Each with its path from there.
        known: What is told again of each object on the way: who it is.
    """
    below: dict[str | int, list[tuple[Path, Part]]] = {}
    for path, data in pieces:
        if path:
            below.setdefault(path[0], []).append((path[1:], data))
    if isinstance(at, list):
        return [_nested(item, below.get(index, ())) for index, item in enumerate(at)]
    if not isinstance(at, dict):
        return at
    made: dict[str, Any] = {name: at[name] for name in known if name in at}
    for path, data in pieces:
        if not path:
            made = _merged(made, data)
    for step, inner in below.items():
        made = _merged(made, {step: _nested(at[step], inner)})
    return made


def _merged(there: Any, value: Any) -> Any:  # noqa: ANN401  # parts of a response
    match there, value:
        case dict(), dict():
            return {**there, **{name: _merged(there.get(name), item) for name, item in value.items()}}
        case list(), list():
            return [_merged(*pair) for pair in zip(there, value, strict=True)]
        case _:
            return value
