"""Provider accounts."""

from datetime import datetime
from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows
from schema.filters import ProviderAccountFilter
from schema.orders import PROVIDER_ACCOUNT_ORDER
from schema.types.values import SystemFields

if TYPE_CHECKING:
    from schema.types.account import Account
    from schema.types.agreement import Agreement
    from schema.types.provider import Provider

graph.enum(
    models.ProviderAccountMapping,
    "How it is known whose a provider account is.",
    UNMAPPED="It is not known.",
    AUTO="A sync found exactly one account with its domain.",
    MANUAL="A person said so.",
    PROVISIONED="It was made for the account.",
)
graph.enum(
    models.ProviderAccountStatus,
    "Whether a provider account is worked with.",
    ACTIVE="It is.",
    INACTIVE="Kept for the record; no agreement is made for it.",
)


@shows(
    models.ProviderAccount,
    description="A customer as a provider knows it: for Microsoft, a tenant.",
    filter=ProviderAccountFilter,
    order=PROVIDER_ACCOUNT_ORDER,
)
class ProviderAccount(SystemFields, Node):
    provider_specific_id: str = column(description="Its id at the provider; unique there.")
    provider_name: str = column(description="Its name at the provider.")
    domain: str | None = column(description="Its domain at the provider, in lower case.")
    mapping: models.ProviderAccountMapping = column(description="How it is known whose it is.")
    sync_enabled: bool = column(description="Whether a sync makes agreements for it.")
    status: models.ProviderAccountStatus = column(description="Whether it is worked with.")
    missing_since: datetime | None = column(description="When the provider first did not list it any more.")
    last_synced_at: datetime | None = column(description="When the provider last listed it.")
    account: "Account | None" = relation(description="Whose it is; null while that is not known.")
    provider: "Provider" = relation(description="Where it is.")
    agreements: "Connection[Agreement]" = relation(description="Agreements made for it.")
