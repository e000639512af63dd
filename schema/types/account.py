"""Accounts, and the people at them."""

from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows, value
from schema.filters import AccountFilter
from schema.orders import ACCOUNT_ORDER
from schema.types.values import Address, Contact, SystemFields

if TYPE_CHECKING:
    from schema.types.agreement import Agreement
    from schema.types.billing_contract import BillingContract
    from schema.types.provider_account import ProviderAccount

graph.enum(
    models.AccountStatus,
    "Whether an account is worked with.",
    ACTIVE="New agreements, contracts and provider accounts may be made.",
    INACTIVE="Kept for the record; nothing new is made.",
)


@shows(
    models.Account,
    description="A customer in the partner's books.",
    filter=AccountFilter,
    order=ACCOUNT_ORDER,
)
class Account(SystemFields, Node):
    name: str = column(description="Name of the organization.")
    status: models.AccountStatus = column(description="Whether it is worked with.")
    primary_contact: Contact | None = value(
        description="Who is written to, and who signs a provisioning that names nobody else."
    )
    contacts: "Connection[AccountContact]" = relation(description="Further people, in the order given.")
    domain: str | None = column(description="Its internet domain, in lower case.")
    country: str | None = column(
        source="address_country", description="Country of the address, two letters (ISO 3166-1)."
    )
    address: Address | None = value(description="Postal address.")
    organization_registration_number: str | None = column(
        description="Number in the register of companies, which some countries require at the provider."
    )
    external_ref: str | None = column(description="Its id in the partner's own systems; unique.")
    agreements: "Connection[Agreement]" = relation(description="Agreements with this customer.")
    billing_contracts: "Connection[BillingContract]" = relation(description="What it is billed for.")
    provider_accounts: "Connection[ProviderAccount]" = relation(
        description="The same customer as providers know it."
    )


@shows(
    models.AccountContact,
    description="A further person at an account.",
    default_order=[graph.ascending("position")],
)
class AccountContact(Node):
    contact: Contact = value(description="The person.")
