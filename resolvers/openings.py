"""Opening agreements: which terms a provider's customers have never stood in, and may be asked to accept."""

from collections.abc import Sequence
from datetime import date

from models import (
    Account,
    AccountStatus,
    Agreement,
    AgreementOrigin,
    AgreementTemplate,
    Provider,
    ProviderAccount,
    ProviderAccountStatus,
    ProviderStatus,
)
from repositories import UnitOfWork


async def newest_in_force(uow: UnitOfWork, provider: Provider, *, today: date) -> list[AgreementTemplate]:
    """List the terms that the provider's customers may enter into now, each in its newest version only."""
    in_force = await uow.templates.list_in_force(provider.id, today=today)
    return list({template.template_id: template for template in in_force}.values())


async def open_missing_agreements(
    uow: UnitOfWork,
    provider: Provider,
    provider_accounts: Sequence[ProviderAccount],
    *,
    today: date,
    origin: AgreementOrigin,
) -> list[Agreement]:
    """Open a pending agreement in each of the provider's terms for each customer that never had one.

    A customer that had one in whatever state gets none: what a person ended stays ended. Nobody gets one
    while the provider is inactive or manual, or whose provider account is inactive, unmapped, not synced or
    mapped to an inactive account. Running it twice opens nothing the second time.

    Args:
        uow: The transaction; the agreements are added to it and written by its next flush.
        provider: Whose terms.
        provider_accounts: At most a thousand, of this provider, each of which the database has already.
        today: The current UTC date.
        origin: What the agreements came from.

    Returns:
        The new agreements, by provider account in the order given.
    """
    if provider.status is not ProviderStatus.ACTIVE or not provider.is_automatic:
        return []
    places = [each for each in provider_accounts if _takes_part(each)]
    templates = await newest_in_force(uow, provider, today=today) if places else []
    if not templates:
        return []
    accounts = await _active_accounts(uow, places)
    taken = await uow.agreements.list_places(
        provider_account_ids=[each.id for each in places], template_ids=[each.id for each in templates]
    )
    missing = [
        (account, template, place)
        for place in places
        if (account := accounts.get(place.account_id)) is not None
        for template in templates
        if (place.id, template.id) not in taken
    ]
    serials = await uow.agreements.take_serials(len(missing)) if missing else ()
    opened = [
        Agreement.pending(
            serial=serial, account=account, template=template, provider_account=place, origin=origin
        )
        for serial, (account, template, place) in zip(serials, missing, strict=True)
    ]
    uow.add(*opened)
    return opened


def _takes_part(place: ProviderAccount) -> bool:
    return (
        place.status is ProviderAccountStatus.ACTIVE and place.sync_enabled and place.account_id is not None
    )


async def _active_accounts(uow: UnitOfWork, places: Sequence[ProviderAccount]) -> dict[object, Account]:
    accounts = await uow.accounts.list_by_ids({each.account_id for each in places if each.account_id})
    return {each.id: each for each in accounts if each.status is AccountStatus.ACTIVE}
