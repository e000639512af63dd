"""Documents as clients see them: attached, listed, removed, and downloaded from an address of short life."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.api import Api, an_api, gid, gid_of, nodes
from support.documents import PDF, TEXT, Handed, a_pdf
from support.factories import NOWHERE, an_agreement

from models import Agreement, Document, DocumentKind
from resolvers.context import Context
from resolvers.document_links import LINKS_LAST, sign
from resolvers.documents import NewDocument, attach_document, remove_document
from schema.types import document as shown

LINK = "query ($id: ID!) { document(id: $id) { downloadUrl } }"
LIST = """query ($id: ID!, $filter: DocumentFilter) { agreement(id: $id) {
    documents(filter: $filter) { totalCount edges { node { id fileName } } } } }"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
async def api(database_url: str, folder: Path) -> AsyncIterator[Api]:
    async with an_api(database_url, documents_url=str(folder)) as opened:
        yield opened


@pytest.fixture
async def agreement(context: Context) -> Agreement:
    return await an_agreement(context)


async def attached(
    context: Context, agreement: Agreement, file: Handed | None = None, **values: Any
) -> Document:
    made = {"agreement_id": agreement.id, "kind": DocumentKind.SIGNED, **values}
    return await attach_document(context, NewDocument(**made), file or Handed())


def files_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def move(folder: Path, to: Path) -> None:
    assert not to.exists()
    folder.rename(to)


async def link_to(api: Api, document: Document) -> str:
    return (await api.data(LINK, id=gid(document)))["document"]["downloadUrl"]


