"""How a server is asked for the same thing, and how its answers are made comparable."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, cast

# Years to seconds, then a fraction and the offset: two servers may write one instant in two ways.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

Json = Any  # what a parsed answer holds


@dataclass(frozen=True)
class Wording:
    """The documents of one server.

    Attributes:
        page: Takes $first.
        small: Takes $id.
        write: Takes $input, see `rename`.
        rename: Makes the input of an id and a name.
        renamed: Completes the data of the write's answer where the server does not have all of it.
    """

    page: str
    small: str
    write: str
    rename: Callable[[str, str], dict[str, object]]
    renamed: Callable[[Json], Json]


@cache
def _document(name: str) -> str:
    return (files("benchmarks") / "documents" / f"{name}.graphql").read_text("utf-8")


def _rename(id: str, name: str) -> dict[str, object]:
    return {"accountId": id, "name": name}


def _patch(id: str, name: str) -> dict[str, object]:
    """Names the columns: PostGraphile writes what it is given, and nothing that follows from it."""
    return {"id": id, "patch": {"name": name, "nameFold": name.lower()}}


def _without_errors(data: Json) -> Json:
    """Add the list that ours has beside the account: PostGraphile tells of refusals as errors."""
    data["updateAccount"].setdefault("userErrors", [])
    return data


def _as_is(data: Json) -> Json:
    return data


OURS = Wording(_document("page"), _document("small"), _document("write"), _rename, _as_is)
POSTGRAPHILE = Wording(
    _document("page"),
    _document("small").replace("account(id: $id)", "account: accountById(id: $id)"),
    _document("postgraphile_write"),
    _patch,
    _without_errors,
)


def comparable(data: Json) -> Json:
    """The data with each instant in one notation: 2025-01-01T00:00:00Z is 2025-01-01T00:00:00.000+00:00."""
    if isinstance(data, dict):
        return {key: comparable(value) for key, value in cast("dict[str, Json]", data).items()}
    if isinstance(data, list):
        return [comparable(item) for item in cast("list[Json]", data)]
    if isinstance(data, str) and _INSTANT.fullmatch(data):
        return datetime.fromisoformat(data).astimezone(UTC).isoformat()
    return data


def difference(one: Json, other: Json, path: str = "data") -> str | None:
    """Where two answers differ first, and how; None where they are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        ones, others = cast("dict[str, Json]", one), cast("dict[str, Json]", other)
        if list(ones) != list(others):
            return f"{path}: fields {list(ones)}, not {list(others)}"
        found = (difference(ones[key], others[key], f"{path}.{key}") for key in ones)
        return next((each for each in found if each), None)
    if isinstance(one, list) and isinstance(other, list):
        here, there = cast("list[Json]", one), cast("list[Json]", other)
        if len(here) != len(there):
            return f"{path}: {len(here)} items, not {len(there)}"
        pairs = enumerate(zip(here, there, strict=True))
        found = (difference(mine, theirs, f"{path}[{at}]") for at, (mine, theirs) in pairs)
        return next((each for each in found if each), None)
    mine, theirs = cast("object", one), cast("object", other)
    same = type(mine) is type(theirs) and mine == theirs
    return None if same else f"{path}: {mine!r:.80}, not {theirs!r:.80}"
