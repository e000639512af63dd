"""`agreements provider …`: says how providers are reached; credentials are written here and nowhere else."""

from dataclasses import replace
from urllib.parse import urlsplit

from cyclopts import App

from agreements_api.asking import patience
from agreements_api.cli import examples
from agreements_api.errors import StartupError
from agreements_api.provider_adding import Wanted, decide, store
from agreements_api.provider_options import NOTHING_SAID, ConnectionOptions
from agreements_api.provider_report import by_hand, line_of, not_opened, summary, told, without_terms
from agreements_api.provider_setup import (
    ask_capabilities,
    has_database,
    has_terms,
    list_providers,
    provider_services,
    rehearsal,
    require_provider,
)
from agreements_api.saying import say
from agreements_api.services import Services
from models import Provider, ProviderConnector, ProviderRole
from providers.errors import ProviderError
from providers.partner_center import Connection

DEFAULT = "Microsoft Partner Center"

provider_app = App(name="provider", help="Say how providers are reached, and try it.")


@provider_app.command(
    help_epilogue=examples(
        "agreements provider add --tenant-id 5e5b... --client-id 0f6a...",
        "agreements provider add --confirmation enhanced        (changes this alone)",
        'agreements provider add "Sandbox" --sandbox --tenant-id ... --client-id ...',
        'agreements provider add "Crayon" --base-url https://connector.example.com',
        'agreements provider add "By hand" --connector none',
    )
)
async def add(
    name: str = DEFAULT,
    /,
    *,
    connector: ProviderConnector | None = None,
    role: ProviderRole | None = None,
    options: ConnectionOptions = NOTHING_SAID,
) -> None:
    """Store how a provider is reached, encrypted in the database; made if there is none of that name.

    Repeat it to change something: what is not given stays as it is. But a REST provider's key is not taken
    along to another base URL, nor a secret and a consent to another tenant or application: they are to be
    given anew. Secrets are read from AGREEMENTS_PROVIDER_CLIENT_SECRET (Partner Center) or
    AGREEMENTS_PROVIDER_API_KEY (REST), or are asked for: never on the command line, where other users of the
    machine could read them. The consent of a partner user comes by `agreements provider login`, or as a
    refresh token in AGREEMENTS_PROVIDER_REFRESH_TOKEN.

    Args:
        name: The provider.
        connector: Of a new provider; follows from the other options where it is not given.
        role: Of a new provider.
        options: What is to be stored.
    """
    wanted = Wanted(name, connector, role, options.given())
    if not has_database():  # and what is refused is to leave none behind
        async with rehearsal() as services:
            wanted = replace(wanted, connection=(await decide(services, wanted)).connection)
    async with provider_services(may_be_new=True, any_key=True) as services:
        if services.migrated.before is None:
            say(services.migrated.change)
        decided = await decide(services, wanted)
        await store(services, decided)
        problem = await _ask_capabilities(services, decided.provider) if decided.connection else ""
        unreadable = await services.providers.sealed_otherwise()
    say(decided.told())
    if unreadable:
        say(not_opened(unreadable))
    if problem:
        say(f"What it can do could not be asked, and is asked again by check and sync. {problem}")


@provider_app.command(
    help_epilogue=examples("agreements provider check", 'agreements provider check "Partner Center EMEA"')
)
async def check(name: str = DEFAULT, /) -> int:
    """Try all that the connection is for, changing nothing, and say what is wrong and what to do.

    Ends with exit code 1 if anything is wrong.

    Args:
        name: The provider.
    """
    async with provider_services() as services:
        provider = await require_provider(services, name)
        if provider.connector is ProviderConnector.NONE:
            say(by_hand(provider))
        elif not await _answers(services, provider):
            return 1
        if not await has_terms(services, provider):
            say(without_terms(provider))
    return 0


