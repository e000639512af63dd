"""Speaks to the application as a client does: GraphQL over HTTP."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import event
from support.counted_source import CountedSource
from support.simulator import NO_CERTIFICATES

from agreements_api.app import make_app
from agreements_api.graphql import GraphQL, make_engine
from agreements_api.services import Services, open_services
from agreements_api.settings import Settings
from graph import GraphQLRequest, Operation, encode_id
from resolvers.context import Context


@dataclass
class Api:
    """A client, and the very server's services for what a test needs first.

    `statements` holds the SQL that the last operation read with.
    """

    http: httpx.AsyncClient
    services: Services
    statements: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        database = self.services.database
        event.listen(database.reads.sync_engine, "before_cursor_execute", self._count)
        database.plans = CountedSource(database.plans, self.statements)

    @property
    def context(self) -> Context:
        return self.services.context()

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Give the whole answer of an operation."""
        self.statements.clear()
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        return answer.json()

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """Give the data of an operation that must not fail."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def follow(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Give the responses of a subscription, one an event; close it at the end."""
        graphql = GraphQL(self.services, make_engine(self.services.settings))
        operation = graphql.engine.prepare(GraphQLRequest(query, variables=variables), "request-1")
        assert isinstance(operation, Operation), operation
        context = await graphql.make_context({"type": "http", "headers": []}, {})
        async with aclosing(graphql.engine.subscribe(operation, context)) as responses:
            async for response in responses:
                yield json.loads(response.body)

    async def code(self, query: str, **variables: Any) -> str:
        """Give the code of the one error of an operation that must fail."""
        [error] = (await self.ask(query, **variables))["errors"]
        return error["extensions"]["code"]

    async def do(self, mutation: str, selection: str, /, **input: Any) -> dict[str, Any]:
        """Run a mutation with this input, and give its payload: the selection and `userErrors`."""
        name = mutation[0].upper() + mutation[1:]
        query = (
            f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) "
            f"{{ {selection} userErrors {{ code field message }} }} }}"
        )
        return (await self.data(query, input=input))[mutation]

    async def attach(
        self, selection: str, /, content: bytes, file_name: str = "signed.pdf", **input: Any
    ) -> dict[str, Any]:
        """Run `attachDocument` with this file, and give its payload: the selection and `userErrors`."""
        answer = await self._attach(selection, content, file_name, input)
        assert "errors" not in answer, answer
        return answer["data"]["attachDocument"]

    async def attaching_fails(self, content: bytes, **input: Any) -> dict[str, Any]:
        """Run `attachDocument` with this file, which must fail, and give the error."""
        [error] = (await self._attach("__typename", content, "signed.pdf", input))["errors"]
        return error

    async def _attach(
        self, selection: str, content: bytes, file_name: str, input: dict[str, Any]
    ) -> dict[str, Any]:
        operations = {
            "query": "mutation ($input: AttachDocumentInput!) { attachDocument(input: $input) "
            f"{{ {selection} userErrors {{ code field message }} }} }}",
            "variables": {"input": {"kind": "SIGNED", **input, "file": None}},
        }
        answer = await self.http.post(
            "/graphql",
            data={"operations": json.dumps(operations), "map": '{"0": ["variables.input.file"]}'},
            files={"0": (file_name, content)},
            headers={"GraphQL-Preflight": "1"},
        )
        return answer.json()

    async def done(self, mutation: str, selection: str, /, **input: Any) -> dict[str, Any]:
        """Run a mutation that must not be refused."""
        payload = await self.do(mutation, selection, **input)
        assert payload["userErrors"] == [], payload
        return payload

    async def refusal(self, mutation: str, /, **input: Any) -> tuple[str, list[str] | None]:
        """Run a mutation that must be refused for one reason, and give its code and field."""
        [error] = (await self.do(mutation, "__typename", **input))["userErrors"]
        assert error["message"].endswith((".", "?")), error
        return error["code"], error["field"]


@asynccontextmanager
async def an_api(database_url: str, *, run_jobs: bool = False, **settings: Any) -> AsyncGenerator[Api]:
    """Open the application as it is composed for use; without jobs, work is handed over and stays queued."""
    made = Settings(
        database_url=database_url,
        secret_key=SecretStr("a secret of the tests, long enough"),
        queue_polling_interval=timedelta(milliseconds=20),
        **settings,
    )
    async with open_services(made, run_jobs=run_jobs) as services:
        transport = httpx.ASGITransport(app=make_app(services))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", timeout=30, verify=NO_CERTIFICATES
        ) as http:
            yield Api(http, services)


def gid(entity: Any) -> str:
    """The global id of an entity."""
    return encode_id(type(entity).__name__, entity.id)


def gid_of(type_name: str, id: UUID) -> str:
    return encode_id(type_name, id)


def nodes(connection: dict[str, Any], *path: str) -> list[Any]:
    """What stands at a path in each node of a connection."""
    found: list[Any] = []
    for edge in connection["edges"]:
        value = edge["node"]
        for step in path:
            value = value[step]
        found.append(value)
    return found
