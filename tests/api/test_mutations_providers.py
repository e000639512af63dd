"""Mutations on providers, their terms and their accounts."""

import pytest
from support.api import Api, gid, gid_of
from support.factories import (
    CLOUD_AGREEMENT,
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    a_provider,
    a_provider_account,
    an_account,
)

from resolvers.context import Context

PROVIDER = """provider { name kind connector role status
    capabilities { customerSync customerCreation agreementConfirmation agreementSync } }"""
NOTHING = dict.fromkeys(("customerSync", "customerCreation", "agreementConfirmation", "agreementSync"), False)
TEMPLATE = """agreementTemplate { id name templateId version kind status effectiveOn expiresOn agreementLink
    displayInline portalInstructions isDefault provider { name } supersedes { version } }"""


async def test_a_provider_is_added_by_hand_or_with_what_its_api_can_do(api: Api) -> None:
    manual = await api.done("createProvider", PROVIDER, name="Pax8", kind="MANUAL", role="DISTRIBUTOR")
    automatic = await api.done(
        "createProvider",
        PROVIDER,
        name="StreamOne",
        kind="AUTOMATIC",
        role="DISTRIBUTOR",
        connector="REST",
        capabilities={"customerSync": True},
    )

    assert manual["provider"] == {
        "name": "Pax8",
        "kind": "MANUAL",
        "connector": "NONE",
        "role": "DISTRIBUTOR",
        "status": "ACTIVE",
        "capabilities": NOTHING,
    }
    assert automatic["provider"]["capabilities"] == {**NOTHING, "customerSync": True}


async def test_a_provider_needs_a_name_of_its_own_and_what_fits_its_kind(api: Api) -> None:
    taken = {"name": "manual provider", "kind": "MANUAL", "role": "PARTNER"}
    capable = {"name": "x", "kind": "MANUAL", "role": "PARTNER", "capabilities": {"customerSync": True}}
    unconnected = {"name": "x", "kind": "AUTOMATIC", "role": "VENDOR"}

    payload = await api.do("createProvider", "provider { name }", **taken)

    assert payload["userErrors"][0]["code"] == "PROVIDER_NAME_TAKEN"
    assert payload["provider"] == {"name": "Manual Provider"}
    assert await api.refusal("createProvider", **capable) == ("CAPABILITY_NOT_ALLOWED", ["capabilities"])
    assert await api.refusal("createProvider", **unconnected) == ("CONNECTOR_UNKNOWN", ["connector"])


async def test_setting_the_status_that_is_there_changes_nothing(api: Api) -> None:
    provider = {"providerId": gid_of("Provider", MANUAL_PROVIDER), "status": "INACTIVE"}
    template = {"agreementTemplateId": gid_of("AgreementTemplate", CLOUD_AGREEMENT), "status": "ACTIVE"}

    providers = [
        await api.done("setProviderStatus", "changed provider { status }", **provider) for _ in range(2)
    ]
    templates = [
        await api.done("setAgreementTemplateStatus", "changed agreementTemplate { status }", **template)
        for _ in range(2)
    ]

    assert [each["changed"] for each in providers] == [each["changed"] for each in templates] == [True, False]
    assert providers[1]["provider"] == {"status": "INACTIVE"}
    assert templates[1]["agreementTemplate"] == {"status": "ACTIVE"}
    new = {"providerId": provider["providerId"], "name": "x", "templateId": "x"}
    assert await api.refusal("createAgreementTemplate", **new) == ("PROVIDER_INACTIVE", ["providerId"])


async def test_terms_are_added_and_succeeded_by_a_newer_version(api: Api) -> None:
    first = await api.done(
        "createAgreementTemplate",
        TEMPLATE,
        providerId=gid_of("Provider", MANUAL_PROVIDER),
        name="Terms",
        templateId="T-1",
        agreementLink="https://example.com/terms",
        expiresOn="2030-12-31",
    )
    second = await api.done(
        "createAgreementTemplateVersion",
        TEMPLATE,
        agreementTemplateId=first["agreementTemplate"]["id"],
        version="2",
        displayInline=True,
    )

    assert first["agreementTemplate"].pop("id") != second["agreementTemplate"].pop("id")
    assert first["agreementTemplate"] == {
        "name": "Terms",
        "templateId": "T-1",
        "version": "1",
        "kind": "CUSTOM",
        "status": "ACTIVE",
        "effectiveOn": None,
        "expiresOn": "2030-12-31",
        "agreementLink": "https://example.com/terms",
        "displayInline": False,
        "portalInstructions": None,
        "isDefault": False,
        "provider": {"name": "Manual Provider"},
        "supersedes": None,
    }
    assert second["agreementTemplate"] == {
        **first["agreementTemplate"],
        "version": "2",
        "displayInline": True,
        "expiresOn": None,
        "supersedes": {"version": "1"},
    }


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"agreementLink": "ftp://example.com"}, "INVALID_URL", ["agreementLink"]),
        ({"effectiveOn": "2026-02-01", "expiresOn": "2026-01-01"}, "DATES_REVERSED", ["expiresOn"]),
        ({"name": ""}, "INVALID", ["name"]),
        ({"providerId": gid_of("Provider", NOWHERE)}, "NOT_FOUND", ["providerId"]),
    ],
    ids=["link", "dates", "name", "provider"],
)
async def test_terms_that_cannot_be_are_refused(
    api: Api, input: dict[str, str], code: str, field: list[str]
) -> None:
    terms = {"providerId": gid_of("Provider", MANUAL_PROVIDER), "name": "Terms", "templateId": "T-1"}

    assert await api.refusal("createAgreementTemplate", **{**terms, **input}) == (code, field)


