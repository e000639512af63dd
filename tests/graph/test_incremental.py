"""@defer and @stream: parts put together are the response; they fail, end and are masked as a whole."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest
from support.library.engines import Library, number
from support.library.seed import fill
from support.library.streams import SECRET, Streams, merged, merged_by_path, sorted_errors
from support.patience import AT_ONCE_SECONDS

import graph
from graph import encode_id
from graph.engine import Bounds
from graph.incremental import LegacyFormat, Part, Parts
from graph.responses import Response

Fields: TypeAlias = Callable[[int], str]


@pytest.fixture
async def streams(library: Library) -> Streams:
    await fill(library, 4)
    return Streams(library)


def by_path(parts: Sequence[Part]) -> list[Part]:
    legacy = LegacyFormat()
    return [shown for shown in map(legacy.convert, parts) if shown is not None]


async def test_a_deferred_fragment_follows_and_its_label_is_told(streams: Streams) -> None:
    parts = await streams.all_parts('{ gate { name ... @defer(label: "later") { slow(seconds: 0.05) } } }')

    assert parts == [
        {
            "data": {"gate": {"name": "west"}},
            "pending": [{"id": "0", "path": ["gate"], "label": "later"}],
            "hasNext": True,
        },
        {
            "hasNext": False,
            "incremental": [{"data": {"slow": "slow"}, "id": "0"}],
            "completed": [{"id": "0"}],
        },
    ]
    assert by_path(parts) == [
        {"data": {"gate": {"name": "west"}}, "hasNext": True},
        {
            "incremental": [{"data": {"slow": "slow"}, "path": ["gate"], "label": "later"}],
            "hasNext": False,
        },
    ]


async def test_a_stream_gives_its_first_items_at_once_and_the_others_by_their_place(streams: Streams) -> None:
    parts = await streams.all_parts(
        '{ gate { gates(count: 4) @stream(label: "g", initialCount: 1) { number } } }'
    )

    first, *rest = by_path(parts)
    assert first == {"data": {"gate": {"gates": [{"number": 0}]}}, "hasNext": True}
    patches = [patch for part in rest for patch in part.get("incremental", ())]
    assert patches[0]["path"] == ["gate", "gates", 1]
    assert [item["number"] for patch in patches for item in patch["items"]] == [1, 2, 3]
    assert {patch["label"] for patch in patches} == {"g"}
    assert rest[-1]["hasNext"] is False


async def test_streamed_edges_are_read_together(streams: Streams) -> None:
    """The authors at once, the books of the first two, the books of the other two."""
    query = """{ authors(first: 4) { edges @stream(initialCount: 2) { node {
                 name books(first: 2) { edges { node { name } } } } } } }"""
    streams.library.statements.clear()

    await streams.all_parts(query)

    assert len(streams.library.statements) == 3


async def test_edges_of_a_connection_can_be_streamed(streams: Streams) -> None:
    query = "{ authors(first: 4) { edges %s { node { name books(first: 2) { edges { node { name } } } } } } }"

    parts = await streams.all_parts(query % "@stream(initialCount: 2)")

    assert len(parts[0]["data"]["authors"]["edges"]) == 2
    whole = await streams.at_once(query % "")
    assert merged(parts)[0] == merged_by_path(by_path(parts))[0] == whole["data"]


async def test_a_query_without_anything_to_follow_is_one_response(streams: Streams) -> None:
    for query in ("{ gate { name } }", "{ gate { name ... @defer(if: false) { letters(count: 1) } } }"):
        found = await streams.engine.run_in_parts(streams.operation(query), streams.context())
        assert isinstance(found, Response)


async def test_pieces_that_stand_deeper_are_told_in_the_one_patch_of_their_fragment(streams: Streams) -> None:
    query = """{ author(id: "QXV0aG9yOjE=") { __typename } authors(first: 2) { edges { node { id name } }
                 ... @defer(label: "more") { edges { node { id publisher { name } } } } } }"""
    parts = await streams.all_parts(query)

    [patch] = [patch for part in by_path(parts)[1:] for patch in part.get("incremental", ())]

    assert len(parts[1]["incremental"]) == 2  # one for each author
    assert patch["path"] == ["authors"]
    assert patch["label"] == "more"
    assert [sorted(edge["node"]) for edge in patch["data"]["edges"]] == [["id", "publisher"]] * 2


async def test_each_fragment_is_told_of_even_if_another_told_all_of_it(streams: Streams) -> None:
    parts = await streams.all_parts(
        """{ ... @defer(label: "one") { gate { name slow(seconds: 0.05) } }
             ... @defer(label: "two") { gate { name } } }"""
    )

    labels = [patch["label"] for part in by_path(parts)[1:] for patch in part.get("incremental", ())]

    assert sorted(labels) == ["one", "two"]


async def test_nested_fragments_follow_one_another(streams: Streams) -> None:
    parts = await streams.all_parts(
        """{ gate { name ... @defer(label: "outer") {
               slow(seconds: 0.02) ... @defer(label: "inner") { letters(count: 2) } } } }"""
    )

    assert [each["label"] for part in parts for each in part.get("pending", ())] == ["outer", "inner"]
    data = {"gate": {"name": "west", "slow": "slow", "letters": "aa"}}
    assert merged(parts)[0] == merged_by_path(by_path(parts))[0] == data


async def test_an_error_in_a_part_is_masked_and_logged_with_the_request(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        parts = await streams.all_parts("{ gate { name ... @defer { failure again: name } } }")

    [piece] = parts[1]["incremental"]
    assert piece["data"] == {"failure": None, "again": "west"}
    assert piece["errors"] == [
        {
            "message": "Internal error.",
            "locations": [{"line": 1, "column": 28}],
            "path": ["gate", "failure"],
            "extensions": {"code": "INTERNAL", "requestId": "request-1"},
        }
    ]
    [record] = caplog.records
    assert record.request_id == "request-1"  # type: ignore[attr-defined]
    assert SECRET in caplog.text


async def test_a_fragment_whose_field_must_not_be_null_fails_alone(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    parts = await streams.all_parts(
        '{ gate { name ... @defer(label: "bad") { strictFailure } ... @defer { letters(count: 1) } } }'
    )

    assert SECRET not in str(parts)
    assert SECRET in caplog.text
    [failed] = [each for part in parts for each in part.get("completed", ()) if "errors" in each]
    assert [error["extensions"]["code"] for error in failed["errors"]] == ["INTERNAL"]
    [patch] = [
        patch
        for part in by_path(parts)
        for patch in part.get("incremental", ())
        if patch.get("label") == "bad"
    ]
    assert patch == {"data": None, "path": ["gate"], "label": "bad", "errors": failed["errors"]}
    assert merged_by_path(by_path(parts))[0] == {"gate": {"name": "west", "letters": "a"}}


async def test_a_stream_whose_item_must_not_be_null_ends_there(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    parts = await streams.all_parts(
        "{ gate { gates(count: 5, broken: 3) @stream(initialCount: 1) { number again } } }"
    )

    assert SECRET not in str(parts)
    assert SECRET in caplog.text
    data = {"gate": {"gates": [{"number": n, "again": n} for n in range(3)]}}
    assert merged(parts)[0] == merged_by_path(by_path(parts))[0] == data
    last = [patch for part in by_path(parts) for patch in part.get("incremental", ())][-1]
    assert (last["items"], last["path"]) == (None, ["gate", "gates", 3])
    assert last["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_at_the_deadline_all_that_is_awaited_fails_and_the_work_stops(library: Library) -> None:
    streams = Streams(library, Bounds(query_seconds=0.15))

    parts = await streams.all_parts(
        """{ gate { name ... @defer(label: "a") { slow(seconds: 30) }
             ... @defer(label: "b") { s: slow(seconds: 30) }
             ... @defer(label: "c") { letters(count: 1) } } }"""
    )

    assert merged(parts)[0] == {"gate": {"name": "west", "letters": "a"}}
    last = parts[-1]
    assert last["hasNext"] is False
    assert [each["errors"][0]["extensions"]["code"] for each in last["completed"]] == [
        "DEADLINE_EXCEEDED"
    ] * 2
    assert streams.ended == ["slow", "slow"]
    patches = by_path(parts)[-1]["incremental"]
    assert [(patch["label"], patch["data"]) for patch in patches] == [("a", None), ("b", None)]


async def test_what_takes_too_long_before_the_first_part_is_one_response(library: Library) -> None:
    streams = Streams(library, Bounds(query_seconds=0.1))
    query = "{ gate { slow(seconds: 30) ... @defer { name } } }"

    found = await streams.engine.run_in_parts(streams.operation(query), streams.context())

    assert isinstance(found, Response)
    assert found.codes == {"DEADLINE_EXCEEDED"}
    assert streams.ended == ["slow"]


async def test_a_mutation_defers_what_it_wrote(streams: Streams) -> None:
    parts = await streams.all_parts("mutation { " + rename("one") + " " + rename("two") + " }")

    assert merged(parts)[0] == {
        name: {"others": [{"name": "two"}], "book": {"name": "two"}} for name in ("one", "two")
    }


def rename(name: str) -> str:
    book_id = encode_id("Book", number(0))
    later = "... @defer { book { name } others { name } }"
    return f'{name}: rename(id: "{book_id}", name: "{name}") {{ {later} }}'


@pytest.mark.parametrize("read", [False, True])
async def test_parts_that_nobody_takes_give_their_connection_back(library: Library, *, read: bool) -> None:
    await fill(library, 2)
    streams = Streams(library)
    query = """{ authors(first: 2) { edges { node { name } } }
                 gate { ... @defer { slow(seconds: 30) } ... @defer { letters(count: 1) } } }"""
    parts = await streams.parts(query)
    if read:
        await anext(parts.rest)

    async with asyncio.timeout(AT_ONCE_SECONDS):
        await parts.rest.aclose()

    assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert streams.ended == (["slow"] if read else [])


async def test_the_cost_is_told_in_the_first_part(streams: Streams) -> None:
    request = graph.GraphQLRequest("{ gate { ... @defer { name } } }", extensions={"cost": True})
    operation = streams.engine.prepare(request, "request-1")

    found = await streams.engine.run_in_parts(operation, streams.context())  # type: ignore[arg-type]

    assert isinstance(found, Parts)
    assert found.first["extensions"]["cost"] == {
        "requested": operation.cost,
        "limit": 10_000,
        "fields": {"requested": operation.work, "limit": 100_000},
    }
    await found.rest.aclose()


async def test_parts_put_together_are_the_response(streams: Streams) -> None:
    """@defer and @stream anywhere, some with errors: both formats agree, and with no parts at all."""
    in_parts = 0
    written = (Writer(random.Random(seed)).query() for seed in range(400))  # noqa: S311  # no secret
    for query in [each for each in written if len(each) < 1000][:200]:
        found = await streams.engine.run_in_parts(streams.operation(query), streams.context())
        if isinstance(found, Response):
            continue
        await found.rest.aclose()
        in_parts += 1
        parts = await streams.all_parts(query)
        data, errors = merged(parts)
        legacy = by_path(parts)
        old_data, old_errors = merged_by_path(legacy)
        assert merged(parts)[0] == data, "the parts were changed"
        assert old_data == data, query
        assert sorted_errors(old_errors) == sorted_errors(errors), query
        if not errors:
            assert data == (await streams.at_once(query))["data"], query
        announced = sorted(
            str((each["path"], each.get("label")))
            for part in parts
            for each in part.get("pending", ())
            if "stream" not in each.get("label", "")
        )
        told = sorted(
            str((patch["path"], patch.get("label")))
            for part in legacy
            for patch in part.get("incremental", ())
            if "data" in patch
        )
        assert told == announced, query
    assert in_parts > 80


class Writer:
    """Writes documents over the library at random, with fragments and streams that are delayed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._labels = 0

    def query(self) -> str:
        return "{ " + self._selection(self._root, 3) + " }"

    def _selection(self, fields: Fields, depth: int) -> str:
        chosen = [fields(depth) for _ in range(self._chance.randint(1, 3))]
        if self._chance.random() < 0.5:
            inner = self._selection(fields, depth)
            chosen.append(f"... {self._directive('defer')} {{ {inner} }}")
        return " ".join(chosen)

    def _directive(self, name: str, more: str = "") -> str:
        self._labels += 1
        return f'@{name}(label: "{name}{self._labels}"{more})'

    def _root(self, depth: int) -> str:
        return self._one(
            lambda: f"authors(first: 3) {{ {self._connection(self._author, depth)} }}",
            lambda: f"books(first: 2) {{ {self._connection(self._book, depth)} }}",
            lambda: f"gate {{ {self._selection(self._gate, depth)} }}",
        )

    def _one(self, *options: str | Callable[[], str]) -> str:
        chosen = self._chance.choice(options)
        return chosen if isinstance(chosen, str) else chosen()

    def _connection(self, node: Fields, depth: int) -> str:
        return self._selection(lambda depth: self._edges(node, depth), depth)

    def _edges(self, node: Fields, depth: int) -> str:
        return self._one("totalCount", lambda: f"edges {{ node {{ {self._selection(node, depth - 1)} }} }}")

    def _author(self, depth: int) -> str:
        if depth <= 0:
            return self._one("id", "name", "shout", "__typename")
        return self._one(
            "id",
            "name",
            lambda: f"mentor {{ {self._selection(self._author, depth - 1)} }}",
            lambda: f"publisher {{ {self._selection(self._publisher, depth - 1)} }}",
            lambda: f"books(first: 2) {{ {self._connection(self._book, depth - 1)} }}",
            lambda: self._streamed(depth),
        )

    def _streamed(self, depth: int) -> str:
        stream = self._directive("stream", f", initialCount: {self._chance.randint(0, 3)}")
        inner = self._selection(self._book, depth - 1)
        return f"s{self._labels}: books(first: 3) {{ edges {stream} {{ node {{ {inner} }} }} }}"

    def _book(self, depth: int) -> str:
        if depth <= 0:
            return self._one("id", "name", "pages", "__typename")
        return self._one("id", "name", lambda: f"author {{ {self._selection(self._author, depth - 1)} }}")

    def _publisher(self, depth: int) -> str:
        return self._one("name", "id", "country { name }")

    def _gate(self, depth: int) -> str:
        failing = "strictFailure" if self._chance.random() < 0.2 else "failure"
        return self._one("name", "letters(count: 2)", "slow(seconds: 0)", failing)


def test_the_effort_of_telling_parts_by_path_grows_with_their_number() -> None:
    def effort(count: int) -> float:
        first: Part = {
            "data": {"rows": [{} for _ in range(count)]},
            "pending": [{"id": str(i), "path": ["rows", i]} for i in range(count)],
            "hasNext": True,
        }
        pieces = [{"id": str(i), "data": {"name": i}} for i in range(count)]
        rest: Part = {
            "incremental": pieces,
            "completed": [{"id": str(i)} for i in range(count)],
            "hasNext": False,
        }
        began = time.process_time()
        [_, told] = by_path([first, rest])
        took = time.process_time() - began
        assert len(told["incremental"]) == count
        return took

    small, large = (min(effort(count) for _ in range(9)) for count in (1_000, 4_000))

    assert large < small * 8 + 0.005  # quadratic: sixteen times
