"""Mutations on agreements: recorded, filled in, accepted, ended, brought back."""

from support.api import Api, gid, gid_of
from support.factories import (
    CUSTOMER_AGREEMENT,
    NOWHERE,
    PARTNER_CENTER,
    SIGNED,
    a_contract,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
)

from resolvers.context import Context
from resolvers.tags import tag_agreement

SIGNER = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@contoso.example", "phone": None}
AGREEMENT = """agreement { id number name status statusReason executedOn createdOn description origin
    signedBy { firstName lastName email phone } revision }"""


async def test_without_signature_an_agreement_is_pending_and_with_it_accepted(
    api: Api, context: Context
) -> None:
    account, template = await an_account(context), await a_template(context)
    other = await a_template(context)
    terms = {"accountId": gid(account)}

    pending = await api.done("createAgreement", AGREEMENT, agreementTemplateId=gid(template), **terms)
    accepted = await api.done(
        "createAgreement",
        AGREEMENT,
        agreementTemplateId=gid(other),
        name="Frame contract",
        description="Two\nlines",
        executedOn="2026-01-15",
        signedBy=SIGNER,
        createdOn="2026-01-10",
        **terms,
    )

    assert pending["agreement"]["name"] == f"{template.name} – {account.name}"  # noqa: RUF001  # the dash that people see
    assert (pending["agreement"]["statusReason"], pending["agreement"]["origin"]) == ("PENDING", "MANUAL")
    made = accepted["agreement"]
    assert made.pop("id")
    assert made.pop("number").startswith("AGR-")
    assert made == {
        "name": "Frame contract",
        "status": "ACTIVE",
        "statusReason": "ACCEPTED",
        "executedOn": "2026-01-15",
        "createdOn": "2026-01-10",
        "description": "Two\nlines",
        "origin": "MANUAL",
        "signedBy": SIGNER,
        "revision": 1,
    }


async def test_a_second_agreement_in_the_same_terms_answers_with_the_first(
    api: Api, context: Context
) -> None:
    first = await an_agreement(context)
    ids = {
        "accountId": gid_of("Account", first.account_id),
        "agreementTemplateId": gid_of("AgreementTemplate", first.template_id),
    }

    payload = await api.do("createAgreement", "agreement { id number }", **ids)

    assert payload["userErrors"][0]["code"] == "AGREEMENT_ALREADY_EXISTS"
    assert payload["agreement"] == {"id": gid(first), "number": first.number}


async def test_where_a_customer_has_several_provider_accounts_they_are_the_choice(
    api: Api, context: Context
) -> None:
    account = await an_account(context)
    places = [
        await a_provider_account(context, PARTNER_CENTER, account.id, provider_name=name) for name in "ab"
    ]
    template = gid_of("AgreementTemplate", CUSTOMER_AGREEMENT)
    ids = {"accountId": gid(account), "agreementTemplateId": template}

    payload = await api.do("createAgreement", "agreement { id } candidates { providerName }", **ids)
    chosen = await api.done(
        "createAgreement",
        "agreement { providerAccount { providerName } } candidates { id }",
        providerAccountId=gid(places[1]),
        **ids,
    )

    assert payload["candidates"] == [{"providerName": "a"}, {"providerName": "b"}]
    assert [each["code"] for each in payload["userErrors"]] == ["PROVIDER_ACCOUNT_REQUIRED"]
    assert chosen["agreement"] == {"providerAccount": {"providerName": "b"}}
    assert chosen["candidates"] == []


async def test_what_was_left_empty_is_filled_in_and_null_clears(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, description="Remarks")
    key = gid(agreement)

    filled = await api.done(
        "updateAgreement", AGREEMENT, agreementId=key, signedBy=SIGNER, createdOn="2026-01-10"
    )
    cleared = await api.done("updateAgreement", AGREEMENT, agreementId=key, signedBy=None, description=None)

    assert (filled["agreement"]["signedBy"], filled["agreement"]["createdOn"]) == (SIGNER, "2026-01-10")
    assert (filled["agreement"]["description"], filled["agreement"]["statusReason"]) == ("Remarks", "PENDING")
    assert cleared["agreement"]["signedBy"] is cleared["agreement"]["description"] is None
    assert cleared["agreement"]["createdOn"] == "2026-01-10"
    assert await api.refusal("updateAgreement", agreementId=key, name=None) == ("INVALID", ["name"])
    future = {"agreementId": key, "executedOn": "2999-01-01"}
    assert await api.refusal("updateAgreement", **future) == ("EXECUTED_ON_IN_FUTURE", ["executedOn"])


