"""The command line: `agreements serve | worker | demo | migrate | sync | explain | schema | provider | …`."""

import inspect
import os
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError

from agreements_api.collector import leave_out_what_is_there, look_less_often
from agreements_api.errors import StartupError
from agreements_api.saying import ReaderGone, drop_what_is_left, say

if TYPE_CHECKING:
    from agreements_api.migrations import Migrated
    from agreements_api.settings import Settings


def _one_line(error: CycloptsError) -> str:
    told = " ".join(str(error).split())
    if isinstance(error, UnknownCommandError) and error.app is not None:  # whose own list is cut
        names = [name for name in error.app if not name.startswith("-")]
        told = f"{told.partition(' Available commands')[0]} There are: {', '.join(names)}."
    return f"agreements: {told} See agreements --help."


def examples(*commands: str) -> str:
    """Show the commands below a command's options."""
    return "\n".join(["Examples:", "", *(f"    {each}" for each in commands)])


def _no_option(_: type, query: str) -> None:
    """Refuse what is taken for a query only because `-` is one, too."""
    if query.startswith("-") and query != "-":
        raise CycloptsError(msg=f"Unknown option: {query}.")


app = App(
    name="agreements",
    help="GraphQL API server for the customer agreements of cloud resellers."
    " Settings are read from variables AGREEMENTS_*; see the README.",
    version=lambda: version("customer-agreements-api"),
)
app.command(
    "agreements_api.provider_commands:provider_app",  # loaded when it is asked for
    name="provider",
    help="Say how providers are reached, and try it.",
)


@app.command(
    help_epilogue=examples(
        "agreements serve", "agreements serve --port 8080", "agreements serve --no-jobs     (beside a worker)"
    )
)
async def serve(*, host: str | None = None, port: int | None = None, jobs: bool = True) -> None:
    """Serve the API, and do its jobs, until Ctrl-C.

    Args:
        host: Of this machine; 127.0.0.1 unless AGREEMENTS_HOST says otherwise.
        port: 8000 unless AGREEMENTS_PORT says otherwise; 0 takes any free one.
        jobs: Whether this process does the jobs, too.
    """
    from agreements_api.server import listen, run_server, url_of  # noqa: PLC0415 -- commands load what they need

    settings = _settings(host=host, port=port)
    with listen(settings.host, settings.port) as listener:
        from agreements_api.app import make_app  # noqa: PLC0415 -- slow to load: first what may be wrong
        from agreements_api.document_store import warn_of_nowhere  # noqa: PLC0415 -- commands load what they need
        from agreements_api.graphql import make_engine  # noqa: PLC0415 -- commands load what they need
        from agreements_api.reachability import warning_of_unreachable  # noqa: PLC0415 -- commands load what they need
        from agreements_api.services import open_services  # noqa: PLC0415 -- commands load what they need

        def tell() -> None:
            page = " (GraphiQL in a browser)" if settings.graphiql else ""
            say(f"Serving {url_of(listener)}/graphql{page}, to this machine only.")

        engine = make_engine(settings)  # first, too: what is refused here is to leave no new database behind
        async with open_services(settings, run_jobs=jobs) as services, warning_of_unreachable(services):
            _name_database(services.migrated)
            warn_of_nowhere(services.documents.store)
            await run_server(make_app(services, engine), settings, listener, services.ending, started=tell)


@app.command(help_epilogue=examples("agreements worker"))
async def worker() -> None:
    """Do jobs without serving the API, until Ctrl-C; as many processes as wanted, with PostgreSQL."""
    import asyncio  # noqa: PLC0415 -- commands load what they need

    from agreements_api.signals import on_signals  # noqa: PLC0415 -- commands load what they need

    settings = _settings()
    stopped = asyncio.Event()
    from agreements_api.reachability import warn_of_sealed_otherwise  # noqa: PLC0415 -- slow to load, as the next
    from agreements_api.services import open_services  # noqa: PLC0415 -- slow to load: first what may be wrong

    async with open_services(settings, run_jobs=True) as services:
        _name_database(services.migrated)
        await warn_of_sealed_otherwise(services)
        leave_out_what_is_there()
        with on_signals(lambda _: stopped.set()):
            say("Doing jobs.")
            await stopped.wait()


@app.command(help_epilogue=examples("agreements migrate"))
async def migrate() -> None:
    """Bring the database to the schema of this version, and say what was done; harmless when repeated."""
    settings = _settings()
    from agreements_api.services import migrate_all  # noqa: PLC0415 -- commands load what they need

    done = await migrate_all(settings)
    say(done.change or f"Nothing to do: the database {done.database} is at revision {done.after}.")


@app.command(
    help_epilogue=examples(
        "agreements sync", "agreements sync --dry-run", 'agreements sync "Partner Center EMEA"'
    )
)
async def sync(provider: str = "Microsoft Partner Center", /, *, dry_run: bool = False) -> None:
    """Read a provider's customers and agreements now, and wait for the end.

    Args:
        provider: Its name.
        dry_run: Tell what would change, without asking which agreements are confirmed; change nothing.
    """
    settings = _settings()
    from agreements_api.sync_command import run_sync  # noqa: PLC0415 -- commands load what they need

    await run_sync(settings, provider, dry_run=dry_run, say=say)


