"""What the product was founded to do, one test a fact, asked for as clients do."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.api import Api, an_api, gid_of, nodes
from support.asking import (
    ADA,
    CUSTOMER_TERMS,
    MANUAL,
    MICROSOFT,
    SIGNATURE,
    TODAY,
    YESTERDAY,
    a_contract,
    a_tenant,
    agreements,
    an_account,
    an_agreement,
    bulk,
    connect,
    provision,
    sync,
    terms_of,
)
from support.documents import PDF
from support.factories import CLOUD_AGREEMENT
from support.jobs import until
from support.simulator import SimulatedPartner, Simulator

from models import MICROSOFT_CUSTOMER_AGREEMENT_ID
from providers.partner_center import ConfirmationMode

TENANT = {"companyName": "Contoso at Microsoft", "domain": "contoso.com"}


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with an_api(database_url) as opened:
        yield opened


@pytest.fixture
async def direct(database_url: str, simulator: Simulator, partner: SimulatedPartner) -> AsyncIterator[Api]:
    """Open the application of a direct CSP: it does its jobs, and confirms agreements at Partner Center."""
    async with an_api(database_url, run_jobs=True) as opened:
        await connect(opened, simulator, partner, ConfirmationMode.LEGACY)
        yield opened


async def test_fact_01_an_agreement_is_kept_for_a_customer_account(api: Api) -> None:
    account = await an_account(api)

    await an_agreement(api, account, await terms_of(api, MANUAL))

    query = "query ($id: ID!) { account(id: $id) { agreements { edges { node { account { id } } } } } }"
    data = await api.data(query, id=account)
    assert nodes(data["account"]["agreements"]) == [{"account": {"id": account}}]


async def test_fact_02_agreements_come_from_partner_center_and_go_to_it(
    direct: Api, simulator: Simulator, partner: SimulatedPartner
) -> None:
    there, here = await an_account(direct, "There"), await an_account(direct, "Here")
    confirmed = {
        "templateId": MICROSOFT_CUSTOMER_AGREEMENT_ID,
        "primaryContact": {key: ADA[key] for key in ("firstName", "lastName", "email")},
        "dateAgreed": "2026-01-15T00:00:00Z",
    }
    await direct.done("updateAccount", "account { id }", accountId=there, domain="there.example")
    await direct.done("updateAccount", "account { id }", accountId=here, domain="here.example")
    ids = {name: str(uuid4()) for name in ("there", "here")}
    await simulator.add_customers(
        partner.tenant_id,
        [
            {
                "id": ids["there"],
                "companyName": "There",
                "domain": "there.example",
                "agreements": [confirmed],
            },
            {"id": ids["here"], "companyName": "Here", "domain": "here.example"},
        ],
    )

    await sync(direct)

    [pulled] = await agreements(direct, accountId=there)
    assert (pulled["statusReason"], pulled["executedOn"]) == ("ACCEPTED", "2026-01-15")
    [pending] = await agreements(direct, accountId=here)
    await direct.done("acceptAgreement", "agreement { id }", agreementId=pending["id"], **SIGNATURE)

    async def told() -> bool:
        return [each["syncState"] for each in await agreements(direct, accountId=here)] == ["IN_SYNC"]

    await until(told)
    customers = {each["id"]: each for each in await simulator.customers(partner.tenant_id)}
    [pushed] = customers[ids["here"]]["agreements"]
    assert pushed["primaryContact"]["email"] == ADA["email"]
    assert pushed["dateAgreed"].startswith(YESTERDAY)


async def test_fact_03_an_agreement_may_be_with_any_provider(api: Api) -> None:
    account = await an_account(api)
    for name, role, kind in (
        ("Distributor", "DISTRIBUTOR", "MANUAL"),
        ("Ourselves", "PARTNER", "MANUAL"),
        ("Cloud", "VENDOR", "AUTOMATIC"),
    ):
        connector = "REST" if kind == "AUTOMATIC" else "NONE"
        made = await api.done(
            "createProvider", "provider { id }", name=name, role=role, kind=kind, connector=connector
        )
        provider = made["provider"]["id"]
        if kind == "AUTOMATIC":
            place = {"providerId": provider, "providerSpecificId": "c-1", "providerName": "Contoso"}
            await api.done("createProviderAccount", "providerAccount { id }", accountId=account, **place)

        agreement = await an_agreement(api, account, await terms_of(api, provider))

        assert (agreement["status"], agreement["provider"]["name"]) == ("ACTIVE", name)


async def test_fact_04_an_account_is_provisioned_with_a_template_and_a_day_of_execution(direct: Api) -> None:
    payload = await provision(direct)

    [agreement] = await agreements(direct, accountId=payload["account"]["id"])
    assert agreement["template"] == {"name": "Microsoft Customer Agreement"}
    assert agreement["executedOn"] == YESTERDAY
    assert payload["credentials"]["password"]


async def test_fact_05_provisioning_makes_the_record_of_the_agreement_by_itself(direct: Api) -> None:
    assert await agreements(direct) == []

    payload = await provision(direct)

    [agreement] = await agreements(direct)
    assert agreement["id"] == payload["agreement"]["id"]
    assert (agreement["origin"], agreement["statusReason"]) == ("PROVISIONING", "ACCEPTED")


async def test_fact_06_the_agreement_is_made_at_partner_center_once_the_customer_is_there_and_read_back(
    direct: Api, simulator: Simulator, partner: SimulatedPartner
) -> None:
    payload = await provision(direct)

    calls = [(each["method"], each["path"].rsplit("/", 1)[-1]) for each in await simulator.requests()]
    created, confirmed = calls.index(("POST", "customers")), calls.index(("POST", "agreements"))
    assert created < confirmed
    assert ("GET", "agreements") in calls[confirmed:]
    [customer] = await simulator.customers(partner.tenant_id)
    assert payload["providerAccount"] == {"providerSpecificId": customer["id"]}
    assert (payload["agreement"]["statusReason"], payload["agreement"]["syncState"]) == (
        "ACCEPTED",
        "IN_SYNC",
    )


async def test_fact_07_the_signed_document_is_attached_to_the_agreement(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir(mode=0o700)
    async with an_api(database_url, documents_url=str(tmp_path / "documents")) as api:
        agreement = await an_agreement(api, await an_account(api), await terms_of(api, MANUAL), **SIGNATURE)

        payload = await api.attach("document { id }", PDF, "signed.pdf", agreementId=agreement["id"])

        assert payload["userErrors"] == []
        query = """query ($id: ID!) { agreement(id: $id) { statusReason documents { edges { node {
            id fileName contentType kind downloadUrl } } } } }"""
        data = (await api.data(query, id=agreement["id"]))["agreement"]
        [document] = nodes(data["documents"])
        assert document["id"] == payload["document"]["id"]
        assert (document["fileName"], document["kind"]) == ("signed.pdf", "SIGNED")
        assert (await api.http.get(document["downloadUrl"])).content == PDF


async def test_fact_08_agreements_are_tagged_on_billing_contracts(api: Api) -> None:
    account = await an_account(api)
    contract = await a_contract(api, account)
    tagged = [await an_agreement(api, account, await terms_of(api, MANUAL)) for _ in range(2)]

    for agreement in tagged:
        ends = {"agreementId": agreement["id"], "billingContractId": contract}
        await api.done("tagAgreement", "agreement { id }", **ends)

    query = "query ($id: ID!) { billingContract(id: $id) { agreements { edges { node { id } } } } }"
    found = nodes((await api.data(query, id=contract))["billingContract"]["agreements"], "id")
    assert sorted(found) == sorted(each["id"] for each in tagged)


async def test_fact_09_to_tag_is_to_search_the_customers_name_and_to_pick_an_agreement(api: Api) -> None:
    template = await terms_of(api, MANUAL)
    contoso, fabrikam = await an_account(api, "Contoso Ltd"), await an_account(api, "Fabrikam")
    mine = await an_agreement(api, contoso, template)
    await an_agreement(api, fabrikam, template)
    contract = await a_contract(api, contoso)

    [picked] = await agreements(api, search="conto", notTaggedOn=contract)
    await api.done("tagAgreement", "agreement { id }", agreementId=picked["id"], billingContractId=contract)

    assert picked["id"] == mine["id"]
    assert await agreements(api, search="conto", notTaggedOn=contract) == []
    assert [each["id"] for each in await agreements(api, taggedOn=contract)] == [mine["id"]]


async def test_fact_10_deactivating_makes_an_active_agreement_inactive(api: Api) -> None:
    agreement = await an_agreement(api, await an_account(api), await terms_of(api, MANUAL), **SIGNATURE)
    assert agreement["status"] == "ACTIVE"

    await api.done("deactivateAgreement", "changed", agreementId=agreement["id"])

    [ended] = await agreements(api)
    assert (ended["status"], ended["statusReason"]) == ("INACTIVE", "DEACTIVATED")


async def test_fact_11_there_is_no_agreement_without_a_template(api: Api) -> None:
    account = await an_account(api)

    absent = await api.code(
        """mutation ($id: ID!) { createAgreement(input: {accountId: $id}) { agreement { id } } }""",
        id=account,
    )
    unknown = await api.refusal("createAgreement", accountId=account, agreementTemplateId="none")
    unchosen = await api.refusal(
        "provisionAccount",
        accountId=account,
        providerId=MICROSOFT,
        agreementTemplateId="",
        executedOn=YESTERDAY,
    )

    assert absent == "GRAPHQL_VALIDATION_FAILED"
    assert unknown == ("NOT_FOUND", ["agreementTemplateId"])
    assert unchosen == ("TEMPLATE_REQUIRED", ["agreementTemplateId"])
    assert await agreements(api) == []


async def test_fact_12_both_microsoft_templates_are_there_from_the_start(api: Api) -> None:
    query = "{ agreementTemplates { edges { node { id kind isDefault provider { name } } } } }"

    found = {each.pop("id"): each for each in nodes((await api.data(query))["agreementTemplates"])}

    center = {"isDefault": True, "provider": {"name": "Microsoft Partner Center"}}
    assert found == {
        CUSTOMER_TERMS: {"kind": "MICROSOFT_CUSTOMER_AGREEMENT", **center},
        gid_of("AgreementTemplate", CLOUD_AGREEMENT): {"kind": "MICROSOFT_CLOUD_AGREEMENT", **center},
    }


async def test_fact_13_users_make_the_templates_of_manual_and_partner_providers(api: Api) -> None:
    made = await api.done(
        "createProvider", "provider { id }", name="Ourselves", role="PARTNER", kind="MANUAL"
    )
    for provider in (MANUAL, made["provider"]["id"]):
        template = await terms_of(api, provider, "Our terms")
        query = "query ($id: ID!) { agreementTemplate(id: $id) { kind status isDefault provider { id } } }"
        assert (await api.data(query, id=template))["agreementTemplate"] == {
            "kind": "CUSTOM",
            "status": "ACTIVE",
            "isDefault": False,
            "provider": {"id": provider},
        }


async def test_fact_14_while_a_template_is_active_a_sync_makes_its_agreements(
    direct: Api, simulator: Simulator, partner: SimulatedPartner
) -> None:
    await an_account(direct, domain="contoso.com")
    await simulator.add_customers(partner.tenant_id, [{"id": str(uuid4()), **TENANT}])
    template = {"agreementTemplateId": CUSTOMER_TERMS}
    await direct.done("setAgreementTemplateStatus", "changed", status="INACTIVE", **template)

    await sync(direct)
    without = await agreements(direct)
    await direct.done("setAgreementTemplateStatus", "changed", status="ACTIVE", **template)
    await sync(direct)
    await sync(direct)

    assert without == []
    [agreement] = await agreements(direct)
    assert agreement["template"] == {"name": "Microsoft Customer Agreement"}
    assert agreement["providerAccount"] == {"providerName": "Contoso at Microsoft"}
    assert agreement["origin"] == "SYNC"


async def test_fact_15_what_a_sync_makes_is_pending(
    direct: Api, simulator: Simulator, partner: SimulatedPartner
) -> None:
    await an_account(direct, domain="contoso.com")
    await simulator.add_customers(partner.tenant_id, [{"id": str(uuid4()), **TENANT}])

    await sync(direct)

    [agreement] = await agreements(direct)
    assert (agreement["status"], agreement["statusReason"]) == ("ACTIVE", "PENDING")
    assert agreement["acceptances"] == {"edges": []}


async def test_fact_16_it_is_the_customer_who_accepts(
    direct: Api, simulator: Simulator, partner: SimulatedPartner
) -> None:
    await connect(direct, simulator, partner, ConfirmationMode.CUSTOMER)

    payload = await provision(direct)
    [waiting] = await agreements(direct)
    await simulator.accept(payload["providerAccount"]["providerSpecificId"])
    refreshed = await direct.done("refreshAgreement", "changed", agreementId=waiting["id"])

    assert refreshed["changed"]
    assert (waiting["statusReason"], waiting["syncState"]) == ("PENDING", "AWAITING_CUSTOMER")
    assert waiting["acceptanceRequest"]["status"] == "OPEN"
    assert waiting["acceptanceRequest"]["url"].startswith(simulator.url)
    [accepted] = await agreements(direct)
    assert (accepted["statusReason"], accepted["executedOn"]) == ("ACCEPTED", str(TODAY))
    [acceptance] = nodes(accepted["acceptances"])
    assert acceptance["agreedOn"] == str(TODAY)


async def test_fact_17_agreements_are_made_in_bulk_when_somebody_asks_for_it(direct: Api) -> None:
    account = await an_account(direct)
    await a_tenant(direct, account, "Contoso")
    assert await agreements(direct) == []

    job = await bulk(direct)

    assert job["created"] == 1
    [agreement] = await agreements(direct, accountId=account)
    assert (agreement["origin"], agreement["template"]["name"]) == ("BULK", "Microsoft Customer Agreement")


async def test_fact_18_a_bulk_makes_them_only_where_none_is_in_place(direct: Api) -> None:
    has, lacks = await an_account(direct, "Has"), await an_account(direct, "Lacks")
    await a_tenant(direct, has, "Has")
    await a_tenant(direct, lacks, "Lacks")
    own = await an_agreement(direct, has, CUSTOMER_TERMS)

    first, second = await bulk(direct), await bulk(direct)

    assert (first["considered"], first["created"], second["created"]) == (2, 1, 0)
    assert [each["id"] for each in await agreements(direct, accountId=has)] == [own["id"]]
    assert len(await agreements(direct, accountId=lacks)) == 1


async def test_fact_19_in_bulk_signer_and_day_of_creation_stay_empty(direct: Api) -> None:
    await a_tenant(direct, await an_account(direct, primaryContact=ADA), "Contoso")

    await bulk(direct)

    [agreement] = await agreements(direct, missingSigner=True)
    assert (agreement["signedBy"], agreement["createdOn"], agreement["executedOn"]) == (None, None, None)


async def test_fact_20_and_are_filled_in_by_hand_later(direct: Api) -> None:
    await a_tenant(direct, await an_account(direct), "Contoso")
    await bulk(direct)
    [empty] = await agreements(direct)

    filled = {"signedBy": ADA, "createdOn": "2026-01-10"}
    await direct.done("updateAgreement", "agreement { id }", agreementId=empty["id"], **filled)

    [agreement] = await agreements(direct)
    assert (agreement["signedBy"], agreement["createdOn"]) == (ADA, "2026-01-10")
    assert agreement["statusReason"] == "PENDING"
