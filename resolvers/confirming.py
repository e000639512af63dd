"""What a provider's word on an acceptance means for an agreement, and how the provider is made to give it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from models import (
    AcceptancePath,
    AcceptanceRequest,
    AcceptanceRequestStatus,
    Agreement,
    AgreementStatus,
    AgreementStatusReason,
    Contact,
    SyncState,
)
from providers import base
from providers.errors import AlreadyConfirmed, CustomerMustAccept, ProviderUnavailable
from repositories import UnitOfWork
from repositories.sync import Terms

_ANSWERABLE = frozenset({AcceptanceRequestStatus.OPEN, AcceptanceRequestStatus.ACCEPTED})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A confirmation that the provider shall hold.

    Attributes:
        customer_id: The provider's own id of the customer.
        terms: What is agreed to.
        request_id: Repeated while there is no usable answer; another one after any other answer.
        request: One to the customer that it has not answered yet: it is not asked a second time.
    """

    customer_id: str
    terms: Terms
    contact: Contact
    agreed_on: date
    request_id: str
    request: base.AcceptanceRequest | None = None


async def establish(provider: base.Provider, asked: Asked) -> base.Confirmation | base.AcceptanceRequest:
    """Have the provider hold the confirmation, and read it back; repeating this is harmless.

    A confirmation of an older version does not stand for this one. Where the provider takes no second one of
    the same terms, having offered it is all that can be done: it counts as asked.

    Returns:
        The confirmation as the provider holds it, or where only the customer itself can give it.

    Raises:
        ProviderUnavailable: No usable answer, or the confirmation does not show yet: repeat later.
        ProviderError: A final refusal.
    """
    terms = asked.terms
    found = await find(provider, asked.customer_id, terms)
    if found is not None:
        return found
    try:
        await provider.confirm(
            asked.customer_id,
            template_id=terms.template_id,
            contact=at_provider(asked.contact),
            agreed_on=asked.agreed_on,
            request_id=asked.request_id,
        )
    except AlreadyConfirmed:
        pass  # by an earlier call whose answer was lost
    except CustomerMustAccept:
        return asked.request or await provider.request_acceptance(
            asked.customer_id,
            template_id=terms.template_id,
            contact=at_provider(asked.contact),
            request_id=f"{asked.request_id}:acceptance",  # the refusal of `confirm` belongs to its own
        )
    held = await find(provider, asked.customer_id, replace(terms, since=None))
    if held is None:
        raise ProviderUnavailable("The provider does not show the confirmation that it has taken yet.")
    if _can_be_of(held, terms):
        return held
    return replace(held, contact=at_provider(asked.contact), agreed_on=asked.agreed_on)


async def find(provider: base.Provider, customer_id: str, terms: Terms) -> base.Confirmation | None:
    """Ask the provider whether the customer stands in these terms."""
    return of_terms(await provider.list_confirmations(customer_id), terms)


def of_terms(confirmations: Sequence[base.Confirmation], terms: Terms) -> base.Confirmation | None:
    """Choose the newest confirmation that can be of these terms in this version.

    One that the partner gave goes before the customer's own, of which neither day nor person is known.
    """
    fitting = [each for each in confirmations if _can_be_of(each, terms)]
    return max(fitting, key=lambda each: (not each.direct, each.agreed_on), default=None)


def record(
    uow: UnitOfWork, agreement: Agreement, confirmation: base.Confirmation, *, path: AcceptancePath
) -> bool:
    """Take over what the provider holds; an acceptance that was recorded here before stands.

    Args:
        uow: The transaction.
        agreement: Locked in it.
        confirmation: The provider's word, on the agreement's terms.
        path: How a pending agreement came to be accepted, unless the customer accepted by itself:
            CUSTOMER_LINK only where it is known to have answered the request that was made to it.

    Returns:
        Whether anything changed. An inactive agreement is left alone.
    """
    if agreement.status is not AgreementStatus.ACTIVE or is_settled(agreement):
        return False
    request = agreement.acceptance_request
    if agreement.status_reason is AgreementStatusReason.PENDING:
        contact = _contact(confirmation) or (None if confirmation.direct else agreement.signed_by)
        acceptance = agreement.accept(
            # Where the provider names nobody there is no more to say than that it happened there.
            path=path if contact else AcceptancePath.DIRECT_AT_VENDOR,
            contact=contact,
            agreed_on=min(confirmation.agreed_on, uow.now.date()),  # their clock may be ahead of ours
            by=uow.actor,
            now=uow.now,
        )
        if acceptance is not None:
            if acceptance.path is AcceptancePath.CUSTOMER_LINK and request is not None:
                acceptance.external_ref = request.reference
            uow.add(acceptance)
    elif request is not None:
        agreement.acceptance_request = AcceptanceRequest(request.url, AcceptanceRequestStatus.ACCEPTED)
    agreement.sync_state, agreement.sync_error = SyncState.IN_SYNC, None
    return True


def open_request(agreement: Agreement) -> base.AcceptanceRequest | None:
    """Give the request of its own to the customer that it may still answer.

    Once the acceptance was recorded here by hand, that is one which counts as accepted.
    """
    request = agreement.acceptance_request
    if request is None or request.reference is None or request.status not in _ANSWERABLE:
        return None
    return base.AcceptanceRequest(url=request.url, expires_at=request.expires_at, reference=request.reference)


def await_customer(agreement: Agreement, request: base.AcceptanceRequest) -> None:
    """Say where the customer accepts; the agreement stays as pending or accepted as it is here."""
    agreement.acceptance_request = AcceptanceRequest(
        request.url, AcceptanceRequestStatus.OPEN, request.expires_at, request.reference
    )
    agreement.sync_state, agreement.sync_error = SyncState.AWAITING_CUSTOMER, None


def end_request(agreement: Agreement, status: AcceptanceRequestStatus, message: str) -> None:
    """Say that the customer accepts no more where it was asked to, and why; it can be asked again."""
    if agreement.acceptance_request is not None:
        agreement.acceptance_request = replace(agreement.acceptance_request, status=status)
    agreement.sync_state, agreement.sync_error = SyncState.PUSH_FAILED, message


def is_settled(agreement: Agreement) -> bool:
    """Whether the agreement is accepted here and at the provider."""
    return (
        agreement.status_reason is AgreementStatusReason.ACCEPTED
        and agreement.sync_state is SyncState.IN_SYNC
    )


def _can_be_of(confirmation: base.Confirmation, terms: Terms) -> bool:
    """Whether it may have been given to this version; the provider's word names none."""
    if confirmation.template_id.casefold() != terms.template_id.casefold():
        return False
    if confirmation.direct:
        return terms.takes_undated
    return terms.since is None or confirmation.agreed_on >= terms.since


def at_provider(contact: Contact) -> base.Contact:
    return base.Contact(
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=contact.email,
        phone=contact.phone,
    )


def _contact(confirmation: base.Confirmation) -> Contact | None:
    if confirmation.direct or confirmation.contact is None:
        return None
    told = confirmation.contact
    return Contact(told.first_name, told.last_name, told.email, told.phone)
