"""Telling a provider of an agreement that was accepted here, durably."""

from uuid import UUID, uuid5

from models import AcceptancePath, Agreement, AgreementOrigin, AgreementStatus, SyncState
from providers import base
from providers.errors import ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from resolvers import confirming
from resolvers.context import Context
from resolvers.operations import repeated, require

_TO_DO = frozenset({SyncState.TO_PUSH, SyncState.PUSH_FAILED})


async def push_agreement(context: Context, agreement_id: str) -> None:
    """Have the provider confirm the agreement, unless it does already; repeating this is harmless.

    What was accepted here stays accepted, whatever the provider says. Where the provider wants the
    customer's own acceptance, the agreement is in sync once the customer has given it. A pending agreement
    whose provisioning ended here is accepted by this.

    Raises:
        ProviderUnavailable: No usable answer, or what was done does not show yet; repeat later.
    """
    asked = await _question(context, UUID(agreement_id))
    if asked is None:
        return
    provider_id, question = asked
    try:
        provider = await context.providers.get(provider_id)
        answer = await confirming.establish(provider, question)
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        await give_up(context, agreement_id, str(error))
        return
    await _keep_answer(context, UUID(agreement_id), answer)


@repeated
async def give_up(context: Context, agreement_id: str, message: str) -> None:
    """Record why the provider does not have the agreement; it can be pushed again."""
    async with context.unit_of_work() as uow:
        agreement = await uow.agreements.get(UUID(agreement_id))
        if agreement is not None and _is_to_be_pushed(agreement):
            agreement.sync_state, agreement.sync_error = SyncState.PUSH_FAILED, message
            await uow.commit()


async def _question(context: Context, agreement_id: UUID) -> tuple[UUID, confirming.Asked] | None:
    """Read what the provider is to confirm; None when there is nothing to push any more."""
    async with context.look() as view:
        agreement = require(await view.agreements.peek(agreement_id), "agreement")
        place = await view.sync.get_open(agreement.id)
    if place is None or not _is_to_be_pushed(agreement):
        return None
    if agreement.signed_by is None or agreement.executed_on is None:
        await give_up(context, str(agreement_id), "Nobody has said yet who accepted it, and when.")
        return None
    return agreement.provider_id, confirming.Asked(
        customer_id=place.customer_id,
        terms=place.terms,
        contact=agreement.signed_by,
        agreed_on=agreement.executed_on,
        # The revision changes with a refusal, so that trying again asks anew.
        request_id=str(uuid5(agreement.id, f"push:{agreement.revision}")),
        request=confirming.open_request(agreement),
    )


@repeated
async def _keep_answer(
    context: Context, agreement_id: UUID, answer: base.Confirmation | base.AcceptanceRequest
) -> None:
    async with context.unit_of_work() as uow:
        agreement = require(await uow.agreements.get(agreement_id), "agreement")
        if _keep(uow, agreement, answer):
            await uow.commit()


def _keep(uow: UnitOfWork, agreement: Agreement, answer: base.Confirmation | base.AcceptanceRequest) -> bool:
    if isinstance(answer, base.Confirmation):
        provisioned = agreement.origin is AgreementOrigin.PROVISIONING
        path = AcceptancePath.PROVISIONING if provisioned else AcceptancePath.PARTNER_ATTESTATION
        return confirming.record(uow, agreement, answer, path=path)
    if not _is_to_be_pushed(agreement):
        return False
    confirming.await_customer(agreement, answer)
    return True


def _is_to_be_pushed(agreement: Agreement) -> bool:
    return agreement.status is AgreementStatus.ACTIVE and agreement.sync_state in _TO_DO
