"""Provider accounts are entered, mapped, unmapped; mapping opens the agreements that a sync would."""

from datetime import timedelta

import pytest
from support.contexts import Rows, utc_now
from support.factories import (
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
    make_inactive,
)

from models import (
    AgreementOrigin,
    AgreementStatusReason,
    AgreementTemplateStatus,
    ErrorCode,
    ProviderAccountMapping,
    ProviderStatus,
    SyncState,
)
from resolvers.agreements import deactivate_agreement
from resolvers.context import Context
from resolvers.openings import open_missing_agreements
from resolvers.provider_accounts import map_provider_account, unmap_provider_account
from resolvers.providers import set_provider_status
from resolvers.templates import NewTemplateVersion, create_agreement_template_version

TODAY = utc_now().date()


async def test_a_customer_at_a_provider_is_entered_by_hand(context: Context, refused) -> None:
    account = await an_account(context)
    place = await a_provider_account(
        context,
        PARTNER_CENTER,
        provider_specific_id="B9E2B2F0-0000-4000-8000-00000000000A",
        domain="A.example",
    )
    mapped = await a_provider_account(context, PARTNER_CENTER, account.id)

    assert (place.mapping, place.account_id) == (ProviderAccountMapping.UNMAPPED, None)
    assert (place.provider_specific_id[0], place.domain) == ("b", "a.example")
    assert (mapped.mapping, mapped.account_id) == (ProviderAccountMapping.MANUAL, account.id)
    async with refused(ErrorCode.PROVIDER_ACCOUNT_DUPLICATE, "providerSpecificId", entity=place.id):
        await a_provider_account(
            context, PARTNER_CENTER, provider_specific_id="b9e2b2f0-0000-4000-8000-00000000000a"
        )


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"provider_id": NOWHERE}, ErrorCode.NOT_FOUND, "providerId"),
        ({"account_id": NOWHERE}, ErrorCode.NOT_FOUND, "accountId"),
        ({"provider_specific_id": " "}, ErrorCode.INVALID, "providerSpecificId"),
        ({"provider_name": ""}, ErrorCode.INVALID, "providerName"),
        ({"domain": "no domain"}, ErrorCode.INVALID, "domain"),
    ],
)
async def test_what_cannot_be_meant_is_refused(context: Context, refused, values, code, field) -> None:
    async with refused(code, field):
        await a_provider_account(context, **{"provider_id": PARTNER_CENTER, **values})


async def test_an_inactive_provider_takes_no_customer(context: Context, refused) -> None:
    await set_provider_status(context, MANUAL_PROVIDER, ProviderStatus.INACTIVE)

    async with refused(ErrorCode.PROVIDER_INACTIVE, "providerId"):
        await a_provider_account(context, MANUAL_PROVIDER)


async def test_mapping_opens_the_agreements_that_a_sync_would(context: Context) -> None:
    account = await an_account(context, name="Contoso")
    place = await a_provider_account(context, PARTNER_CENTER, sync_enabled=True)

    mapped = await map_provider_account(context, place.id, account.id, revision=1)
    again = await map_provider_account(context, place.id, account.id)

    assert (mapped.provider_account.account_id, mapped.provider_account.mapping.value) == (
        account.id,
        "MANUAL",
    )
    (agreement,) = mapped.agreements  # the Cloud Agreement is inactive
    assert (agreement.template_id, agreement.provider_account_id) == (CUSTOMER_AGREEMENT, place.id)
    assert agreement.status_reason is AgreementStatusReason.PENDING
    assert (agreement.origin, agreement.sync_state) == (AgreementOrigin.SYNC, SyncState.NOT_APPLICABLE)
    assert (agreement.executed_on, agreement.signed_by, agreement.created_on) == (None, None, None)
    assert (again.changed, again.agreements) == (False, ())


async def test_an_entered_and_mapped_customer_gets_its_agreements_at_once(
    context: Context, rows: Rows
) -> None:
    account = await an_account(context)

    await a_provider_account(context, PARTNER_CENTER, account.id, sync_enabled=True)

    assert len(await rows("SELECT id FROM agreements")) == 1


