"""`agreements provider …`: says how providers are reached; credentials are written here and nowhere else."""

import os
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

from cyclopts import App

from agreements_api.cli import examples
from agreements_api.errors import StartupError
from agreements_api.logs import configure_logs
from agreements_api.services import Services, open_services
from agreements_api.settings import load_settings
from models import Provider, ProviderConnector
from providers.errors import ProviderError
from providers.partner_center import ConfirmationMode, Connection

provider_app = App(name="provider", help="Say how providers are reached, and try it.")

SECRET_VARIABLE = "AGREEMENTS_PROVIDER_CLIENT_SECRET"  # noqa: S105 -- a variable's name
TOKEN_VARIABLE = "AGREEMENTS_PROVIDER_REFRESH_TOKEN"  # noqa: S105 -- a variable's name


@provider_app.command(
    help_epilogue=examples(
        "agreements provider add --tenant-id 5e5b... --client-id 0f6a...",
        'agreements provider add "Partner Center EMEA" --tenant-id 5e5b... --client-id 0f6a...',
    )
)
async def add(  # noqa: PLR0913 -- one option a value
    name: str = "Microsoft Partner Center",
    /,
    *,
    tenant_id: str,
    client_id: str,
    confirmation: ConfirmationMode = ConfirmationMode.CUSTOMER,
    base_url: str | None = None,
    login_url: str | None = None,
    admin_center_url: str | None = None,
) -> None:
    """Store how a Partner Center provider is reached, encrypted in the database; repeat it to change it.

    The client secret is read from AGREEMENTS_PROVIDER_CLIENT_SECRET and the refresh token of the partner user
    who consented from AGREEMENTS_PROVIDER_REFRESH_TOKEN, or both are asked for: never on the command line,
    where other users of the machine could read them.

    Args:
        name: The provider, as createProvider or the seed named it.
        tenant_id: The partner's own tenant.
        client_id: The application registered in Partner Center.
        confirmation: customer: customers accept at Microsoft. legacy: the partner confirms, now retired.
        base_url: Of the API, instead of Microsoft's: of a national cloud, or of a simulator.
        login_url: Of the identity provider, likewise.
        admin_center_url: Where customers accept, likewise.
    """
    urls = {"base_url": base_url, "login_url": login_url, "admin_center_url": admin_center_url}
    given: dict[str, Any] = {key: value for key, value in urls.items() if value is not None}
    async with _services() as services:
        provider = await _provider(services, name)
        try:
            connection = Connection(
                tenant_id=tenant_id,
                client_id=client_id,
                client_secret=_secret(SECRET_VARIABLE, "Client secret: "),
                refresh_token=_secret(TOKEN_VARIABLE, "Refresh token (empty for none): ") or None,
                confirmation=confirmation,
                **given,
            )
        except ValueError as error:
            raise StartupError(str(error)) from error
        await services.providers.put(provider.id, connection)
    print(f"Stored. Try it with: agreements provider check {provider.name!r}")  # noqa: T201 -- the command's answer


@provider_app.command(
    help_epilogue=examples("agreements provider check", 'agreements provider check "Partner Center EMEA"')
)
async def check(name: str = "Microsoft Partner Center", /) -> None:
    """Ask the provider for its terms, as application and as user, and say what is wrong.

    Args:
        name: The provider.
    """
    async with _services() as services:
        provider = await _provider(services, name)
        try:
            client = await services.providers.get(provider.id)
            async for _ in client.list_customers():
                break
            templates = await client.list_templates()
        except ProviderError as error:
            raise StartupError(f"{provider.name}: {error}") from error
    print(f"{provider.name} answers: {len(templates)} templates.")  # noqa: T201 -- the command's answer


def _services() -> AbstractAsyncContextManager[Services]:
    settings = load_settings()
    configure_logs(level=settings.log_level, format=settings.log_format)
    return open_services(settings, run_jobs=False)


async def _provider(services: Services, name: str) -> Provider:
    async with services.context("cli").look() as view:
        provider = await view.providers.get_by_name(name)
    if provider is None:
        raise StartupError(f"There is no provider «{name}».", hint="Create it with createProvider first.")
    if provider.connector is not ProviderConnector.PARTNER_CENTER:
        raise StartupError(f"«{provider.name}» is not reached through Partner Center.")
    return provider


def _secret(variable: str, prompt: str) -> str:
    from getpass import getpass  # noqa: PLC0415 -- only where a person is asked

    given = os.environ.get(variable)
    if given is not None:
        return given.strip()
    if not sys.stdin.isatty():
        raise StartupError(f"{variable} is not set, and there is nobody to ask.")
    return getpass(prompt).strip()
