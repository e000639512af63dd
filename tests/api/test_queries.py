"""Queries as portals ask them: the right rows, in few statements, from what is stored."""

from datetime import date

import pytest
from support.api import Api, gid, gid_of, nodes
from support.factories import (
    ADA,
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    SIGNED,
    a_contract,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
    make_inactive,
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
from resolvers.agreements import accept_agreement, deactivate_agreement
from resolvers.context import Context
from resolvers.tags import tag_agreement

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
STATEMENTS_OF_THE_PAGE = 5
"""Accounts, their agreements, and of those the templates, the providers and the billing contracts."""


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


async def test_a_page_takes_five_statements_for_one_account_and_for_200(api: Api, context: Context) -> None:
    await fill(context, 200)

    one = await api.data(PAGE, accounts=1)
    of_one = [each for each in api.statements if each.startswith("SELECT")]
    many = await api.data(PAGE, accounts=200)
    of_many = [each for each in api.statements if each.startswith("SELECT")]

    assert len(of_one) == len(of_many) == STATEMENTS_OF_THE_PAGE
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


AGREEMENTS = """query ($filter: AgreementFilter, $orderBy: [AgreementOrder!]) {
    agreements(filter: $filter, orderBy: $orderBy) { totalCount edges { node { name } } } }"""


async def found(api: Api, **conditions: object) -> set[str]:
    """Names of the agreements under a filter; count and page must agree."""
    data = (await api.data(AGREEMENTS, filter=conditions))["agreements"]
    assert data["totalCount"] == len(data["edges"])
    return set(nodes(data, "name"))


@pytest.fixture
async def three(context: Context) -> dict[str, Agreement]:
    """Pending, accepted and ended: of three accounts, the accepted one tagged on a contract."""
    template = await a_template(context)
    accounts = [await an_account(context, name=name) for name in ("Ångström AB", "Contoso Ltd", "Tailspin")]
    made = {
        name: await an_agreement(context, account_id=account.id, template_id=template.id, name=name, **signed)
        for name, account, signed in zip(
            ("pending", "accepted", "ended"), accounts, ({}, SIGNED, SIGNED), strict=True
        )
    }
    await deactivate_agreement(context, made["ended"].id, reason="They left.")
    return made


async def test_agreements_are_filtered_by_what_a_person_asks_for(
    api: Api, context: Context, three: dict[str, Agreement]
) -> None:
    pending, accepted = three["pending"], three["accepted"]
    contract = await a_contract(context, accepted.account_id)
    await tag_agreement(context, agreement_id=accepted.id, billing_contract_id=contract.id)

    assert await found(api) == {"pending", "accepted", "ended"}
    assert await found(api, status="ACTIVE") == {"pending", "accepted"}
    assert await found(api, statusReason="DEACTIVATED") == {"ended"}
    assert await found(api, accountId=gid_of("Account", pending.account_id)) == {"pending"}
    assert await found(api, providerId=gid_of("Provider", PARTNER_CENTER)) == set()
    assert len(await found(api, providerId=gid_of("Provider", MANUAL_PROVIDER))) == 3
    assert len(await found(api, agreementTemplateId=gid_of("AgreementTemplate", accepted.template_id))) == 3
    assert await found(api, origin="SYNC") == set()
    assert len(await found(api, syncState="NOT_APPLICABLE")) == 3
    assert await found(api, executedFrom="2026-01-15", executedTo="2026-01-15") == {"accepted", "ended"}
    assert await found(api, executedFrom="2026-01-16") == set()
    assert await found(api, awaitingSignature=True) == {"pending"}
    assert await found(api, awaitingSignature=False) == {"accepted", "ended"}
    assert await found(api, missingSigner=True) == {"pending"}
    assert await found(api, missingSigner=False) == {"accepted", "ended"}
    assert await found(api, taggedOn=gid(contract)) == {"accepted"}
    assert await found(api, notTaggedOn=gid(contract)) == {"pending", "ended"}
    assert await found(api, status="ACTIVE", missingSigner=False) == {"accepted"}


async def test_a_search_finds_beginnings_of_words_of_account_agreement_and_number(
    api: Api, three: dict[str, Agreement]
) -> None:
    assert await found(api, search="cont") == {"accepted"}
    assert await found(api, search="CONTOSO l") == {"accepted"}
    assert await found(api, search="ontoso") == set()
    assert await found(api, search="a\u030angstro\u0308m") == {"pending"}
    assert await found(api, search=f"tail {three['ended'].number}") == {"ended"}
    assert await found(api, search=" – ") == {"pending", "accepted", "ended"}  # noqa: RUF001  # no letter in it


@pytest.mark.parametrize(
    ("field", "first", "last"), [("NAME", "a", "c"), ("NUMBER", "b", "c"), ("EXECUTED_ON", "c", "b")]
)
async def test_agreements_are_ordered_and_the_undated_come_last(
    api: Api, context: Context, field: str, first: str, last: str
) -> None:
    template = await a_template(context)
    for name, executed_on in (("b", None), ("a", date(2026, 2, 1)), ("c", date(2026, 1, 1))):
        await an_agreement(context, template_id=template.id, name=name, executed_on=executed_on)

    up = await api.data(AGREEMENTS, orderBy=[{"field": field}])
    down = await api.data(AGREEMENTS, orderBy=[{"field": field, "direction": "DESC"}])

    names = nodes(up["agreements"], "name")
    assert (names[0], names[-1]) == (first, last)
    assert nodes(down["agreements"], "name") == names[::-1]


async def test_pages_follow_each_other_by_cursor(api: Api, context: Context) -> None:
    for name in "edcba":
        await an_account(context, name=name)
    query = """query ($after: String) { accounts(first: 2, after: $after, orderBy: [{field: NAME}]) {
        edges { node { name } } pageInfo { hasNextPage endCursor } } }"""

    read: list[str] = []
    after, more = None, True
    while more:
        page = (await api.data(query, after=after))["accounts"]
        read += nodes(page, "name")
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert read == list("abcde")
    assert await api.code(query, after="nonsense") == "BAD_CURSOR"
    assert await api.code("{ accounts(first: 201) { totalCount edges { cursor } } }") == "PAGE_TOO_LARGE"


async def test_accounts_templates_contracts_and_provider_accounts_are_filtered(
    api: Api, context: Context
) -> None:
    account = await an_account(context, name="Contoso", domain="contoso.example", external_ref="crm-77")
    await make_inactive(context, await an_account(context, name="Fabrikam"))
    contract = await a_contract(context, account.id, name="Support")
    mapped = await a_provider_account(context, PARTNER_CENTER, account.id, provider_name="Contoso GmbH")
    await a_provider_account(context, PARTNER_CENTER, provider_name="Stray", domain="stray.example")
    await make_inactive(context, mapped)

    async def names(field: str, shown: str, **conditions: object) -> list[str]:
        title = field[0].upper() + field[1:-1]
        query = f"""query ($filter: {title}Filter) {{ {field}(filter: $filter, orderBy: [{{field: NAME}}]) {{
            edges {{ node {{ {shown} }} }} }} }}"""
        return nodes((await api.data(query, filter=conditions))[field], shown)

    assert await names("accounts", "name", status="INACTIVE") == ["Fabrikam"]
    assert await names("accounts", "name", search="crm 77") == ["Contoso"]
    assert await names("accounts", "name", search="contoso.ex") == ["Contoso"]
    assert await names("billingContracts", "name", accountId=gid(account)) == ["Support"]
    assert await names("billingContracts", "name", status="INACTIVE") == []
    assert await names("billingContracts", "name", search="supp") == [contract.name]
    assert await names("agreementTemplates", "name", status="ACTIVE") == ["Microsoft Customer Agreement"]
    assert await names("agreementTemplates", "name", search="cloud") == ["Microsoft Cloud Agreement"]
    assert await names("agreementTemplates", "name", providerId=gid_of("Provider", MANUAL_PROVIDER)) == []
    assert await names("providerAccounts", "providerName", mapped=False) == ["Stray"]
    assert await names("providerAccounts", "providerName", mapped=True) == ["Contoso GmbH"]
    assert await names("providerAccounts", "providerName", status="ACTIVE") == ["Stray"]
    assert await names("providerAccounts", "providerName", accountId=gid(account)) == ["Contoso GmbH"]
    assert await names("providerAccounts", "providerName", search="str") == ["Stray"]


COVERAGE = """query ($template: ID!, $states: [CoverageState!], $first: Int, $after: String) {
    agreementCoverage(agreementTemplateId: $template, states: $states, first: $first, after: $after) {
      totalCount pageInfo { endCursor hasNextPage }
      edges { node {
        state account { name } providerAccount { providerName } agreement { statusReason } } } } }"""


async def test_coverage_tells_which_customers_lack_an_agreement(api: Api, context: Context) -> None:
    template = gid_of("AgreementTemplate", CUSTOMER_AGREEMENT)
    for name, reason in (("A", "NONE"), ("B", "PENDING"), ("C", "ACCEPTED"), ("D", "INACTIVE")):
        account = await an_account(context, name=name)
        if reason == "NONE":
            continue
        await a_provider_account(context, PARTNER_CENTER, account.id, provider_name=f"{name} at Microsoft")
        agreement = await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT)
        if reason == "ACCEPTED":
            await accept_agreement(context, agreement.id, signed_by=ADA)
        if reason == "INACTIVE":
            await deactivate_agreement(context, agreement.id)
    await a_provider_account(context, PARTNER_CENTER, provider_name="E at Microsoft")

    data = (await api.data(COVERAGE, template=template))["agreementCoverage"]

    assert nodes(data, "state") == ["NONE", "PENDING", "ACCEPTED", "INACTIVE", "UNMAPPED"]
    assert data["totalCount"] == 5
    assert nodes(data)[2] == {
        "state": "ACCEPTED",
        "account": {"name": "C"},
        "providerAccount": {"providerName": "C at Microsoft"},
        "agreement": {"statusReason": "ACCEPTED"},
    }
    lacking = (await api.data(COVERAGE, template=template, states=["NONE", "UNMAPPED"]))["agreementCoverage"]
    assert nodes(lacking, "state") == ["NONE", "UNMAPPED"]
    first = (await api.data(COVERAGE, template=template, first=4))["agreementCoverage"]
    after = first["pageInfo"]["endCursor"]
    rest = (await api.data(COVERAGE, template=template, first=4, after=after))["agreementCoverage"]
    assert nodes(first, "state") + nodes(rest, "state") == nodes(data, "state")
    assert await api.code(COVERAGE, template=gid_of("Account", NOWHERE)) == "BAD_ID"
