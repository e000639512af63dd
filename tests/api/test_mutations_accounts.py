"""Mutations on accounts, billing contracts and tags, and the shape that all mutations have."""

import pytest
from support.api import Api, gid, gid_of
from support.factories import NOWHERE, a_contract, an_account, an_agreement, make_inactive

from resolvers.context import Context

CONTACT = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@contoso.example"}
ADDRESS = {"line1": "1 Main Street", "city": "Berlin", "country": "de"}
CONTRACT = {
    "name": "Support",
    "billingFrequency": "MONTHLY",
    "billingPolicy": "ADVANCE",
    "startOn": "2026-01-01",
    "currency": "EUR",
}
ACCOUNT = """account { id name status domain country externalRef revision
    primaryContact { firstName email phone } address { line1 country } contacts { edges { node {
    contact { email } } } } }"""


async def test_an_account_is_created_with_what_is_known(api: Api) -> None:
    payload = await api.done(
        "createAccount",
        ACCOUNT,
        name="  Contoso ",
        primaryContact=CONTACT,
        contacts=[{**CONTACT, "email": "b@contoso.example"}],
        domain="Contoso.Example",
        address=ADDRESS,
        externalRef="crm-1",
    )

    account = payload["account"]
    assert account.pop("id")
    assert account == {
        "name": "Contoso",
        "status": "ACTIVE",
        "domain": "contoso.example",
        "country": "DE",
        "externalRef": "crm-1",
        "revision": 1,
        "primaryContact": {"firstName": "Ada", "email": "ada@contoso.example", "phone": None},
        "address": {"line1": "1 Main Street", "country": "DE"},
        "contacts": {"edges": [{"node": {"contact": {"email": "b@contoso.example"}}}]},
    }


async def test_a_repeated_key_answers_with_the_account_that_was_made(api: Api) -> None:
    first = await api.done("createAccount", "account { id }", name="Contoso", idempotencyKey="k")
    again = await api.done("createAccount", "account { id }", name="Contoso", idempotencyKey="k")

    assert again == first
    refusal = await api.refusal("createAccount", name="Fabrikam", idempotencyKey="k")
    assert refusal == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert (await api.data("{ accounts { totalCount } }"))["accounts"]["totalCount"] == 1


async def test_an_update_leaves_what_is_absent_and_clears_what_is_null(api: Api) -> None:
    made = await api.done(
        "createAccount",
        "account { id }",
        name="Contoso",
        primaryContact=CONTACT,
        contacts=[CONTACT],
        address=ADDRESS,
        externalRef="crm-1",
    )
    key = made["account"]["id"]

    payload = await api.done("updateAccount", ACCOUNT, accountId=key, address=None, contacts=[])

    account = payload["account"]
    assert account["address"] is account["country"] is None
    assert account["contacts"] == {"edges": []}
    assert (account["name"], account["externalRef"]) == ("Contoso", "crm-1")
    assert account["primaryContact"]["email"] == CONTACT["email"]
    assert await api.refusal("updateAccount", accountId=key, name=None) == ("INVALID", ["name"])


async def test_an_update_of_an_old_revision_answers_with_the_account_as_it_is(
    api: Api, context: Context
) -> None:
    account = await an_account(context, name="Contoso")
    await api.done("updateAccount", "account { id }", accountId=gid(account), name="Contoso Ltd", revision=1)

    payload = await api.do("updateAccount", ACCOUNT, accountId=gid(account), name="Old", revision=1)

    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("REVISION_CONFLICT", ["revision"])
    assert (payload["account"]["name"], payload["account"]["revision"]) == ("Contoso Ltd", 2)


async def test_an_external_reference_that_is_taken_answers_with_the_account_that_has_it(
    api: Api, context: Context
) -> None:
    taken = await an_account(context, external_ref="crm-1")

    payload = await api.do("createAccount", "account { id }", name="Contoso", externalRef="crm-1")

    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("EXTERNAL_REF_TAKEN", ["externalRef"])
    assert payload["account"] == {"id": gid(taken)}


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": " "}, "INVALID", ["name"]),
        ({"primaryContact": {**CONTACT, "email": "ada"}}, "INVALID_EMAIL", ["primaryContact", "email"]),
        ({"contacts": [CONTACT, {**CONTACT, "email": "x"}]}, "INVALID_EMAIL", ["contacts", "1", "email"]),
        ({"address": {**ADDRESS, "country": "Germany"}}, "INVALID", ["address", "country"]),
        ({"domain": "https://contoso.example"}, "INVALID", ["domain"]),
    ],
    ids=["name", "contact", "contacts", "address", "domain"],
)
async def test_the_field_at_fault_is_named_and_nothing_is_stored(
    api: Api, input: dict[str, object], code: str, field: list[str]
) -> None:
    assert await api.refusal("createAccount", **{"name": "Contoso", **input}) == (code, field)
    assert (await api.data("{ accounts { totalCount } }"))["accounts"]["totalCount"] == 0


