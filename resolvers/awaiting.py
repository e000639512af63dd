"""Finding out that customers have accepted at the provider, which tells nobody by itself."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from models import (
    AcceptancePath,
    AcceptanceRequestStatus,
    Agreement,
    DomainError,
    ErrorCode,
    SyncState,
)
from providers import base
from providers.errors import AdministratorNeeded, CustomerNotVisible, ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from repositories.sync import OpenAgreement
from resolvers import following
from resolvers.confirming import end_request, record
from resolvers.context import Context
from resolvers.following import Answer
from resolvers.operations import Outcome, repeated, require

PAGE = 100
CALLS_AT_ONCE = 5
HANDFUL = 5
"""Of so many customers, one at least can be read, or it is the provider that cannot be asked."""

_OF_CUSTOMER = (AdministratorNeeded, CustomerNotVisible)
"""What there is for an answer of customers that have left, among other things."""

_logger = logging.getLogger(__name__)


async def poll_acceptances(context: Context) -> int:
    """Ask for each agreement that waits for its customer whether the customer has accepted.

    What the provider wants done at last, once the customer has accepted, is done; a request that has expired
    or was refused is noted on its agreement. A provider that cannot be asked is left for the next time.

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
        answer = await following.ask(context, client, place)
    except ProviderUnavailable as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_UNAVAILABLE, field=(field,)) from error
    except ProviderError as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_REFUSED, field=(field,)) from error
    return await _keep(context, place, answer)


async def _poll(context: Context, provider_id: UUID, places: Sequence[OpenAgreement]) -> int:
    client = await context.providers.get(provider_id)
    answers = await _ask(context, client, places)
    settled = 0
    for place, answer in zip(places, answers, strict=True):
        outcome = await _keep(context, place, answer)
        settled += outcome.changed and outcome.entity.sync_state is SyncState.IN_SYNC
    return settled


async def _ask(context: Context, client: base.Provider, places: Sequence[OpenAgreement]) -> Sequence[Answer]:
    """Ask about each, a few at once; one customer that cannot be read keeps nobody else waiting.

    Raises:
        ProviderError: Nothing at all could be read, of a handful of customers or more, and not because
            they have left.
    """
    turn = asyncio.Semaphore(CALLS_AT_ONCE)

    async def ask(place: OpenAgreement) -> Answer | ProviderError:
        async with turn:
            try:
                return await following.ask(context, client, place)
            except ProviderError as error:
                return error

    answers = await asyncio.gather(*map(ask, places))
    errors = [each for each in answers if isinstance(each, ProviderError)]
    if len(errors) >= HANDFUL and len(errors) == len(answers):
        if not all(isinstance(each, _OF_CUSTOMER) for each in errors):
            raise errors[0]
        await client.get_customer(
            places[0].customer_id
        )  # raises where it is not for the customers' being gone
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, ProviderError):
            _logger.warning("Agreement %s: its acceptance was not asked for. %s", place.agreement_id, answer)
    return [Answer() if isinstance(each, ProviderError) else each for each in answers]


@repeated
async def _keep(context: Context, place: OpenAgreement, answer: Answer) -> Outcome[Agreement]:
    async with context.unit_of_work() as uow:
        agreement = require(await uow.agreements.get(place.agreement_id), "agreement")
        changed = _take_over(uow, agreement, place, answer)
        if changed:
            await uow.commit()
    return Outcome(agreement, changed=changed)


def _take_over(uow: UnitOfWork, agreement: Agreement, place: OpenAgreement, answer: Answer) -> bool:
    confirmation = answer.confirmation
    path = AcceptancePath.CUSTOMER_LINK if answer.accepted else AcceptancePath.PROVIDER_IMPORT
    if confirmation is not None and record(uow, agreement, confirmation, path=path):
        return True
    request = agreement.acceptance_request
    if request is None or request.reference != place.reference:
        return False  # another request was made meanwhile
    if request.reference is None:
        return _expire_address(uow, agreement)
    if answer.ended is None or agreement.sync_state is not SyncState.AWAITING_CUSTOMER:
        return False
    end_request(agreement, answer.ended, answer.reason)
    return True


def _expire_address(uow: UnitOfWork, agreement: Agreement) -> bool:
    """Note that the address given to the customer has ceased to work; it may accept there all the same."""
    request = agreement.acceptance_request
    expired = (
        request is not None
        and request.status is AcceptanceRequestStatus.OPEN
        and request.expires_at is not None
        and request.expires_at <= uow.now
    )
    if request is not None and expired:
        agreement.acceptance_request = replace(request, status=AcceptanceRequestStatus.EXPIRED)
    return expired
