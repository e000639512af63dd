"""Billing contracts are entered, and agreements are tagged on them."""

from datetime import date

import pytest
from support.contexts import Rows
from support.factories import NOWHERE, SIGNED, a_contract, an_account, an_agreement, make_inactive

from models import BillingFrequency, BillingPolicy, ErrorCode
from resolvers.agreements import deactivate_agreement
from resolvers.context import Context
from resolvers.tags import tag_agreement, untag_agreement


async def test_a_contract_says_how_a_customer_is_billed(context: Context) -> None:
    account = await an_account(context)

    contract = await a_contract(
        context,
        account.id,
        name=" Cloud ",
        billing_frequency=BillingFrequency.ANNUAL,
        billing_policy=BillingPolicy.ADVANCE,
        start_on=date(2026, 1, 1),
        end_on=date(9999, 12, 31),
        auto_renew=True,
        currency="USD",
    )

    assert (contract.name, contract.currency, contract.auto_renew) == ("Cloud", "USD", True)
    assert (contract.billing_frequency.value, contract.billing_policy.value) == ("ANNUAL", "ADVANCE")
    assert (contract.start_on, contract.end_on) == (date(2026, 1, 1), date(9999, 12, 31))
    assert (contract.is_default, contract.terminated_on) == (False, None)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"account_id": NOWHERE}, ErrorCode.NOT_FOUND, "accountId"),
        ({"name": ""}, ErrorCode.INVALID, "name"),
        ({"currency": "euro"}, ErrorCode.INVALID, "currency"),
        ({"start_on": date(1, 1, 1)}, ErrorCode.INVALID, "startOn"),
        ({"end_on": date(2025, 12, 31)}, ErrorCode.DATES_REVERSED, "endOn"),
    ],
)
async def test_what_cannot_be_meant_is_refused(context: Context, refused, values, code, field) -> None:
    account = await an_account(context)

    async with refused(code, field):
        await a_contract(context, **{"account_id": account.id, **values})


async def test_an_account_has_one_default_contract(context: Context, rows: Rows) -> None:
    account, other = await an_account(context), await an_account(context)
    first = await a_contract(context, account.id, is_default=True)
    elsewhere = await a_contract(context, other.id, is_default=True)

    second = await a_contract(context, account.id, is_default=True)

    async with context.unit_of_work() as uow:
        stored = {each.id: await uow.billing_contracts.get(each.id) for each in (first, second, elsewhere)}
    assert [each.is_default for each in stored.values() if each] == [False, True, True]
    events = await rows("SELECT type FROM audit_events WHERE entity = 'BillingContract' ORDER BY id")
    assert sorted(event.type for event in events) == ["CREATED"] * 3 + ["UPDATED"]


async def test_a_tag_is_put_on_and_taken_off_once(context: Context, rows: Rows) -> None:
    agreement = await an_agreement(context, **SIGNED)
    contract = await a_contract(context, agreement.account_id)
    both = {"agreement_id": agreement.id, "billing_contract_id": contract.id}

    done = [await tag_agreement(context, **both) for _ in range(2)]
    (tag,) = await rows("SELECT tagged_by FROM agreement_tags")
    undone = [await untag_agreement(context, **both) for _ in range(2)]

    assert [each.changed for each in done + undone] == [True, False, True, False]
    assert (done[0].agreement.id, done[0].billing_contract.id) == (agreement.id, contract.id)
    assert tag.tagged_by == "local"
    assert await rows("SELECT agreement_id FROM agreement_tags") == []
    events = await rows("SELECT type, before, after FROM audit_events WHERE entity = 'Agreement' ORDER BY id")
    assert [event.type for event in events] == ["CREATED", "TAGGED", "UNTAGGED"]
    assert str(contract.id) in str(events[1].after)
    assert str(contract.id) in str(events[2].before)
    assert (events[1].before, events[2].after) == (None, None)


async def test_a_tag_joins_what_is_of_one_account(context: Context, refused) -> None:
    agreement = await an_agreement(context)
    contract = await a_contract(context, (await an_account(context)).id)
    both = {"agreement_id": agreement.id, "billing_contract_id": contract.id}

    for operation in (tag_agreement, untag_agreement):
        async with refused(ErrorCode.ACCOUNT_MISMATCH, "billingContractId"):
            await operation(context, **both)
        async with refused(ErrorCode.NOT_FOUND, "agreementId"):
            await operation(context, agreement_id=NOWHERE, billing_contract_id=contract.id)
        async with refused(ErrorCode.NOT_FOUND, "billingContractId"):
            await operation(context, agreement_id=agreement.id, billing_contract_id=NOWHERE)


async def test_what_has_ended_takes_no_new_tag_but_keeps_its_own(context: Context, refused) -> None:
    agreement = await an_agreement(context)
    kept, ended, other = [await a_contract(context, agreement.account_id) for _ in range(3)]
    await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=kept.id)
    await make_inactive(context, ended)

    async with refused(ErrorCode.CONTRACT_INACTIVE, "billingContractId", entity=ended.id):
        await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=ended.id)
    await deactivate_agreement(context, agreement.id)
    async with refused(ErrorCode.AGREEMENT_INACTIVE, "agreementId", entity=agreement.id):
        await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=other.id)

    again = await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=kept.id)
    assert not again.changed
    taken_off = await untag_agreement(context, agreement_id=agreement.id, billing_contract_id=kept.id)
    assert taken_off.changed
