"""What the provider commands say of a provider, in lines for a person."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agreements_api.connections import AnyConnection
from models import Provider, ProviderCapabilities
from providers.base import Provider as Client
from providers.base import Trouble
from providers.errors import Unsupported
from providers.partner_center import ConfirmationMode, Connection, Environment

if TYPE_CHECKING:
    from providers.partner_center.findings import Findings

_LOGIN = frozenset({"NO_USER_CONSENT", "CONSENT_ENDED", "NO_MFA"})
_ADD = frozenset({"WRONG_SECRET", "WRONG_TENANT", "UNKNOWN_APPLICATION", "WRONG_ENVIRONMENT", "WRONG_KEY"})
_MODES = {
    ConfirmationMode.CUSTOMER: "customers accept in the admin center",
    ConfirmationMode.ENHANCED: "customers accept on a page that they are sent to",
    ConfirmationMode.LEGACY: "the partner confirms, which Microsoft has retired",
}


def told(provider: Provider, troubles: Sequence[Trouble]) -> Iterator[str]:
    """Give a line a trouble, a line its remedy, and the command of ours that is part of it."""
    yield f"{provider.name}: {'one trouble' if len(troubles) == 1 else f'{len(troubles)} troubles'}."
    for trouble in troubles:
        yield f"\n{trouble.cause}: {trouble.message}"
        yield f"  What to do: {trouble.remedy}"
        if trouble.cause in _LOGIN:
            yield f"  Then: agreements provider login {provider.name!r}"
        elif trouble.cause in _ADD:
            yield f"  Then: agreements provider add {provider.name!r} …"


async def summary(
    provider: Provider, client: Client, capabilities: ProviderCapabilities, connection: AnyConnection | None
) -> str:
    """Say that it works, and what was seen."""
    seen = [_counted(await _customers(client), "customer") + " on the first page"]
    with suppress(Unsupported):
        seen.insert(0, _counted(len(await client.list_templates()), "template"))
    if isinstance(connection, Connection):
        seen.append(_MODES[connection.confirmation])
    from providers.partner_center.client import PartnerCenter  # noqa: PLC0415 -- loaded by whoever made one

    if isinstance(client, PartnerCenter):
        seen += _found(await client.find_out())
    seen.append(f"can do: {_able(capabilities)}")
    return f"{provider.name} answers: {'; '.join(seen)}."


def by_hand(provider: Provider) -> str:
    return f"{provider.name} is served by hand: there is nothing to reach, and nothing that could be wrong."


def without_terms(provider: Provider) -> str:
    """Say what is still to be done before agreements can be made at a provider that has no template."""
    return (
        f"{provider.name} has no agreement template in force with us, and needs one for agreements:"
        " createAgreementTemplate makes it, setAgreementTemplateStatus brings one into force (GraphQL)."
    )


def not_opened(names: Sequence[str]) -> str:
    """Say that what was stored now and what was stored before cannot be used together."""
    quoted = ", ".join(f"«{name}»" for name in names)
    return (
        f"The secret key that is set now does not open the credentials of {quoted}, which were sealed with"
        " another: set that one and repeat this, or store them anew with `agreements provider add`."
    )


def _found(findings: "Findings") -> Iterator[str]:
    factor = {True: " with", False: " without", None: ", perhaps with"}[findings.mfa]
    yield f"{findings.user_name or 'a user'} has consented{factor} multi-factor authentication"
    if findings.skew is not None:
        yield f"clocks differ by {abs(round(findings.skew.total_seconds()))} s"


def line_of(provider: Provider, connection: AnyConnection | None, problem: str) -> str:
    """Describe a provider in a few short lines."""
    synced = f"{provider.last_synced_at:%Y-%m-%d %H:%M} UTC" if provider.last_synced_at else "never"
    reached = problem or ("by hand" if not provider.is_automatic else _reached(provider.name, connection))
    lines = [
        f"{provider.name} ({provider.connector}, {provider.role}, {provider.status})",
        f"  reached: {reached}",
    ]
    if provider.is_automatic:
        lines += [f"  can do: {_able(provider.capabilities)}", f"  last synced: {synced}"]
    return "\n".join(lines)


def _reached(name: str, connection: AnyConnection | None) -> str:
    if connection is None:
        return f"not configured yet: agreements provider add {name!r}"
    place = urlsplit(connection.base_url).netloc
    if not isinstance(connection, Connection):
        return f"{place}, with a key"
    parts = [
        place,
        f"tenant {connection.tenant_id}",
        f"application {connection.client_id}",
        "sandbox" if connection.environment is Environment.SANDBOX else "",
        _MODES[connection.confirmation],
        "a user has consented" if connection.refresh_token else "nobody has consented yet",
    ]
    return ", ".join(part for part in parts if part)


def _able(capabilities: ProviderCapabilities) -> str:
    able = [name.replace("_", " ") for name, is_able in asdict(capabilities).items() if is_able]
    return ", ".join(able) or "nothing by itself"


async def _customers(client: Client) -> int:
    async for page in client.list_customers():
        return len(page)
    return 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
