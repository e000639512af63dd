"""Documents: files attached to agreements, kept as they came."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from models import Document, DocumentKind, DomainError, ErrorCode
from repositories import UnitOfWork
from repositories.view import View
from resolvers.checks import LINES_LIMIT, optional_text
from resolvers.context import Context
from resolvers.document_store import Damaged, File, StoreUnavailable
from resolvers.document_types import NAMES, Examination, contradicts, safe_name
from resolvers.operations import (
    Outcome,
    check_idempotency_key,
    check_revision,
    create_once,
    input_hash,
    repeated,
    require,
)

_ATTACH: Final = "attachDocument"
_ORPHANS_STAY: Final = timedelta(days=1)
"""Far longer than any request takes from storing a content to committing its document."""
_BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A file to attach; `file_name`, `content_type`, `size` and `sha256` are the examination's."""

    agreement_id: UUID
    kind: DocumentKind
    visible_to_customer: bool = False
    note: str | None = None
    file_name: str = ""
    content_type: str = ""
    size: int = 0
    sha256: str = ""


async def attach_document(
    context: Context, command: NewDocument, file: File, *, idempotency_key: str | None = None
) -> Document:
    """Attach a file to an agreement, also to one that has ended; nothing is accepted by that.

    The content is stored before the document is, so that no document lacks its content, whenever the process
    ends. What is stored in vain is harmless, and swept away after a day.

    Raises:
        StoreUnavailable: Nothing was attached.
        DomainError: NOT_FOUND, INVALID, FILE_EMPTY, FILE_TOO_LARGE, UNSUPPORTED_TYPE, DUPLICATE_DOCUMENT.
    """
    check_idempotency_key(idempotency_key)
    note = optional_text(command.note, "note", limit=LINES_LIMIT, lines=True)
    command = replace(await _examined(context, command, file), note=note)
    async with context.look() as view:
        made = await _made_before(view, command, idempotency_key)
    if made is not None:
        return made
    document_id = uuid7()
    await context.documents.store.put(_key(document_id), file.chunks())
    try:
        document = await _record(context, document_id, command, idempotency_key)
    except DomainError:
        await _give_up(context, document_id)
        raise
    if document.id != document_id:
        await _give_up(context, document_id)
    return document


@repeated
async def remove_document(
    context: Context, document_id: UUID, *, revision: int | None = None
) -> Outcome[Document]:
    """Take a document off its agreement; its content is kept, and repeating it is harmless.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, DOCUMENT_IS_EVIDENCE.
    """
    async with context.unit_of_work() as uow:
        document = require(await uow.documents.get(document_id), "document", "documentId")
        check_revision(document, revision)
        changed = document.remove(now=uow.now)
        if changed:
            await uow.commit()
    return Outcome(document, changed=changed)


async def verify_content(context: Context, document_id: UUID, digest: str) -> None:
    """Raises Damaged unless the store has what was attached; StoreUnavailable when it does not say."""
    found = sha256()
    async for chunk in context.documents.store.get(_key(document_id)):
        found.update(chunk)
    if found.hexdigest() != digest:
        raise Damaged(f"The content of the document {document_id} is not what was attached.")


async def content_of(context: Context, document_id: UUID, digest: str) -> AsyncIterator[bytes]:
    """Give the content; a change of it since `verify_content` breaks it off before its last piece."""
    found, held = sha256(), b""
    async for chunk in context.documents.store.get(_key(document_id)):
        found.update(chunk)
        if held:
            yield held
        held = chunk
    if found.hexdigest() != digest:
        raise Damaged(f"The content of the document {document_id} is not what was attached.")
    yield held


async def sweep_contents(context: Context) -> int:
    """Delete the contents that no document refers to, and were stored more than a day ago.

    Returns:
        How many there were.
    """
    store, before = context.documents.store, context.now() - _ORPHANS_STAY
    swept, batch = await store.clear_debris(before), list[str]()
    async for key in store.list_older(before):
        batch.append(key)
        if len(batch) == _BATCH:
            swept += await _sweep(context, batch)
            batch.clear()
    return swept + await _sweep(context, batch)


async def _sweep(context: Context, keys: list[str]) -> int:
    # Read after the keys were listed: a document that was committed meanwhile is seen.
    ours = {key: document_id for key in keys if (document_id := _document_id(key)) is not None}
    async with context.look() as view:
        known = await view.documents.list_known(ours.values())
    orphans = [key for key, document_id in ours.items() if document_id not in known]
    await context.documents.store.delete(orphans)
    return len(orphans)


async def _examined(context: Context, command: NewDocument, file: File) -> NewDocument:
    if file.size == 0:
        raise DomainError("The file is empty.", code=ErrorCode.FILE_EMPTY, field=("file",))
    if file.size > context.documents.max_bytes:
        raise DomainError(
            f"A document has at most {context.documents.max_bytes} bytes.",
            code=ErrorCode.FILE_TOO_LARGE,
            field=("file",),
        )
    examination = Examination(file.chunks)
    async for chunk in file.chunks():
        examination.take(chunk)
    content_type = await examination.content_type()
    if content_type is None or contradicts(file.content_type, content_type):
        found = "is of no such type" if content_type is None else f"is {content_type}, and declared otherwise"
        raise DomainError(
            f"Documents may be {NAMES}; by its content, this one {found}.",
            code=ErrorCode.UNSUPPORTED_TYPE,
            field=("file",),
        )
    return replace(
        command,
        file_name=safe_name(file.file_name, content_type),
        content_type=content_type,
        size=examination.size,
        sha256=examination.sha256,
    )


async def _made_before(view: View, command: NewDocument, key: str | None) -> Document | None:
    """Look for what was attached under the key; refuse what the transaction would refuse, too.

    Most of what is in vain is found here, before it is stored.
    """
    if key is not None:
        made = await view.idempotency.recall(_ATTACH, key, input_hash(command))
        if made is not None:
            return require(await view.documents.peek(made["entity"]), "document")
    await _check(view, command)
    return None


@repeated
async def _record(
    context: Context, document_id: UUID, command: NewDocument, idempotency_key: str | None
) -> Document:
    async def make(uow: UnitOfWork) -> Document:
        await _check(uow, command)
        document = Document(
            id=document_id,
            agreement_id=command.agreement_id,
            file_name=command.file_name,
            content_type=command.content_type,
            size=command.size,
            sha256=command.sha256,
            kind=command.kind,
            visible_to_customer=command.visible_to_customer,
            note=command.note,
        )
        uow.add(document)
        return document

    return await create_once(context, _ATTACH, idempotency_key, command, lambda uow: uow.documents, make)


async def _check(source: UnitOfWork | View, command: NewDocument) -> None:
    agreement = require(await source.agreements.peek(command.agreement_id), "agreement", "agreementId")
    same = await source.documents.get_kept(agreement_id=agreement.id, sha256=command.sha256)
    if same is not None:
        raise DomainError(
            f"This very file is attached to {agreement.number} already, as «{same.file_name}».",
            code=ErrorCode.DUPLICATE_DOCUMENT,
            field=("file",),
            entity=same.id,
        )


async def _give_up(context: Context, document_id: UUID) -> None:
    """Delete at once what was stored in vain; if that fails, the sweep does it."""
    try:
        await context.documents.store.delete([_key(document_id)])
    except StoreUnavailable:
        return


def _key(document_id: UUID) -> str:
    return str(document_id)


def _document_id(key: str) -> UUID | None:
    """The document whose content the key is for; None for what others keep in the same place."""
    try:
        document_id = UUID(key)
    except ValueError:
        return None
    return document_id if _key(document_id) == key else None