async def test_a_signature_that_stands_is_locked(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)

    payload = await api.do("updateAgreement", AGREEMENT, agreementId=gid(agreement), executedOn="2026-01-16")

    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("SIGNATURE_LOCKED", ["executedOn"])
    assert payload["agreement"]["executedOn"] == "2026-01-15"


async def test_an_agreement_is_accepted_once(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)
    key = gid(agreement)
    assert await api.refusal("acceptAgreement", agreementId=key) == ("SIGNER_REQUIRED", ["signedBy"])
    signature = {"agreementId": key, "signedBy": SIGNER, "executedOn": "2026-01-15"}

    accepted = await api.done("acceptAgreement", f"{AGREEMENT} warnings", **signature)
    again = await api.done("acceptAgreement", f"{AGREEMENT} warnings", **signature)

    assert accepted == again
    assert accepted["warnings"] == []
    assert (accepted["agreement"]["statusReason"], accepted["agreement"]["signedBy"]) == ("ACCEPTED", SIGNER)
    other = {**signature, "executedOn": "2026-01-16"}
    assert await api.refusal("acceptAgreement", **other) == ("ALREADY_ACCEPTED", ["agreementId"])


async def test_an_agreement_ends_once_and_says_which_contracts_carry_it(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)
    contract = await a_contract(context, agreement.account_id, name="Support")
    await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=contract.id)
    selection = "agreement { status statusReason deactivatedOn deactivationReason } changed warnings"
    end = {"agreementId": gid(agreement), "reason": "They left.", "on": "2026-02-01"}

    ended = await api.done("deactivateAgreement", selection, **end)
    again = await api.done("deactivateAgreement", selection, agreementId=gid(agreement))

    assert ended == {
        "agreement": {
            "status": "INACTIVE",
            "statusReason": "DEACTIVATED",
            "deactivatedOn": "2026-02-01",
            "deactivationReason": "They left.",
        },
        "changed": True,
        "warnings": ["The active billing contract «Support» carries this agreement."],
        "userErrors": [],
    }
    assert (again["changed"], again["agreement"]) == (False, ended["agreement"])


async def test_a_refused_end_has_changed_nothing(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)

    payload = await api.do(
        "deactivateAgreement", "changed warnings", agreementId=gid(agreement), on="2999-01-01"
    )

    assert (payload["changed"], payload["warnings"]) == (False, [])
    assert (payload["userErrors"][0]["code"], payload["userErrors"][0]["field"]) == ("DATE_IN_FUTURE", ["on"])


async def test_an_ended_agreement_is_brought_back_with_its_acceptance(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)
    key = gid(agreement)
    assert (await api.refusal("reactivateAgreement", agreementId=key))[0] == "NOT_REACTIVATABLE"
    await api.done("deactivateAgreement", "changed", agreementId=key)
    assert (await api.refusal("acceptAgreement", agreementId=key))[0] == "AGREEMENT_INACTIVE"

    payload = await api.done("reactivateAgreement", AGREEMENT, agreementId=key)

    assert (payload["agreement"]["status"], payload["agreement"]["statusReason"]) == ("ACTIVE", "ACCEPTED")


async def test_what_no_provider_is_owed_is_not_pushed(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)

    payload = await api.do("retryAgreementPush", AGREEMENT, agreementId=gid(agreement))

    assert payload["userErrors"][0]["code"] == "NOTHING_TO_PUSH"
    assert payload["agreement"]["number"] == agreement.number


async def test_what_no_provider_knows_of_cannot_be_refreshed(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)

    for id in (gid(agreement), "x"):  # noqa: A001  # as the API names it
        code, field = await api.refusal("refreshAgreement", agreementId=id)
        assert (code, field) == ("NOT_FOUND" if id == "x" else "INVALID", ["agreementId"])


async def test_what_was_changed_meanwhile_is_shown_as_it_is(api: Api, context: Context) -> None:
    agreement = await an_agreement(context)
    change: dict[str, object] = {"agreementId": gid(agreement), "revision": 7}

    for mutation in ("update", "accept", "deactivate", "reactivate"):
        payload = await api.do(f"{mutation}Agreement", AGREEMENT, **change)
        [error] = payload["userErrors"]
        assert (error["code"], error["field"]) == ("REVISION_CONFLICT", ["revision"])
        assert payload["agreement"]["revision"] == 1
        nowhere = await api.refusal(f"{mutation}Agreement", agreementId=gid_of("Agreement", NOWHERE))
        assert nowhere == ("NOT_FOUND", ["agreementId"])