@app.command(
    help_epilogue=examples(
        "agreements explain '{ accounts(first: 5) { edges { node { name } } } }'",
        """agreements explain page.graphql --variables '{"first": 50}'""",
        "agreements explain - < page.graphql",
    )
)
async def explain(
    query: Annotated[str, Parameter(allow_leading_hyphen=True, validator=_no_option)],
    /,
    *,
    variables: str = "{}",
    operation: str | None = None,
) -> None:
    """Show a query's cost, its SQL for the kind of database that is set, and the code that writes its JSON.

    No database is asked.

    Args:
        query: The document, or a file with it; - reads standard input.
        variables: As a JSON object.
        operation: Name of the one meant, where there are several.
    """
    settings = _settings()
    from agreements_api.explain_command import run_explain  # noqa: PLC0415 -- commands load what they need

    await run_explain(settings, query, variables, operation, say=say)


@app.command(help_epilogue=examples("agreements schema > schema.graphql"))
def schema() -> None:
    """Print the served schema as SDL."""
    from schema import print_sdl  # noqa: PLC0415 -- commands load what they need

    say(print_sdl(), end="")


@app.command(help_epilogue=examples("agreements demo", "agreements demo --port 8080 --fresh"))
async def demo(*, port: int | None = None, fresh: bool = False) -> None:
    """Serve sample data against a local Partner Center simulator, until Ctrl-C.

    The state lives in .agreements-demo/ and is kept from start to start.

    Args:
        port: 8000 unless AGREEMENTS_PORT says otherwise.
        fresh: Forget the state of earlier runs.
    """
    from agreements_api.demo.run import run_demo  # noqa: PLC0415 -- commands load what they need

    await run_demo(port=port, fresh=fresh, say=say)


@app.command(
    help_epilogue=examples(
        'agreements simulator --partner "My partner"', "agreements simulator --port 8700 --store simulator.db"
    )
)
def simulator(
    *,
    port: int = 8700,
    partner: str | None = None,
    store: Path | None = None,
    legacy_attestation: Literal["on", "gone"] = "gone",
) -> int:
    """Run a local Partner Center, for trying things out without a sandbox.

    Args:
        port: 0 takes any free one. The demo's simulator takes 8700, too.
        partner: Name of a partner that is there from the start; how to reach it is printed.
        store: A file that keeps its state; in memory without one.
        legacy_attestation: Whether partners may still confirm agreements, which Microsoft has ended.
    """
    from agreements_api.simulators import say_how_to_connect  # noqa: PLC0415 -- commands load what they need
    from simulator.server import serve as serve_simulator  # noqa: PLC0415 -- commands load what they need
    from simulator.settings import SimulatorSettings  # noqa: PLC0415 -- commands load what they need

    given = {"port": port, "partner": partner, "store": store, "legacy_attestation": legacy_attestation}
    return serve_simulator(SimulatorSettings.model_validate(given), say_how_to_connect)


@app.command(help_epilogue=examples("agreements rest-simulator --port 8710 --api-key some-key"))
def rest_simulator(*, port: int = 8710, api_key: str = "rest-simulator-key") -> int:
    """Run a local provider that serves the REST provider contract, in memory.

    Args:
        port: 0 takes any free one.
        api_key: What callers have to send as their key: letters, digits and signs, without spaces.
    """
    from simulator.rest.server import serve as serve_simulator  # noqa: PLC0415 -- commands load what they need
    from simulator.rest.settings import RestSimulatorSettings  # noqa: PLC0415 -- commands load what they need

    return serve_simulator(RestSimulatorSettings.model_validate({"port": port, "api_key": api_key}))


def main() -> None:
    """Run a command; what stops it is told in one line, with an exit code other than 0."""
    look_less_often()
    try:
        command, given, _ = app.parse_args(sys.argv[1:], print_error=False, exit_on_error=False)
        outcome = command(*given.args, **given.kwargs)
        sys.exit(_run(outcome) if inspect.iscoroutine(outcome) else outcome)
    except CycloptsError as error:
        print(_one_line(error), file=sys.stderr)  # noqa: T201 -- the command's answer
        sys.exit(2)
    except StartupError as error:
        print(f"agreements: {error}", file=sys.stderr)  # noqa: T201 -- the command's answer
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except ReaderGone:
        drop_what_is_left()
        sys.exit(141)


def _run(command: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        import asyncio  # noqa: PLC0415 -- elsewhere uvloop does it

        return asyncio.run(command)
    import uvloop  # noqa: PLC0415 -- does not exist on Windows

    return uvloop.run(command)


def _name_database(migrated: "Migrated") -> None:
    """Say which one it is: whoever starts in another folder, or without a setting, has made another."""
    say(migrated.change or f"The database is {migrated.database}.")


def _settings(**given: object) -> "Settings":
    from agreements_api.logs import configure_logs, get_logger  # noqa: PLC0415 -- commands load what they need
    from agreements_api.settings import load_settings, misspelt  # noqa: PLC0415 -- commands load what they need

    settings = load_settings(**{key: value for key, value in given.items() if value is not None})
    configure_logs(level=settings.log_level, format=settings.log_format)
    for warning in misspelt(os.environ):
        get_logger(__name__).warning(warning)
    return settings


if __name__ == "__main__":
    main()
