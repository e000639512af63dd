"""Agreement templates: the terms that customers may be asked to accept, version by version."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from models import (
    AgreementTemplate,
    AgreementTemplateStatus,
    DomainError,
    ErrorCode,
    checked_link,
)
from repositories import UnitOfWork
from resolvers.checks import LINES_LIMIT, checked_day, checked_id, checked_text, optional_text
from resolvers.context import Context
from resolvers.operations import Outcome, check_revision, create_once, repeated, require


@dataclass(frozen=True, kw_only=True)
class NewTemplate:
    """Terms of a provider; `template_id` is the number that the provider or the partner gave them."""

    provider_id: UUID
    name: str
    template_id: str
    version: str = "1"
    effective_on: date | None = None
    expires_on: date | None = None
    agreement_link: str | None = None
    display_inline: bool = False
    portal_instructions: str | None = None
    status: AgreementTemplateStatus = AgreementTemplateStatus.ACTIVE


@dataclass(frozen=True, kw_only=True)
class NewTemplateVersion:
    """A further version of terms; None means «as in the version before», but for the two days."""

    agreement_template_id: UUID
    version: str
    name: str | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    agreement_link: str | None = None
    display_inline: bool | None = None
    portal_instructions: str | None = None


@repeated
async def create_agreement_template(
    context: Context, command: NewTemplate, *, idempotency_key: str | None = None
) -> AgreementTemplate:
    """Add terms; their kind follows from their template id.

    Raises:
        DomainError: NOT_FOUND, INVALID, INVALID_URL, DATES_REVERSED, PROVIDER_INACTIVE, TEMPLATE_DUPLICATE.
    """
    command = replace(
        command,
        name=checked_text(command.name, "name"),
        template_id=checked_id(command.template_id, "templateId"),
        version=checked_text(command.version, "version"),
        **_checked_terms(command),
    )
    return await create_once(
        context,
        "createAgreementTemplate",
        idempotency_key,
        command,
        lambda uow: uow.templates,
        lambda uow: _add(uow, command),
    )


@repeated
async def create_agreement_template_version(
    context: Context, command: NewTemplateVersion, *, idempotency_key: str | None = None
) -> AgreementTemplate:
    """Add a newer version of terms; agreements in the version before stay as they are.

    Raises:
        DomainError: NOT_FOUND, INVALID, INVALID_URL, DATES_REVERSED, PROVIDER_INACTIVE, TEMPLATE_DUPLICATE.
    """
    command = replace(
        command,
        name=optional_text(command.name, "name"),
        version=checked_text(command.version, "version"),
        **_checked_terms(command),
    )
    return await create_once(
        context,
        "createAgreementTemplateVersion",
        idempotency_key,
        command,
        lambda uow: uow.templates,
        lambda uow: _add_version(uow, command),
    )


@repeated
async def set_agreement_template_status(
    context: Context,
    agreement_template_id: UUID,
    status: AgreementTemplateStatus,
    *,
    revision: int | None = None,
) -> Outcome[AgreementTemplate]:
    """Allow or stop new agreements in the terms; agreements that exist stay as they are.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, PROVIDER_INACTIVE, TEMPLATE_EXPIRED.
    """
    async with context.unit_of_work() as uow:
        template = require(
            await uow.templates.get(agreement_template_id), "agreement template", "agreementTemplateId"
        )
        check_revision(template, revision)
        changed = template.status is not status
        if changed:
            template.status = status
            if status is AgreementTemplateStatus.ACTIVE:
                await _check_usable(uow, template)
            await uow.commit()
    return Outcome(template, changed)


def _checked_terms(command: NewTemplate | NewTemplateVersion) -> dict[str, str | None]:
    checked_day(command.effective_on, "effectiveOn")
    checked_day(command.expires_on, "expiresOn")
    link = optional_text(command.agreement_link, "agreementLink", limit=2_000)
    return {
        "agreement_link": checked_link(link, "agreementLink"),
        "portal_instructions": optional_text(
            command.portal_instructions, "portalInstructions", limit=LINES_LIMIT, lines=True
        ),
    }


async def _check_usable(uow: UnitOfWork, template: AgreementTemplate) -> None:
    provider = require(await uow.providers.peek(template.provider_id), "provider")
    provider.require_active("agreementTemplateId")
    if template.is_expired(uow.now.date()):
        raise DomainError(
            f"Template «{template.name}» expired on {template.expires_on}.",
            code=ErrorCode.TEMPLATE_EXPIRED,
            field=("status",),
            entity=template.id,
        )


async def _add_version(uow: UnitOfWork, command: NewTemplateVersion) -> AgreementTemplate:
    old = require(
        await uow.templates.peek(command.agreement_template_id), "agreement template", "agreementTemplateId"
    )
    template = await _add(
        uow,
        NewTemplate(
            provider_id=old.provider_id,
            name=command.name or old.name,
            template_id=old.template_id,
            version=command.version,
            effective_on=command.effective_on,
            expires_on=command.expires_on,
            agreement_link=command.agreement_link or old.agreement_link,
            display_inline=old.display_inline if command.display_inline is None else command.display_inline,
            portal_instructions=command.portal_instructions or old.portal_instructions,
        ),
    )
    template.supersedes_id = old.id
    return template


async def _add(uow: UnitOfWork, command: NewTemplate) -> AgreementTemplate:
    provider = require(await uow.providers.peek(command.provider_id), "provider", "providerId")
    provider.require_active("providerId")
    duplicate = await uow.templates.get_version(
        provider_id=provider.id, template_id=command.template_id, version=command.version
    )
    if duplicate is not None:
        raise DomainError(
            f"Version {command.version} of template {command.template_id} is there already.",
            code=ErrorCode.TEMPLATE_DUPLICATE,
            field=("version",),
            entity=duplicate.id,
        )
    template = AgreementTemplate(
        provider_id=provider.id,
        name=command.name,
        template_id=command.template_id,
        version=command.version,
        agreement_link=command.agreement_link,
        display_inline=command.display_inline,
        portal_instructions=command.portal_instructions,
        status=command.status,
    )
    template.set_period(command.effective_on, command.expires_on)
    uow.add(template)
    return template
