"""Puts the schema behind its transports, with the limits that the settings name."""

from collections.abc import Mapping
from dataclasses import fields

from starlette.types import Scope

from agreements_api.errors import InvalidSettings
from agreements_api.logs import request_logs
from agreements_api.services import LOCAL_ACTOR, Services
from agreements_api.settings import Settings
from agreements_api.trusted import check_manifest, read_manifest
from graph import Bounds, Context, Demand, DemandLimits, Documents, Engine, Limits, Reader, TrustedDocuments
from graph.admission import Admission, Budget
from graph.compiler import Plans
from graph.guards import request_id
from graph.http import GraphQLEndpoint, HTTPBounds, StatusCodes
from graph.uploads import UploadBounds, Uploads
from graph.websocket import SocketBounds, Sockets
from repositories import is_passing
from resolvers.context import Context as ResolverContext
from schema import build_schema
from schema.context import RequestContext

_FILES = 5
"""Of one request: a mutation takes one, and some may be asked for together."""


class GraphQL:
    """The API on both of its transports: `http` and `sockets` are ASGI apps over the same `engine`."""

    def __init__(self, services: Services, engine: Engine) -> None:
        settings = services.settings
        self._services = services
        self._sizes = sizes_of(settings)
        self._query_seconds = settings.query_timeout.total_seconds()
        self.engine = engine
        budget = Budget()
        self.http = GraphQLEndpoint(
            engine,
            self.make_context,
            draining=services.ending.streams,
            streams=Admission(settings.max_connections, "streams are open"),
            budget=budget,
            bounds=HTTPBounds(
                body_bytes=settings.max_body_bytes,
                read_seconds=settings.read_timeout.total_seconds(),
            ),
            uploads=Uploads(
                UploadBounds(
                    text_bytes=settings.max_body_bytes,
                    file_bytes=settings.max_document_bytes,
                    files=_FILES,
                    requests=settings.max_concurrent_uploads,
                    idle_seconds=settings.read_timeout.total_seconds(),
                    seconds=settings.upload_timeout.total_seconds(),
                )
            ),
            status_codes=StatusCodes(settings.status_codes),
            get_runs_only_manifest=settings.get_trusted_documents_only,
        )
        self.sockets = Sockets(
            engine,
            self.make_context,
            draining=services.ending.streams,
            budget=budget,
            bounds=SocketBounds(
                message_bytes=settings.max_body_bytes,
                messages_per_second=settings.max_messages_per_second,
                messages_at_once=10 * settings.max_messages_per_second,
                operations=settings.max_subscriptions,
                connections=settings.max_connections,
            ),
            allowed_origins=settings.allowed_origins,
            bind=request_logs,
        )

    async def make_context(self, scope: Scope, _params: Mapping[str, object]) -> Context:
        """Make what one operation runs with."""
        database, key = self._services.database, self._services.secrets.cursor_key
        reader = Reader(database.reads, LOCAL_ACTOR, key, self._sizes, self._query_seconds, database.plans)
        return RequestContext(reader, request_id(scope), self._resolvers)

    def _resolvers(self, request_id: str) -> ResolverContext:
        return self._services.context(LOCAL_ACTOR, request_id=request_id)


def sizes_of(settings: Settings) -> Limits:
    """How large pages may be."""
    return Limits(page_size=settings.max_page_size, ids=settings.max_page_size)


def make_engine(settings: Settings) -> Engine:
    """Make what runs operations within the limits of the settings.

    Raises:
        InvalidSettings: The manifest of trusted documents cannot be used.
    """
    schema = build_schema()
    # Each has a setting of its name.
    limits = DemandLimits(
        **{each.name: getattr(settings, f"max_{each.name}") for each in fields(DemandLimits)}
    )
    documents = Documents(
        Demand(schema.core, limits, sizes_of(settings), introspection=settings.introspection),
        suggestions=settings.suggestions,
    )
    manifest = _manifest(settings, documents)
    return Engine(
        schema,
        documents,
        trusted=TrustedDocuments(manifest, only_manifest=settings.trusted_documents_only),
        bounds=Bounds(
            query_seconds=settings.query_timeout.total_seconds(),
            mutation_seconds=settings.mutation_timeout.total_seconds(),
            response_bytes=settings.max_response_bytes,
        ),
        admission=Admission(settings.max_concurrent_operations),
        plans=Plans(schema) if settings.compiler else None,
        passes=is_passing,
    )


def _manifest(settings: Settings, documents: Documents) -> Mapping[str, str]:
    if settings.trusted_documents is None:
        if settings.trusted_documents_only:
            message = "AGREEMENTS_TRUSTED_DOCUMENTS_ONLY: without a manifest there is no document to run."
            raise InvalidSettings(message, hint="Name one in AGREEMENTS_TRUSTED_DOCUMENTS.")
        return {}
    manifest = read_manifest(settings.trusted_documents)
    check_manifest(manifest, documents)
    return manifest
