"""Where reading begins. Every field is one line: its type's binding says the rest."""

import strawberry

from graph import Connection, Node, root_node, root_nodes, root_one, root_page
from schema.context import Info
from schema.filters import CoverageArguments
from schema.types.account import Account
from schema.types.agreement import Agreement
from schema.types.agreement_template import AgreementTemplate
from schema.types.billing_contract import BillingContract
from schema.types.coverage import AgreementCoverage
from schema.types.document import Document
from schema.types.job import Job
from schema.types.provider import Provider
from schema.types.provider_account import ProviderAccount


@strawberry.type(description="Who asks.")
class Viewer:
    name: str = strawberry.field(description="As the audit trail names them.")
    roles: list[str] = strawberry.field(
        description="Roles held. Until identities are known, whoever reaches the server is SYSTEM_ADMIN."
    )
    permissions: list[str] = strawberry.field(
        description="Permissions that are given one by one, beside those that come with the roles."
    )


@strawberry.type(description="Reads. All that one operation selects is read from one snapshot.")
class Query:
    node: Node | None = root_node()
    nodes: list[Node | None] = root_nodes()
    account: Account | None = root_one(Account, description="An account by its global id.")
    accounts: Connection[Account] = root_page(Account, description="Accounts.")
    agreement: Agreement | None = root_one(Agreement, description="An agreement by its global id.")
    agreements: Connection[Agreement] = root_page(Agreement, description="Agreements.")
    agreement_template: AgreementTemplate | None = root_one(
        AgreementTemplate, description="An agreement template by its global id."
    )
    agreement_templates: Connection[AgreementTemplate] = root_page(
        AgreementTemplate, description="Agreement templates."
    )
    billing_contract: BillingContract | None = root_one(
        BillingContract, description="A billing contract by its global id."
    )
    billing_contracts: Connection[BillingContract] = root_page(
        BillingContract, description="Billing contracts."
    )
    document: Document | None = root_one(Document, description="A document by its global id.")
    provider: Provider | None = root_one(Provider, description="A provider by its global id.")
    providers: Connection[Provider] = root_page(Provider, description="Providers by name.")
    provider_account: ProviderAccount | None = root_one(
        ProviderAccount, description="A provider account by its global id."
    )
    provider_accounts: Connection[ProviderAccount] = root_page(
        ProviderAccount,
        description="Provider accounts. `mapped: false` finds those that nobody takes care of.",
    )
    job: Job | None = root_one(Job, description="A job by its global id.")
    jobs: Connection[Job] = root_page(Job, description="Jobs, newest first.")
    agreement_coverage: Connection[AgreementCoverage] = root_page(
        AgreementCoverage,
        description="For every account and provider account, whether it stands in a template; by name.",
        arguments=CoverageArguments,
        forward_only=True,
    )

    @strawberry.field(description="Who asks.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(name=info.context.resolvers.actor, roles=["SYSTEM_ADMIN"], permissions=[])
