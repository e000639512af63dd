"""Billing contracts."""

from datetime import date
from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows
from schema.filters import BillingContractFilter
from schema.orders import BILLING_CONTRACT_ORDER
from schema.types.values import SystemFields

if TYPE_CHECKING:
    from schema.types.account import Account
    from schema.types.agreement import Agreement

graph.enum(
    models.BillingContractStatus,
    "Whether a contract is in force.",
    ACTIVE="Agreements may be tagged on it.",
    INACTIVE="Ended; kept for the record.",
)
graph.enum(
    models.BillingFrequency,
    "How often a contract is billed.",
    MONTHLY="Every month.",
    QUARTERLY="Every three months.",
    ANNUAL="Every year.",
)
graph.enum(
    models.BillingPolicy,
    "When a period is billed.",
    ADVANCE="Before it begins.",
    ARREARS="After it has ended.",
)


@shows(
    models.BillingContract,
    description="A billing relationship with a customer, on which its agreements are tagged.",
    filter=BillingContractFilter,
    order=BILLING_CONTRACT_ORDER,
)
class BillingContract(SystemFields, Node):
    name: str = column(description="Name for people.")
    status: models.BillingContractStatus = column(description="Whether it is in force.")
    billing_frequency: models.BillingFrequency = column(description="How often it is billed.")
    billing_policy: models.BillingPolicy = column(description="When a period is billed.")
    start_on: date = column(description="First day.")
    end_on: date | None = column(description="Last day; null: until it is ended.")
    terminated_on: date | None = column(description="The day on which it was ended early.")
    auto_renew: bool = column(description="Whether it is renewed when it ends.")
    currency: str = column(description="Currency, three letters (ISO 4217).")
    is_default: bool = column(description="Whether it is the account's default; at most one is.")
    account: "Account" = relation(description="Who is billed.")
    agreements: "Connection[Agreement]" = relation(description="Agreements tagged on it.")
