"""Lists as portals ask for them: filtered, searched, ordered, page by page; and a template's coverage."""

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

from models import Agreement
from resolvers.agreements import accept_agreement, deactivate_agreement
from resolvers.context import Context
from resolvers.tags import tag_agreement

pytestmark = pytest.mark.parametrize("api", [True, False], ids=["plans", "core"], indirect=True)

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


@pytest.mark.parametrize("written", ['executedFrom: "2026-02-30"', "executedTo: 5"])
async def test_a_wrong_day_is_told_with_its_place(api: Api, written: str) -> None:
    query = f"{{ agreements(filter: {{{written}}}) {{ totalCount }} }}"
    [error] = (await api.ask(query))["errors"]

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "written YYYY-MM-DD" in error["message"]
    assert error["locations"] == [{"line": 1, "column": query.index(written.partition(": ")[2]) + 1}]