async def test_an_id_of_nothing_and_an_id_of_something_else_are_not_found(api: Api) -> None:
    for id in ("", "nonsense", gid_of("Agreement", NOWHERE), gid_of("Account", NOWHERE)):  # noqa: A001  # as the API names it
        assert await api.refusal("updateAccount", accountId=id) == ("NOT_FOUND", ["accountId"])
        refusal = await api.refusal("createBillingContract", accountId=id, **CONTRACT)
        assert refusal == ("NOT_FOUND", ["accountId"])


async def test_a_billing_contract_is_entered_and_takes_the_place_of_the_default(
    api: Api, context: Context
) -> None:
    account = await an_account(context)
    former = await a_contract(context, account.id, is_default=True)

    payload = await api.done(
        "createBillingContract",
        """billingContract { name status billingFrequency billingPolicy startOn endOn terminatedOn autoRenew
             currency isDefault account { id billingContracts { edges { node { id isDefault } } } } }""",
        accountId=gid(account),
        endOn="2026-12-31",
        autoRenew=True,
        isDefault=True,
        **CONTRACT,
    )

    contract = payload["billingContract"]
    contracts = contract["account"].pop("billingContracts")["edges"]
    assert {edge["node"]["isDefault"] for edge in contracts if edge["node"]["id"] == gid(former)} == {False}
    assert contract == {
        **CONTRACT,
        "status": "ACTIVE",
        "endOn": "2026-12-31",
        "terminatedOn": None,
        "autoRenew": True,
        "isDefault": True,
        "account": {"id": gid(account)},
    }
    late = {**CONTRACT, "endOn": "2025-12-31"}
    assert (await api.refusal("createBillingContract", accountId=gid(account), **late))[0] == "DATES_REVERSED"


TAGS = """agreement { billingContracts { totalCount edges { node { id } } } }
    billingContract { agreements { totalCount edges { node { number } } } }"""


async def test_an_agreement_is_tagged_and_untagged_as_often_as_one_likes(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)
    contract = await a_contract(context, agreement.account_id)
    ends = {"agreementId": gid(agreement), "billingContractId": gid(contract)}

    tagged = [await api.done("tagAgreement", TAGS, **ends) for _ in range(2)]
    untagged = [await api.done("untagAgreement", TAGS, **ends) for _ in range(2)]

    assert tagged[0] == tagged[1]
    assert tagged[0]["agreement"]["billingContracts"]["edges"] == [{"node": {"id": gid(contract)}}]
    assert tagged[0]["billingContract"]["agreements"]["edges"] == [{"node": {"number": agreement.number}}]
    assert untagged[0] == untagged[1]
    assert untagged[0]["agreement"]["billingContracts"]["totalCount"] == 0


async def test_a_tag_needs_one_account_and_two_ends_in_force(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)
    contract = await a_contract(context, agreement.account_id)
    stranger = await a_contract(context, (await an_account(context)).id)
    ends = {"agreementId": gid(agreement), "billingContractId": gid(contract)}

    mismatch = await api.refusal("tagAgreement", **{**ends, "billingContractId": gid(stranger)})
    assert mismatch == ("ACCOUNT_MISMATCH", ["billingContractId"])

    await make_inactive(context, contract)
    payload = await api.do("tagAgreement", "agreement { id } billingContract { id status }", **ends)
    assert [each["code"] for each in payload["userErrors"]] == ["CONTRACT_INACTIVE"]
    assert payload["billingContract"] == {"id": gid(contract), "status": "INACTIVE"}
    assert payload["agreement"] is None


async def test_several_mutations_run_one_after_the_other_and_each_sees_what_was_before(api: Api) -> None:
    data = await api.data(
        """mutation {
             a: createAccount(input: {name: "A", externalRef: "x"}) { account { id } userErrors { code } }
             b: createAccount(input: {name: "B", externalRef: "x"}) { account { name } userErrors { code } }
           }"""
    )

    assert data["a"]["userErrors"] == []
    assert data["b"] == {"account": {"name": "A"}, "userErrors": [{"code": "EXTERNAL_REF_TAKEN"}]}
