"""Everything that can stand against a provisioning is said before anything is done, here or there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from support.factories import (
    ADA,
    CLOUD_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    make_inactive,
)
from support.orders import REDMOND, TODAY, an_order, contoso

from models import Address, Base, Contact, DomainError, ErrorCode, ProviderCapabilities, ProviderStatus
from resolvers.errors import Refusals
from resolvers.providers import set_provider_status
from resolvers.provisioning import AlreadyProvisioned, provision_account

READS = {"GET", "HEAD"}
CHECKS = {"/v1/validations/address"}


@pytest.fixture
def refused(context, database, there):
    """Expect the order to be refused with this code and field, and nothing to be written here or there."""

    async def everything():
        async with database.reads.connect() as connection:
            return {
                name: (await connection.execute(select(table))).all()
                for name, table in Base.metadata.tables.items()
            }

    async def check(order, code, *field, entity=None, wait_seconds=0):
        before = await everything()
        with pytest.raises(DomainError) as refusal:
            await provision_account(context, order, wait_seconds=wait_seconds, idempotency_key="k-1")
        error = refusal.value
        assert (error.code, error.field, error.entity) == (code, field, entity), error.message
        assert await everything() == before
        for call in await there.requests():
            assert call["method"] in READS or call["path"] in CHECKS or "/oauth2/" in call["path"]
        return error

    return check


async def test_either_an_account_or_a_new_one_is_needed(refused, context):
    account = await an_account(context)
    await refused(an_order(new_account=None), ErrorCode.INVALID, "accountId")
    both = an_order(account_id=account.id, new_account=contoso())
    await refused(both, ErrorCode.INVALID, "accountId")


@pytest.mark.parametrize("seconds", [-1, 21])
async def test_the_wait_is_bounded(refused, seconds):
    await refused(an_order(), ErrorCode.INVALID, "waitSeconds", wait_seconds=seconds)


async def test_what_the_caller_names_must_exist(refused):
    await refused(an_order(account_id=NOWHERE), ErrorCode.NOT_FOUND, "accountId")
    await refused(an_order(provider_id=NOWHERE), ErrorCode.NOT_FOUND, "providerId")
    await refused(an_order(template_id=NOWHERE), ErrorCode.NOT_FOUND, "agreementTemplateId")


async def test_a_template_is_required(refused):
    await refused(an_order(template_id=None), ErrorCode.TEMPLATE_REQUIRED, "agreementTemplateId")


async def test_the_template_must_be_usable(refused, context):
    await refused(an_order(template_id=CLOUD_AGREEMENT), ErrorCode.TEMPLATE_INACTIVE, "agreementTemplateId")
    expired = await a_template(context, PARTNER_CENTER, effective_on=TODAY)
    async with context.unit_of_work() as uow:
        stored = await uow.templates.get(expired.id)
        stored.set_period(None, TODAY - timedelta(days=1))
        await uow.commit()
    await refused(an_order(template_id=expired.id), ErrorCode.TEMPLATE_EXPIRED, "agreementTemplateId")


async def test_the_template_must_be_the_providers(refused, context):
    foreign = await a_template(context, MANUAL_PROVIDER)
    order = an_order(template_id=foreign.id)
    await refused(order, ErrorCode.TEMPLATE_PROVIDER_MISMATCH, "agreementTemplateId")


async def test_provider_and_account_must_be_active(refused, context):
    account = await an_account(context, primary_contact=ADA, address=REDMOND)
    await make_inactive(context, account)
    await refused(an_order(account_id=account.id), ErrorCode.ACCOUNT_INACTIVE, "accountId")
    await set_provider_status(context, PARTNER_CENTER, ProviderStatus.INACTIVE)
    await refused(an_order(), ErrorCode.PROVIDER_INACTIVE, "providerId")


async def test_the_day_of_execution_is_required_and_not_in_the_future(refused):
    await refused(an_order(executed_on=None), ErrorCode.EXECUTED_ON_REQUIRED, "executedOn")
    tomorrow = TODAY + timedelta(days=2)
    await refused(an_order(executed_on=tomorrow), ErrorCode.EXECUTED_ON_IN_FUTURE, "executedOn")


async def test_somebody_must_have_signed(refused):
    order = an_order(new_account=contoso(primary_contact=None))
    await refused(order, ErrorCode.SIGNER_REQUIRED, "signedBy")
    bad = Contact("Ada", "Lovelace", "ada")
    await refused(an_order(signed_by=bad), ErrorCode.INVALID_EMAIL, "signedBy", "email")


async def test_the_provider_must_create_customers(refused, context):
    provider = await a_provider(
        context, automatic=True, capabilities=ProviderCapabilities(agreement_sync=True)
    )
    template = await a_template(context, provider.id)
    order = an_order(provider_id=provider.id, template_id=template.id)
    await refused(order, ErrorCode.CUSTOMER_CREATION_UNSUPPORTED, "providerId")
    by_hand = await a_template(context, MANUAL_PROVIDER)
    invited = an_order(provider_id=MANUAL_PROVIDER, template_id=by_hand.id, existing_tenant=True)
    await refused(invited, ErrorCode.CUSTOMER_CREATION_UNSUPPORTED, "existingTenant")


async def test_a_domain_that_a_provider_account_has_is_provisioned_already(refused, context):
    known = await a_provider_account(context, PARTNER_CENTER, domain="contoso.onmicrosoft.com")
    order = an_order(domain="Contoso.OnMicrosoft.com")
    error = await refused(order, ErrorCode.ALREADY_PROVISIONED, "domain", entity=known.id)
    assert isinstance(error, AlreadyProvisioned)
    assert (error.provider_account_id, error.job_id) == (known.id, None)


async def test_an_account_is_provisioned_once_at_a_time(refused, context):
    account = await an_account(context, primary_contact=ADA, address=REDMOND)
    running = await provision_account(context, an_order(account_id=account.id), wait_seconds=0)
    order = an_order(account_id=account.id, domain="contoso2.onmicrosoft.com")
    error = await refused(order, ErrorCode.ALREADY_PROVISIONED, "accountId", entity=running.job_id)
    assert isinstance(error, AlreadyProvisioned)
    assert error.job_id == running.job_id


async def test_a_domain_is_provisioned_once_at_a_time(refused, context):
    running = await provision_account(context, an_order(), wait_seconds=0)
    order = an_order(new_account=contoso(name="Another Contoso"))
    await refused(order, ErrorCode.ALREADY_PROVISIONED, "domain", entity=running.job_id)


async def test_a_domain_is_needed_and_must_be_free(refused, there):
    await refused(an_order(domain=None), ErrorCode.DOMAIN_REQUIRED, "domain")
    taken = {"id": str(uuid4()), "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await there.add(taken)
    await refused(an_order(), ErrorCode.DOMAIN_UNAVAILABLE, "domain")


async def test_an_address_is_needed_and_must_be_valid(refused, context):
    await refused(
        an_order(new_account=contoso(address=None)), ErrorCode.ADDRESS_REQUIRED, "newAccount", "address"
    )
    nowhere = Address("One Microsoft Way", None, "Redmond", "XX", "98052", "US")
    order = an_order(new_account=contoso(address=nowhere))
    await refused(order, ErrorCode.ADDRESS_INVALID, "newAccount", "address", "region")
    account = await an_account(context, primary_contact=ADA)
    await refused(an_order(account_id=account.id), ErrorCode.ADDRESS_REQUIRED, "accountId")


async def test_some_countries_need_a_registration_number_and_a_phone(refused):
    sao_paulo = Address("Avenida Paulista 1", None, "São Paulo", "SP", "01310-100", "BR")
    silent = Contact("Ana", "Silva", "ana@contoso.example")
    order = an_order(new_account=contoso(address=sao_paulo, primary_contact=silent))

    error = await refused(
        order, ErrorCode.REGISTRATION_NUMBER_REQUIRED, "newAccount", "organizationRegistrationNumber"
    )

    assert isinstance(error, Refusals)
    found = {each.code: each.field for each in error.refusals}
    assert found[ErrorCode.PHONE_REQUIRED] == ("newAccount", "primaryContact", "phone")
    wrong = contoso(address=sao_paulo, organization_registration_number="12")
    field = "newAccount", "organizationRegistrationNumber"
    await refused(an_order(new_account=wrong), ErrorCode.REGISTRATION_NUMBER_INVALID, *field)


async def test_a_manual_providers_agreement_exists_once(refused, context):
    template = await a_template(context, MANUAL_PROVIDER)
    account = await an_account(context, primary_contact=ADA)
    order = an_order(provider_id=MANUAL_PROVIDER, template_id=template.id, account_id=account.id)
    made = await provision_account(context, order)
    field = "agreementTemplateId"
    await refused(order, ErrorCode.AGREEMENT_ALREADY_EXISTS, field, entity=made.agreement_id)


async def test_a_provider_that_does_not_answer_the_checks_is_unavailable(refused, there):
    await there.fault("/v1/", {"kind": "status", "status": 503}, times=99)
    await refused(an_order(), ErrorCode.PROVIDER_UNAVAILABLE, "providerId")


async def test_a_provider_that_refuses_the_partner_says_why(refused, there, providers):
    await there.fault(
        "/oauth2/", {"kind": "status", "status": 401, "body": {"error": "invalid_client"}}, times=9
    )
    error = await refused(an_order(), ErrorCode.PROVIDER_REFUSED, "providerId")
    assert there.partner.client_secret not in error.message


async def test_a_provider_that_nobody_has_configured_says_so(refused, providers):
    providers.clients.clear()
    error = await refused(an_order(), ErrorCode.PROVIDER_REFUSED, "providerId")
    assert "configured" in error.message


async def test_an_order_can_be_given_once_nothing_stands_against_it(refused, provision, there):
    await there.fault("/v1/", {"kind": "status", "status": 503}, times=99)
    await refused(an_order(), ErrorCode.PROVIDER_UNAVAILABLE, "providerId")
    await there.clear_faults()

    result = await provision(key="k-1")

    assert result.refusal is None
