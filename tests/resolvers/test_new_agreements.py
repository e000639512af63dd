"""Agreements are recorded by hand: where, in which terms, pending or accepted."""

from datetime import date, timedelta

import pytest
from support.contexts import Queue, Rows, utc_now
from support.factories import (
    ADA,
    CLOUD_AGREEMENT,
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    SIGNED,
    a_contract,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
    make_inactive,
)

from models import (
    AcceptancePath,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    Contact,
    ErrorCode,
    ProviderCapabilities,
    ProviderStatus,
    SyncState,
)
from resolvers.context import Context
from resolvers.new_agreements import ProviderAccountRequired
from resolvers.providers import set_provider_status

TODAY = utc_now().date()
TOMORROW = TODAY + timedelta(days=1)


async def test_without_signer_and_day_an_agreement_is_pending(context: Context, queue: Queue) -> None:
    account = await an_account(context, name="Contoso")
    template = await a_template(
        context, name="Terms", version="7", agreement_link="https://contoso.example/terms"
    )

    agreement = await an_agreement(context, account_id=account.id, template_id=template.id, executed_on=TODAY)

    assert (agreement.status, agreement.status_reason) == (
        AgreementStatus.ACTIVE,
        AgreementStatusReason.PENDING,
    )
    assert (agreement.name, agreement.number) == ("Terms – Contoso", "AGR-000001")  # noqa: RUF001 -- as shown
    assert (agreement.template_version, agreement.agreement_link) == ("7", "https://contoso.example/terms")
    assert (agreement.executed_on, agreement.signed_by) == (TODAY, None)
    assert agreement.origin is AgreementOrigin.MANUAL
    assert agreement.provider_id == MANUAL_PROVIDER
    assert queue.pushed() == []


async def test_with_signer_and_day_an_agreement_is_accepted(context: Context, rows: Rows) -> None:
    agreement = await an_agreement(context, **SIGNED, description="By\npost.", created_on=date(2025, 12, 1))

    assert agreement.status_reason is AgreementStatusReason.ACCEPTED
    assert (agreement.executed_on, agreement.signed_by) == (date(2026, 1, 15), ADA)
    assert (agreement.description, agreement.created_on) == ("By\npost.", date(2025, 12, 1))
    assert agreement.sync_state is SyncState.NOT_APPLICABLE
    async with context.unit_of_work() as uow:
        acceptance = await uow.agreements.get_acceptance(agreement.id)
    assert acceptance is not None
    assert (acceptance.path, acceptance.contact) == (AcceptancePath.RECORDED_BY_HAND, ADA)
    assert (acceptance.agreed_on, acceptance.recorded_by) == (date(2026, 1, 15), "local")
    events = await rows("SELECT type FROM audit_events WHERE entity = 'Agreement'")
    assert [event.type for event in events] == ["CREATED"]


async def test_accepted_where_the_provider_confirms_it_will_be_told(context: Context, queue: Queue) -> None:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id)

    agreement = await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT, **SIGNED)

    assert agreement.provider_account_id == place.id
    assert agreement.sync_state is SyncState.TO_PUSH
    assert queue.pushed() == [agreement.id]


async def test_a_provider_that_cannot_confirm_is_not_told(context: Context, queue: Queue) -> None:
    account = await an_account(context)
    provider = await a_provider(
        context, automatic=True, capabilities=ProviderCapabilities(customer_sync=True)
    )
    await a_provider_account(context, provider.id, account.id)
    template = await a_template(context, provider.id)

    agreement = await an_agreement(context, account_id=account.id, template_id=template.id, **SIGNED)

    assert agreement.sync_state is SyncState.NOT_APPLICABLE
    assert queue.pushed() == []


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"account_id": NOWHERE}, ErrorCode.NOT_FOUND, "accountId"),
        ({"template_id": NOWHERE}, ErrorCode.NOT_FOUND, "agreementTemplateId"),
        ({"provider_account_id": NOWHERE}, ErrorCode.NOT_FOUND, "providerAccountId"),
        ({"template_id": CLOUD_AGREEMENT}, ErrorCode.TEMPLATE_INACTIVE, "agreementTemplateId"),
        ({"executed_on": TOMORROW}, ErrorCode.EXECUTED_ON_IN_FUTURE, "executedOn"),
        ({"executed_on": TOMORROW, "signed_by": ADA}, ErrorCode.EXECUTED_ON_IN_FUTURE, "executedOn"),
        ({"executed_on": date(1, 1, 1)}, ErrorCode.INVALID, "executedOn"),
        ({"created_on": date(1, 1, 1)}, ErrorCode.INVALID, "createdOn"),
        ({"name": " "}, ErrorCode.INVALID, "name"),
        ({"name": "x" * 501}, ErrorCode.INVALID, "name"),
        ({"description": "\0"}, ErrorCode.INVALID, "description"),
        ({"signed_by": Contact("Ada", "L", "ada")}, ErrorCode.INVALID_EMAIL, "signedBy.email"),
    ],
)
async def test_what_cannot_be_meant_is_refused(context: Context, refused, values, code, field) -> None:
    known = {"account_id": (await an_account(context)).id, "template_id": (await a_template(context)).id}

    async with refused(code, *field.split(".")):
        await an_agreement(context, **{**known, **values})


