"""What can be said on the command line of how a provider is reached: everything but secrets."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from agreements_api.errors import StartupError
from providers.partner_center import Cloud, ConfirmationMode, Environment


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ConnectionOptions:
    """Options of `agreements provider add`, named as the fields of a connection where they are ones."""

    tenant_id: str | None = None
    """Partner Center: the partner's own tenant."""
    client_id: str | None = None
    """Partner Center: the application registered there."""
    confirmation: ConfirmationMode | None = None
    """Partner Center: customer (the usual) has customers accept in the admin center, enhanced on a page
    without a sign-in; legacy has the partner confirm, which Microsoft has retired."""
    sandbox: Annotated[bool | None, Parameter(negative="--production")] = None
    """Partner Center: what the tenant is for, so that check finds a mix-up."""
    cloud: Cloud | None = None
    """Partner Center: in which of Microsoft's clouds the tenant lives."""
    requests_per_minute: int | None = None
    """Partner Center: our share of the tenant's budget, 500 unless given; 0 for no limit."""
    base_url: str | None = None
    """Of a REST provider; of Partner Center where it is a simulator."""
    login_url: str | None = None
    """Partner Center: of a simulator's identity provider."""
    admin_center_url: str | None = None
    """Partner Center: where customers of a simulator accept."""
    webhook_authority: Path | None = None
    """Partner Center: a PEM file of who signs a simulator's notifications."""
    acceptance_url: str | None = None
    """REST: where the provider's customers accept."""

    def given(self) -> dict[str, Any]:
        """Give what was said, by the name of the connection's field.

        Raises:
            StartupError: The PEM file cannot be read, or holds no certificate.
        """
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        said = {name: value for name, value in said.items() if value is not None}
        if "sandbox" in said:
            said["environment"] = Environment.SANDBOX if said.pop("sandbox") else Environment.PRODUCTION
        if self.webhook_authority is not None:
            said["webhook_authority"] = _certificates(self.webhook_authority)
        return said


NOTHING_SAID = ConnectionOptions()


def _certificates(path: Path) -> str:
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"Cannot read {path}: {getattr(error, 'strerror', None) or 'no PEM'}.") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise StartupError(f"{path} holds no certificate.", hint="Give a file in PEM.")
    return text
