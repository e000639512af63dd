"""A server that is killed while it takes a file knows what it leaves behind, and takes it the next time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from support.api import gid_of
from support.contexts import rows_of
from support.documents import a_pdf
from support.factories import MANUAL_PROVIDER
from support.program import Program, Running

from agreements_api.database import Database

BOUNDARY = "a-boundary"
CONTENT = a_pdf(1, size=20_000_000)
ATTACH = """mutation ($input: AttachDocumentInput!) { attachDocument(input: $input) {
    document { downloadUrl } userErrors { code } } }"""
DOCUMENTS = "query ($id: ID!) { agreement(id: $id) { documents { totalCount } } }"


@pytest.mark.parametrize("moment", ["on its way", "being stored"])
async def test_a_file_is_taken_whole_after_its_server_was_killed(
    program_with_database: Program, database_url: str, moment: str
) -> None:
    folder = program_with_database.folder / "documents"
    folder.mkdir(mode=0o700)
    settings = {"documents_url": str(folder)}
    with program_with_database.serve("--no-jobs", **settings) as server:
        agreement = await an_agreement(server)
        halfway = asyncio.Event() if moment == "on its way" else None
        upload = asyncio.create_task(attach(server, agreement, halfway))
        await (halfway.wait() if halfway else until_something_is_in(folder))
        await asyncio.to_thread(server.kill)
        upload.cancel()
        with suppress(asyncio.CancelledError, httpx.HTTPError):
            await upload

    left = names(folder)
    async with Database(database_url) as database:
        begun = await rows_of(database)("select id from document_uploads")
        attached = await rows_of(database)("select id from documents")
    known = {str(UUID(str(row.id))) for row in [*begun, *attached]}
    assert {name.partition("#")[0] for name in left} == known
    assert len(known) == int(moment == "being stored")
    with program_with_database.serve("--no-jobs", **settings) as server:
        payload = (await attach(server, agreement)).json()["data"]["attachDocument"]
        assert payload["userErrors"] == []
        data = await server.ask(DOCUMENTS, id=agreement)
        assert data == {"agreement": {"documents": {"totalCount": 1}}}
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            assert (await client.get(payload["document"]["downloadUrl"])).content == CONTENT
    assert len(names(folder)) == len(begun) + 1


async def until_something_is_in(folder: Path) -> None:
    """Wait until the first bytes of the content are there: whatever of it is done, its server is killed."""
    async with asyncio.timeout(30):
        while not names(folder):  # noqa: ASYNC110  # another process writes there
            await asyncio.sleep(0)


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def attach(server: Running, agreement: str, halfway: asyncio.Event | None = None) -> httpx.Response:
    """Send the file; with an event only most of it, and nothing more."""
    given = {"agreementId": agreement, "kind": "SIGNED", "file": None, "idempotencyKey": "k"}
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{json.dumps(value)}\r\n'
        for name, value in (
            ("operations", {"query": ATTACH, "variables": {"input": given}}),
            ("map", {"0": ["variables.input.file"]}),
        )
    )
    start = f'{head}--{BOUNDARY}\r\nContent-Disposition: form-data; name="0"; filename="a.pdf"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield start.encode()
        yield CONTENT[:5_000_000]
        if halfway is not None:
            halfway.set()
            await asyncio.sleep(60)
        yield CONTENT[5_000_000:] + f"\r\n--{BOUNDARY}--\r\n".encode()

    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "graphql-preflight": "1"}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        return await client.post("/graphql", content=body(), headers=headers)


async def an_agreement(server: Running) -> str:
    account = await server.ask(
        'mutation { done: createAccount(input: {name: "Contoso"}) { account { id } } }'
    )
    terms = await server.ask(
        """mutation ($id: ID!) { done: createAgreementTemplate(input: {providerId: $id, name: "Terms",
            templateId: "t"}) { agreementTemplate { id } } }""",
        id=gid_of("Provider", MANUAL_PROVIDER),
    )
    made = await server.ask(
        """mutation ($account: ID!, $terms: ID!) { done: createAgreement(input: {accountId: $account,
            agreementTemplateId: $terms}) { agreement { id } } }""",
        account=account["done"]["account"]["id"],
        terms=terms["done"]["agreementTemplate"]["id"],
    )
    return made["done"]["agreement"]["id"]
