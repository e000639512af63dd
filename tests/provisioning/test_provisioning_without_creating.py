"""Provisioning that creates nothing: at a manual provider, and for a tenant that exists already."""

from support.factories import (
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    PARTNER_CENTER,
    a_template,
)
from support.orders import YESTERDAY, an_order, contoso

from resolvers.provisioning import provision_account
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

AGREEMENT = (
    "select status, status_reason, sync_state, sync_error, executed_on, signer_email, origin, acceptance_url"
    " from agreements"
)


async def test_a_manual_provider_gets_an_accepted_agreement_at_once_and_no_call(context, there, rows):
    template = await a_template(context, MANUAL_PROVIDER)
    order = an_order(provider_id=MANUAL_PROVIDER, template_id=template.id, domain=None)

    result = await provision_account(context, order, idempotency_key="k-1")

    assert await there.requests() == []
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "NOT_APPLICABLE")
    assert (str(agreement.executed_on), agreement.provider_account_id) == (YESTERDAY.isoformat(), None)
    assert (await rows("select path from acceptances"))[0].path == "PROVISIONING"
    assert await rows("select id from provider_accounts") == []
    (job,) = await rows("select * from jobs")
    assert (job.status, job.created) == ("SUCCEEDED", 1)
    assert await provision_account(context, order, idempotency_key="k-1") == result


async def test_an_existing_tenant_is_invited_and_nothing_is_created(context, there, rows):
    order = an_order(new_account=contoso(domain=None), existing_tenant=True)

    result = await provision_account(context, order, idempotency_key="k-1")

    assert result.invitation_url is not None
    assert there.partner.tenant_id in result.invitation_url
    assert (result.agreement_id, result.provider_account_id, result.refusal) == (None, None, None)
    assert await there.customers() == []
    assert (await rows("select domain from accounts"))[0].domain == "contoso.onmicrosoft.com"
    assert (await rows("select status from jobs"))[0].status == "SUCCEEDED"
    await there.fault("relationshiprequests", {"kind": "status"}, times=9)
    assert await provision_account(context, order, idempotency_key="k-1") == result


async def test_an_invited_tenant_is_found_by_the_next_sync(context, there, worker, rows):
    order = an_order(new_account=contoso(domain=None), existing_tenant=True)
    await provision_account(context, order)
    tenant = {"id": "11111111-2222-4333-8444-555555555555", "companyName": "Contoso", "domain": order.domain}
    await there.add(tenant)

    await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    await worker.work()

    (place,) = await rows("select mapping from provider_accounts")
    assert place.mapping == "AUTO"
    (agreement,) = await rows("select status_reason, origin, template_id from agreements")
    assert (agreement.status_reason, agreement.origin) == ("PENDING", "SYNC")
    assert str(CUSTOMER_AGREEMENT).replace("-", "") == str(agreement.template_id).replace("-", "")