async def test_only_the_newest_version_in_force_is_opened(context: Context) -> None:
    provider = await a_provider(context, automatic=True)
    first = await a_template(context, provider.id)
    second = await create_agreement_template_version(
        context, NewTemplateVersion(agreement_template_id=first.id, version="2")
    )
    await create_agreement_template_version(
        context,
        NewTemplateVersion(
            agreement_template_id=second.id, version="3", effective_on=TODAY + timedelta(days=1)
        ),
    )
    await a_template(context, provider.id, expires_on=TODAY - timedelta(days=1))
    await a_template(context, provider.id, status=AgreementTemplateStatus.INACTIVE)
    other = await a_template(context, provider.id)
    place = await a_provider_account(context, provider.id, sync_enabled=True)

    mapped = await map_provider_account(context, place.id, (await an_account(context)).id)

    assert [each.template_id for each in mapped.agreements] == [second.id, other.id]


async def test_no_agreement_is_opened_where_there_was_one(context: Context) -> None:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id)
    agreement = await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)
    await deactivate_agreement(context, agreement.id)

    async with context.unit_of_work() as uow:
        provider = await uow.providers.get(PARTNER_CENTER)
        stored = await uow.provider_accounts.get(place.id)
        assert provider is not None
        assert stored is not None
        stored.sync_enabled = True
        opened = await open_missing_agreements(
            uow, provider, [stored], today=TODAY, origin=AgreementOrigin.SYNC
        )

    assert opened == []


@pytest.mark.parametrize("lacking", ["sync", "place", "account", "provider", "automatic"])
async def test_no_agreement_is_opened_where_nobody_takes_part(context: Context, lacking: str) -> None:
    provider = await a_provider(context, automatic=lacking != "automatic")
    await a_template(context, provider.id)
    account = await an_account(context)
    place = await a_provider_account(context, provider.id, sync_enabled=lacking != "sync")
    if lacking == "place":
        await make_inactive(context, place)
    if lacking == "provider":
        await set_provider_status(context, provider.id, ProviderStatus.INACTIVE)

    mapped = await map_provider_account(context, place.id, account.id)
    if lacking == "account":
        assert len(mapped.agreements) == 1
        await make_inactive(context, account)
        await a_template(context, provider.id)
        async with context.unit_of_work() as uow:
            stored = await uow.providers.get(provider.id)
            assert stored is not None
            opened = await open_missing_agreements(
                uow, stored, [mapped.provider_account], today=TODAY, origin=AgreementOrigin.SYNC
            )
        assert opened == []
    else:
        assert (mapped.changed, mapped.agreements) == (True, ())


async def test_a_tenant_is_mapped_to_one_account(context: Context, refused) -> None:
    first, second = await an_account(context), await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, first.id)

    async with refused(ErrorCode.ALREADY_MAPPED, "providerAccountId", entity=place.id):
        await map_provider_account(context, place.id, second.id)


async def test_a_tenant_is_not_mapped_to_an_inactive_account(context: Context, refused) -> None:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER)
    await make_inactive(context, account)

    async with refused(ErrorCode.ACCOUNT_INACTIVE, "accountId"):
        await map_provider_account(context, place.id, account.id)
    async with refused(ErrorCode.ACCOUNT_INACTIVE, "accountId"):
        await a_provider_account(context, PARTNER_CENTER, account.id)


async def test_a_tenant_is_unmapped_unless_an_agreement_depends_on_it(context: Context, refused) -> None:
    account = await an_account(context)
    free = await a_provider_account(context, MANUAL_PROVIDER, account.id)
    bound = await a_provider_account(context, PARTNER_CENTER, account.id)
    agreement = await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)
    await deactivate_agreement(context, agreement.id)

    outcome = await unmap_provider_account(context, free.id, revision=1)
    again = await unmap_provider_account(context, free.id)

    assert (outcome.changed, outcome.entity.account_id) == (True, None)
    assert outcome.entity.mapping is ProviderAccountMapping.UNMAPPED
    assert (again.changed, again.entity.revision) == (False, 2)
    async with refused(ErrorCode.HAS_AGREEMENTS, "providerAccountId", entity=bound.id):
        await unmap_provider_account(context, bound.id)


async def test_what_does_not_exist_or_has_changed_is_refused(context: Context, refused) -> None:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER)

    async with refused(ErrorCode.NOT_FOUND, "providerAccountId"):
        await map_provider_account(context, NOWHERE, account.id)
    async with refused(ErrorCode.NOT_FOUND, "accountId"):
        await map_provider_account(context, place.id, NOWHERE)
    async with refused(ErrorCode.NOT_FOUND, "providerAccountId"):
        await unmap_provider_account(context, NOWHERE)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=place.id):
        await map_provider_account(context, place.id, account.id, revision=2)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=place.id):
        await unmap_provider_account(context, place.id, revision=2)
