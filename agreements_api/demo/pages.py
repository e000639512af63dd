"""Sends the customers that are still to accept a page of their own, and keeps it where the simulator is."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agreements_api.demo.tenants import Partner
from resolvers.confirming import at_provider, await_customer

if TYPE_CHECKING:
    from agreements_api.services import Services

_ACTOR = "system"
_OPEN_REQUESTS = 1000


async def open_pages(services: "Services") -> None:
    """Ask the customers of the partner that does so to accept on a page that needs no sign-in."""
    async with services.context(_ACTOR).look() as view:
        waiting = await view.sync.list_awaiting_customer(after=None, limit=_OPEN_REQUESTS)
        mine = [each for each in waiting if each.provider_id == Partner.EMEA.provider_id]
        agreements = [await view.agreements.peek(each.agreement_id) for each in mine]
    # Outside of any transaction: the client keeps its renewed consent in one of its own.
    client = await services.providers.get(Partner.EMEA.provider_id)
    requests = {
        place.agreement_id: await client.request_acceptance(
            place.customer_id,
            template_id=place.terms.template_id,
            contact=at_provider(agreement.signed_by),
            request_id=f"demo:{place.agreement_id}",
        )
        for place, agreement in zip(mine, agreements, strict=True)
        if agreement is not None and agreement.signed_by is not None
    }
    async with services.transactions.begin(actor=_ACTOR) as uow:
        for agreement_id, request in requests.items():
            agreement = await uow.agreements.get(agreement_id)
            if agreement is not None:
                await_customer(agreement, request)
        await uow.commit()


async def move_pages(services: "Services", simulator_url: str) -> None:
    """Let the links that wait for customers lead to where the simulator is now."""
    place = urlsplit(simulator_url).netloc
    async with services.transactions.begin(actor=_ACTOR) as uow:
        for each in await uow.sync.list_awaiting_customer(after=None, limit=_OPEN_REQUESTS):
            agreement = await uow.agreements.get(each.agreement_id)
            if agreement is not None and agreement.acceptance_request is not None:
                request = agreement.acceptance_request
                url = urlsplit(request.url)._replace(netloc=place).geturl()
                agreement.acceptance_request = replace(request, url=url)
        await uow.commit()