@provider_app.command(
    help_epilogue=examples(
        "agreements provider login",
        "agreements provider login --device-code        (no browser on this machine)",
        'agreements provider login "Partner Center EMEA" --port 8400 --no-open-browser',
    )
)
async def login(
    name: str = DEFAULT,
    /,
    *,
    device_code: bool = False,
    port: int = 0,
    open_browser: bool = True,
    without_mfa: bool = False,
) -> None:
    """Have a partner user consent to what the application does for it at Partner Center.

    The user signs in with multi-factor authentication, once; what comes of it is stored encrypted, and stays
    good as long as it is used every 90 days. Everything about confirmed agreements needs it.

    Args:
        name: The provider.
        device_code: Sign in on another machine, by a code.
        port: Of this machine, to which the browser comes back; any free one unless given. The application
            needs the redirect URI http://localhost.
        open_browser: Whether to open the browser here, if there is one.
        without_mfa: Store a consent that was given without a second factor, which Microsoft refuses.
    """
    async with provider_services() as services:
        provider = await require_provider(services, name)
        connection = await _partner_center(services, provider)
        try:
            from agreements_api.provider_login import sign_in  # noqa: PLC0415 -- loads an HTTP client and msal

            consent = await sign_in(connection, device_code=device_code, port=port, open_browser=open_browser)
        except ProviderError as error:
            raise StartupError(f"{provider.name}: {error}") from error
        if consent.mfa is False and not without_mfa:
            raise StartupError(
                f"{consent.user_name or 'The user'} signed in without multi-factor authentication, which"
                " Partner Center refuses: nothing was stored.",
                hint="Require it for this user in Entra (Conditional Access or security defaults), and run"
                " this again; --without-mfa stores the consent nevertheless.",
            )
        connection = replace(connection, refresh_token=consent.refresh_token)
        await services.providers.put(provider.id, connection)
    say(f"{consent.user_name or 'A user'} has consented{_factor(consent.mfa)}.")
    say(f"Stored. Try it with: agreements provider check {provider.name!r}")


@provider_app.command(name="list", help_epilogue=examples("agreements provider list"))
async def list_() -> None:
    """Show the providers, what they can do and how they are reached; no secrets."""
    async with provider_services(any_key=True) as services:
        for provider in await list_providers(services):
            try:
                connection, problem = await services.providers.read(provider.id), ""
            except ProviderError as error:
                connection, problem = None, str(error)
            say(line_of(provider, connection, problem))


@provider_app.command(
    help_epilogue=examples(
        "agreements provider webhook --url https://agreements.example.com",
        'agreements provider webhook "EMEA" --url https://agreements.example.com',
    )
)
async def webhook(name: str = DEFAULT, /, *, url: str) -> None:
    """Have a provider tell of changes at once, at a public address that leads to this server.

    Args:
        name: The provider.
        url: Where the server is reached from outside, by https; the path is added.
    """
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        raise StartupError(f"{url} is no public https address.", hint="Put a proxy with TLS in front.")
    from graph import encode_id  # noqa: PLC0415 -- commands load what they need

    async with provider_services() as services:
        provider = await require_provider(services, name)
        address = f"{url.rstrip('/')}/providers/{encode_id('Provider', provider.id)}/notifications"
        try:
            async with patience(f"Asking {provider.name}"):
                await (await services.providers.get(provider.id)).subscribe(address)
        except ProviderError as error:
            raise StartupError(f"{provider.name}: {error}") from error
    say(f"{provider.name} tells of changes at {address}")


async def _answers(services: Services, provider: Provider) -> bool:
    """Say what is wrong with the connection, or what was found; give whether nothing is wrong."""
    try:
        client = await services.providers.get(provider.id)
        async with patience(f"Asking {provider.name}"):
            troubles = await client.examine()
            if troubles:
                for line in told(provider, troubles):
                    say(line)
                return False
            capabilities = await ask_capabilities(services, provider)
            say(await summary(provider, client, capabilities, await services.providers.read(provider.id)))
    except ProviderError as error:
        raise StartupError(f"{provider.name}: {error}") from error
    return True


def _factor(mfa: bool | None) -> str:  # noqa: FBT001 -- what was seen, not how to act
    if mfa is None:
        return "; whether with multi-factor authentication cannot be told"
    return f", with{'' if mfa else 'out'} multi-factor authentication"


async def _ask_capabilities(services: Services, provider: Provider) -> str:
    """Ask what the provider can do; give why it could not be asked."""
    try:
        async with patience(f"Asking {provider.name}"):
            await ask_capabilities(services, provider, setting_up=True)
    except ProviderError as error:
        return str(error)
    return ""


async def _partner_center(services: Services, provider: Provider) -> Connection:
    if provider.connector is not ProviderConnector.PARTNER_CENTER:
        raise StartupError(
            f"«{provider.name}» is not reached through Partner Center.", hint="It needs nobody's consent."
        )
    try:
        connection = await services.providers.read(provider.id)
    except ProviderError as error:
        raise StartupError(f"{provider.name}: {error}") from error
    if not isinstance(connection, Connection):
        raise StartupError(
            f"Nobody has configured how to reach «{provider.name}».",
            hint=f"First: agreements provider add {provider.name!r} --tenant-id … --client-id …",
        )
    return connection
