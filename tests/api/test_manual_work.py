"""What waits for a person is listed until the person has done it, and nothing else is."""

from datetime import timedelta
from typing import Any

from support.api import Api, gid, nodes
from support.asking import CONTOSO, MANUAL, SIGNATURE, YESTERDAY, terms_of
from support.factories import (
    MANUAL_PROVIDER,
    PARTNER_CENTER,
    SIGNED,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
    make_inactive,
)

from models import (
    AcceptanceRequest,
    AcceptanceRequestStatus,
    Agreement,
    ProviderAccount,
    ProviderCapabilities,
    SyncState,
)
from resolvers.context import Context

AGREEMENTS = """query ($filter: AgreementFilter) {
    agreements(filter: $filter, first: 100) { totalCount edges { node { id number } } } }"""
PLACES = """query ($filter: ProviderAccountFilter) {
    providerAccounts(filter: $filter, first: 100) { totalCount edges { node { id } } } }"""


async def waiting(api: Api, *, value: bool | None = True) -> list[str]:
    data = (await api.data(AGREEMENTS, filter={"awaitingManualWork": value}))["agreements"]
    assert data["totalCount"] == len(data["edges"])
    return nodes(data, "id")


async def waiting_places(api: Api, *, value: bool | None = True) -> list[str]:
    data = (await api.data(PLACES, filter={"awaitingManualWork": value}))["providerAccounts"]
    assert data["totalCount"] == len(data["edges"])
    return nodes(data, "id")


async def is_split_in_two(api: Api) -> bool:
    """Whether each row is either in the list or in its complement."""
    for listed in (waiting, waiting_places):
        true, false = await listed(api, value=True), await listed(api, value=False)
        if sorted(true + false) != sorted(await listed(api, value=None)):
            return False
    return True


async def change(context: Context, entity: Agreement | ProviderAccount, **values: Any) -> None:
    async with context.unit_of_work() as uow:
        rows: Any = uow.agreements if isinstance(entity, Agreement) else uow.provider_accounts
        stored = await rows.get(entity.id)
        for name, value in values.items():
            setattr(stored, name, value)
        await uow.commit()


async def at_partner_center(context: Context, **values: Any) -> Agreement:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id)
    template = await a_template(context, PARTNER_CENTER)
    return await an_agreement(
        context, account_id=account.id, template_id=template.id, provider_account_id=place.id, **values
    )


async def test_a_customer_provisioned_by_hand_is_listed_until_it_is_entered(api: Api) -> None:
    made = await api.done(
        "provisionAccount",
        "account { id } agreement { id statusReason }",
        newAccount=CONTOSO,
        providerId=MANUAL,
        agreementTemplateId=await terms_of(api, MANUAL),
        executedOn=YESTERDAY,
    )
    agreement = made["agreement"]["id"]
    assert made["agreement"]["statusReason"] == "ACCEPTED"
    assert await waiting(api) == [agreement]

    await api.done(
        "createProviderAccount",
        "providerAccount { id }",
        providerId=MANUAL,
        accountId=made["account"]["id"],
        providerSpecificId="D-4711",
        providerName="Contoso at the distributor",
    )

    assert await waiting(api) == []
    assert await waiting_places(api) == []
    assert await is_split_in_two(api)


async def test_an_agreement_recorded_by_hand_asks_for_no_provider_account(api: Api, context: Context) -> None:
    await an_agreement(context, **SIGNED)

    assert await waiting(api) == []


async def test_a_pending_agreement_that_no_provider_confirms_is_listed_until_it_is_accepted(
    api: Api, context: Context
) -> None:
    by_hand = await an_agreement(context)
    lacking = await a_provider(
        context, automatic=True, capabilities=ProviderCapabilities(customer_sync=True, agreement_sync=True)
    )
    account = await an_account(context)
    place = await a_provider_account(context, lacking.id, account.id)
    template = await a_template(context, lacking.id)
    unconfirmed = await an_agreement(
        context, account_id=account.id, template_id=template.id, provider_account_id=place.id
    )
    await at_partner_center(context)  # there the customer, or the partner's word, does it

    assert sorted(await waiting(api)) == sorted([gid(by_hand), gid(unconfirmed)])

    for each in (by_hand, unconfirmed):
        await api.done("acceptAgreement", "agreement { id }", agreementId=gid(each), **SIGNATURE)
    assert await waiting(api) == []
    assert await is_split_in_two(api)


async def test_what_a_provider_has_not_taken_is_listed_until_it_is_pushed_again(
    api: Api, context: Context
) -> None:
    agreement = await at_partner_center(context, **SIGNED)
    assert await waiting(api) == []

    await change(context, agreement, sync_state=SyncState.PUSH_FAILED, sync_error="The provider declined.")

    assert await waiting(api) == [gid(agreement)]
    await api.done("retryAgreementPush", "agreement { id }", agreementId=gid(agreement))
    assert await waiting(api) == []


async def test_a_request_that_the_customer_left_or_refused_is_listed_until_it_is_asked_again(
    api: Api, context: Context
) -> None:
    asked = {}
    for status in AcceptanceRequestStatus:
        asked[status] = await at_partner_center(context)
        await change(
            context,
            asked[status],
            sync_state=SyncState.AWAITING_CUSTOMER,
            acceptance_request=AcceptanceRequest("https://accept.example/1", status),
        )
    left, refused = asked[AcceptanceRequestStatus.EXPIRED], asked[AcceptanceRequestStatus.REFUSED]

    assert sorted(await waiting(api)) == sorted([gid(left), gid(refused)])
    assert await is_split_in_two(api)

    opened = gid(asked[AcceptanceRequestStatus.OPEN])
    assert (await api.refusal("retryAgreementPush", agreementId=opened))[0] == "NOTHING_TO_PUSH"
    made = await api.done("retryAgreementPush", "agreement { syncState }", agreementId=gid(refused))
    assert made["agreement"]["syncState"] == "TO_PUSH"
    assert await waiting(api) == [gid(left)]


async def test_what_has_ended_waits_for_nobody(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)
    place = await a_provider_account(context, PARTNER_CENTER)
    assert (await waiting(api), await waiting_places(api)) == ([gid(agreement)], [gid(place)])

    await api.done("deactivateAgreement", "changed", agreementId=gid(agreement))
    await make_inactive(context, place)

    assert (await waiting(api), await waiting_places(api)) == ([], [])
    assert await is_split_in_two(api)


async def test_a_provider_account_is_listed_while_it_is_nobodys_or_missing(
    api: Api, context: Context
) -> None:
    account = await an_account(context)
    known = await a_provider_account(context, PARTNER_CENTER, account.id)
    nobodys = await a_provider_account(context, MANUAL_PROVIDER)
    assert await waiting_places(api) == [gid(nobodys)]

    now = context.now() - timedelta(days=1)
    await change(context, known, missing_since=now)
    await change(context, nobodys, missing_since=now)  # for two reasons, but once

    assert sorted(await waiting_places(api)) == sorted([gid(known), gid(nobodys)])
    assert await is_split_in_two(api)
    await api.done("mapProviderAccount", "changed", providerAccountId=gid(nobodys), accountId=gid(account))
    await change(context, nobodys, missing_since=None)
    assert await waiting_places(api) == [gid(known)]