async def test_terms_out_of_date_take_no_agreement(context: Context, refused) -> None:
    account = await an_account(context)
    expired = await a_template(context, expires_on=TODAY - timedelta(days=1))
    early = await a_template(context, effective_on=TOMORROW)
    last_day = await a_template(context, effective_on=TODAY, expires_on=TODAY)

    async with refused(ErrorCode.TEMPLATE_EXPIRED, "agreementTemplateId"):
        await an_agreement(context, account_id=account.id, template_id=expired.id)
    async with refused(ErrorCode.TEMPLATE_INACTIVE, "agreementTemplateId"):
        await an_agreement(context, account_id=account.id, template_id=early.id)
    await an_agreement(context, account_id=account.id, template_id=last_day.id)


async def test_an_inactive_account_takes_no_agreement_and_no_contract(context: Context, refused) -> None:
    account = await an_account(context)
    template = await a_template(context)
    await make_inactive(context, account)

    async with refused(ErrorCode.ACCOUNT_INACTIVE, "accountId"):
        await an_agreement(context, account_id=account.id, template_id=template.id)
    async with refused(ErrorCode.ACCOUNT_INACTIVE, "accountId"):
        await a_contract(context, account.id)


async def test_an_inactive_provider_takes_no_agreement(context: Context, refused) -> None:
    account, template = await an_account(context), await a_template(context)
    await set_provider_status(context, MANUAL_PROVIDER, ProviderStatus.INACTIVE)

    async with refused(ErrorCode.PROVIDER_INACTIVE, "agreementTemplateId"):
        await an_agreement(context, account_id=account.id, template_id=template.id)


async def test_at_an_automatic_provider_the_only_account_is_chosen(context: Context, refused) -> None:
    account = await an_account(context)
    async with refused(ErrorCode.PROVIDER_ACCOUNT_REQUIRED, "providerAccountId"):
        await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)

    place = await a_provider_account(context, PARTNER_CENTER, account.id)
    agreement = await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)

    assert agreement.provider_account_id == place.id


async def test_of_several_provider_accounts_the_caller_chooses(context: Context) -> None:
    account = await an_account(context)
    places = [
        await a_provider_account(context, PARTNER_CENTER, account.id, provider_name=name) for name in "BA"
    ]
    ended = await a_provider_account(context, PARTNER_CENTER, account.id)
    await make_inactive(context, ended)

    with pytest.raises(ProviderAccountRequired) as refusal:
        await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)
    agreements = [
        await an_agreement(
            context, account_id=account.id, template_id=CUSTOMER_AGREEMENT, provider_account_id=place.id
        )
        for place in places
    ]

    assert refusal.value.candidates == (places[1].id, places[0].id)
    assert [each.provider_account_id for each in agreements] == [each.id for each in places]


async def test_a_provider_account_of_somebody_else_does_not_fit(context: Context, refused) -> None:
    account, other = await an_account(context), await an_account(context)
    template = await a_template(context)
    theirs = await a_provider_account(context, PARTNER_CENTER, other.id)
    nobodys = await a_provider_account(context, PARTNER_CENTER)
    mine = await a_provider_account(context, PARTNER_CENTER, account.id)

    for place in (theirs, nobodys):
        async with refused(ErrorCode.PROVIDER_ACCOUNT_MISMATCH, "providerAccountId", entity=place.id):
            await an_agreement(
                context, account_id=account.id, template_id=CUSTOMER_AGREEMENT, provider_account_id=place.id
            )
    async with refused(ErrorCode.PROVIDER_ACCOUNT_MISMATCH, "providerAccountId", entity=mine.id):
        await an_agreement(
            context, account_id=account.id, template_id=template.id, provider_account_id=mine.id
        )


async def test_an_inactive_provider_account_takes_no_agreement(context: Context, refused) -> None:
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id)
    await make_inactive(context, place)

    async with refused(ErrorCode.PROVIDER_ACCOUNT_INACTIVE, "providerAccountId", entity=place.id):
        await an_agreement(
            context, account_id=account.id, template_id=CUSTOMER_AGREEMENT, provider_account_id=place.id
        )


async def test_terms_take_one_active_agreement_of_a_customer(context: Context, refused) -> None:
    first = await an_agreement(context)

    async with refused(ErrorCode.AGREEMENT_ALREADY_EXISTS, "agreementTemplateId", entity=first.id):
        await an_agreement(context, account_id=first.account_id, template_id=first.template_id)


async def test_a_manual_provider_may_have_provider_accounts(context: Context) -> None:
    account, template = await an_account(context), await a_template(context)
    place = await a_provider_account(context, MANUAL_PROVIDER, account.id)

    there = await an_agreement(
        context, account_id=account.id, template_id=template.id, provider_account_id=place.id
    )
    beside = await an_agreement(context, account_id=account.id, template_id=template.id)

    assert (there.provider_account_id, beside.provider_account_id) == (place.id, None)
