"""Answers that are true and yet not what a client is used to."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from simulator.values import Json, pascal_case

OPTIONAL = (
    "links",
    "attributes",
    "totalCount",
    "commerceId",
    "companyName",
    "relationshipToPartner",
    "language",
    "culture",
    "userId",
    "phoneNumber",
    "agreementLink",
    "versionRank",
    "friendlyName",
    "ETag",
    "createdAt",
)
"""What some of the service's back ends leave out, and clients have to do without."""

UNKNOWN = "from_the_future"
UNKNOWN_TYPE = "MicrosoftFutureAgreement"
UNKNOWN_TEMPLATE = "00000000-0000-4000-8000-00000000f0f0"
MORE: Mapping[str, Json] = {"futureMember": {"value": UNKNOWN, "items": [1, None]}, "x-future": None}
ENUMERATIONS = ("status", "relationshipToPartner", "relationshipType", "billingType", "contractType")


def distort(kind: str, body: bytes, members: Sequence[str] | None) -> bytes:
    """Rewrite a JSON body; anything else stays as it is.

    Args:
        kind: Of the fault that asks for it.
        body: The true answer.
        members: Which members to leave out, or to make null or unknown; none: those that may be.
    """
    try:
        value: Json = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        return body
    return json.dumps(_distorted(kind, value, members), ensure_ascii=False).encode()


def _distorted(kind: str, value: Json, members: Sequence[str] | None) -> Json:
    match kind:
        case "pascal_case":
            return pascal_case(value)
        case "missing_members":
            return _without(value, _names(members or OPTIONAL))
        case "null_members":
            return _with_nulls(value, _names(members or OPTIONAL))
        case "extra_members":
            return _rewrite(value, lambda item: {**MORE, **item})
        case "extra_values":
            return _with_unknown_values(value, members)
        case _:
            raise ValueError(kind)


def _without(value: Json, gone: frozenset[str]) -> Json:
    return _rewrite(value, lambda item: {name: item[name] for name in item if name.lower() not in gone})


def _with_nulls(value: Json, gone: frozenset[str]) -> Json:
    return _rewrite(value, lambda item: {name: None if name.lower() in gone else item[name] for name in item})


def _with_unknown_values(value: Json, members: Sequence[str] | None) -> Json:
    """Give enumerations a value nobody knows; where agreements are listed, add one of an unknown type."""
    if members is None and isinstance(value, Mapping) and "items" in value:
        items = value["items"]
        if isinstance(items, Sequence) and not isinstance(items, str):
            added = _of_unknown_type(items)
            if added is not None:
                return {**value, "totalCount": len(items) + 1, "items": [*items, added]}
    names = _names(members or ENUMERATIONS)
    return _rewrite(
        value,
        lambda item: {
            name: UNKNOWN if name.lower() in names and isinstance(item[name], str) else item[name]
            for name in item
        },
    )


def _of_unknown_type(items: Sequence[Json]) -> Json:
    """Make another agreement, or another kind of it, after the first in a list."""
    first = items[0] if items else None
    if not isinstance(first, Mapping):
        return None
    name = next((name for name in ("agreementType", "type") if name in first and "templateId" in first), None)
    return None if name is None else {**first, "templateId": UNKNOWN_TEMPLATE, name: UNKNOWN_TYPE}


def _rewrite(value: Json, change: Callable[[Mapping[str, Json]], Mapping[str, Json]]) -> Json:
    """Change every object, the innermost first."""
    if isinstance(value, Mapping):
        return change({name: _rewrite(member, change) for name, member in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rewrite(cast("Json", member), change) for member in value]
    return value


def _names(members: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in members)
