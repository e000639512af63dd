"""Asks for what the product is for, as clients do over GraphQL; each function for one request."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from support.api import Api, gid_of, nodes
from support.factories import CUSTOMER_AGREEMENT, MANUAL_PROVIDER, PARTNER_CENTER
from support.partner_center import connection_of
from support.simulator import SimulatedPartner, Simulator

from providers.partner_center import ConfirmationMode

TODAY = datetime.now(UTC).date()
YESTERDAY = str(TODAY - timedelta(days=1))
ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@contoso.com", "phone": "+1 425 555 0100"}
SIGNATURE = {"signedBy": ADA, "executedOn": YESTERDAY}
CONTOSO = {
    "name": "Contoso Ltd",
    "primaryContact": ADA,
    "domain": "contoso.com",
    "address": {"line1": "1 Way", "city": "Redmond", "region": "WA", "postalCode": "98052", "country": "US"},
}
MICROSOFT = gid_of("Provider", PARTNER_CENTER)
MANUAL = gid_of("Provider", MANUAL_PROVIDER)
CUSTOMER_TERMS = gid_of("AgreementTemplate", CUSTOMER_AGREEMENT)


async def connect(api: Api, simulator: Simulator, partner: SimulatedPartner, mode: ConfirmationMode) -> None:
    connection = connection_of(partner, simulator, confirmation=mode, requests_per_minute=0)
    await api.services.providers.put(PARTNER_CENTER, connection)


async def an_account(api: Api, name: str = "Contoso Ltd", **values: Any) -> str:
    made = await api.done("createAccount", "account { id }", name=name, **values)
    return made["account"]["id"]


async def terms_of(api: Api, provider: str, name: str = "Frame contract") -> str:
    number = str(uuid4())
    made = await api.done(
        "createAgreementTemplate",
        "agreementTemplate { id }",
        providerId=provider,
        name=name,
        templateId=number,
    )
    return made["agreementTemplate"]["id"]


async def an_agreement(api: Api, account: str, template: str, **values: Any) -> dict[str, Any]:
    made = await api.done(
        "createAgreement",
        "agreement { id status statusReason account { name } provider { name } }",
        accountId=account,
        agreementTemplateId=template,
        **values,
    )
    return made["agreement"]


async def a_contract(api: Api, account: str) -> str:
    made = await api.done(
        "createBillingContract",
        "billingContract { id }",
        accountId=account,
        name="Support",
        billingFrequency="MONTHLY",
        billingPolicy="ARREARS",
        startOn="2026-01-01",
        currency="EUR",
    )
    return made["billingContract"]["id"]


async def agreements(api: Api, **conditions: Any) -> list[dict[str, Any]]:
    query = """query ($filter: AgreementFilter) { agreements(filter: $filter) { edges { node {
        id number status statusReason origin executedOn createdOn syncState acceptanceRequest { url status }
        signedBy { firstName lastName email phone } account { id name } template { name }
        providerAccount { providerName }
        acceptances { edges { node { path agreedOn contact { email } } } } } } } }"""
    return nodes((await api.data(query, filter=conditions))["agreements"])


async def sync(api: Api) -> dict[str, Any]:
    selection = "job { status created updated error items { edges { node { outcome reason } } } }"
    payload = await api.done("syncProviderAccounts", selection, providerId=MICROSOFT, waitSeconds=20)
    assert payload["job"]["status"] == "SUCCEEDED", payload
    return payload["job"]


async def provision(api: Api, **values: Any) -> dict[str, Any]:
    """Take Contoso on at Partner Center, and wait until the work is done."""
    return await api.done(
        "provisionAccount",
        """agreement { id statusReason executedOn syncState origin } providerAccount { providerSpecificId }
           account { id } job { status error } credentials { userName password } invitationUrl""",
        newAccount=CONTOSO,
        providerId=MICROSOFT,
        agreementTemplateId=CUSTOMER_TERMS,
        executedOn=YESTERDAY,
        domain="contoso.onmicrosoft.com",
        waitSeconds=20,
        **values,
    )


async def bulk(api: Api) -> dict[str, Any]:
    payload = await api.done(
        "bulkCreateCustomerAgreements", "job { status considered created unchanged }", waitSeconds=20
    )
    assert payload["job"]["status"] == "SUCCEEDED"
    return payload["job"]


async def a_tenant(api: Api, account: str, name: str) -> None:
    """Enter a customer's tenant in a way that makes no agreement for it."""
    await api.done(
        "createProviderAccount",
        "providerAccount { id }",
        providerId=MICROSOFT,
        providerSpecificId=str(uuid4()),
        providerName=name,
        accountId=account,
        syncEnabled=False,
    )
