"""A partner at a simulated Partner Center: what the tests see there, and what they do there."""

from datetime import timedelta
from typing import Any

from support.simulator import SimulatedPartner, Simulator

from providers.partner_center import ConfirmationMode, Connection


def connection_of(partner: SimulatedPartner, simulator: Simulator, **changes: Any) -> Connection:
    """How a partner reaches the simulator; other arguments are those of `Connection`."""
    known: dict[str, Any] = {
        "tenant_id": partner.tenant_id,
        "client_id": partner.client_id,
        "client_secret": partner.client_secret,
        "refresh_token": partner.refresh_token,
        "base_url": simulator.url,
        "login_url": simulator.url,
        "admin_center_url": simulator.url,
    }
    return Connection(**known | changes)


class There(Simulator):
    """The simulator, as far as one partner is concerned."""

    def __init__(self, url: str, partner: SimulatedPartner) -> None:
        super().__init__(url)
        self.partner = partner

    @property
    def connection(self) -> Connection:
        """How the partner is reached by a client that gives up quickly."""
        return connection_of(
            self.partner,
            self,
            confirmation=ConfirmationMode.LEGACY,
            timeout=timedelta(seconds=3),
            max_attempts=1,
            requests_per_minute=0,
        )

    async def customers(self, tenant_id: str | None = None) -> list[dict[str, Any]]:
        """Give all that is on record of the partner's customers, in the order they came."""
        return await super().customers(tenant_id or self.partner.tenant_id)

    async def confirmations(self) -> list[dict[str, Any]]:
        """Give what the partner has confirmed of its only customer."""
        (customer,) = await self.customers()
        return customer["agreements"]

    async def add(self, *customers: dict[str, Any]) -> None:
        """Create or change customers of the partner."""
        await self.add_customers(self.partner.tenant_id, customers)

    async def remove(self, customer_id: str) -> None:
        """End the relationship with a customer."""
        await self.remove_customer(self.partner.tenant_id, customer_id)

    async def end_consent(self) -> None:
        """End what the partner's user has consented to."""
        await self.withdraw_consent(self.partner.tenant_id)
