"""What a provisioning was asked to do, as its job keeps it: no later change of the account alters it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from models import Contact
from providers import base


@dataclass(frozen=True, kw_only=True)
class Order:
    """All that the work needs beside the ids in the job's own columns; none of it is secret.

    Attributes:
        executed_on: The day, in UTC, on which the customer agreed.
        signer: The customer's person who agreed.
        customer: The customer to create; None where nothing is created.
        invitation_url: Where an existing customer accepts the partner, if that was asked for.
    """

    executed_on: date
    signer: Contact
    customer: base.NewCustomer | None = None
    invitation_url: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "executed_on": self.executed_on.isoformat()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(
            executed_on=date.fromisoformat(values["executed_on"]),
            signer=Contact(**values["signer"]),
            customer=_customer(values["customer"]) if values["customer"] else None,
            invitation_url=values["invitation_url"],
        )


def _customer(values: dict[str, Any]) -> base.NewCustomer:
    return base.NewCustomer(
        name=values["name"],
        contact=base.Contact(**values["contact"]),
        domain=values["domain"],
        address=base.Address(**values["address"]) if values["address"] else None,
        organization_registration_number=values["organization_registration_number"],
    )
