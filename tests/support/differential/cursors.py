"""Cursors as a client has them from earlier answers."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from random import Random

from support.differential.both import Both
from support.differential.values import Json, Variable

from graph import GraphQLRequest
from graph.cursors import MAC_BYTES


async def known_cursors(both: Both, *fields: str, **caller: object) -> dict[str, list[str]]:
    """Cursors of connections on the root, without filter and order."""
    found: dict[str, list[str]] = {}
    for field in fields:
        query = f"{{ {field}(first: 20) {{ edges {{ cursor }} }} }}"
        assert await both.difference(GraphQLRequest(query), planned_first=False, **caller) is None
        found[field] = cursors_in(json.loads(both.last)[-1]["data"])
    return found


def following(data: Json, variable: Variable, random: Random) -> str | None:
    """One of the cursors that an answer has at the variable's connection; now and then altered."""
    found = cursors_in(_at(data, variable.connection or ()))
    if not found:
        return None
    chosen = random.choice(found)
    return chosen[::-1] if random.random() < 0.05 else chosen


def cursors_in(value: Json) -> list[str]:
    """All cursors in a part of an answer."""
    match value:
        case list():
            return [each for item in value for each in cursors_in(item)]
        case dict():
            return [each for item in value.values() for each in cursors_in(item)]
        case str() if _is_cursor(value):
            return [value]
        case _:
            return []


def _at(value: Json, path: Sequence[str]) -> list[Json]:
    """What stands at a path of response names, in each item of the lists on the way."""
    match value:
        case list():
            return [each for item in value for each in _at(item, path)]
        case dict() if path:
            return _at(value.get(path[0]), path[1:])
        case _:
            return [] if value is None else [value]


def _is_cursor(text: str) -> bool:
    try:
        body = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))[MAC_BYTES:]
    except ValueError:
        return False
    return body[:1] == b"[" and body[-1:] == b"]"
