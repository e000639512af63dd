"""What the server is asked in a measurement, and how an answer is known to be the right one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import count, cycle
from typing import Any, cast

import orjson

from benchmarks.dataset import BIG_ACCOUNTS, Dataset
from benchmarks.errors import WrongAnswer
from benchmarks.http_client import Target, ask
from graph import encode_id

PAGE_OBJECTS = 1247
"""Accounts, agreements, templates, providers and billing contracts; connections and edges are not counted."""
PAGE_LEAVES = 3600

_ENTITIES = frozenset({"node", "template", "provider"})
_READ_ACCOUNTS = 1000
_RENAMED_ACCOUNTS = 100


@dataclass(frozen=True)
class Load:
    """One kind of request, sent over and over.

    Attributes:
        name: As the report calls it.
        requests: Whole HTTP requests without end.
        accepts: Whether the body of an answer is right; cheap, as it is asked of every one.
        answer_bytes: How long the body of an answer is.
    """

    name: str
    requests: Iterator[bytes]
    accepts: Callable[[bytes], bool]
    answer_bytes: int


async def make_loads(target: Target, dataset: Dataset) -> list[Load]:
    """Ask each thing once, look at the answer in full, and make the loads of it.

    Raises:
        WrongAnswer: The server does not answer what this data set must give.
    """
    return [await _page(target), await _small(target, dataset), await _write(target, dataset)]


async def _page(target: Target) -> Load:
    request = target.request(_body("page"))
    body = await ask(target, request)
    answer = orjson.loads(body)
    if "errors" in answer or shape(answer["data"]) != (PAGE_OBJECTS, PAGE_LEAVES):
        raise WrongAnswer(body)
    # Nothing measured changes what it shows: every further answer is this one to the byte.
    return Load("page", cycle([request]), body.__eq__, len(body))


async def _small(target: Target, dataset: Dataset) -> Load:
    ids = [encode_id("Account", each) for each in dataset.account_ids[:_READ_ACCOUNTS]]
    requests = [target.request(_body("small", {"id": id_})) for id_ in ids]
    body = await ask(target, requests[0])
    account = orjson.loads(body)["data"]["account"]
    if account["id"] != ids[0] or len(account) != 5:  # noqa: PLR2004 -- the fields of the document
        raise WrongAnswer(body)
    return Load("small", cycle(requests), partial(_starts, b'{"data":{"account":{"id":"'), len(body))


async def _write(target: Target, dataset: Dataset) -> Load:
    # Not the accounts of the page, and by turns: writers that meet at one row measure its lock.
    renamed = dataset.account_ids[BIG_ACCOUNTS : BIG_ACCOUNTS + _RENAMED_ACCOUNTS]
    ids = cycle([encode_id("Account", each) for each in renamed])
    numbers = count(1)

    def next_request() -> bytes:
        given = {"accountId": next(ids), "name": f"Renamed Traders {next(numbers):06d}"}
        return target.request(_body("write", {"input": given}))

    body = await ask(target, next_request())
    payload = orjson.loads(body)["data"]["updateAccount"]
    if payload["userErrors"] or payload["account"]["name"] != "Renamed Traders 000001":
        raise WrongAnswer(body)
    return Load("write", iter(next_request, None), partial(_contains, b'"userErrors":[]'), len(body))


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


def _body(document: str, variables: Mapping[str, object] | None = None) -> bytes:
    return orjson.dumps({"query": _document(document), "variables": variables or {}})


@cache
def _document(name: str) -> str:
    return (files("benchmarks") / "documents" / f"{name}.graphql").read_text("utf-8")


def _starts(beginning: bytes, body: bytes) -> bool:
    return body.startswith(beginning)


def _contains(part: bytes, body: bytes) -> bool:
    return part in body
