"""What providers tell unasked: taken once each, and answered by a sync of the provider, not by many."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from models import DomainError, ErrorCode, Provider, ProviderStatus
from providers import base
from providers.errors import AdministratorNeeded, InputRefused, ProviderUnavailable, Unsupported
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.operations import repeated
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

PAUSE: Final = timedelta(minutes=1)
"""News that comes within this of a sync's beginning waits: much of it tends to come at once."""

_RECORD: Final = "notification"


class Unproved(Exception):
    """Nothing proves that the provider said this: nothing was done."""


async def take_notification(
    context: Context, provider_id: UUID, headers: Mapping[str, str], body: bytes
) -> None:
    """Take the provider's word that something happened; its repetitions change nothing.

    What is told is no more than a reason to ask: only a sync changes anything.

    Args:
        context: Who delivers it; nobody needs to be known.
        provider_id: Whose word it claims to be.
        headers: Of the request, names in lower case.
        body: Of the request, as it came.

    Raises:
        Unproved: It is not proved to be the provider's word.
        DomainError: NOT_FOUND where no provider tells anything, PROVIDER_UNAVAILABLE if it cannot be proved
            just now.
    """
    notification = await _proved(context, provider_id, headers, body)
    if await _keep(context.acting_as(f"provider:{provider_id}"), provider_id, notification):
        await start_told_syncs(context)


async def start_told_syncs(context: Context) -> int:
    """Start a sync of each provider that told of changes, unless one is under way or has just begun there.

    One that is under way may have passed by what changed, so that another one follows it.

    Returns:
        How many were started.
    """
    async with context.look() as view:
        told = await view.providers.list_with_news()
    return sum([await _start(context, each) for each in told])


async def _proved(
    context: Context, provider_id: UUID, headers: Mapping[str, str], body: bytes
) -> base.Notification:
    async with context.look() as view:
        provider = await view.providers.peek(provider_id)
    if provider is None or not provider.is_automatic or provider.status is not ProviderStatus.ACTIVE:
        raise NotFound("provider")
    try:
        client = await context.providers.get(provider_id)
        return await client.read_notification(headers, body)
    except InputRefused as error:
        raise Unproved from error
    except ProviderUnavailable as error:
        message = "It cannot be proved just now whose word this is."
        raise DomainError(message, code=ErrorCode.PROVIDER_UNAVAILABLE) from error
    except (Unsupported, AdministratorNeeded) as error:
        raise NotFound("provider") from error


@repeated
async def _keep(context: Context, provider_id: UUID, notification: base.Notification) -> bool:
    """Record the notification; it is forgotten with the keys of mutations.

    Returns:
        Whether it is new, and tells of a change.
    """
    key = sha256(notification.id.encode()).hexdigest()
    async with context.unit_of_work() as uow:
        if await uow.idempotency.claim(_RECORD, key, "") is not None:
            return False
        if notification.customer_id is not None:
            await uow.providers.note_news(provider_id, uow.now)
        await uow.commit()
    return notification.customer_id is not None


async def _start(context: Context, provider: Provider) -> bool:
    told_at = provider.sync_wanted_at
    async with context.look() as view:
        newest = await view.jobs.get_newest_sync(provider.id)
    if told_at is None or (newest is not None and context.now() - newest.requested_at < PAUSE):
        return False
    started = True
    try:
        await sync_provider_accounts(context, SyncProviderAccounts(provider_id=provider.id))
    except DomainError as error:
        if error.code is ErrorCode.SYNC_ALREADY_RUNNING:
            return False
        started = False  # it was put out of use meanwhile: nothing is left to be done
    await _forget(context, provider.id, told_at)
    return started


@repeated
async def _forget(context: Context, provider_id: UUID, told_at: datetime) -> None:
    async with context.unit_of_work() as uow:
        await uow.providers.forget_news(provider_id, told_at)
        await uow.commit()
