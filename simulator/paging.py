"""Pages of customers by seek position, with the opaque token that names one."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from simulator.errors import Refusal, invalid
from simulator.settings import Behaviour
from simulator.values import Json, without_nulls

TOKEN_HEADER = "MS-ContinuationToken"  # noqa: S105 - the name of a header
OPERATIONS = frozenset({"next", "previous", "first", "last"})


@dataclass(frozen=True)
class Place:
    """The first and last position of the page a token came with."""

    first: int
    last: int

    def token(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.first, self.last]).encode()).decode()

    @classmethod
    def parse(cls, token: str) -> "Place":
        try:
            first, last = json.loads(base64.urlsafe_b64decode(token))
            return cls(int(first), int(last))
        except (ValueError, TypeError) as error:
            raise invalid("The continuation token is not valid.", code=2000) from error


@dataclass(frozen=True)
class Seek:
    """A wish for one page."""

    size: int
    operation: str
    place: Place | None

    @classmethod
    def parse(cls, query: Mapping[str, str], token: str | None, behaviour: Behaviour) -> "Seek":
        """Read size and direction; size 0 or none is as much as the service gives at once.

        Raises:
            Refusal: 400 for a size or direction that is none, or for going on without a token.
        """
        try:
            size = int(query.get("size") or 0)
        except ValueError:
            size = -1
        if size < 0:
            raise invalid("The page size is not valid.", code=800002)
        operation = query.get("seekOperation", "first").lower()
        if operation not in OPERATIONS:
            raise invalid("The seek operation is not valid.", code=800002)
        if operation in {"next", "previous"} and not token:
            raise invalid("A continuation token is needed to go on.", code=2000)
        limit = behaviour.max_page_size
        return cls(min(size or limit, limit), operation, Place.parse(token) if token else None)


def no_more_pages() -> Refusal:
    return invalid("There are no more records to fetch.", code=2000)


def collection(  # noqa: PLR0913 - a page has this many sides
    items: Sequence[Json],
    query: Mapping[str, str],
    place: Place | None,
    behaviour: Behaviour,
    *,
    more: bool,
    path: str = "/customers",
) -> Json:
    """Wrap one page; `totalCount` counts the page, not everything."""
    token = place.token() if more and place is not None else None
    base = f"/v1{path}" if behaviour.links_with_version else path
    links: dict[str, Json] = {"self": _link(base, query, None)}
    if token is not None:
        links["next"] = _link(base, {**query, "seekOperation": "Next"}, token)
    return without_nulls(
        {
            "totalCount": len(items),
            "items": items,
            "continuationToken": token,
            "links": links,
            "attributes": {"objectType": "Collection"},
        }
    )


def _link(base: str, query: Mapping[str, str], token: str | None) -> Json:
    uri = f"{base}?{urlencode(query)}" if query else base
    headers: list[Json] = [] if token is None else [{"key": TOKEN_HEADER, "value": token}]
    return {"uri": uri, "method": "GET", "headers": headers}
