"""The limit: what a server for these documents alone costs, written by hand without GraphQL.

    python -m benchmarks.peers.limit postgresql|sqlite

Three statements in one read-only snapshot, rows put together by hand, orjson, bare ASGI.
"""

# pyright: basic
# Not strict: rows of drivers and ASGI messages are untyped.
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import orjson

from benchmarks.peers.asgi import serve
from benchmarks.peers.ids import decode_id, encode_id
from benchmarks.peers.statements import document

AGREEMENTS, CONTRACTS = 5, 3
"""How many the page shows of each account and of each agreement."""

Row = Sequence[Any]
Answer = Callable[[dict[str, Any]], Awaitable[object]]


class Database(Protocol):
    """What is asked of the database; ids come and go as text with dashes."""

    async def page(self, first: int) -> tuple[list[Row], Iterable[Row], Iterable[Row]]:
        """Accounts, one more than asked for if there is one; their agreements; the contracts of those."""
        ...

    async def account(self, id: str) -> Row | None: ...

    async def rename(self, id: str, name: str, name_fold: str) -> Row | None: ...


class Application:
    """Answers the three documents of the benchmarks, told apart by their text."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: dict[str, Answer] = {
            document("page"): self._page,
            document("small"): self._small,
            document("write"): self._write,
        }

    async def __call__(self, _scope: object, receive: Any, send: Any) -> None:  # noqa: ANN401 -- ASGI
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        request = orjson.loads(body)
        data = await self._answers[request["query"]](request["variables"])
        answer = orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z)
        length = str(len(answer)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _page(self, variables: dict[str, Any]) -> object:
        first = variables["first"]
        accounts, agreements, contracts = await self._database.page(first)
        has_next = len(accounts) > first
        return {
            "accounts": {
                "pageInfo": {"hasNextPage": has_next, "hasPreviousPage": False},
                "edges": _edges(accounts[:first], agreements, contracts),
            }
        }

    async def _small(self, variables: dict[str, Any]) -> object:
        row = await self._database.account(decode_id(variables["id"], "Account"))
        if row is None:
            return {"account": None}
        id_, name, status, domain, created_at = row
        shown = {
            "id": encode_id("Account", id_),
            "name": name,
            "status": status,
            "domain": domain,
            "createdAt": created_at,
        }
        return {"account": shown}

    async def _write(self, variables: dict[str, Any]) -> object:
        given = variables["input"]
        name = given["name"]
        row = await self._database.rename(decode_id(given["accountId"], "Account"), name, name.lower())
        if row is None:
            errors = [{"code": "NOT_FOUND", "message": "There is no such account.", "field": ["accountId"]}]
            return {"updateAccount": {"account": None, "userErrors": errors}}
        account = {"id": encode_id("Account", row[0]), "name": row[1]}
        return {"updateAccount": {"account": account, "userErrors": []}}


def _edges(accounts: list[Row], agreements: Iterable[Row], contracts: Iterable[Row]) -> list[object]:
    """Put the levels together; a row below names its parent by its place, counted from 1."""
    of_accounts: list[list[object]] = [[] for _ in accounts]
    of_agreements: list[list[object]] = []
    for (
        at,
        id_,
        number,
        status,
        reason,
        executed_on,
        origin,
        revision,
        version,
        t_name,
        t_version,
        p_name,
    ) in agreements:
        below: list[object] = []
        of_agreements.append(below)
        of_accounts[at - 1].append(
            {
                "node": {
                    "id": encode_id("Agreement", id_),
                    "number": number,
                    "status": status,
                    "statusReason": reason,
                    "executedOn": executed_on,
                    "origin": origin,
                    "revision": revision,
                    "templateVersion": version,
                    "template": {"name": t_name, "version": t_version},
                    "provider": {"name": p_name},
                    "billingContracts": {"edges": below},
                }
            }
        )
    for at, name in contracts:
        of_agreements[at - 1].append({"node": {"name": name}})
    return [
        {
            "node": {
                "id": encode_id("Account", id_),
                "name": name,
                "status": status,
                "domain": domain,
                "country": country,
                "externalRef": external_ref,
                "createdAt": created_at,
                "revision": revision,
                "agreements": {"edges": below},
            }
        }
        for (id_, name, status, domain, country, external_ref, created_at, revision), below in zip(
            accounts, of_accounts, strict=True
        )
    ]


def main() -> None:
    if sys.argv[1] == "postgresql":
        from benchmarks.peers.limit_postgresql import application  # noqa: PLC0415 -- needs asyncpg
    else:
        from benchmarks.peers.limit_sqlite import application  # noqa: PLC0415 -- the one or the other
    serve(lambda: application(Application))


if __name__ == "__main__":
    main()
