"""The engines that are compared, over the API's schema and over the library's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from support.contexts import a_context
from support.differential.both import Both
from support.library.schema import Caller
from support.library.schema import Context as LibraryContext

import graph
from agreements_api.database import Database
from graph.compiler import Plans
from schema.context import RequestContext

KEY = b"a secret of the tests"
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def both_engines(
    schema: graph.Schema, context: Callable[..., graph.Context], bounds: graph.Bounds | None = None
) -> Both:
    """Make the engines; what they know of documents is the same."""
    checks = graph.Demand(schema.core, graph.DemandLimits(), graph.Limits())
    documents = graph.Documents(checks)
    plans = Plans(schema)
    planned = graph.Engine(schema, documents, bounds=bounds, plans=plans)
    return Both(plans, planned, graph.Engine(schema, documents, bounds=bounds), context)


def books_context(database: Database) -> Callable[..., graph.Context]:
    """Make contexts as the application does, at one instant, since links to documents end with time."""
    resolvers = replace(a_context(database), now=lambda: NOW)

    def make() -> graph.Context:
        reader = graph.Reader(database.reads, "local", key=KEY, source=database.plans)
        return RequestContext(reader, "request-1", lambda _: resolvers)

    return make


def library_context(database: Database) -> Callable[..., graph.Context]:
    """Make contexts of callers who see all rows, or only those that are open."""

    def make(*, restricted: bool) -> graph.Context:
        caller = Caller(restricted=restricted)
        reader = graph.Reader(database.reads, caller, key=KEY, source=database.plans)
        return LibraryContext(reader, database.writes)

    return make
