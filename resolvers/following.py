"""Asking a provider what it holds of an agreement, and what became of the request to its customer."""

from dataclasses import dataclass, replace

from models import AcceptanceRequestStatus, SyncState
from providers import base
from providers.errors import AlreadyConfirmed, InputRefused
from repositories.sync import OpenAgreement
from resolvers import confirming
from resolvers.context import Context

_ENDED = {
    base.AcceptanceStatus.EXPIRED: (
        AcceptanceRequestStatus.EXPIRED,
        "The customer did not accept in time: the page has expired. Push again to ask anew.",
    ),
    base.AcceptanceStatus.REFUSED: (
        AcceptanceRequestStatus.REFUSED,
        "The customer has refused on the provider's page. Push again to ask anew.",
    ),
}


@dataclass(frozen=True)
class Answer:
    """What the provider says; by default, nothing.

    Attributes:
        confirmation: What it holds of the agreement.
        accepted: Whether the customer has accepted what it was asked to.
        ended: Why nothing comes of the request to the customer any more; None while something may.
        reason: The same for a person.
    """

    confirmation: base.Confirmation | None = None
    accepted: bool = False
    ended: AcceptanceRequestStatus | None = None
    reason: str = ""


async def ask(context: Context, client: base.Provider, place: OpenAgreement) -> Answer:
    """Ask how the agreement stands; where the customer has answered its request, have that take effect.

    An acceptance that the customer gave elsewhere meanwhile is found as well. Repeating this is harmless.

    Raises:
        ProviderError: There is no answer.
    """
    answer = await _follow(context, client, place)
    return replace(answer, confirmation=await confirming.find(client, place.customer_id, place.terms))


async def _follow(context: Context, client: base.Provider, place: OpenAgreement) -> Answer:
    if place.reference is None or not await _is_awaited(context, place):
        return Answer()
    try:
        status = await client.follow_acceptance(
            place.customer_id,
            reference=place.reference,
            template_id=place.terms.template_id,
            request_id=f"{place.agreement_id}:{place.reference}",
        )
    except AlreadyConfirmed:
        return Answer(accepted=True)  # by an earlier call whose answer was lost
    except InputRefused as error:
        return Answer(ended=AcceptanceRequestStatus.EXPIRED, reason=str(error))
    ended, reason = _ENDED.get(status, (None, ""))
    return Answer(accepted=status is base.AcceptanceStatus.ACCEPTED, ended=ended, reason=reason)


async def _is_awaited(context: Context, place: OpenAgreement) -> bool:
    """Look once more, just before something may take effect at the provider."""
    async with context.look() as view:
        agreement = await view.agreements.peek(place.agreement_id)
    return agreement is not None and agreement.sync_state is SyncState.AWAITING_CUSTOMER
