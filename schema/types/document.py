"""Documents of agreements."""

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import strawberry

import graph
import models
from graph import Node, column, encode_id, relation, shows
from resolvers.document_links import sign
from schema.context import Info
from schema.filters import DocumentFilter
from schema.types.values import SystemFields

if TYPE_CHECKING:
    from schema.types.agreement import Agreement

graph.enum(
    models.DocumentKind,
    "What a document is for.",
    SIGNED="The agreement as it was signed.",
    TEMPLATE_COPY="A copy of the terms.",
    EVIDENCE="Proof of an acceptance; never removed.",
    OTHER="Anything else.",
)


@shows(
    models.Document,
    description="A file attached to an agreement. Its content never changes.",
    filter=DocumentFilter,
    visible="agreement",
)
class Document(SystemFields, Node):
    agreement: "Agreement" = relation(description="The agreement that it belongs to.")
    file_name: str = column(description="Name to save it under, with an ending of its type.")
    content_type: str = column(description="What it is, by its content (media type).")
    size: int = column(description="Bytes; at most as many as the server is set to take.")
    sha256: str = column(description="SHA-256 of its content, in hexadecimal digits.")
    kind: models.DocumentKind = column(description="What it is for.")
    visible_to_customer: bool = column(description="Whether the customer may see it.")
    uploaded_by: str = column(source="created_by", description="Who attached it.")
    note: str | None = column(description="Remarks.")
    removed_at: datetime | None = column(description="When it was taken off its agreement, if it was.")

    @strawberry.field(
        description="Where it can be downloaded for five minutes: a path on this server. Null once it was "
        "removed."
    )
    def download_url(self, info: Info) -> str | None:
        if self.removed_at is not None:
            return None
        context = info.context.resolvers
        expires, signature = sign(context.documents.link_key, self.id, context.now())
        return f"/documents/{quote(encode_id('Document', self.id))}?expires={expires}&signature={signature}"
