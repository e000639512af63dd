"""Tags: which agreements a billing contract carries."""

from dataclasses import dataclass
from uuid import UUID

from models import Agreement, AgreementTag, BillingContract, DomainError, ErrorCode
from repositories import UnitOfWork
from resolvers.context import Context
from resolvers.operations import repeated, require


@dataclass(frozen=True)
class Tagging:
    """An agreement and a billing contract, and whether their tag was changed."""

    agreement: Agreement
    billing_contract: BillingContract
    changed: bool


@repeated
async def tag_agreement(context: Context, *, agreement_id: UUID, billing_contract_id: UUID) -> Tagging:
    """Put an agreement on a billing contract of the same account; one that is on it already stays there.

    Raises:
        DomainError: NOT_FOUND, ACCOUNT_MISMATCH, CONTRACT_INACTIVE, AGREEMENT_INACTIVE.
    """
    async with context.unit_of_work() as uow:
        agreement, contract = await _both(uow, agreement_id, billing_contract_id)
        tag = await uow.billing_contracts.get_tag(billing_contract_id=contract.id, agreement_id=agreement.id)
        if tag is None:
            contract.require_active("billingContractId")
            agreement.require_active("agreementId")
            uow.add(
                AgreementTag(
                    billing_contract_id=contract.id,
                    agreement_id=agreement.id,
                    account_id=agreement.account_id,
                    tagged_at=uow.now,
                    tagged_by=uow.actor,
                )
            )
            await uow.commit()
    return Tagging(agreement, contract, changed=tag is None)


@repeated
async def untag_agreement(context: Context, *, agreement_id: UUID, billing_contract_id: UUID) -> Tagging:
    """Take an agreement off a billing contract, also when one of them has ended; repeating it is harmless.

    Raises:
        DomainError: NOT_FOUND, ACCOUNT_MISMATCH.
    """
    async with context.unit_of_work() as uow:
        agreement, contract = await _both(uow, agreement_id, billing_contract_id)
        tag = await uow.billing_contracts.get_tag(billing_contract_id=contract.id, agreement_id=agreement.id)
        if tag is not None:
            await uow.billing_contracts.remove_tag(tag)
            await uow.commit()
    return Tagging(agreement, contract, changed=tag is not None)


async def _both(
    uow: UnitOfWork, agreement_id: UUID, billing_contract_id: UUID
) -> tuple[Agreement, BillingContract]:
    agreement = require(await uow.agreements.get(agreement_id), "agreement", "agreementId")
    contract = require(
        await uow.billing_contracts.get(billing_contract_id), "billing contract", "billingContractId"
    )
    if agreement.account_id != contract.account_id:
        raise DomainError(
            f"{agreement.number} and «{contract.name}» belong to different accounts.",
            code=ErrorCode.ACCOUNT_MISMATCH,
            field=("billingContractId",),
        )
    return agreement, contract
