"""What mutations that start or stop durable work are given."""

from datetime import date
from uuid import UUID

import strawberry

from resolvers.bulk import BulkCreate
from resolvers.offboarding import OffboardProviderAccount
from resolvers.provisioning_request import ProvisionAccount
from schema.ids import many_ids, optional_id, required_id
from schema.inputs.accounts import NewAccountInput
from schema.inputs.fields import IDEMPOTENCY_KEY, ContactInput, contact, default, given, optional, required
from schema.types.account import Account
from schema.types.agreement_template import AgreementTemplate
from schema.types.provider import Provider
from schema.types.provider_account import ProviderAccount

_WAIT = "The work is durable; the answer waits for it this long, 0 to 20 seconds."
_DRY_RUN = "Only say what would be done."
_DRY_RUN_OF_SYNC = f"{_DRY_RUN} The provider is not asked which agreements it confirms."


@strawberry.input(description="A customer to take on at a provider, with the agreement that it stands in.")
class ProvisionAccountInput:
    account_id: strawberry.ID | None = optional("An account of ours, or `newAccount`: exactly one.")
    new_account: NewAccountInput | None = optional("A new account; it stays, whatever becomes of the rest.")
    provider_id: strawberry.ID = required("Where the customer is taken on.")
    agreement_template_id: strawberry.ID = required("The terms; they must be the provider's.")
    executed_on: date = required("The day on which the customer accepted; not in the future (UTC).")
    signed_by: ContactInput | None = optional("Who accepted; by default the account's primary contact.")
    domain: str | None = optional(
        "E.g. contoso.onmicrosoft.com; required where the provider creates a tenant."
    )
    existing_tenant: bool = default(
        False,  # noqa: FBT003  # the default itself
        "The customer has a tenant: nothing is created, the answer has the link by which it accepts you.",
    )
    wait_seconds: int = default(5, _WAIT)
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY + " A failed job is taken up again by it.")

    def command(self) -> ProvisionAccount:
        new_account = given(self.new_account)
        return ProvisionAccount(
            account_id=optional_id(self.account_id, Account, "accountId"),
            new_account=new_account.command() if new_account else None,
            provider_id=required_id(self.provider_id, Provider, "providerId"),
            template_id=self._template_id(),
            executed_on=self.executed_on,
            signed_by=contact(self.signed_by),
            domain=given(self.domain),
            existing_tenant=self.existing_tenant,
        )

    def _template_id(self) -> UUID | None:
        """None for an empty id, as a form sends it in which nothing was chosen."""
        if not self.agreement_template_id:
            return None
        return required_id(self.agreement_template_id, AgreementTemplate, "agreementTemplateId")


@strawberry.input(
    description="Which customers to create pending agreements for: those who have none in place."
)
class BulkCreateCustomerAgreementsInput:
    agreement_template_id: strawberry.ID | None = optional(
        "The terms; by default the active Microsoft Customer Agreement."
    )
    account_ids: list[strawberry.ID] | None = optional("Only these accounts; by default all. 250 at most.")
    dry_run: bool = default(False, _DRY_RUN)  # noqa: FBT003  # the default itself
    wait_seconds: int = default(0, _WAIT)
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY + " A failed job is taken up again by it.")

    def command(self) -> BulkCreate:
        account_ids = given(self.account_ids)
        return BulkCreate(
            template_id=optional_id(self.agreement_template_id, AgreementTemplate, "agreementTemplateId"),
            account_ids=None if account_ids is None else many_ids(account_ids, Account, "accountIds"),
            dry_run=self.dry_run,
        )


@strawberry.input(description="Which provider's customers and agreements to read.")
class SyncProviderAccountsInput:
    provider_id: strawberry.ID = required("The provider.")
    dry_run: bool = default(False, _DRY_RUN_OF_SYNC)  # noqa: FBT003  # the default itself
    wait_seconds: int = default(0, _WAIT)
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY + " A failed job is taken up again by it.")


@strawberry.input(description="Which job to stop.")
class CancelJobInput:
    job_id: strawberry.ID = required("The job.")


@strawberry.input(description="Which customer to take off its provider, and how far.")
class OffboardProviderAccountInput:
    provider_account_id: strawberry.ID = required("The customer at the provider.")
    remove_relationship: bool = default(
        False,  # noqa: FBT003  # the default itself
        "End your relationship with the customer there, too, if nothing is left in force: what is not "
        "renewed runs on to its last day.",
    )
    dry_run: bool = default(False, _DRY_RUN)  # noqa: FBT003  # the default itself
    wait_seconds: int = default(5, _WAIT)
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY + " A failed job is taken up again by it.")

    def command(self) -> OffboardProviderAccount:
        return OffboardProviderAccount(
            provider_account_id=required_id(self.provider_account_id, ProviderAccount, "providerAccountId"),
            remove_relationship=self.remove_relationship,
            dry_run=self.dry_run,
        )
