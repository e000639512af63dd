"""gql, the client of Python programs, does with the server what it can do, over each of its transports."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest
from gql import Client, FileVar, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.async_transport import AsyncTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from support.api import gid_of
from support.clients import DOCUMENT
from support.factories import NOWHERE

CREATE = """mutation ($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id name } userErrors { code field } } }"""
CREATE_AGREEMENT = """mutation ($input: CreateAgreementInput!) {
    createAgreement(input: $input) { agreement { id } userErrors { code } } }"""
DEACTIVATE = """mutation ($input: DeactivateAgreementInput!) {
    deactivateAgreement(input: $input) { userErrors { code } } }"""
ATTACH = """mutation ($input: AttachDocumentInput!) {
    attachDocument(input: $input) {
      document { fileName contentType size sha256 kind } userErrors { code } } }"""
PROGRESS = "subscription ($id: ID!) { jobProgress(id: $id) { status } }"
CHANGES = """subscription ($account: ID!, $after: String!) {
    agreementChanged(accountId: $account, after: $after) { type } }"""

PREFLIGHT = {"apollo-require-preflight": "true"}
OVER_HTTP = ("aiohttp", "httpx")
OVER_WEBSOCKET = ("websockets", "aiohttp-websockets")
PUSHING = ("aiohttp", *OVER_WEBSOCKET)


def transport_of(name: str, given: dict[str, str]) -> AsyncTransport:
    match name:
        case "aiohttp":
            return AIOHTTPTransport(given["url"], headers=PREFLIGHT, ssl=False)
        case "httpx":
            return HTTPXAsyncTransport(given["url"], headers=PREFLIGHT, trust_env=False)
        case "websockets":
            return WebsocketsTransport(given["socket"], connect_args={"proxy": None})
        case _:
            return AIOHTTPWebsocketsTransport(given["socket"])


@asynccontextmanager
async def connected(name: str, given: dict[str, str]) -> AsyncIterator[AsyncClientSession]:
    async with Client(transport=transport_of(name, given)) as session:
        yield session


async def ask(
    session: AsyncClientSession, query: str, *, upload_files: bool = False, **variables: Any
) -> Any:
    request = GraphQLRequest(query, variable_values=variables)
    return await session.execute(request, **({"upload_files": True} if upload_files else {}))


@pytest.mark.parametrize("transport", [*OVER_HTTP, *OVER_WEBSOCKET])
async def test_it_asks_and_changes(given: dict[str, str], transport: str) -> None:
    async with connected(transport, given) as session:
        page = await ask(session, DOCUMENT, account=given["account"], first=1)
        made = await ask(session, CREATE, input={"name": f"gql over {transport}"})
        refused = await ask(session, CREATE, input={"name": ""})

    assert page["account"]["name"] == "Contoso Ltd"
    assert page["account"]["agreements"]["edges"] == [{"node": {"name": "Contract 1"}}]
    assert made["createAccount"]["account"]["name"] == f"gql over {transport}"
    assert refused["createAccount"]["userErrors"] == [{"code": "INVALID", "field": ["name"]}]


@pytest.mark.parametrize("transport", [*OVER_HTTP, *OVER_WEBSOCKET])
async def test_it_is_told_what_is_wrong_by_a_code(given: dict[str, str], transport: str) -> None:
    async with connected(transport, given) as session:
        with pytest.raises(TransportQueryError) as unknown:
            await ask(session, "query ($id: ID!) { agreement(id: $id) { name } }", id="x")
        with pytest.raises(TransportQueryError) as invalid:
            await ask(session, "{ viewer { nonsense } }")

    assert [each["extensions"]["code"] for each in unknown.value.errors or ()] == ["BAD_ID"]
    assert [each["extensions"]["code"] for each in invalid.value.errors or ()] == [
        "GRAPHQL_VALIDATION_FAILED"
    ]


@pytest.mark.parametrize("transport", PUSHING)
async def test_it_follows_a_job_to_its_end(given: dict[str, str], transport: str) -> None:
    async with connected(transport, given) as session:
        request = GraphQLRequest(PROGRESS, variable_values={"id": given["job"]})
        seen = [each async for each in session.subscribe(request)]

    assert seen == [{"jobProgress": {"status": "SUCCEEDED"}}]


@pytest.mark.parametrize("transport", PUSHING)
async def test_it_follows_changes_and_leaves(given: dict[str, str], transport: str) -> None:
    seen: list[str] = []
    async with connected("httpx", given) as other, connected(transport, given) as session:
        made = await ask(other, CREATE, input={"name": "Followed"})
        account = made["createAccount"]["account"]["id"]
        written = await ask(
            other, CREATE_AGREEMENT, input={"accountId": account, "agreementTemplateId": given["template"]}
        )
        agreement = written["createAgreement"]["agreement"]["id"]
        variables = {"account": account, "after": gid_of("AgreementChange", NOWHERE)}

        # aiohttp hands a part on when the next has come: the second change may be told by a heartbeat.
        async for each in session.subscribe(GraphQLRequest(CHANGES, variable_values=variables)):
            seen.append(each["agreementChanged"]["type"])
            if len(seen) == 2:
                break
            await ask(other, DEACTIVATE, input={"agreementId": agreement})

    assert seen == ["CREATED", "DEACTIVATED"]


@pytest.mark.parametrize("transport", OVER_HTTP)
async def test_it_attaches_a_file(given: dict[str, str], transport: str) -> None:
    content = f"%PDF-1.7\n% from gql over {transport}\n%%EOF\n".encode()
    file = FileVar(io.BytesIO(content), filename="gql.pdf", content_type="application/pdf")

    async with connected(transport, given) as session:
        attachment = {"agreementId": given["agreement"], "kind": "SIGNED", "file": file}
        answer = await ask(session, ATTACH, upload_files=True, input=attachment)

    assert answer["attachDocument"] == {
        "document": {
            "fileName": "gql.pdf",
            "contentType": "application/pdf",
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
            "kind": "SIGNED",
        },
        "userErrors": [],
    }


async def test_it_knows_the_schema_from_the_server(given: dict[str, str]) -> None:
    transport = transport_of("httpx", given)

    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert session.client.schema is not None
        assert "agreementChanged" in session.client.schema.subscription_type.fields
