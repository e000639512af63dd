"""Says how to connect this server with a simulator."""

import shlex

from simulator.default_partner import DefaultPartner


def say_how_to_connect(partner: DefaultPartner, url: str) -> None:
    """Print the commands that connect to a partner; its secrets guard nothing, so they may be shown."""
    known = partner.credentials()
    for line in (
        "Connect this server with it:",
        f"  export AGREEMENTS_PROVIDER_CLIENT_SECRET={known['Client secret']}",
        f"  export AGREEMENTS_PROVIDER_REFRESH_TOKEN={known['Refresh token']}",
        f"  agreements provider add {shlex.quote(partner.name)} --confirmation enhanced \\",
        f"    --tenant-id {known['Tenant']} --client-id {known['Client id']} \\",
        f"    --base-url {url} --login-url {url} --admin-center-url {url}",
        f"  agreements provider check {shlex.quote(partner.name)}",
    ):
        print(line, flush=True)  # noqa: T201 -- for the person who started the command
