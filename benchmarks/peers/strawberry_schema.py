"""Strawberry's own way to serve the benchmarks' documents: types, DataLoaders, a mutation."""

# pyright: basic
# Not strict: Strawberry's decorators and rows are untyped.
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers.ids import decode_id, encode_id
from benchmarks.peers.strawberry_rows import Row, Rows

T = TypeVar("T")

Rename: TypeAlias = Callable[[str, str], Awaitable[Row | None]]
"""`(id, name)` -> id and name as they are then; None where there is no such account."""


@strawberry.enum
class AccountStatus(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@strawberry.enum
class AgreementStatus(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@strawberry.enum
class AgreementStatusReason(Enum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DEACTIVATED = "DEACTIVATED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


@strawberry.enum
class AgreementOrigin(Enum):
    MANUAL = "MANUAL"
    PROVISIONING = "PROVISIONING"
    SYNC = "SYNC"
    BULK = "BULK"


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool


@strawberry.type
class Edge(Generic[T]):
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


@strawberry.type
class AgreementTemplate:
    name: str
    version: str


@strawberry.type
class Provider:
    name: str


@strawberry.type
class BillingContract:
    name: str


@strawberry.type
class Agreement:
    row_id: strawberry.Private[str]
    id: strawberry.ID
    number: str
    status: AgreementStatus
    status_reason: AgreementStatusReason
    executed_on: date | None
    origin: AgreementOrigin
    revision: int
    template_version: str
    template: AgreementTemplate
    provider: Provider

    @strawberry.field
    async def billing_contracts(self, info: strawberry.Info, first: int = 50) -> Connection[BillingContract]:
        return await info.context.contracts(first).load(self.row_id)


@strawberry.type
class Account:
    row_id: strawberry.Private[str]
    id: strawberry.ID
    name: str
    status: AccountStatus | None = None
    domain: str | None = None
    country: str | None = None
    external_ref: str | None = None
    created_at: datetime | None = None
    revision: int | None = None

    @strawberry.field
    async def agreements(self, info: strawberry.Info, first: int = 50) -> Connection[Agreement]:
        return await info.context.agreements(first).load(self.row_id)


class Context:
    """Of one request: its loaders, one for each size of page that is asked for."""

    def __init__(self, rows: Rows, rename: Rename) -> None:
        self.rows, self.rename = rows, rename
        self._agreements: dict[int, DataLoader[str, Connection[Agreement]]] = {}
        self._contracts: dict[int, DataLoader[str, Connection[BillingContract]]] = {}

    def agreements(self, first: int) -> DataLoader[str, Connection[Agreement]]:
        async def load(account_ids: list[str]) -> list[Connection[Agreement]]:
            rows = await self.rows.agreements(account_ids, first + 1)
            return _connections(rows, len(account_ids), first, _agreement)

        if first not in self._agreements:
            self._agreements[first] = DataLoader(load)
        return self._agreements[first]

    def contracts(self, first: int) -> DataLoader[str, Connection[BillingContract]]:
        async def load(agreement_ids: list[str]) -> list[Connection[BillingContract]]:
            rows = await self.rows.billing_contracts(agreement_ids, first + 1)
            return _connections(rows, len(agreement_ids), first, _contract)

        if first not in self._contracts:
            self._contracts[first] = DataLoader(load)
        return self._contracts[first]


@strawberry.type
class Query:
    @strawberry.field
    async def accounts(self, info: strawberry.Info, first: int = 50) -> Connection[Account]:
        return _connection(list(await info.context.rows.accounts(first + 1)), first, _account)

    @strawberry.field
    async def account(self, info: strawberry.Info, id: strawberry.ID) -> Account | None:
        row = await info.context.rows.account(decode_id(id, "Account"))
        if row is None:
            return None
        return Account(
            row_id=row[0], id=_id("Account", row), name=row[1], status=AccountStatus(row[2]), domain=row[3],
            created_at=row[4],
        )  # fmt: skip


@strawberry.type
class UserError:
    code: str
    message: str
    field: list[str] | None


@strawberry.type
class UpdateAccountPayload:
    account: Account | None
    user_errors: list[UserError]


@strawberry.input
class UpdateAccountInput:
    account_id: strawberry.ID
    name: str


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def update_account(self, info: strawberry.Info, input: UpdateAccountInput) -> UpdateAccountPayload:
        row = await info.context.rename(decode_id(input.account_id, "Account"), input.name)
        if row is None:
            error = UserError(code="NOT_FOUND", message="There is no such account.", field=["accountId"])
            return UpdateAccountPayload(account=None, user_errors=[error])
        account = Account(row_id=row[0], id=_id("Account", row), name=row[1])
        return UpdateAccountPayload(account=account, user_errors=[])


def make_schema() -> strawberry.Schema:
    instants = strawberry.scalar(
        name="DateTime", serialize=lambda value: value.isoformat().replace("+00:00", "Z")
    )
    return strawberry.Schema(
        Query,
        Mutation,
        extensions=[ParserCache, ValidationCache],
        config=StrawberryConfig(scalar_map={datetime: instants}),
    )


def _id(type_name: str, row: Row) -> strawberry.ID:
    return strawberry.ID(encode_id(type_name, row[0]))


def _account(row: Row) -> Account:
    id_, name, status, domain, country, external_ref, created_at, revision = row
    return Account(
        row_id=id_, id=_id("Account", row), name=name, status=AccountStatus(status), domain=domain,
        country=country, external_ref=external_ref, created_at=created_at, revision=revision,
    )  # fmt: skip


def _agreement(row: Row) -> Agreement:
    _, id_, number, status, reason, executed_on, origin, revision, version, t_name, t_version, p_name = row
    return Agreement(
        row_id=id_, id=strawberry.ID(encode_id("Agreement", id_)), number=number,
        status=AgreementStatus(status), status_reason=AgreementStatusReason(reason), executed_on=executed_on,
        origin=AgreementOrigin(origin), revision=revision, template_version=version,
        template=AgreementTemplate(name=t_name, version=t_version), provider=Provider(name=p_name),
    )  # fmt: skip


def _contract(row: Row) -> BillingContract:
    return BillingContract(name=row[1])


def _connection(rows: Sequence[Row], first: int, make: Callable[[Row], T]) -> Connection[T]:
    info = PageInfo(has_next_page=len(rows) > first, has_previous_page=False)
    return Connection(edges=[Edge(node=make(row)) for row in rows[:first]], page_info=info)


def _connections(
    rows: Iterable[Row], parents: int, first: int, make: Callable[[Row], T]
) -> list[Connection[T]]:
    """In the order of the parents, which rows name by their place, counted from 1."""
    below = defaultdict[int, list[Row]](list)
    for row in rows:
        below[row[0]].append(row)
    return [_connection(below[at], first, make) for at in range(1, parents + 1)]
