"""Documents are attached whole or not at all, once an agreement, and removed without being lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.contexts import InMemory, Rows, a_context, some_documents
from support.documents import HTML, PDF, PNG, Handed, a_pdf
from support.factories import NOWHERE, SIGNED, an_agreement
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from agreements_api.document_store import Folder
from models import Agreement, Document, DocumentKind, DomainError, ErrorCode
from resolvers.agreements import deactivate_agreement
from resolvers.context import Context
from resolvers.document_store import Damaged, StoreUnavailable
from resolvers.documents import (
    NewDocument,
    attach_document,
    content_of,
    remove_document,
    sweep_contents,
    verify_content,
)

Refused = Callable[..., Any]


@pytest.fixture
async def agreement(context: Context) -> Agreement:
    return await an_agreement(context)


async def attach(
    context: Context,
    agreement: Agreement,
    file: Handed | None = None,
    *,
    key: str | None = None,
    **values: Any,
) -> Document:
    made = {"agreement_id": agreement.id, "kind": DocumentKind.SIGNED, **values}
    return await attach_document(context, NewDocument(**made), file or Handed(), idempotency_key=key)


async def gather(pieces: AsyncIterator[bytes], into: list[bytes]) -> None:
    async for piece in pieces:
        into.append(piece)  # noqa: PERF401  # what came before a failure counts


def stored(context: Context) -> list[str]:
    """Keys of all that the store has."""
    assert isinstance(context.documents.store, InMemory)
    return context.documents.store.keys()


async def begun(context: Context, count: int, *, days: int = 2) -> list[UUID]:
    """Store contents as somebody does who is killed before the documents are committed."""
    ids = [uuid7() for _ in range(count)]
    async with context.unit_of_work() as uow:
        for each in ids:
            await uow.documents.begin_upload(each, uow.now - timedelta(days=days))
        await uow.commit()
    for each in ids:
        await context.documents.store.put(str(each), Handed().chunks(), Handed().size)
    return ids


async def test_a_document_is_kept_as_it_came(context: Context, agreement: Agreement, rows: Rows) -> None:
    content = a_pdf(1, size=300_000)

    document = await attach(
        context,
        agreement,
        Handed(content, "../the signed one.pdf"),
        note=" As it came. ",
        visible_to_customer=True,
    )

    [row] = await rows("select * from documents")
    assert (row.file_name, row.content_type, row.size) == (
        "the signed one.pdf",
        "application/pdf",
        len(content),
    )
    assert row.sha256 == sha256(content).hexdigest()
    assert (row.kind, bool(row.visible_to_customer), row.note, row.created_by) == (
        "SIGNED", True, "As it came.", "local",
    )  # fmt: skip
    pieces = list[bytes]()
    await gather(content_of(context, document.id, document.sha256), pieces)
    assert b"".join(pieces) == content
    [event] = await rows("select * from audit_events where entity = 'Document'")
    assert (event.type, event.actor, event.request_id) == ("ATTACHED", "local", "request-1")


async def test_attaching_accepts_nothing_and_is_allowed_after_the_end(
    context: Context, agreement: Agreement, rows: Rows
) -> None:
    await attach(context, agreement, Handed(a_pdf(1)))
    await deactivate_agreement(context, agreement.id)
    await attach(context, agreement, Handed(a_pdf(2)))

    [row] = await rows("select status_reason, revision from agreements")
    assert (row.status_reason, row.revision) == ("WITHDRAWN", 2)
    assert len(await rows("select id from documents")) == 2


async def test_what_cannot_be_a_document_is_refused(
    context: Context, agreement: Agreement, refused: Refused
) -> None:
    small = replace(context, documents=some_documents(max_bytes=100))
    for file, code in (
        (Handed(b""), ErrorCode.FILE_EMPTY),
        (Handed(a_pdf(1, size=100)), ErrorCode.FILE_TOO_LARGE),
        (Handed(HTML), ErrorCode.UNSUPPORTED_TYPE),
        (Handed(b"\n" + PDF), ErrorCode.UNSUPPORTED_TYPE),
        (Handed(PNG), ErrorCode.UNSUPPORTED_TYPE),
    ):
        async with refused(code, "file"):
            await attach(small, agreement, file)
    async with refused(ErrorCode.NOT_FOUND, "agreementId"):
        await attach(small, Agreement(id=NOWHERE))
    async with refused(ErrorCode.INVALID, "note"):
        await attach(small, agreement, note="\x00")
    async with refused(ErrorCode.INVALID, "idempotencyKey"):
        await attach(small, agreement, key=" ")
    assert stored(small) == []


async def test_an_agreement_has_a_content_once_until_it_is_removed(
    context: Context, agreement: Agreement, refused: Refused
) -> None:
    first = await attach(context, agreement)
    async with refused(ErrorCode.DUPLICATE_DOCUMENT, "file", entity=first.id):
        await attach(context, agreement, Handed(file_name="another name.pdf"))
    elsewhere = await attach(context, await an_agreement(context))

    await remove_document(context, first.id)
    again = await attach(context, agreement)

    assert len({first.id, elsewhere.id, again.id}) == 3
    assert stored(context) == sorted(str(each.id) for each in (first, elsewhere, again))


async def test_of_many_who_attach_one_content_at_once_one_does(
    context: Context, agreement: Agreement, rows: Rows
) -> None:
    outcomes = await asyncio.gather(*(attach(context, agreement) for _ in range(8)), return_exceptions=True)

    [made] = [each for each in outcomes if isinstance(each, Document)]
    refusals = [each for each in outcomes if isinstance(each, DomainError)]
    assert {(each.code, each.entity) for each in refusals} == {(ErrorCode.DUPLICATE_DOCUMENT, made.id)}
    assert len(refusals) == 7
    assert len(await rows("select id from documents")) == 1
    assert stored(context) == [str(made.id)]


async def test_under_a_key_a_file_is_attached_once(
    context: Context, agreement: Agreement, rows: Rows
) -> None:
    first = await attach(context, agreement, key="k")
    twins = await asyncio.gather(*(attach(context, agreement, key="k") for _ in range(4)))
    news = await asyncio.gather(*(attach(context, agreement, Handed(a_pdf(2)), key="n") for _ in range(4)))

    assert {each.id for each in twins} == {first.id}
    assert len({each.id for each in news}) == 1
    for other in ({"file": Handed(a_pdf(3))}, {"note": "x"}, {"file": Handed(file_name="b.pdf")}):
        with pytest.raises(DomainError) as refusal:
            await attach(context, agreement, key="k", **other)
        assert refusal.value.code is ErrorCode.IDEMPOTENCY_CONFLICT
    assert len(await rows("select id from documents")) == 2
    assert len(stored(context)) == 2


async def test_a_removed_document_is_kept(context: Context, agreement: Agreement, rows: Rows) -> None:
    document = await attach(context, agreement)

    first = await remove_document(context, document.id, revision=1)
    second = await remove_document(context, document.id)

    assert (first.changed, second.changed) == (True, False)
    [row] = await rows("select removed_at, revision from documents")
    assert row.removed_at is not None
    assert row.revision == 2
    await verify_content(context, document.id, document.sha256)
    events = await rows("select type from audit_events where entity = 'Document' order by id")
    assert [each.type for each in events] == ["ATTACHED", "REMOVED"]


async def test_evidence_stays(context: Context, refused: Refused) -> None:
    agreement = await an_agreement(context, **SIGNED)
    document = await attach(context, agreement, kind=DocumentKind.EVIDENCE)

    async with refused(ErrorCode.DOCUMENT_IS_EVIDENCE, "documentId", entity=document.id):
        await remove_document(context, document.id)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=document.id):
        await remove_document(context, document.id, revision=7)
    async with refused(ErrorCode.NOT_FOUND, "documentId"):
        await remove_document(context, NOWHERE)


async def test_what_a_document_holds_never_changes(context: Context, agreement: Agreement) -> None:
    document = await attach(context, agreement)

    for attribute, value in {
        "sha256": "0" * 64,
        "size": 1,
        "file_name": "x",
        "agreement_id": NOWHERE,
    }.items():
        with pytest.raises(AttributeError):
            setattr(document, attribute, value)


async def test_a_content_that_was_tampered_with_is_not_given_out_to_its_end(
    context: Context, agreement: Agreement
) -> None:
    document = await attach(context, agreement, Handed(a_pdf(1, size=300_000)))
    store = context.documents.store
    await store.put(str(document.id), Handed(a_pdf(2, size=300_000)).chunks(), document.size)

    with pytest.raises(Damaged):
        await verify_content(context, document.id, document.sha256)
    got = list[bytes]()
    with pytest.raises(Damaged):
        await gather(content_of(context, document.id, document.sha256), got)
    assert 0 < len(b"".join(got)) < document.size
    await store.delete(str(document.id))
    with pytest.raises(Damaged):
        await verify_content(context, document.id, document.sha256)


async def test_the_sweep_deletes_what_was_begun_a_day_ago_and_is_no_document(
    context: Context, agreement: Agreement, rows: Rows
) -> None:
    document = await attach(context, agreement)
    removed = await attach(context, agreement, Handed(a_pdf(2)))
    await remove_document(context, removed.id)
    await begun(context, 3)
    [new] = await begun(context, 1, days=0)  # the document is perhaps about to be committed

    assert await sweep_contents(context) == 3
    assert stored(context) == sorted(map(str, (document.id, removed.id, new)))
    assert [UUID(str(row.id)) for row in await rows("select id from document_uploads")] == [new]
    assert await sweep_contents(context) == 0


async def test_the_sweep_deletes_nothing_that_the_database_did_not_begin(
    context: Context, agreement: Agreement, database: Database
) -> None:
    document = await attach(context, agreement)
    of_another_database, store = str(uuid4()), context.documents.store
    await store.put(of_another_database, Handed().chunks(), Handed().size)
    tomorrow = replace(
        a_context(database), documents=context.documents, now=lambda: context.now() + timedelta(days=2)
    )

    assert await sweep_contents(tomorrow) == 0
    assert stored(context) == sorted([str(document.id), of_another_database])


async def test_what_cannot_be_deleted_keeps_nothing_else_from_it_and_is_tried_again(
    context: Context, rows: Rows, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir(mode=0o700)
    context = replace(context, documents=replace(context.documents, store=Folder(folder)))
    first, _, third = await begun(context, 3)
    (folder / str(first)).unlink()
    (folder / str(first)).mkdir()
    (folder / f"{third}#1").touch()

    assert await sweep_contents(context) == 2
    assert [path.name for path in folder.iterdir()] == [str(first)]
    assert [UUID(str(row.id)) for row in await rows("select id from document_uploads")] == [first]
    (folder / str(first)).rmdir()
    assert await sweep_contents(context) == 1
    assert await rows("select id from document_uploads") == []


async def test_what_takes_more_than_a_day_to_be_stored_is_not_attached(
    context: Context, agreement: Agreement, rows: Rows
) -> None:
    tomorrow = replace(context, now=lambda: context.now() + timedelta(days=2))

    @dataclass(frozen=True)
    class Slow(Handed):
        """Comes so slowly the second time, when it is stored, that the sweep comes first."""

        times: list[int] = field(default_factory=list[int])

        async def chunks(self) -> AsyncIterator[bytes]:
            self.times.append(1)
            async for chunk in super().chunks():
                if len(self.times) == 2:
                    assert await sweep_contents(tomorrow) == 1
                yield chunk

    with pytest.raises(StoreUnavailable):
        await attach(context, agreement, Slow())
    assert stored(context) == []
    assert await rows("select id from documents") == []
    assert await rows("select id from document_uploads") == []
    document = await attach(context, agreement)
    assert stored(context) == [str(document.id)]
