"""Documents: files attached to agreements, kept as they came."""

import logging
from collections.abc import AsyncIterator, Sequence
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
_UPLOADS_LAST: Final = timedelta(days=1)
"""Far longer than any request takes from storing a content to committing its document."""
_BATCH: Final = 500

_log = logging.getLogger(__name__)


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

    First it is written down that the content is being stored, then it is stored, then the document is
    committed: whenever the process ends, no document lacks its content, and the sweep knows what is in vain.

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
    await context.documents.store.check()
    await _begin(context, document_id)
    await context.documents.store.put(_key(document_id), file.chunks(), command.size)
    try:
        document = await _record(context, document_id, command, idempotency_key)
    except (DomainError, StoreUnavailable):
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
    """Delete what was stored in vain: begun more than a day ago, and of no document since.

    Only what this database has begun itself is looked at: others may keep theirs in the same place.

    Returns:
        How much there was.
    """
    swept, last = 0, None
    while abandoned := await _abandon(context, last):
        gone = [document_id for document_id in abandoned if await _is_deleted(context, document_id)]
        await _forget(context, *gone)
        swept, last = swept + len(gone), abandoned[-1]
    return swept


@repeated
async def _abandon(context: Context, last: UUID | None) -> Sequence[UUID]:
    """Keep what was begun long ago from being committed; whoever is still at it is refused then."""
    async with context.unit_of_work() as uow:
        before = context.now() - _UPLOADS_LAST
        abandoned = await uow.documents.abandon_uploads(before, after=last, limit=_BATCH)
        await uow.commit()
    return abandoned


async def _is_deleted(context: Context, document_id: UUID) -> bool:
    """Delete what is stored for the document; where that fails, another day it may not."""
    try:
        await context.documents.store.delete(_key(document_id))
    except StoreUnavailable:
        _log.warning("What was stored in vain under %s is not deleted", _key(document_id), exc_info=True)
        return False
    return True


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
        if not await uow.documents.end_upload(document_id):
            raise StoreUnavailable("The content took so long to be stored that it was swept away.")
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
    if await _is_deleted(context, document_id):
        await _forget(context, document_id)


@repeated
async def _begin(context: Context, document_id: UUID) -> None:
    async with context.unit_of_work() as uow:
        await uow.documents.begin_upload(document_id, context.now())
        await uow.commit()


@repeated
async def _forget(context: Context, *document_ids: UUID) -> None:
    if not document_ids:
        return
    async with context.unit_of_work() as uow:
        await uow.documents.forget_uploads(document_ids)
        await uow.commit()


def _key(document_id: UUID) -> str:
    return str(document_id)
