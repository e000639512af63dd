"""Queries as portals ask them: the right rows, in few statements, from what is stored."""

from datetime import date

import pytest
from support.api import Api, gid, gid_of, nodes
from support.factories import (
    ADA,
    NOWHERE,
    SIGNED,
    a_template,
    an_account,
    an_agreement,
)

from models import (
    Account,
    Address,
    Agreement,
    AgreementOrigin,
    AgreementTag,
    BillingContract,
    BillingFrequency,
    BillingPolicy,
    Contact,
)
from resolvers.context import Context

pytestmark = pytest.mark.parametrize("api", [True, False], ids=["plans", "core"], indirect=True)

PAGE = """
query ($accounts: Int!) {
  accounts(first: $accounts) { edges { node {
    name status domain country
    agreements(first: 5) { edges { node {
      number name status statusReason executedOn createdOn description origin
      template { name version }
      provider { name }
      billingContracts(first: 3) { edges { node { name } } }
    } } }
  } } }
}
"""
STATEMENTS_OF_THE_PAGE = {False: 5, True: 3}
"""Accounts, agreements, and of those the templates, the providers and the billing contracts; the compiler
joins templates and providers to the agreements."""


async def fill(context: Context, accounts: int) -> None:
    """Accounts with an agreement each, tagged on a contract each; in one transaction, to be quick."""
    template = await a_template(context)
    tags: list[AgreementTag] = []
    async with context.unit_of_work() as uow:
        for serial in await uow.agreements.take_serials(accounts):
            account = Account(name=f"Account {serial:04}")
            agreement = Agreement.pending(
                serial=serial,
                account=account,
                template=template,
                provider_account=None,
                origin=AgreementOrigin.MANUAL,
            )
            contract = BillingContract(
                name="Support",
                account_id=account.id,
                billing_frequency=BillingFrequency.MONTHLY,
                billing_policy=BillingPolicy.ARREARS,
                start_on=date(2026, 1, 1),
                currency="EUR",
            )
            tags.append(
                AgreementTag(
                    billing_contract_id=contract.id,
                    agreement_id=agreement.id,
                    account_id=account.id,
                    tagged_at=uow.now,
                    tagged_by="local",
                )
            )
            uow.add(account, agreement, contract)
        await uow.flush()
        uow.add(*tags)
        await uow.commit()


async def test_a_page_takes_as_many_statements_for_one_account_as_for_200(api: Api, context: Context) -> None:
    await fill(context, 200)

    one = await api.data(PAGE, accounts=1)
    of_one = [each for each in api.statements if each.startswith("SELECT")]
    many = await api.data(PAGE, accounts=200)
    of_many = [each for each in api.statements if each.startswith("SELECT")]

    assert len(of_one) == len(of_many) == STATEMENTS_OF_THE_PAGE[api.services.settings.compiler]
    assert len(one["accounts"]["edges"]) == 1
    assert len(many["accounts"]["edges"]) == 200
    [agreement] = nodes(many["accounts"]["edges"][199]["node"]["agreements"])
    assert agreement["provider"] == {"name": "Manual Provider"}
    assert agreement["template"]["version"] == "1"
    assert nodes(agreement["billingContracts"], "name") == ["Support"]


async def test_a_total_is_counted_only_when_it_is_selected(api: Api, context: Context) -> None:
    await an_account(context)

    await api.data("{ accounts { edges { node { name } } } }")
    assert not any("count(" in each.lower() for each in api.statements)

    data = await api.data("{ accounts(first: 0) { totalCount } }")
    assert data["accounts"]["totalCount"] == 1
    assert len([each for each in api.statements if "count(" in each.lower()]) == 1


async def test_what_exists_from_the_start_is_there(api: Api) -> None:
    data = await api.data(
        """{ providers { edges { node { name kind connector role status lastSyncedAt
               capabilities { customerSync customerCreation agreementConfirmation agreementSync } } } }
             viewer { name roles permissions } }"""
    )

    names = nodes(data["providers"], "name")
    assert names == ["Manual Provider", "Microsoft Partner Center"]
    assert [all(each.values()) for each in nodes(data["providers"], "capabilities")] == [False, True]
    assert data["viewer"] == {"name": "local", "roles": ["SYSTEM_ADMIN"], "permissions": []}


