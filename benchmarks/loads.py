"""What a server is asked in a measurement, and how an answer is known to be the right one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, cycle
from typing import Any, cast

import orjson

from benchmarks.dataset import BIG_ACCOUNTS, Dataset
from benchmarks.errors import DifferentAnswer, WrongAnswer
from benchmarks.http_client import Target, ask
from benchmarks.wordings import Wording, comparable, difference
from graph import encode_id

PAGE_OBJECTS = 1247
"""Accounts, agreements, templates, providers and billing contracts; connections and edges are not counted."""
PAGE_LEAVES = 3599

_ENTITIES = frozenset({"node", "template", "provider"})
_LARGE = 1000
_READ_ACCOUNTS = 1000
_RENAMED_ACCOUNTS = 100
_BEGINNING = b'"data":{"account":{"id":"'
_RENAMED = b'"updateAccount":{"account":{"id":"'


@dataclass(frozen=True)
class Load:
    """One kind of request, sent over and over.

    Attributes:
        name: As the report calls it.
        requests: Whole HTTP requests without end.
        accepts: Whether the body of an answer is right; cheap, as it is asked of every one.
        answer_bytes: How long the body of an answer is.
        connections: How many requests are under way at once; None for what the command was given.
    """

    name: str
    requests: Iterator[bytes]
    accepts: Callable[[bytes], bool]
    answer_bytes: int
    connections: int | None = None


@dataclass
class References:
    """The first answer to each question: every other server must give the same data, on every database."""

    _data: dict[str, Any] = field(default_factory=dict[str, Any])

    def check(self, question: str, server: str, data: Any) -> None:  # noqa: ANN401 -- JSON
        """Keep the first answer, compare every other one with it.

        Raises:
            DifferentAnswer: They are not the same.
        """
        mine = comparable(data)
        found = difference(mine, self._data.setdefault(question, mine))
        if found is not None:
            raise DifferentAnswer(f"{server} answers the question «{question}» differently: {found}.")


@dataclass(frozen=True)
class Loads:
    """Makes the loads of one server, each after a look at a whole answer.

    Raises, from each of its methods:
        WrongAnswer: The server does not answer what this data set must give.
        DifferentAnswer: It does not answer what the servers before it did.
    """

    server: str
    target: Target
    wording: Wording
    dataset: Dataset
    references: References

    async def usual(self, many: int) -> list[Load]:
        """Those that every server answers as it is set up by default."""
        return [*await self.pages(many), await self._small(), await self._write()]

    async def pages(self, many: int) -> list[Load]:
        """The page, with the command's connections and with so many."""
        load, data = await self._page("page", BIG_ACCOUNTS)
        if shape(data) != (PAGE_OBJECTS, PAGE_LEAVES):
            raise WrongAnswer(orjson.dumps(data))
        return [load, replace(load, name=f"page, {many} connections", connections=many)]

    async def large(self) -> list[Load]:
        """The page of 1,000 accounts; of fewer where there are not so many that are never renamed."""
        first = min(_LARGE, self.dataset.sizes.accounts - _RENAMED_ACCOUNTS)
        load, _ = await self._page("1,000 accounts", first)
        return [replace(load, connections=1)]

    async def _page(self, name: str, first: int) -> tuple[Load, Any]:
        request = self.target.request(_body(self.wording.page, {"first": first}))
        body, data = await self._look(name, request)
        # Nothing measured changes what it shows: every further answer is this one to the byte.
        return Load(name, cycle([request]), body.__eq__, len(body)), data

    async def _small(self) -> Load:
        ids = [encode_id("Account", each) for each in self.dataset.account_ids[:_READ_ACCOUNTS]]
        requests = [self.target.request(_body(self.wording.small, {"id": id_})) for id_ in ids]
        body, data = await self._look("small", requests[0])
        if data["account"]["id"] != ids[0] or len(data["account"]) != 5:  # noqa: PLR2004 -- of the document
            raise WrongAnswer(body)
        return Load("small", cycle(requests), partial(_contains, _BEGINNING), len(body))

    async def _write(self) -> Load:
        # Not the accounts of a page, and by turns: writers that meet at one row measure its lock.
        ids = cycle([encode_id("Account", each) for each in self.dataset.account_ids[-_RENAMED_ACCOUNTS:]])
        numbers = count(1)

        def next_request() -> bytes:
            given = self.wording.rename(next(ids), f"Renamed Traders {next(numbers):06d}")
            return self.target.request(_body(self.wording.write, {"input": given}))

        body, data = await self._look("write", next_request())
        payload = data["updateAccount"]
        if payload["userErrors"] or payload["account"]["name"] != "Renamed Traders 000001":
            raise WrongAnswer(body)
        return Load("write", iter(next_request, None), partial(_contains, _RENAMED), len(body))

    async def _look(self, name: str, request: bytes) -> tuple[bytes, Any]:
        body = await ask(self.target, request)
        answer = orjson.loads(body)
        if "errors" in answer or not answer.get("data"):
            raise WrongAnswer(body)
        data = answer["data"] if name != "write" else self.wording.renamed(answer["data"])
        self.references.check(name, self.server, data)
        return body, data


def shape(answer: Any) -> tuple[int, int]:  # noqa: ANN401 -- JSON
    """Count the entities and the leaves of an answer; null is a leaf, too."""
    if isinstance(answer, list):
        counts = [shape(item) for item in cast("list[Any]", answer)]
        return sum(entities for entities, _ in counts), sum(leaves for _, leaves in counts)
    if not isinstance(answer, dict):
        return 0, 1
    fields = cast("dict[str, Any]", answer)
    counts = [shape(value) for value in fields.values()]
    here = len(_ENTITIES & {key for key, value in fields.items() if value is not None})
    return here + sum(entities for entities, _ in counts), sum(leaves for _, leaves in counts)


def _body(document: str, variables: Mapping[str, object]) -> bytes:
    return orjson.dumps({"query": document, "variables": variables})


def _contains(part: bytes, body: bytes) -> bool:
    return part in body
