"""Agreement templates."""

from datetime import date
from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows
from schema.filters import AgreementTemplateFilter
from schema.orders import AGREEMENT_TEMPLATE_ORDER
from schema.types.values import SystemFields

if TYPE_CHECKING:
    from schema.types.agreement import Agreement
    from schema.types.provider import Provider

graph.enum(
    models.AgreementTemplateKind,
    "Which terms a template stands for; its template id decides.",
    MICROSOFT_CLOUD_AGREEMENT="The Microsoft Cloud Agreement, which Microsoft has retired.",
    MICROSOFT_CUSTOMER_AGREEMENT="The Microsoft Customer Agreement.",
    CUSTOM="Any other terms.",
)
graph.enum(
    models.AgreementTemplateStatus,
    "Whether new agreements may be made in a template.",
    ACTIVE="They may, and a sync makes them.",
    INACTIVE="They may not; those that exist stay.",
)


@shows(
    models.AgreementTemplate,
    description="A provider's terms in one version; a new version is a template of its own. Their text as "
    "the provider has it now: GET /agreement-templates/{id}/document?country=DE&language=de-DE sends a "
    "browser to the file, with `&view=1` to a page that shows it.",
    filter=AgreementTemplateFilter,
    order=AGREEMENT_TEMPLATE_ORDER,
)
class AgreementTemplate(SystemFields, Node):
    name: str = column(description="Name for people.")
    template_id: str = column(description="The terms' number at the provider.")
    version: str = column(description="Version of the terms.")
    kind: models.AgreementTemplateKind = column(description="Which terms these are.")
    status: models.AgreementTemplateStatus = column(description="Whether new agreements may be made in it.")
    effective_on: date | None = column(description="First day on which it may be entered into.")
    expires_on: date | None = column(description="Last day on which it may be entered into.")
    agreement_link: str | None = column(description="Where the terms can be read (http or https).")
    display_inline: bool = column(description="Whether portals show the terms in the page, not as a link.")
    portal_instructions: str | None = column(description="What portals say to whoever accepts.")
    is_default: bool = column(description="Whether it exists from the start.")
    provider: "Provider" = relation(description="Whose terms they are.")
    supersedes: "AgreementTemplate | None" = relation(description="The version before this one.")
    agreements: "Connection[Agreement]" = relation(description="Agreements in these terms.")
