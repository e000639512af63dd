"""Runs the demo: the simulator as a process of its own, sample data at the first start, the server."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from agreements_api.demo.child import Child, simulator
from agreements_api.demo.folder import FOLDER, DemoFolder, demo_folder
from agreements_api.logs import configure_logs
from agreements_api.server import listen, run_server, url_of
from agreements_api.settings import PREFIX, Settings, load_settings

if TYPE_CHECKING:
    from agreements_api.services import Services

Say = Callable[[str], None]

_POLL = timedelta(seconds=15)


async def run_demo(*, port: int | None, fresh: bool, say: Say) -> None:
    """Serve the sample data until Ctrl-C; what people change in them is kept.

    Args:
        port: None for PORT, AGREEMENTS_PORT or 8000; 0 takes any free one.
        fresh: Forget what is there and write the sample data again.
        say: Tells a line to the person who started it.

    Raises:
        StartupError: Something is in the way; nothing runs.
    """
    settings = _settings(port)
    configure_logs(level=settings.log_level, format=settings.log_format)
    with listen(settings.host, settings.port) as listener, demo_folder(fresh=fresh) as folder:
        async with simulator(folder, say) as child:
            from agreements_api.app import make_app  # noqa: PLC0415 -- seconds, while the simulator starts
            from agreements_api.services import open_services  # noqa: PLC0415 -- only where it is needed

            await child.ready()
            if not folder.is_complete:
                await _write(settings, folder, child, say)
            async with open_services(settings, run_jobs=True, any_key=True) as services:
                await _connect(services, folder, child)
                app = make_app(services)
                _welcome(url_of(listener), child, say)
                async with _watched(child, say):
                    await run_server(app, settings, listener, services.ending)
    say("Stopped.")


def _settings(port: int | None) -> Settings:
    given: dict[str, object] = {
        "database_url": f"sqlite+aiosqlite:///{DemoFolder(FOLDER).database}",
        "log_level": "warning",
        "acceptance_poll_interval": _POLL,
    }
    for name in ("log_level", "acceptance_poll_interval"):
        if f"{PREFIX}{name}".upper() in os.environ:
            del given[name]
    wanted = os.environ.get("PORT") if port is None else port
    if wanted not in (None, ""):
        given["port"] = wanted
    return load_settings(**given)


async def _write(settings: Settings, folder: DemoFolder, child: Child, say: Say) -> None:
    """Write both sides; the folder counts as complete only when both are."""
    from agreements_api.demo.data import write_books  # noqa: PLC0415 -- at the first start only
    from agreements_api.demo.market import acceptance_url, write_market  # noqa: PLC0415 -- only where it is needed
    from agreements_api.demo.pages import open_pages  # noqa: PLC0415 -- only where it is needed
    from agreements_api.services import open_services  # noqa: PLC0415 -- only where it is needed

    say("Writing the sample data, once …")
    async with open_services(settings, run_jobs=False) as services:
        await write_books(services.transactions, acceptance_url=acceptance_url(child.url))
        say("  ours: 300 accounts, 701 agreements, 250 billing contracts")
        await write_market(child.url)
        await _store_connections(services, child)
        await open_pages(services)
    say("  Partner Center's: two partners, 331 customers")
    folder.complete(simulator_port=child.port)


async def _connect(services: "Services", folder: DemoFolder, child: Child) -> None:
    """Say where the simulator is, each time: its port, or the key that seals this, may have changed."""
    await _store_connections(services, child)
    if folder.simulator_port != child.port:
        from agreements_api.demo.pages import move_pages  # noqa: PLC0415 -- only where it is needed

        await move_pages(services, child.url)
        folder.complete(simulator_port=child.port)


async def _store_connections(services: "Services", child: Child) -> None:
    from agreements_api.demo.market import connection  # noqa: PLC0415 -- heavy, see above
    from agreements_api.demo.tenants import Partner  # noqa: PLC0415 -- only where it is needed

    for partner in Partner:
        await services.providers.put(partner.provider_id, connection(partner, child.url))


@asynccontextmanager
async def _watched(child: Child, say: Say) -> AsyncGenerator[None]:
    watch = asyncio.create_task(child.tell_when_gone(say))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


def _welcome(url: str, child: Child, say: Say) -> None:
    from agreements_api.demo.tenants import Partner  # noqa: PLC0415 -- loaded by now
    from graph import encode_id  # noqa: PLC0415 -- loaded by now

    emea = encode_id("Provider", Partner.EMEA.provider_id)
    say(
        f"""
The demo is running, for this machine only. Ctrl-C ends it; what you change is kept in {FOLDER}/.

  GraphiQL        {url}/graphql
  Partner Center  {child.url}/   (a simulator)

Things to try:
  1. Run the tour: in GraphiQL's sidebar, from the first document to the last.
  2. Be a customer: agreements of Partner Center EMEA wait until the customer accepts, on a page of its own.
     Find the pages, open one, accept or refuse, and within {_POLL.seconds} seconds the agreement says so:
     {{ agreements(first: 5, filter: {{origin: PROVISIONING,
         providerId: "{emea}"}})
       {{ edges {{ node {{ number account {{ name }} acceptanceRequest {{ url status }} }} }} }} }}
  3. Let Microsoft refuse partners' confirmations, as it does since January 2026, and provision another
     customer (the tour's document 8 with another input.domain, idempotencyKey and externalRef):
     curl -X PUT {child.url}/admin/settings -d '{{"legacyAttestation": "gone"}}'
"""
    )
