"""Coverage: which customers lack an agreement."""

from typing import TYPE_CHECKING

import graph
import models
from graph import column, relation, shows

if TYPE_CHECKING:
    from schema.types.account import Account
    from schema.types.agreement import Agreement
    from schema.types.provider_account import ProviderAccount

graph.enum(
    models.CoverageState,
    "Whether a customer stands in a template.",
    NONE="There is no agreement.",
    PENDING="There is one; the customer has not accepted yet.",
    ACCEPTED="There is one in effect.",
    INACTIVE="There was one; it has ended.",
    EXPIRED="There was one; the template expired before the customer accepted.",
    UNMAPPED="Nobody has said whose provider account this is.",
)


@shows(
    models.AgreementCoverage,
    description="Whether one customer, as one provider account, stands in one template.",
    default_order=[graph.ascending("name_fold"), graph.ascending("id")],
)
class AgreementCoverage:
    account: "Account | None" = relation(description="The customer; null for an unmapped provider account.")
    provider_account: "ProviderAccount | None" = relation(
        description="The customer at the template's provider; null if it is not known there."
    )
    state: models.CoverageState = column(description="Whether the customer stands in the template.")
    agreement: "Agreement | None" = relation(description="The agreement that the state is taken from.")
