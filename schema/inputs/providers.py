"""What mutations on providers, their templates and their accounts are given."""

from datetime import date

import strawberry

import models
from resolvers.provider_accounts import NewProviderAccount
from resolvers.providers import NewProvider
from resolvers.templates import NewTemplate, NewTemplateVersion
from schema.ids import optional_id, required_id
from schema.inputs.fields import IDEMPOTENCY_KEY, REVISION, default, given, optional, required
from schema.types.account import Account
from schema.types.agreement_template import AgreementTemplate
from schema.types.provider import Provider


@strawberry.input(description="What can be done at a provider by calling it.")
class ProviderCapabilitiesInput:
    customer_sync: bool = default(False, "It lists its customers.")  # noqa: FBT003  # the default itself
    customer_creation: bool = default(False, "It creates customers for us.")  # noqa: FBT003  # the default itself
    agreement_confirmation: bool = default(False, "It is told when a customer has accepted.")  # noqa: FBT003  # see above
    agreement_sync: bool = default(False, "It tells which customers have accepted.")  # noqa: FBT003  # see above

    def to_model(self) -> models.ProviderCapabilities:
        return models.ProviderCapabilities(
            self.customer_sync, self.customer_creation, self.agreement_confirmation, self.agreement_sync
        )


@strawberry.input(
    description="A provider to work with. Its credentials are given on the command line, never here."
)
class CreateProviderInput:
    name: str = required("Name for people; unique regardless of case.")
    kind: models.ProviderKind = required("How it is worked with.")
    role: models.ProviderRole = required("What it is to you.")
    connector: models.ProviderConnector = default(
        models.ProviderConnector.NONE, "Which client reaches it; an automatic provider needs one."
    )
    capabilities: ProviderCapabilitiesInput | None = optional("What it can do; by default nothing.")
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewProvider:
        capabilities = given(self.capabilities)
        return NewProvider(
            name=self.name,
            kind=self.kind,
            role=self.role,
            connector=self.connector,
            capabilities=capabilities.to_model() if capabilities else models.ProviderCapabilities(),
        )


@strawberry.input(description="Whether a provider is worked with.")
class SetProviderStatusInput:
    provider_id: strawberry.ID = required("The provider.")
    status: models.ProviderStatus = required("Its new status.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="Terms that customers may be asked to accept.")
class CreateAgreementTemplateInput:
    provider_id: strawberry.ID = required("Whose terms they are.")
    name: str = required("Name for people.")
    template_id: str = required("The terms' number at the provider; it decides the kind.")
    version: str = default("1", "Version of the terms.")
    effective_on: date | None = optional("First day on which they may be entered into.")
    expires_on: date | None = optional("Last day on which they may be entered into.")
    agreement_link: str | None = optional("Where they can be read (http or https).")
    display_inline: bool = default(False, "Whether portals show them in the page.")  # noqa: FBT003  # the default itself
    portal_instructions: str | None = optional("What portals say to whoever accepts.")
    status: models.AgreementTemplateStatus = default(
        models.AgreementTemplateStatus.ACTIVE, "Whether new agreements may be made in them at once."
    )
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewTemplate:
        return NewTemplate(
            provider_id=required_id(self.provider_id, Provider, "providerId"),
            name=self.name,
            template_id=self.template_id,
            version=self.version,
            effective_on=given(self.effective_on),
            expires_on=given(self.expires_on),
            agreement_link=given(self.agreement_link),
            display_inline=self.display_inline,
            portal_instructions=given(self.portal_instructions),
            status=self.status,
        )


@strawberry.input(
    description="A newer version of terms. What is absent or null is as in the version before, but for "
    "the days."
)
class CreateAgreementTemplateVersionInput:
    agreement_template_id: strawberry.ID = required("The version before.")
    version: str = required("The new version.")
    name: str | None = optional("Name for people.")
    effective_on: date | None = optional("First day on which it may be entered into.")
    expires_on: date | None = optional("Last day on which it may be entered into.")
    agreement_link: str | None = optional("Where it can be read (http or https).")
    display_inline: bool | None = optional("Whether portals show it in the page.")
    portal_instructions: str | None = optional("What portals say to whoever accepts.")
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewTemplateVersion:
        return NewTemplateVersion(
            agreement_template_id=required_id(
                self.agreement_template_id, AgreementTemplate, "agreementTemplateId"
            ),
            version=self.version,
            name=given(self.name),
            effective_on=given(self.effective_on),
            expires_on=given(self.expires_on),
            agreement_link=given(self.agreement_link),
            display_inline=given(self.display_inline),
            portal_instructions=given(self.portal_instructions),
        )


@strawberry.input(description="Whether new agreements may be made in a template.")
class SetAgreementTemplateStatusInput:
    agreement_template_id: strawberry.ID = required("The template.")
    status: models.AgreementTemplateStatus = required("Its new status.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="A customer as a provider knows it, entered by hand.")
class CreateProviderAccountInput:
    provider_id: strawberry.ID = required("Where it is.")
    provider_specific_id: str = required("Its id at the provider.")
    provider_name: str = required("Its name at the provider.")
    domain: str | None = optional("Its domain at the provider.")
    account_id: strawberry.ID | None = optional("Whose it is, if that is known.")
    sync_enabled: bool = default(True, "Whether a sync makes agreements for it.")  # noqa: FBT003  # the default itself
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewProviderAccount:
        return NewProviderAccount(
            provider_id=required_id(self.provider_id, Provider, "providerId"),
            provider_specific_id=self.provider_specific_id,
            provider_name=self.provider_name,
            domain=given(self.domain),
            account_id=optional_id(self.account_id, Account, "accountId"),
            sync_enabled=self.sync_enabled,
        )


@strawberry.input(description="Whose a provider account is.")
class MapProviderAccountInput:
    provider_account_id: strawberry.ID = required("The provider account.")
    account_id: strawberry.ID = required("The account that it belongs to.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="Which provider account to take off its account.")
class UnmapProviderAccountInput:
    provider_account_id: strawberry.ID = required("The provider account.")
    revision: int | None = optional(REVISION)
