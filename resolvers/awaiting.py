"""Finding out that customers have accepted at the provider, which tells nobody by itself."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from models import (
    AcceptancePath,
    AcceptanceRequest,
    AcceptanceRequestStatus,
    Agreement,
    DomainError,
    ErrorCode,
)
from providers import base
from providers.errors import ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from repositories.sync import OpenAgreement
from resolvers import confirming
from resolvers.context import Context
from resolvers.operations import Outcome, repeated, require

PAGE = 100
CALLS_AT_ONCE = 5
HANDFUL = 5
"""Of so many customers, one at least can be read, or it is the provider that cannot be asked."""

_logger = logging.getLogger(__name__)


async def poll_acceptances(context: Context) -> int:
    """Ask for each agreement that waits for its customer whether the customer has accepted.

    A provider that cannot be asked is left for the next time.

    Returns:
        How many agreements became accepted, or in sync.
    """
    settled, after, silent = 0, None, set[UUID]()
    while True:
        async with context.look() as view:
            waiting = await view.sync.list_awaiting_customer(after=after, limit=PAGE)
        if not waiting:
            return settled
        after = waiting[-1].agreement_id
        by_provider = sorted(waiting, key=attrgetter("provider_id"))
        for provider_id, places in groupby(by_provider, key=attrgetter("provider_id")):
            if provider_id in silent:
                continue
            try:
                settled += await _poll(context, provider_id, [*places])
            except ProviderError as error:
                silent.add(provider_id)
                _logger.warning("Provider %s: acceptances were not asked for. %s", provider_id, error)


async def refresh_agreement(context: Context, agreement_id: UUID) -> Outcome[Agreement]:
    """Ask the provider how it stands with an agreement, and take over what it says.

    Raises:
        DomainError: NOT_FOUND, INVALID where there is no provider to ask, PROVIDER_UNAVAILABLE,
            PROVIDER_REFUSED.
    """
    field = "agreementId"
    async with context.look() as view:
        agreement = require(await view.agreements.peek(agreement_id), "agreement", field)
        provider = require(await view.providers.peek(agreement.provider_id), "provider")
        place = await view.sync.get_open(agreement_id)
    if place is None or not provider.capabilities.agreement_sync:
        raise DomainError(f"No provider can be asked about {agreement.number}.", field=(field,))
    try:
        client = await context.providers.get(place.provider_id)
        confirmation = await confirming.find(client, place.customer_id, place.terms)
    except ProviderUnavailable as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_UNAVAILABLE, field=(field,)) from error
    except ProviderError as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_REFUSED, field=(field,)) from error
    return await _keep(context, agreement_id, confirmation)


async def _poll(context: Context, provider_id: UUID, places: Sequence[OpenAgreement]) -> int:
    client = await context.providers.get(provider_id)
    answers = await _ask(client, places)
    settled = 0
    for place, confirmation in zip(places, answers, strict=True):
        settled += (await _keep(context, place.agreement_id, confirmation)).changed
    return settled


async def _ask(client: base.Provider, places: Sequence[OpenAgreement]) -> Sequence[base.Confirmation | None]:
    """Ask about each, a few at once; one customer that cannot be read keeps nobody else waiting.

    Raises:
        ProviderError: Nothing at all could be read, of a handful of customers or more.
    """
    turn = asyncio.Semaphore(CALLS_AT_ONCE)

    async def ask(place: OpenAgreement) -> base.Confirmation | ProviderError | None:
        async with turn:
            try:
                return await confirming.find(client, place.customer_id, place.terms)
            except ProviderError as error:
                return error

    answers = await asyncio.gather(*map(ask, places))
    errors = [each for each in answers if isinstance(each, ProviderError)]
    if len(errors) >= HANDFUL and len(errors) == len(answers):
        raise errors[0]
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, ProviderError):
            _logger.warning("Agreement %s: its acceptance was not asked for. %s", place.agreement_id, answer)
    return [None if isinstance(each, ProviderError) else each for each in answers]


@repeated
async def _keep(
    context: Context, agreement_id: UUID, confirmation: base.Confirmation | None
) -> Outcome[Agreement]:
    async with context.unit_of_work() as uow:
        agreement = require(await uow.agreements.get(agreement_id), "agreement")
        settled = confirmation is not None and confirming.record(
            uow, agreement, confirmation, path=AcceptancePath.PROVIDER_IMPORT
        )
        if settled or _expire_request(uow, agreement):
            await uow.commit()
    return Outcome(agreement, changed=settled)


def _expire_request(uow: UnitOfWork, agreement: Agreement) -> bool:
    """Note that the address given to the customer has ceased to work."""
    request = agreement.acceptance_request
    expired = (
        request is not None
        and request.status is AcceptanceRequestStatus.OPEN
        and request.expires_at is not None
        and request.expires_at <= uow.now
    )
    if request is not None and expired:
        agreement.acceptance_request = AcceptanceRequest(
            request.url, AcceptanceRequestStatus.EXPIRED, request.expires_at
        )
    return expired