async def test_every_field_of_an_account_is_served(api: Api, context: Context) -> None:
    account = await an_account(
        context,
        name="Contoso",
        primary_contact=ADA,
        contacts=[Contact("Grace", "Hopper", "grace@contoso.example")],
        domain="Contoso.example",
        address=Address("1 Main Street", None, "Berlin", None, "10115", "de"),
        organization_registration_number="HRB 1",
        external_ref="crm-1",
    )

    data = await api.data(
        """query ($id: ID!) { account(id: $id) { id name status domain country externalRef
             organizationRegistrationNumber revision createdBy updatedBy
             primaryContact { firstName lastName email phone }
             address { line1 line2 city region postalCode country }
             contacts { edges { node { contact { firstName phone } } } }
             createdAt updatedAt } }""",
        id=gid(account),
    )

    served = data["account"]
    assert served.pop("createdAt") == served.pop("updatedAt")
    assert served == {
        "id": gid(account),
        "name": "Contoso",
        "status": "ACTIVE",
        "domain": "contoso.example",
        "country": "DE",
        "externalRef": "crm-1",
        "organizationRegistrationNumber": "HRB 1",
        "revision": 1,
        "createdBy": "local",
        "updatedBy": "local",
        "primaryContact": {
            "firstName": "Ada",
            "lastName": "Lovelace",
            "email": "ada@contoso.example",
            "phone": "+44 20 7946 0000",
        },
        "address": {
            "line1": "1 Main Street",
            "line2": None,
            "city": "Berlin",
            "region": None,
            "postalCode": "10115",
            "country": "DE",
        },
        "contacts": {"edges": [{"node": {"contact": {"firstName": "Grace", "phone": None}}}]},
    }


async def test_an_agreement_shows_its_signature_and_its_acceptances(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)

    data = await api.data(
        """query ($id: ID!) { agreement(id: $id) { number status statusReason executedOn createdOn
             signedBy { email } origin syncState acceptanceRequest { url } providerAccount { id }
             templateVersion deactivatedOn
             acceptances { totalCount edges { node { path agreedOn recordedBy templateVersion voided
               contact { lastName } } } } } }""",
        id=gid(agreement),
    )

    assert data["agreement"] == {
        "number": agreement.number,
        "status": "ACTIVE",
        "statusReason": "ACCEPTED",
        "executedOn": "2026-01-15",
        "createdOn": None,
        "signedBy": {"email": ADA.email},
        "origin": "MANUAL",
        "syncState": "NOT_APPLICABLE",
        "acceptanceRequest": None,
        "providerAccount": None,
        "templateVersion": "1",
        "deactivatedOn": None,
        "acceptances": {
            "totalCount": 1,
            "edges": [
                {
                    "node": {
                        "path": "RECORDED_BY_HAND",
                        "agreedOn": "2026-01-15",
                        "recordedBy": "local",
                        "templateVersion": "1",
                        "voided": False,
                        "contact": {"lastName": "Lovelace"},
                    }
                }
            ],
        },
    }


async def test_instants_are_utc_with_a_z_and_dates_are_days(api: Api, context: Context) -> None:
    account = await an_account(context)

    data = await api.data("query ($id: ID!) { account(id: $id) { createdAt } }", id=gid(account))

    assert data["account"]["createdAt"] == account.created_at.isoformat().replace("+00:00", "Z")


async def test_a_date_has_one_form(api: Api) -> None:
    query = "query ($on: Date) { agreements(filter: {executedFrom: $on}) { totalCount } }"

    for written in ("20260115", "2026-W03-4", "2026-02-30", "15.01.2026", "2026-0\u0661-15", 2026):
        assert await api.code(query, on=written) == "BAD_USER_INPUT", written


async def test_nodes_are_found_by_their_ids_in_order(api: Api, context: Context) -> None:
    account = await an_account(context, name="Contoso")
    agreement = await an_agreement(context, account_id=account.id)
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) {
        id __typename ... on Account { name } ... on Agreement { number } } }"""

    data = await api.data(query, ids=[gid(agreement), gid_of("Account", NOWHERE), gid(account)])

    assert data["nodes"] == [
        {"id": gid(agreement), "__typename": "Agreement", "number": agreement.number},
        None,
        {"id": gid(account), "__typename": "Account", "name": "Contoso"},
    ]


async def test_what_does_not_exist_is_null_and_what_is_no_id_is_an_error(api: Api) -> None:
    for type_name in (
        "Account",
        "Agreement",
        "AgreementTemplate",
        "BillingContract",
        "Provider",
        "ProviderAccount",
        "Job",
    ):
        field = type_name[0].lower() + type_name[1:]
        query = f"query ($id: ID!) {{ {field}(id: $id) {{ id status }} }}"

        assert await api.data(query, id=gid_of(type_name, NOWHERE)) == {field: None}
        assert await api.code(query, id="nonsense") == "BAD_ID"
        assert await api.code(query, id=gid_of("Acceptance", NOWHERE)) == "BAD_ID"
