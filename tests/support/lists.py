"""Every list that the API offers, found in the bindings, and what it can be asked for in a crowd of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import permutations, product
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Dialect, Select
from support import crowd

import models
from graph import encode_id
from graph.binding import Binding, Page, binding_of
from graph.declare import DEFAULT
from graph.fields import PageField
from graph.order import OrderDirection
from graph.paging import Limits, page_request
from graph.statements import nested_counts, nested_pages, root_count, root_page, selected
from schema import build_schema, filters
from schema.query import Query

SIZE = 20

# What few rows have, of everything that can be filtered by.
FEW: dict[type, dict[str, Any]] = {
    filters.AccountFilter: {"status": models.AccountStatus.INACTIVE, "search": crowd.RARE_WORD},
    filters.AgreementFilter: {
        "status": models.AgreementStatus.INACTIVE,
        "status_reason": models.AgreementStatusReason.SUPERSEDED,
        "account_id": encode_id("Account", crowd.RARE_ACCOUNT),
        "provider_id": encode_id("Provider", crowd.RARE_PROVIDER),
        "agreement_template_id": encode_id("AgreementTemplate", crowd.RARE_TEMPLATE),
        "provider_account_id": encode_id("ProviderAccount", crowd.A_PLACE),
        "origin": models.AgreementOrigin.SYNC,
        "sync_state": models.SyncState.PUSH_FAILED,
        "executed_from": date(2030, 1, 1),
        "executed_to": date(1901, 12, 31),
        "awaiting_signature": True,
        "missing_signer": True,
        "awaiting_manual_work": True,
        "tagged_on": encode_id("BillingContract", crowd.RARE_CONTRACT),
        "search": crowd.RARE_WORD,
    },
    filters.AgreementTemplateFilter: {
        "status": models.AgreementTemplateStatus.INACTIVE,
        "provider_id": encode_id("Provider", crowd.RARE_PROVIDER),
        "search": crowd.RARE_WORD,
    },
    filters.BillingContractFilter: {
        "status": models.BillingContractStatus.INACTIVE,
        "account_id": encode_id("Account", crowd.RARE_ACCOUNT),
        "search": crowd.RARE_WORD,
    },
    filters.ProviderAccountFilter: {
        "provider_id": encode_id("Provider", crowd.RARE_PROVIDER),
        "account_id": encode_id("Account", crowd.RARE_ACCOUNT),
        "mapped": False,
        "status": models.ProviderAccountStatus.INACTIVE,
        "awaiting_manual_work": True,
        "search": crowd.RARE_WORD,
    },
    filters.JobFilter: {"kind": models.JobKind.OFFBOARD, "status": models.JobStatus.FAILED},
    filters.JobItemArguments: {"outcome": models.JobItemOutcome.FAILED},
    filters.DocumentFilter: {
        "kind": models.DocumentKind.EVIDENCE,
        "visible_to_customer": True,
        "removed": True,
    },
}

# What nearly all rows have.
MOST: dict[type, dict[str, Any]] = {
    filters.AccountFilter: {"status": models.AccountStatus.ACTIVE},
    filters.AgreementFilter: {
        "status": models.AgreementStatus.ACTIVE,
        "status_reason": models.AgreementStatusReason.ACCEPTED,
        "provider_id": encode_id("Provider", crowd.COMMON_PROVIDER),
        "agreement_template_id": encode_id("AgreementTemplate", crowd.COMMON_TEMPLATE),
        "origin": models.AgreementOrigin.BULK,
        "sync_state": models.SyncState.IN_SYNC,
        "executed_from": date(1950, 1, 1),
        "executed_to": date(2030, 12, 31),
        "awaiting_signature": False,
        "missing_signer": False,
        "awaiting_manual_work": False,
        "not_tagged_on": encode_id("BillingContract", crowd.RARE_CONTRACT),
    },
    filters.AgreementTemplateFilter: {
        "status": models.AgreementTemplateStatus.ACTIVE,
        "provider_id": encode_id("Provider", crowd.OTHER_PROVIDER),
    },
    filters.BillingContractFilter: {"status": models.BillingContractStatus.ACTIVE},
    filters.ProviderAccountFilter: {
        "provider_id": encode_id("Provider", crowd.COMMON_PROVIDER),
        "mapped": True,
        "status": models.ProviderAccountStatus.ACTIVE,
        "awaiting_manual_work": False,
    },
    filters.JobFilter: {"kind": models.JobKind.BULK_CREATE, "status": models.JobStatus.SUCCEEDED},
    filters.JobItemArguments: {"outcome": models.JobItemOutcome.CREATED},
}

_PARENTS: dict[str, Sequence[UUID]] = {
    "Account": crowd.some_accounts(),
    "Agreement": crowd.some_agreements(),
    "AgreementTemplate": [crowd.COMMON_TEMPLATE, crowd.RARE_TEMPLATE],
    "ProviderAccount": crowd.some_places(),
    "BillingContract": crowd.some_contracts(),
    "Job": [crowd.COMMON_JOB],
}


@dataclass(frozen=True)
class Asked:
    """One question to one list."""

    name: str
    page: Page
    arguments: dict[str, Any] = field(default_factory=dict)
    count: bool = False

    @property
    def binding(self) -> Binding:
        return binding_of(self.page.target)

    @property
    def conditions(self) -> set[str]:
        """Names of what the filter asks for."""
        return set(vars(self.arguments["filter"])) if "filter" in self.arguments else set()

    def filtered(self, **values: object) -> "Asked":
        """The same with these conditions; a direct argument is one, too."""
        name = " ".join([self.name, *(f"{key}={value}" for key, value in values.items())])
        if set(values) <= set(self.page.criteria):
            return replace(self, name=name, arguments={**self.arguments, **values})
        return replace(self, name=name, arguments={**self.arguments, "filter": SimpleNamespace(**values)})

    def ordered(self, *keys: tuple[str, OrderDirection]) -> "Asked":
        by = [
            SimpleNamespace(field=SimpleNamespace(name=key), direction=direction) for key, direction in keys
        ]
        told = ", ".join(f"{key} {direction.name}" for key, direction in keys)
        return replace(self, name=f"{self.name} by {told}", arguments={**self.arguments, "order_by": by})

    def counted(self) -> "Asked":
        return replace(self, name=f"{self.name}, how many", count=True)

    def statement(self, dialect: Dialect) -> Select[Any]:
        request, parents = self._request(), _PARENTS.get(self.name.partition(".")[0], ())
        if self.page.link is None:
            return root_count(request, None) if self.count else root_page(request, None)
        return (nested_counts if self.count else nested_pages)(request, parents, None, dialect)

    def beyond(self, connection: Connection) -> Iterator["Asked"]:
        """The pages after and before the row in the middle of all there are."""
        request, keys = self._request(), self._request().keys
        of_all = replace(self, page=Page("", self.page.target, None))
        middle = connection.scalar(of_all.counted().statement(connection.dialect)) // 2
        row = connection.execute(of_all.statement(connection.dialect).offset(middle)).first()
        values = dict(zip(selected(self.binding, *keys), row, strict=True))
        cursor = request.cursors.encode([values[key.attribute] for key in keys])
        bounds = ("after",) if self.page.forward_only else ("after", "before")
        for bound in bounds:
            yield replace(self, name=f"{self.name} {bound}", arguments={**self.arguments, bound: cursor})

    def _request(self) -> Any:
        arguments = {"first": SIZE, **self.arguments}
        if "before" in arguments:
            arguments["last"] = arguments.pop("first")
        return page_request(
            self.binding, self.page, arguments, place="here", secret=b"secret", limits=Limits()
        )


def lists() -> Iterator[Asked]:
    """Every list: of the root, then those under each type."""
    build_schema()
    for item in Query.__strawberry_definition__.fields:
        if isinstance(item, PageField):
            yield Asked(f"Query.{item.python_name}", item.page)
    for binding in DEFAULT.bindings.values():
        for name, item in binding.fields.items():
            if isinstance(item, Page):
                yield Asked(f"{binding.name}.{name}", item)


def offered(asked: Asked) -> dict[str, Any]:
    """The conditions that the list takes, direct arguments included."""
    return {**asked.page.criteria, **(asked.binding.criteria if asked.page.takes_filter else {})}


def values_of(asked: Asked, values: dict[type, dict[str, Any]]) -> dict[str, Any]:
    """The values among these that the list can be filtered by."""
    known: dict[str, Any] = {}
    for each in (asked.binding.filter, filters.JobItemArguments):
        known |= {name: value for name, value in values.get(each, {}).items() if name in offered(asked)}
    return known


def orders(asked: Asked, *, pairs: bool = False) -> Iterator[Asked]:
    """The list in its own order, by each key in both directions, and by each two of them in any."""
    yield asked
    names = asked.binding.order.fields if asked.binding.order and asked.page.takes_order else ()
    for name, direction in product(names, OrderDirection):
        yield asked.ordered((name, direction))
    for first, second in permutations(names, 2) if pairs else ():
        for directions in product(OrderDirection, repeat=2):
            yield asked.ordered(*zip((first, second), directions, strict=True))
