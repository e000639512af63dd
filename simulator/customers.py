"""Customers and who may see them: the records behind every customer path."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from simulator.errors import forbidden, invalid, not_found
from simulator.store import Store
from simulator.values import Json, guid, is_guid, without_nulls
from simulator.world import World


@dataclass(frozen=True)
class Customer:
    """A tenant. `created_at` is a POSIX time; none for one that has always been there."""

    id: str
    commerce_id: str
    domain: str
    company_name: str
    country: str
    email: str
    culture: str
    language: str
    address: Mapping[str, str]
    registration_number: str | None = None
    associated_partner_id: str | None = None
    direct_signed: bool = False
    created_at: float | None = None


REACHED = """
select customers.*, exists (
    select 1 from relationships where tenant_id = ? and customer_id = customers.id
) as related from customers where id = ?
"""


def reach_customer(world: World, partner_id: str, customer_id: str) -> Customer:
    """Find a customer for a partner.

    Raises:
        Refusal: 400 for an id that is none, 404 for a tenant that is unknown or too new, 403 for one that is
            another partner's.
    """
    if not is_guid(customer_id):
        raise invalid("Invalid Customer Id", code=900118)
    row = world.store.row(REACHED, (partner_id, guid(customer_id)))
    if row is None:
        raise not_found(f"A customer with the tenant Id '{customer_id}' was not found.")
    customer = customer_from(row)
    if not row["related"]:
        raise forbidden(
            20002,
            f"The partner ID {partner_id} has no commerce relationship with the customer ID {customer.id}.",
        )
    age, delay = age_seconds(world, customer), world.behaviour.visibility_delay_seconds
    if age < delay / 3:
        raise not_found(f"A customer with the tenant Id '{customer.id}' was not found.")
    if age < delay:
        raise not_found(f"No company was found to be associated with tenant Id: '{customer.id}'.")
    return customer


def age_seconds(world: World, customer: Customer) -> float:
    if customer.created_at is None:
        return float("inf")
    return world.now().timestamp() - customer.created_at


def newest_listed(world: World) -> float:
    """Give the POSIX time of creation after which a customer is not in lists yet."""
    delay = timedelta(seconds=world.behaviour.visibility_delay_seconds * 4 / 3)
    return (world.now() - delay).timestamp()


def find_customer(store: Store, customer_id: str) -> Customer | None:
    row = store.row("select * from customers where id = ?", (customer_id,))
    return None if row is None else customer_from(row)


def is_related(store: Store, partner_id: str, customer_id: str) -> bool:
    return bool(
        store.row(
            "select 1 from relationships where tenant_id = ? and customer_id = ?", (partner_id, customer_id)
        )
    )


def count_customers(store: Store, partner_id: str) -> int:
    return store.count("select count(*) from relationships where tenant_id = ?", (partner_id,))


def delete_customer(store: Store, customer_id: str) -> None:
    """Delete a tenant with all that hangs on it."""
    for table in ("subscriptions", "carts", "agreements", "relationships"):
        store.write(f"delete from {table} where customer_id = ?", (customer_id,))  # noqa: S608 - names above
    store.write("delete from customers where id = ?", (customer_id,))


def is_domain_taken(store: Store, domain: str) -> bool:
    return bool(store.row("select 1 from customers where domain = ? collate nocase", (domain,)))


SAVE = """
insert into customers values (
    :id, :commerce_id, :domain, :company_name, :country, :email, :culture, :language, :address,
    :registration_number, :associated_partner_id, :direct_signed, :created_at
) on conflict (id) do update set
    domain = excluded.domain, company_name = excluded.company_name, country = excluded.country,
    email = excluded.email, culture = excluded.culture, language = excluded.language,
    address = excluded.address, registration_number = excluded.registration_number,
    associated_partner_id = excluded.associated_partner_id, direct_signed = excluded.direct_signed
