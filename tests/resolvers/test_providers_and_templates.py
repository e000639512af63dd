"""Providers and their terms are entered by users, version by version."""

from datetime import date, timedelta

import pytest
from support.contexts import utc_now
from support.factories import (
    CUSTOMER_AGREEMENT,
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    a_provider,
    a_template,
)

from models import (
    MICROSOFT_CUSTOMER_AGREEMENT_ID,
    AgreementTemplateKind,
    AgreementTemplateStatus,
    ErrorCode,
    ProviderCapabilities,
    ProviderConnector,
    ProviderKind,
    ProviderStatus,
)
from resolvers.context import Context
from resolvers.providers import set_provider_status
from resolvers.templates import (
    NewTemplateVersion,
    create_agreement_template_version,
    set_agreement_template_status,
)

TODAY = utc_now().date()
YESTERDAY = TODAY - timedelta(days=1)


async def test_a_providers_name_is_its_own_whatever_the_case(context: Context, refused) -> None:
    async with refused(ErrorCode.PROVIDER_NAME_TAKEN, "name", entity=PARTNER_CENTER):
        await a_provider(context, name="MICROSOFT partner center")


async def test_a_manual_provider_can_do_nothing_by_itself(context: Context, refused) -> None:
    async with refused(ErrorCode.CAPABILITY_NOT_ALLOWED, "capabilities"):
        await a_provider(context, capabilities=ProviderCapabilities(customer_sync=True))
    async with refused(ErrorCode.CAPABILITY_NOT_ALLOWED, "capabilities"):
        await a_provider(context, connector=ProviderConnector.REST)


async def test_an_automatic_provider_needs_a_connector(context: Context, refused) -> None:
    async with refused(ErrorCode.CONNECTOR_UNKNOWN, "connector"):
        await a_provider(context, kind=ProviderKind.AUTOMATIC)


async def test_a_provider_at_partner_center_has_microsofts_terms_from_the_start(
    context: Context, rows
) -> None:
    await a_provider(context, automatic=True, name="EMEA", connector=ProviderConnector.PARTNER_CENTER)
    await a_provider(context, automatic=True, name="Crayon", connector=ProviderConnector.REST)

    found = await rows(
        "select p.name provider, t.name, t.template_id, t.version, t.kind, t.status, t.agreement_link,"
        " t.is_default from agreement_templates t join providers p on p.id = t.provider_id"
        " order by p.name, t.name"
    )

    terms = {
        name: [tuple(each)[1:] for each in found if each.provider == name]
        for name in ("EMEA", "Microsoft Partner Center", "Crayon")
    }
    assert len(terms["EMEA"]) == 2
    assert terms["EMEA"] == terms["Microsoft Partner Center"]  # those that the migration has seeded
    assert terms["Crayon"] == []


async def test_a_provider_is_stopped_and_resumed(context: Context, refused) -> None:
    provider = await a_provider(context)

    stopped = await set_provider_status(context, provider.id, ProviderStatus.INACTIVE, revision=1)
    again = await set_provider_status(context, provider.id, ProviderStatus.INACTIVE)

    assert (stopped.changed, stopped.entity.status) == (True, ProviderStatus.INACTIVE)
    assert (again.changed, again.entity.revision) == (False, 2)
    async with refused(ErrorCode.PROVIDER_INACTIVE, "providerId"):
        await a_template(context, provider.id)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=provider.id):
        await set_provider_status(context, provider.id, ProviderStatus.ACTIVE, revision=1)
    async with refused(ErrorCode.NOT_FOUND, "providerId"):
        await set_provider_status(context, NOWHERE, ProviderStatus.ACTIVE)


async def test_the_kind_of_terms_follows_from_their_number(context: Context) -> None:
    other = await a_provider(context, automatic=True)

    microsoft = await a_template(context, other.id, template_id=MICROSOFT_CUSTOMER_AGREEMENT_ID.upper())
    custom = await a_template(context, MANUAL_PROVIDER)

    assert microsoft.kind is AgreementTemplateKind.MICROSOFT_CUSTOMER_AGREEMENT
    assert microsoft.template_id == MICROSOFT_CUSTOMER_AGREEMENT_ID
    assert custom.kind is AgreementTemplateKind.CUSTOM
    assert (custom.version, custom.status, custom.is_default) == ("1", AgreementTemplateStatus.ACTIVE, False)


