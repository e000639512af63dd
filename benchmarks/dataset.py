"""The data that is measured: one book of customers, the same in every run and on every database."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import cast
from uuid import UUID

from sqlalchemy import Connection, Table, insert, update

from benchmarks import rows
from benchmarks.rows import Row
from models import (
    Acceptance,
    Account,
    Agreement,
    AgreementTag,
    AgreementTemplate,
    Audited,
    Base,
    BillingContract,
    Counter,
    Provider,
    SearchWord,
)
from repositories.history import search_words

# The first accounts are the big customers that the measured page shows: every page below them is cut by
# its limit. `TAGS` says on how many contracts each of their agreements is tagged.
BIG_ACCOUNTS = 50
BIG_AGREEMENTS = 7
BIG_CONTRACTS = 4
TAGS = (4, 2, 2, 1, 1, 1, 1)
MIN_ACCOUNTS = 200
"""With fewer the big customers would take more than there is."""

_START_MS = int(rows.START.timestamp() * 1000)
_CHUNK = 5000


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything, by the number of accounts."""

    accounts: int

    @property
    def agreements(self) -> int:
        return self.accounts * 5 // 2

    @property
    def billing_contracts(self) -> int:
        return self.accounts * 6 // 5


class Dataset:
    """Rows as the unit of work would have written them, with ids and times that follow from their order.

    Only the audit trail of how they came about is left out, which nothing measured reads.

    Attributes:
        account_ids: In the order in which the API lists accounts.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Make the rows.

        Raises:
            ValueError: There would be fewer than `MIN_ACCOUNTS` accounts.
        """
        if sizes.accounts < MIN_ACCOUNTS:
            raise ValueError(f"The data set has at least {MIN_ACCOUNTS} accounts.")
        self.sizes = sizes
        self.account_ids: list[UUID] = []
        self._rows: dict[Table, list[Row]] = {table: [] for table in Base.metadata.sorted_tables}
        self._numbers, self._serials = count(1), count(1)
        providers = [self._add(Provider, rows.provider(name)) for name in rows.PROVIDERS]
        self._templates = [
            self._add(AgreementTemplate, rows.template(each, terms))
            for terms in rows.TERMS
            for each in providers
        ]
        agreements = _shares(sizes.agreements, sizes.accounts, BIG_AGREEMENTS)
        contracts = _shares(sizes.billing_contracts, sizes.accounts, BIG_CONTRACTS)
        for place in range(sizes.accounts):
            self._add_customer(place, agreements=agreements[place], contracts=contracts[place])

    def load(self, connection: Connection) -> None:
        """Insert everything into a database fresh from its migrations, in the caller's transaction."""
        for table, made in self._rows.items():
            for start in range(0, len(made), _CHUNK):
                connection.execute(insert(table), made[start : start + _CHUNK])
        counter = update(Counter).where(Counter.name == Counter.AGREEMENTS)
        connection.execute(counter.values(value=self.sizes.agreements))

    def _add_customer(self, place: int, *, agreements: int, contracts: int) -> None:
        account = self._add(Account, rows.account(place))
        self.account_ids.append(account["id"])
        billed = [self._add(BillingContract, rows.billing_contract(account, at)) for at in range(contracts)]
        for at in range(agreements):
            template = self._templates[(place + at) % len(self._templates)]
            agreement = self._add(Agreement, rows.agreement(account, template, next(self._serials)))
            if agreement["executed_on"] is not None:
                self._add(Acceptance, rows.acceptance(agreement))
            for contract in billed[: _tags(place, at)]:
                self._of(AgreementTag).append(rows.tag(agreement, contract))

    def _add(self, entity: type[Base], row: Row) -> Row:
        """Keep the row under an id of its own, and the words that it is found by."""
        row["id"] = self._next_id()
        self._of(entity).append(row)
        if issubclass(entity, Audited):
            texts: Sequence[str | None] = [row.get(column) for column in entity.searched]
            self._of(SearchWord).extend(search_words(entity.__name__, row["id"], texts))
        return row

    def _of(self, entity: type[Base]) -> list[Row]:
        return self._rows[cast("Table", entity.__table__)]

    def _next_id(self) -> UUID:
        """Make a UUID of version 7, as the application would, from a clock that ticks with every id."""
        number = next(self._numbers)
        return UUID(int=(_START_MS + number) << 80 | 7 << 76 | 2 << 62 | number)


def _shares(total: int, accounts: int, of_big: int) -> list[int]:
    """How many of `total` each account has: the big ones `of_big`, the others the rest in equal shares."""
    others, rest = accounts - BIG_ACCOUNTS, total - BIG_ACCOUNTS * of_big
    return [of_big] * BIG_ACCOUNTS + [(at + 1) * rest // others - at * rest // others for at in range(others)]


def _tags(place: int, at: int) -> int:
    """On how many contracts an agreement is tagged: as in `TAGS`, but for three of the page."""
    untagged = place < BIG_ACCOUNTS and place % 17 == 0 and at == 4  # noqa: PLR2004 -- the last agreement shown
    return 0 if untagged else TAGS[at % len(TAGS)]