def code(answer: httpx.Response) -> tuple[int, str]:
    [error] = answer.json()["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, error["extensions"]["code"]


async def test_everything_about_a_document_can_be_read(
    api: Api, context: Context, agreement: Agreement
) -> None:
    document = await attached(context, agreement, visible_to_customer=True, note="As agreed.")
    query = """query ($id: ID!) { node(id: $id) { ... on Document { fileName contentType size sha256 kind
        visibleToCustomer uploadedBy note removedAt createdBy revision agreement { id } } } }"""

    data = await api.data(query, id=gid(document))

    assert data["node"] == {
        "fileName": "signed.pdf",
        "contentType": "application/pdf",
        "size": len(PDF),
        "sha256": document.sha256,
        "kind": "SIGNED",
        "visibleToCustomer": True,
        "uploadedBy": "local",
        "note": "As agreed.",
        "removedAt": None,
        "createdBy": "local",
        "revision": 1,
        "agreement": {"id": gid(agreement)},
    }


async def test_an_agreement_lists_its_documents(api: Api, context: Context, agreement: Agreement) -> None:
    first, second = [
        await attached(context, agreement, Handed(a_pdf(number), f"{number}.pdf")) for number in (1, 2)
    ]
    await attached(context, await an_agreement(context))
    evidence = await attached(context, agreement, Handed(a_pdf(3)), kind=DocumentKind.EVIDENCE)
    await remove_document(context, first.id)

    async def listed(**conditions: Any) -> list[str]:
        data = await api.data(LIST, id=gid(agreement), filter=conditions)
        found = nodes(data["agreement"]["documents"], "id")
        assert data["agreement"]["documents"]["totalCount"] == len(found)
        return found

    assert await listed() == [gid(first), gid(second), gid(evidence)]
    assert await listed(removed=False) == [gid(second), gid(evidence)]
    assert await listed(removed=True) == [gid(first)]
    assert await listed(kind="EVIDENCE") == [gid(evidence)]


async def test_a_document_is_removed(api: Api, context: Context, agreement: Agreement) -> None:
    document = await attached(context, agreement)
    evidence = await attached(context, agreement, Handed(a_pdf(1)), kind=DocumentKind.EVIDENCE)
    selection = "changed document { downloadUrl removedAt revision } agreement { id }"

    first = await api.done("removeDocument", selection, documentId=gid(document), revision=1)
    second = await api.done("removeDocument", selection, documentId=gid(document))

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["document"] == second["document"]
    assert (first["document"]["downloadUrl"], first["document"]["revision"]) == (None, 2)
    assert first["agreement"] == {"id": gid(agreement)}
    kept = await api.do("removeDocument", "document { removedAt }", documentId=gid(evidence))
    assert [each["code"] for each in kept["userErrors"]] == ["DOCUMENT_IS_EVIDENCE"]
    assert kept["document"] == {"removedAt": None}
    unknown = gid_of("Document", NOWHERE)
    assert await api.refusal("removeDocument", documentId=unknown) == ("NOT_FOUND", ["documentId"])


async def test_a_document_is_downloaded_as_it_was_attached(
    api: Api, context: Context, agreement: Agreement
) -> None:
    content = a_pdf(1, size=300_000)
    document = await attached(context, agreement, Handed(content, 'Größe "2".pdf'))

    answer = await api.http.get(await link_to(api, document))

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Gr__e _2_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%222%22.pdf"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_text_is_downloaded_in_its_charset(api: Api, context: Context, agreement: Agreement) -> None:
    document = await attached(context, agreement, Handed(TEXT, "note.txt", None))

    answer = await api.http.get(await link_to(api, document))

    assert (answer.text, answer.headers["content-type"]) == (TEXT.decode(), "text/plain; charset=utf-8")


async def test_an_address_that_was_not_given_out_or_is_old_opens_nothing(
    api: Api, context: Context, agreement: Agreement
) -> None:
    document, other = await attached(context, agreement), await attached(context, agreement, Handed(a_pdf(1)))
    link = await link_to(api, document)
    path, asked = urlsplit(link).path, {key: each[0] for key, each in parse_qs(urlsplit(link).query).items()}
    key = context.documents.link_key
    at, old = sign(key, document.id, context.now() - LINKS_LAST)
    for given in (
        {},
        {"expires": asked["expires"]},
        {**asked, "expires": str(int(asked["expires"]) + 1)},
        {**asked, "signature": "é"},
        {**asked, "signature": asked["signature"][:-1]},
        {**asked, "expires": "\u0661"},
        {**asked, "expires": "9" * 400},
        {"expires": str(at), "signature": old},
    ):
        assert code(await api.http.get(path, params=given)) == (403, "FORBIDDEN")
    for id_ in (gid(other), gid(agreement), "x", "%00"):
        assert code(await api.http.get(f"/documents/{id_}", params=asked)) == (403, "FORBIDDEN")
    assert code(await api.http.post(path, params=asked)) == (405, "METHOD_NOT_ALLOWED")


async def test_what_is_removed_or_unknown_is_not_given_out(
    api: Api, context: Context, agreement: Agreement
) -> None:
    document = await attached(context, agreement)
    link = await link_to(api, document)
    await remove_document(context, document.id)
    expires, signature = sign(context.documents.link_key, NOWHERE, context.now())
    nowhere = f"/documents/{gid_of('Document', NOWHERE)}?expires={expires}&signature={signature}"

    assert code(await api.http.get(link)) == (410, "GONE")
    assert code(await api.http.get(nowhere)) == (404, "NOT_FOUND")


async def test_what_the_graph_does_not_show_is_not_given_out(
    api: Api, context: Context, agreement: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await link_to(api, await attached(context, agreement))
    binding = shown.Document.__dict__["__binding__"]
    nobody = replace(binding, visible=(lambda alias, _caller: alias.id.is_(None),))
    monkeypatch.setattr(shown.Document, "__binding__", nobody)

    assert code(await api.http.get(link)) == (404, "NOT_FOUND")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_what_is_not_what_was_attached_is_not_given_out(
    api: Api, context: Context, agreement: Agreement, folder: Path
) -> None:
    document = await attached(context, agreement, Handed(a_pdf(1)))
    link = await link_to(api, document)
    [file] = files_of(folder)

    file.write_bytes(a_pdf(2))
    assert code(await api.http.get(link)) == (500, "DAMAGED")
    file.unlink()
    assert code(await api.http.get(link)) == (500, "DAMAGED")
    file.mkdir()
    assert code(await api.http.get(link)) == (500, "DAMAGED")


async def test_what_is_in_a_place_that_is_away_is_unavailable(
    api: Api, context: Context, agreement: Agreement, folder: Path
) -> None:
    link = await link_to(api, await attached(context, agreement))
    move(folder, folder.with_name("away"))

    assert code(await api.http.get(link)) == (503, "UNAVAILABLE")
    error = await api.attaching_fails(a_pdf(2), agreementId=gid(agreement))
    assert error["extensions"]["code"] == "UNAVAILABLE"
    move(folder.with_name("away"), folder)
    assert (await api.http.get(link)).content == PDF


async def test_with_postgresql_nothing_is_attached_before_it_is_said_where(
    api: Api, context: Context, agreement: Agreement, database_url: str
) -> None:
    link = await link_to(api, await attached(context, agreement))

    async with an_api(database_url) as unset:
        if unset.services.database.is_sqlite:  # which has a place of its own: beside its file
            assert code(await unset.http.get(link)) == (503, "UNAVAILABLE")
            return
        error = await unset.attaching_fails(a_pdf(2), agreementId=gid(agreement))
        answer = await unset.http.get(link)

    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "AGREEMENTS_DOCUMENTS_URL" in error["message"]
    assert code(answer) == (503, "UNAVAILABLE")
    assert "AGREEMENTS_DOCUMENTS_URL" in answer.text


async def test_contents_are_named_by_ids(context: Context, agreement: Agreement, folder: Path) -> None:
    document = await attached(context, agreement, Handed(file_name="../../x"))

    assert [each.name for each in files_of(folder)] == [str(document.id)]


async def test_a_link_lasts_five_minutes(context: Context) -> None:
    expires, _ = sign(b"key", NOWHERE, context.now())

    assert timedelta(seconds=290) < timedelta(seconds=expires - context.now().timestamp()) <= LINKS_LAST
    assert timedelta(minutes=5) == LINKS_LAST


async def test_a_file_is_attached_once(api: Api, agreement: Agreement) -> None:
    selection = "document { id fileName } agreement { id }"
    asked = {"agreementId": gid(agreement), "idempotencyKey": "k"}

    made = await api.attach(selection, PDF, **asked)
    again = await api.attach(selection, PDF, **asked)
    twin = await api.attach(selection, PDF, agreementId=gid(agreement))
    other = await api.attach(selection, a_pdf(2), **asked)
    html = await api.attach(selection, b"<html>", "x.pdf", agreementId=gid(agreement))
    empty = await api.attach(selection, b"", agreementId=gid(agreement))

    assert (made["userErrors"], made) == ([], again)
    assert made["agreement"] == {"id": gid(agreement)}
    assert [each["code"] for each in twin["userErrors"]] == ["DUPLICATE_DOCUMENT"]
    assert twin["document"] == made["document"]
    refusals = [payload["userErrors"][0] for payload in (other, html, empty)]
    assert [(each["code"], each["field"]) for each in refusals] == [
        ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"]),
        ("UNSUPPORTED_TYPE", ["file"]),
        ("FILE_EMPTY", ["file"]),
    ]


async def test_a_file_cannot_be_written_as_json(api: Api, agreement: Agreement) -> None:
    mutation = "mutation ($input: AttachDocumentInput!) { attachDocument(input: $input) { document { id } } }"

    given = {"agreementId": gid(agreement), "kind": "SIGNED", "file": "signed.pdf"}

    assert await api.code(mutation, input=given) == "BAD_USER_INPUT"