async def test_a_version_of_terms_is_there_once(context: Context, refused) -> None:
    template = await a_template(context, template_id="T1", version="2")

    async with refused(ErrorCode.TEMPLATE_DUPLICATE, "version", entity=template.id):
        await a_template(context, template_id=" T1", version="2")
    async with refused(ErrorCode.TEMPLATE_DUPLICATE, "version", entity=template.id):
        await create_agreement_template_version(
            context, NewTemplateVersion(agreement_template_id=template.id, version="2")
        )


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": ""}, ErrorCode.INVALID, "name"),
        ({"template_id": ""}, ErrorCode.INVALID, "templateId"),
        ({"version": "\0"}, ErrorCode.INVALID, "version"),
        ({"agreement_link": "ftp://contoso.example"}, ErrorCode.INVALID_URL, "agreementLink"),
        ({"agreement_link": "javascript:alert(1)"}, ErrorCode.INVALID_URL, "agreementLink"),
        ({"agreement_link": "https://"}, ErrorCode.INVALID_URL, "agreementLink"),
        ({"portal_instructions": "x" * 10_001}, ErrorCode.INVALID, "portalInstructions"),
        ({"effective_on": date(1, 1, 1)}, ErrorCode.INVALID, "effectiveOn"),
        ({"effective_on": TODAY, "expires_on": YESTERDAY}, ErrorCode.DATES_REVERSED, "expiresOn"),
        ({"provider_id": NOWHERE}, ErrorCode.NOT_FOUND, "providerId"),
    ],
)
async def test_terms_that_cannot_be_meant_are_refused(context: Context, refused, values, code, field) -> None:
    async with refused(code, field):
        await a_template(context, **values)


async def test_a_newer_version_takes_over_what_is_not_said(context: Context, refused) -> None:
    old = await a_template(
        context,
        agreement_link="https://contoso.example/1",
        portal_instructions="Read\nit.",
        display_inline=True,
        expires_on=TODAY,
    )

    new = await create_agreement_template_version(
        context,
        NewTemplateVersion(
            agreement_template_id=old.id, version="2", agreement_link="https://contoso.example/2"
        ),
    )

    assert (new.provider_id, new.template_id, new.version) == (old.provider_id, old.template_id, "2")
    assert (new.name, new.display_inline, new.portal_instructions) == (old.name, True, "Read\nit.")
    assert (new.agreement_link, new.expires_on) == ("https://contoso.example/2", None)
    assert new.supersedes_id == old.id
    async with refused(ErrorCode.NOT_FOUND, "agreementTemplateId"):
        await create_agreement_template_version(
            context, NewTemplateVersion(agreement_template_id=NOWHERE, version="3")
        )


async def test_setting_the_status_that_terms_have_changes_nothing(context: Context, refused) -> None:
    same = await set_agreement_template_status(context, CUSTOMER_AGREEMENT, AgreementTemplateStatus.ACTIVE)
    stopped = await set_agreement_template_status(
        context, CUSTOMER_AGREEMENT, AgreementTemplateStatus.INACTIVE, revision=1
    )

    assert (same.changed, same.entity.revision) == (False, 1)
    assert (stopped.changed, stopped.entity.status) == (True, AgreementTemplateStatus.INACTIVE)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=CUSTOMER_AGREEMENT):
        await set_agreement_template_status(
            context, CUSTOMER_AGREEMENT, AgreementTemplateStatus.ACTIVE, revision=1
        )
    async with refused(ErrorCode.NOT_FOUND, "agreementTemplateId"):
        await set_agreement_template_status(context, NOWHERE, AgreementTemplateStatus.ACTIVE)


async def test_expired_terms_are_not_activated(context: Context, refused) -> None:
    expired = await a_template(context, expires_on=YESTERDAY, status=AgreementTemplateStatus.INACTIVE)

    async with refused(ErrorCode.TEMPLATE_EXPIRED, "status", entity=expired.id):
        await set_agreement_template_status(context, expired.id, AgreementTemplateStatus.ACTIVE)


async def test_terms_of_an_inactive_provider_are_not_activated(context: Context, refused) -> None:
    provider = await a_provider(context)
    template = await a_template(context, provider.id, status=AgreementTemplateStatus.INACTIVE)
    await set_provider_status(context, provider.id, ProviderStatus.INACTIVE)

    async with refused(ErrorCode.PROVIDER_INACTIVE, "agreementTemplateId"):
        await set_agreement_template_status(context, template.id, AgreementTemplateStatus.ACTIVE)
