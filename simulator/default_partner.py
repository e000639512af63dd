"""A partner for whoever wants to start without describing one."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from simulator.admin_models import PartnerModel
from simulator.admin_partners import save_all
from simulator.world import World


@dataclass(frozen=True)
class DefaultPartner:
    """A partner with an application and a user who has consented; all ids and secrets follow from the name.

    Nothing here is secret: the simulator guards test data only, and what is configured stays good when it is
    started anew.
    """

    name: str

    def credentials(self) -> dict[str, str]:
        """Give what the partner's software has to know."""
        return {
            "Tenant": self._id("tenant"),
            "Client id": self._id("application"),
            "Client secret": f"secret-{self._id('secret')}",
            "Refresh token": f"consent-{self._id('consent')}",
        }

    def model(self) -> dict[str, object]:
        """Describe it as the admin interface takes it."""
        known = self.credentials()
        user = {"upn": f"admin@{known['Tenant']}.example", "refreshToken": known["Refresh token"]}
        application = {"clientId": known["Client id"], "clientSecret": known["Client secret"]}
        return {
            "tenantId": known["Tenant"],
            "name": self.name,
            "applications": [application],
            "users": [user],
        }

    def make(self, world: World) -> None:
        """Make it, or see that it is there as described."""
        save_all(world, PartnerModel.model_validate(self.model()))

    def _id(self, what: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"https://partner.invalid/{self.name}/{what}"))