"""


def save_customer(store: Store, partner_id: str, customer: Customer) -> None:
    """Create or change a customer and see that the partner serves it."""
    store.write(
        SAVE,
        {
            "id": customer.id,
            "commerce_id": customer.commerce_id,
            "domain": customer.domain,
            "company_name": customer.company_name,
            "country": customer.country,
            "email": customer.email,
            "culture": customer.culture,
            "language": customer.language,
            "address": json.dumps(customer.address, ensure_ascii=False),
            "registration_number": customer.registration_number,
            "associated_partner_id": customer.associated_partner_id,
            "direct_signed": customer.direct_signed,
            "created_at": customer.created_at,
        },
    )
    relate(store, partner_id, customer.id)


def relate(store: Store, partner_id: str, customer_id: str) -> None:
    """Make the partner a reseller of the customer, if it is not one yet."""
    store.write(
        "insert or ignore into relationships (tenant_id, customer_id) values (?, ?)",
        (partner_id, customer_id),
    )


def unrelate(store: Store, partner_id: str, customer_id: str) -> bool:
    """End the relationship; false if there was none."""
    return (
        store.write(
            "delete from relationships where tenant_id = ? and customer_id = ?", (partner_id, customer_id)
        )
        > 0
    )


def sign_directly(store: Store, customer_id: str) -> bool:
    """Record that the customer accepted the agreement itself; false if there is no such customer."""
    return store.write("update customers set direct_signed = 1 where id = ?", (customer_id,)) > 0


def customer_from(row: sqlite3.Row) -> Customer:
    return Customer(
        id=row["id"],
        commerce_id=row["commerce_id"],
        domain=row["domain"],
        company_name=row["company_name"],
        country=row["country"],
        email=row["email"],
        culture=row["culture"],
        language=row["language"],
        address=json.loads(row["address"]),
        registration_number=row["registration_number"],
        associated_partner_id=row["associated_partner_id"],
        direct_signed=bool(row["direct_signed"]),
        created_at=row["created_at"],
    )


def summary(customer: Customer) -> Json:
    """Show a customer as lists do: without billing profile and delegated access."""
    return {
        "id": customer.id,
        "companyProfile": {
            "tenantId": customer.id,
            "domain": customer.domain,
            "companyName": customer.company_name,
            "links": _self(f"/customers/{customer.id}/profiles/company"),
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller",
        "links": _self(f"/customers/{customer.id}"),
        "attributes": {"objectType": "Customer"},
    }


def detail(customer: Customer) -> dict[str, Json]:
    """Show all that is known of a customer."""
    return without_nulls(
        {
            "id": customer.id,
            "commerceId": customer.commerce_id,
            "companyProfile": without_nulls(
                {
                    "tenantId": customer.id,
                    "domain": customer.domain,
                    "companyName": customer.company_name,
                    "address": {"country": customer.country, **customer.address},
                    "email": customer.email,
                    "organizationRegistrationNumber": customer.registration_number,
                    "links": _self(f"/customers/{customer.id}/profiles/company"),
                    "attributes": {"objectType": "CustomerCompanyProfile"},
                }
            ),
            "billingProfile": {
                **billing_profile(customer),
                "links": _self(f"/customers/{customer.id}/profiles/billing"),
            },
            "relationshipToPartner": "reseller",
            "allowDelegatedAccess": True,
            "customDomains": [customer.domain],
            "associatedPartnerId": customer.associated_partner_id,
            "links": _self(f"/customers/{customer.id}"),
            "attributes": {"objectType": "Customer"},
        }
    )


def billing_profile(customer: Customer) -> dict[str, Json]:
    return without_nulls(
        {
            "id": str(uuid5(NAMESPACE_URL, f"https://customer.invalid/{customer.id}/billing")),
            "firstName": customer.address.get("firstName"),
            "lastName": customer.address.get("lastName"),
            "email": customer.email,
            "culture": customer.culture,
            "language": customer.language,
            "companyName": customer.company_name,
            "defaultAddress": {"country": customer.country, **customer.address},
            "attributes": {"etag": _etag(customer), "objectType": "CustomerBillingProfile"},
        }
    )


def _etag(customer: Customer) -> str:
    """Give a signed 64-bit number that changes with the profile, as the service does."""
    text = f"{customer.company_name}|{customer.email}|{customer.country}|{sorted(customer.address.items())}"
    return str(int.from_bytes(uuid5(NAMESPACE_URL, text).bytes[:8], signed=True))


def _self(uri: str) -> Json:
    return {"self": {"uri": uri, "method": "GET", "headers": []}}
