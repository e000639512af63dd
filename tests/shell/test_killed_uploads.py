"""A server that is killed while a file is on its way leaves nothing behind, and takes it the next time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
from support.api import gid_of
from support.documents import a_pdf
from support.factories import MANUAL_PROVIDER
from support.program import Program, Running

BOUNDARY = "a-boundary"
CONTENT = a_pdf(1, size=6_000_000)
ATTACH = """mutation ($input: AttachDocumentInput!) { attachDocument(input: $input) {
    document { downloadUrl } userErrors { code } } }"""
DOCUMENTS = "query ($id: ID!) { agreement(id: $id) { documents { totalCount } } }"


async def test_a_file_that_was_on_its_way_is_neither_there_nor_lost(program_with_database: Program) -> None:
    folder = program_with_database.folder / "documents"
    settings = {"documents_url": str(folder)}
    with program_with_database.serve("--no-jobs", **settings) as server:
        agreement = await an_agreement(server)
        halfway = asyncio.Event()
        upload = asyncio.create_task(attach(server, agreement, halfway))
        await halfway.wait()
        await asyncio.to_thread(server.kill)
        upload.cancel()
        with suppress(asyncio.CancelledError, httpx.HTTPError):
            await upload

    assert names(folder) == []
    with program_with_database.serve("--no-jobs", **settings) as server:
        data = await server.ask(DOCUMENTS, id=agreement)
        assert data == {"agreement": {"documents": {"totalCount": 0}}}
        payload = (await attach(server, agreement)).json()["data"]["attachDocument"]
        assert payload["userErrors"] == []
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            assert (await client.get(payload["document"]["downloadUrl"])).content == CONTENT
    assert len(names(folder)) == 1


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.exists() else []


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
