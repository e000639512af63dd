"""What a sync reads of a provider: what it can be asked, and all customers or those that have changed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models import DomainError, ErrorCode, Job, Provider, ProviderCapabilities, ProviderConnector
from providers import base
from providers.errors import AdministratorNeeded, Unsupported
from resolvers.context import Context
from resolvers.operations import require
from resolvers.providers import set_provider_capabilities

WHOLE: Final = "whole"
"""The argument of a job that says whether all customers are to be read; without it they are."""

WHOLE_LIST_EVERY: Final = timedelta(days=7)
OVERLAP: Final = timedelta(hours=6)
"""Changes show at the provider with a delay, and its clock is not ours: so much is read once more."""

CALLS_AT_ONCE: Final = 4
BATCH: Final = 100

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What was read to its end.

    Attributes:
        began_at: What changed before that is known now.
        trouble: Why acceptances were not read, if they were not.
        listed: Whether all customers were read.
    """

    began_at: datetime
    trouble: str | None
    listed: bool


def require_syncable(provider: Provider) -> None:
    """Raises DomainError PROVIDER_INACTIVE or PROVIDER_NOT_AUTOMATIC where no sync may begin, or go on."""
    provider.require_active("providerId")
    if not provider.is_automatic or not provider.capabilities.customer_sync:
        raise DomainError(
            f"«{provider.name}» cannot be asked for its customers.",
            code=ErrorCode.PROVIDER_NOT_AUTOMATIC,
            field=("providerId",),
        )


async def capabilities_of(context: Context, client: base.Provider, job: Job) -> ProviderCapabilities:
    """Ask the provider what it can be asked; what a REST provider says of itself is taken over.

    Returns:
        What is to be asked of it now: what it says, except for what a person has switched off.

    Raises:
        DomainError: PROVIDER_INACTIVE, PROVIDER_NOT_AUTOMATIC: it is not to be asked any more, or says no.
        ProviderError: It does not say.
    """
    require_syncable(await _provider(context, job))
    told = await client.read_capabilities()
    capabilities = ProviderCapabilities(
        told.customer_sync, told.customer_creation, told.agreement_confirmation, told.agreement_sync
    )
    provider = await _provider(context, job)
    if provider.connector is ProviderConnector.REST:
        if capabilities != provider.capabilities and not job.dry_run:
            await set_provider_capabilities(context, provider.id, capabilities)
    elif not provider.capabilities.agreement_sync:
        capabilities = ProviderCapabilities(customer_sync=capabilities.customer_sync)
    if not capabilities.customer_sync:
        raise DomainError(
            f"«{provider.name}» does not give its customers any more.", code=ErrorCode.PROVIDER_NOT_AUTOMATIC
        )
    return capabilities


async def changes_of(
    context: Context, client: base.Provider, job: Job
) -> AsyncIterator[Sequence[base.Customer | str]] | None:
    """Find out whether reading what has changed is enough.

    Whoever may not read what has changed may well read the list. A mark that is yet to come was set by a
    clock that was wrong: nobody knows what has been read.

    Returns:
        The changed customers, or the ids of those whom the provider has lost, some at a time; None when the
        whole list is to be read.

    Raises:
        ProviderError: It does not say what has changed.
    """
    provider = await _provider(context, job)
    until, listed_at = provider.changes_read_until, provider.listed_at
    if job.arguments.get(WHOLE, True) or until is None or listed_at is None:
        return None
    now = context.now()
    if max(until, listed_at) > now or now - listed_at > WHOLE_LIST_EVERY:
        return None
    removed: dict[str, bool] = {}
    try:
        async for changes in client.list_changes(since=until - OVERLAP):
            for each in changes:
                removed[each.customer_id] = removed.get(each.customer_id, False) or each.removed
    except Unsupported:
        return None
    except AdministratorNeeded as error:
        _logger.warning("Provider %s: all customers are read, not what changed. %s", provider.id, error)
        return None
    return _customers(client, removed)


async def _customers(
    client: base.Provider, removed: dict[str, bool]
) -> AsyncIterator[Sequence[base.Customer | str]]:
    """Read each as it is now: one that was lost may have come back."""
    turn = asyncio.Semaphore(CALLS_AT_ONCE)

    async def read(customer_id: str) -> base.Customer | str | None:
        async with turn:
            customer = await client.get_customer(customer_id)
        # Who was not removed is not readable yet; the next sync reads it once more.
        return customer or (customer_id if removed[customer_id] else None)

    ids = [*removed]
    for start in range(0, len(ids), BATCH):
        answers = await asyncio.gather(*map(read, ids[start : start + BATCH]))
        yield [each for each in answers if each is not None]


async def _provider(context: Context, job: Job) -> Provider:
    async with context.look() as view:
        found = await view.providers.peek(job.provider_id) if job.provider_id else None
    return require(found, "provider")
