"""What mutations on accounts and their billing contracts are given."""

from datetime import date

import strawberry

import models
from resolvers.accounts import NewAccount
from resolvers.billing_contracts import NewBillingContract
from schema.ids import required_id
from schema.inputs.fields import (
    IDEMPOTENCY_KEY,
    REVISION,
    AddressInput,
    ContactInput,
    address,
    changes,
    contact,
    default,
    given,
    optional,
    required,
)
from schema.types.account import Account


@strawberry.input(description="A customer to take into the books.")
class NewAccountInput:
    name: str = required("Name of the organization.")
    primary_contact: ContactInput | None = optional(
        "Who signs, and is written to, unless something else is said."
    )
    contacts: list[ContactInput] | None = optional("Further people, in order; 100 at most.")
    domain: str | None = optional("Its internet domain, e.g. contoso.com. A sync finds the account by it.")
    address: AddressInput | None = optional("Postal address.")
    organization_registration_number: str | None = optional("Number in the register of companies.")
    external_ref: str | None = optional("Its id in your own systems; no other account may have it.")

    def command(self) -> NewAccount:
        return NewAccount(
            name=self.name,
            primary_contact=contact(self.primary_contact),
            contacts=[each.to_model() for each in given(self.contacts) or ()],
            domain=given(self.domain),
            address=address(self.address),
            organization_registration_number=given(self.organization_registration_number),
            external_ref=given(self.external_ref),
        )


@strawberry.input(description="A customer to take into the books, once.")
class CreateAccountInput(NewAccountInput):
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)


@strawberry.input(description="What to correct on an account. Absent = unchanged, null = cleared.")
class UpdateAccountInput:
    account_id: strawberry.ID = required("The account.")
    revision: int | None = optional(REVISION)
    name: str | None = optional("Name of the organization; not null.")
    primary_contact: ContactInput | None = optional("Who signs, and is written to.")
    contacts: list[ContactInput] | None = optional("Further people: the whole list anew.")
    domain: str | None = optional("Its internet domain.")
    address: AddressInput | None = optional("Postal address.")
    organization_registration_number: str | None = optional("Number in the register of companies.")
    external_ref: str | None = optional("Its id in your own systems.")

    def changes(self) -> dict[str, object]:
        return changes(
            self,
            "name",
            "primary_contact",
            "contacts",
            "domain",
            "address",
            "organization_registration_number",
            "external_ref",
        )


@strawberry.input(description="A billing contract to enter.")
class CreateBillingContractInput:
    account_id: strawberry.ID = required("Who is billed.")
    name: str = required("Name for people.")
    billing_frequency: models.BillingFrequency = required("How often it is billed.")
    billing_policy: models.BillingPolicy = required("When a period is billed.")
    start_on: date = required("First day.")
    end_on: date | None = optional("Last day; null or absent: until it is ended.")
    auto_renew: bool = default(False, "Whether it is renewed when it ends.")  # noqa: FBT003  # the default itself
    currency: str = required("Currency, three capitals (ISO 4217).")
    is_default: bool = default(
        False,  # noqa: FBT003  # the default itself
        "Whether it becomes the account's default, in place of the one that was.",
    )
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewBillingContract:
        return NewBillingContract(
            account_id=required_id(self.account_id, Account, "accountId"),
            name=self.name,
            billing_frequency=self.billing_frequency,
            billing_policy=self.billing_policy,
            start_on=self.start_on,
            end_on=given(self.end_on),
            auto_renew=self.auto_renew,
            currency=self.currency,
            is_default=self.is_default,
        )
