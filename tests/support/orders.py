"""What is asked of a provisioning in tests: a request against which nothing stands, and its parts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from support.factories import ADA, CUSTOMER_AGREEMENT, PARTNER_CENTER

from models import Address
from resolvers.accounts import NewAccount
from resolvers.provisioning import ProvisionAccount

REDMOND = Address("One Microsoft Way", None, "Redmond", "WA", "98052", "US")
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


def contoso(**values: Any) -> NewAccount:
    made = {"name": "Contoso Ltd", "primary_contact": ADA, "domain": "contoso.com", "address": REDMOND}
    return NewAccount(**{**made, **values})


def an_order(**values: Any) -> ProvisionAccount:
    """Contoso is new in the books, shall be contoso.onmicrosoft.com, and agreed yesterday."""
    made = {
        "provider_id": PARTNER_CENTER,
        "template_id": CUSTOMER_AGREEMENT,
        "executed_on": YESTERDAY,
        "domain": "contoso.onmicrosoft.com",
    }
    if "account_id" not in values:
        made["new_account"] = contoso()
    return ProvisionAccount(**{**made, **values})