async def test_a_version_that_is_there_answers_with_it(api: Api) -> None:
    payload = await api.do(
        "createAgreementTemplateVersion",
        "agreementTemplate { name isDefault }",
        agreementTemplateId=gid_of("AgreementTemplate", CUSTOMER_AGREEMENT),
        version="1",
    )

    assert payload["userErrors"][0]["code"] == "TEMPLATE_DUPLICATE"
    assert payload["agreementTemplate"] == {"name": "Microsoft Customer Agreement", "isDefault": True}


PLACE = "providerAccount { id providerName domain mapping syncEnabled account { name } provider { name } }"


async def test_a_stray_tenant_gets_its_customer_and_with_it_the_pending_agreement(
    api: Api, context: Context
) -> None:
    account = await an_account(context, name="Contoso")
    stray = await api.done(
        "createProviderAccount",
        PLACE,
        providerId=gid_of("Provider", PARTNER_CENTER),
        providerSpecificId="tenant-1",
        providerName="Contoso GmbH",
        domain="contoso.onmicrosoft.com",
    )
    assert (stray["providerAccount"]["mapping"], stray["providerAccount"]["account"]) == ("UNMAPPED", None)
    ids = {"providerAccountId": stray["providerAccount"]["id"], "accountId": gid(account)}
    selection = f"{PLACE} changed agreements {{ statusReason origin executedOn template {{ name }} }}"

    mapped = await api.done("mapProviderAccount", selection, **ids)
    again = await api.done("mapProviderAccount", selection, **ids)

    assert (mapped["providerAccount"]["mapping"], mapped["providerAccount"]["account"]) == (
        "MANUAL",
        {"name": "Contoso"},
    )
    assert mapped["agreements"] == [
        {
            "statusReason": "PENDING",
            "origin": "SYNC",
            "executedOn": None,
            "template": {"name": "Microsoft Customer Agreement"},
        }
    ]
    assert (mapped["changed"], again["changed"], again["agreements"]) == (True, False, [])
    unmap = {"providerAccountId": ids["providerAccountId"]}
    assert await api.refusal("unmapProviderAccount", **unmap) == ("HAS_AGREEMENTS", ["providerAccountId"])


async def test_a_tenant_is_taken_off_its_account_before_it_gets_another(api: Api, context: Context) -> None:
    mine, yours = await an_account(context), await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, mine.id)
    ids = {"providerAccountId": gid(place), "accountId": gid(yours)}

    refused = await api.do("mapProviderAccount", "providerAccount { id } agreements { id } changed", **ids)
    freed = await api.done("unmapProviderAccount", f"{PLACE} changed", providerAccountId=gid(place))
    mapped = await api.done("mapProviderAccount", PLACE, **ids)

    assert refused["userErrors"][0]["code"] == "ALREADY_MAPPED"
    assert (refused["providerAccount"], refused["agreements"], refused["changed"]) == (
        {"id": gid(place)},
        [],
        False,
    )
    assert (freed["providerAccount"]["mapping"], freed["changed"]) == ("UNMAPPED", True)
    assert mapped["providerAccount"]["account"] == {"name": yours.name}


async def test_a_tenant_is_entered_once(api: Api, context: Context) -> None:
    provider = await a_provider(context)
    place = await a_provider_account(context, provider.id)
    new = {
        "providerId": gid(provider),
        "providerSpecificId": place.provider_specific_id,
        "providerName": "Other",
    }

    payload = await api.do("createProviderAccount", "providerAccount { id }", **new)

    assert payload["userErrors"][0]["code"] == "PROVIDER_ACCOUNT_DUPLICATE"
    assert payload["providerAccount"] == {"id": gid(place)}
