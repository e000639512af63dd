"""Providers."""

from datetime import datetime

import graph
import models
from graph import Node, column, shows, value
from schema.types.values import ProviderCapabilities, SystemFields

graph.enum(
    models.ProviderKind,
    "How a provider is worked with.",
    AUTOMATIC="By its API.",
    MANUAL="By hand, outside this system.",
)
graph.enum(
    models.ProviderConnector,
    "Which client reaches a provider.",
    PARTNER_CENTER="Microsoft Partner Center.",
    REST="A distributor's REST API.",
    NONE="None: the provider is manual.",
)
graph.enum(
    models.ProviderRole,
    "What a provider is to the partner.",
    VENDOR="It makes the services.",
    DISTRIBUTOR="It resells them to the partner.",
    PARTNER="The partner itself.",
)
graph.enum(
    models.ProviderStatus,
    "Whether a provider is worked with.",
    ACTIVE="Accounts may be provisioned and synced.",
    INACTIVE="Nothing new is done with it.",
)


@shows(
    models.Provider,
    description="A source that services come from.",
    default_order=[graph.ascending("name_fold")],
)
class Provider(SystemFields, Node):
    name: str = column(description="Name for people; unique regardless of case.")
    kind: models.ProviderKind = column(description="How it is worked with.")
    connector: models.ProviderConnector = column(description="Which client reaches it.")
    role: models.ProviderRole = column(description="What it is to the partner.")
    capabilities: ProviderCapabilities = value(description="What can be done by calling it.")
    status: models.ProviderStatus = column(description="Whether it is worked with.")
    last_synced_at: datetime | None = column(description="When all its customers were last read.")
