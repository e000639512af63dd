"""Makes what is stored of how a provider is reached from what was stored before and what a person gives."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agreements_api.asking import read_secret
from agreements_api.connections import AnyConnection
from agreements_api.errors import StartupError
from models import ProviderConnector
from providers.partner_center import Connection
from providers.rest import RestConnection

SECRET_VARIABLE = "AGREEMENTS_PROVIDER_CLIENT_SECRET"  # noqa: S105 -- a variable's name
TOKEN_VARIABLE = "AGREEMENTS_PROVIDER_REFRESH_TOKEN"  # noqa: S105 -- a variable's name
KEY_VARIABLE = "AGREEMENTS_PROVIDER_API_KEY"

_OF_CLOUD: dict[str, Any] = {"base_url": "", "login_url": "", "resource": ""}
"""What follows from the cloud, unless it is given."""


def connection_from(
    connector: ProviderConnector,
    stored: AnyConnection | None,
    given: Mapping[str, Any],
    refresh_token: str | None,
) -> AnyConnection:
    """Make the connection; what is not given is as it was stored, or else as usual.

    Args:
        connector: Says the kind of connection.
        stored: What is to be changed, if there is something of that kind.
        given: By the name of the connection's field.
        refresh_token: Of a partner user who has consented elsewhere.

    Raises:
        StartupError: Something is missing or cannot be.
    """
    try:
        if connector is ProviderConnector.REST:
            return _rest(stored if isinstance(stored, RestConnection) else None, given)
        return _partner_center(stored if isinstance(stored, Connection) else None, given, refresh_token)
    except ValueError as error:
        raise StartupError(str(error)) from error


def _partner_center(
    stored: Connection | None, given: Mapping[str, Any], refresh_token: str | None
) -> Connection:
    _refuse_of_other(given, {"acceptance_url"}, "Partner Center")
    if stored is None:
        missing = [name for name in ("tenant_id", "client_id") if name not in given]
        if missing:
            options = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
            raise StartupError(
                f"Partner Center needs {options}.",
                hint="Both are on the overview page of the application in the Microsoft Entra admin center.",
            )
    same = stored is not None and all(
        given.get(name, getattr(stored, name)) == getattr(stored, name) for name in ("tenant_id", "client_id")
    )
    secret = read_secret(
        SECRET_VARIABLE, "Client secret", stored=stored.client_secret if stored and same else None
    )
    token = refresh_token or (stored.refresh_token if stored and same else None)
    changes: dict[str, Any] = {**given, "client_secret": secret, "refresh_token": token}
    if stored is None:
        return Connection(**changes)
    if given.get("cloud", stored.cloud) != stored.cloud:
        changes = _OF_CLOUD | changes
    return replace(stored, **changes)


def _rest(stored: RestConnection | None, given: Mapping[str, Any]) -> RestConnection:
    _refuse_of_other(given, set(given) - {"base_url", "acceptance_url"}, "a REST provider")
    if stored is None and "base_url" not in given:
        raise StartupError("A REST provider needs --base-url.", hint="It is the address before /customers.")
    moved = stored is None or given.get("base_url", stored.base_url) != stored.base_url
    known = stored.api_key if stored and not moved else None
    changes: dict[str, Any] = {**given, "api_key": read_secret(KEY_VARIABLE, "API key", stored=known)}
    if stored is None:
        return RestConnection(**changes)
    return replace(stored, **({"acceptance_url": ""} if moved else {}), **changes)


def _refuse_of_other(given: Mapping[str, Any], unfit: set[str], whom: str) -> None:
    wrong = sorted(f"--{name.replace('_', '-')}" for name in given if name in unfit)
    if wrong:
        raise StartupError(f"{', '.join(wrong)} has no meaning for {whom}.")
