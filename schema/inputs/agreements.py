"""What mutations on agreements are given."""

from datetime import date

import strawberry

from resolvers.new_agreements import NewAgreement
from schema.ids import optional_id, required_id
from schema.inputs.fields import (
    IDEMPOTENCY_KEY,
    REVISION,
    ContactInput,
    changes,
    contact,
    default,
    given,
    optional,
    required,
)
from schema.types.account import Account
from schema.types.agreement_template import AgreementTemplate
from schema.types.provider_account import ProviderAccount


@strawberry.input(
    description="An agreement to record. With signer and day it is accepted, otherwise pending."
)
class CreateAgreementInput:
    account_id: strawberry.ID = required("The customer.")
    agreement_template_id: strawberry.ID = required("The terms.")
    provider_account_id: strawberry.ID | None = optional(
        "The customer at the provider; needed where the provider is automatic and the customer has several."
    )
    name: str | None = optional("Name for people; made of template and account by default.")
    description: str | None = optional("Remarks.")
    executed_on: date | None = optional("The day on which the customer accepted; not in the future.")
    signed_by: ContactInput | None = optional("Who accepted for the customer.")
    created_on: date | None = optional("The day that business records give for its creation.")
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewAgreement:
        return NewAgreement(
            account_id=required_id(self.account_id, Account, "accountId"),
            agreement_template_id=required_id(
                self.agreement_template_id, AgreementTemplate, "agreementTemplateId"
            ),
            provider_account_id=optional_id(self.provider_account_id, ProviderAccount, "providerAccountId"),
            name=given(self.name),
            description=given(self.description),
            executed_on=given(self.executed_on),
            signed_by=contact(self.signed_by),
            created_on=given(self.created_on),
        )


@strawberry.input(
    description="What to fill in or correct on an agreement. Absent = unchanged, null = cleared. "
    "It is not accepted by that."
)
class UpdateAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    revision: int | None = optional(REVISION)
    name: str | None = optional("Name for people; not null.")
    description: str | None = optional("Remarks.")
    signed_by: ContactInput | None = optional("Who signs or has signed.")
    executed_on: date | None = optional("The day on which it was executed; not in the future.")
    created_on: date | None = optional("The day that business records give for its creation.")

    def changes(self) -> dict[str, object]:
        return changes(self, "name", "description", "signed_by", "executed_on", "created_on")


@strawberry.input(description="That a customer has accepted an agreement.")
class AcceptAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    signed_by: ContactInput | None = optional("Who accepted; by default whoever the agreement names already.")
    executed_on: date | None = optional(
        "When; by default the day that the agreement names already, or today (UTC). Not in the future."
    )
    supersede: bool = default(
        False,  # noqa: FBT003  # the default itself
        "Whether this ends the customer's accepted agreements in older versions of the terms.",
    )
    revision: int | None = optional(REVISION)


@strawberry.input(description="Which agreement to end.")
class DeactivateAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    reason: str | None = optional("Why, for the record.")
    on: date | None = optional("The day on which it ended; by default today (UTC). Not in the future.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="Which deactivated or withdrawn agreement to bring back.")
class ReactivateAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="Which agreement to tell the provider of again.")
class RetryAgreementPushInput:
    agreement_id: strawberry.ID = required("The agreement.")
    revision: int | None = optional(REVISION)


@strawberry.input(description="Which agreement to ask the provider about.")
class RefreshAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")


@strawberry.input(description="Which agreement to put on which billing contract; both of one account.")
class TagAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    billing_contract_id: strawberry.ID = required("The billing contract.")


@strawberry.input(description="Which agreement to take off which billing contract.")
class UntagAgreementInput:
    agreement_id: strawberry.ID = required("The agreement.")
    billing_contract_id: strawberry.ID = required("The billing contract.")
