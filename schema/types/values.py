"""Values and fields that several types share."""

from datetime import datetime

import strawberry

import graph
import models
from graph import column

graph.enum(
    models.AcceptanceRequestStatus,
    "What became of an acceptance that the customer was asked for.",
    OPEN="The customer has not answered yet.",
    EXPIRED="The customer did not answer in time.",
    REFUSED="The customer said no.",
    ACCEPTED="The customer said yes.",
)


class SystemFields:
    """What the system itself records about an entity; never an input."""

    created_at: datetime = column(description="When it was recorded.")
    created_by: str = column(description="Who recorded it: `local`, or `job:` and the id of a job.")
    updated_at: datetime = column(description="When it last changed.")
    updated_by: str = column(description="Who changed it last.")
    revision: int = column(
        description="Grows with every change. Give it back with an update, which is refused if it has "
        "grown since."
    )


@strawberry.type(description="A person at a customer.")
class Contact:
    first_name: str = strawberry.field(description="Given name.")
    last_name: str = strawberry.field(description="Family name.")
    email: str = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(description="Telephone number, as it was given.")


@strawberry.type(description="A postal address.")
class Address:
    line1: str = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="Whatever else the post needs.")
    city: str = strawberry.field(description="City or town.")
    region: str | None = strawberry.field(description="State or province.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    country: str = strawberry.field(description="Country, two letters (ISO 3166-1).")


@strawberry.type(description="What can be done at a provider by calling it. All false for a manual provider.")
class ProviderCapabilities:
    customer_sync: bool = strawberry.field(description="It lists its customers.")
    customer_creation: bool = strawberry.field(description="It creates customers for us.")
    agreement_confirmation: bool = strawberry.field(description="It is told when a customer has accepted.")
    agreement_sync: bool = strawberry.field(description="It tells which customers have accepted.")


@strawberry.type(
    description="Where a provider wants the customer's own acceptance: where the customer gives it."
)
class AcceptanceRequest:
    url: str = strawberry.field(description="Page to send to the customer.")
    status: models.AcceptanceRequestStatus = strawberry.field(description="What became of it.")
    expires_at: datetime | None = strawberry.field(description="When the page stops working, if it does.")
