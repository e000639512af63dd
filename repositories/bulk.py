"""Agreements by the hundred thousand: a few statements a chunk, past the session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, and_, exists, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from models import (
    Account,
    Agreement,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplate,
    AuditEvent,
    Base,
    JobItem,
    JobItemOutcome,
    ProviderAccount,
    ProviderAccountStatus,
    SearchWord,
    SyncState,
)
from models.agreement import agreement_number, default_name
from models.text import fold
from repositories.agreements import AgreementRepository
from repositories.history import History, search_words

Row = dict[str, Any]

# The partial unique index that lets parallel runs make each agreement once.
_ACTIVE_AT_PROVIDER = text("status = 'ACTIVE' AND provider_account_id IS NOT NULL")


@dataclass(frozen=True)
class Target:
    """A provider account that a bulk creation comes by.

    Attributes:
        key: The id at the provider.
        agreement_id: Its active agreement in the template, if it has one.
    """

    provider_account_id: UUID
    key: str
    status: ProviderAccountStatus
    account_id: UUID | None
    account_name: str | None
    agreement_id: UUID | None


@dataclass(frozen=True)
class Item:
    """What became of one row of a job."""

    key: str
    outcome: JobItemOutcome
    reason: str | None = None
    agreement_id: UUID | None = None
    provider_account_id: UUID | None = None


class BulkRepository:
    """Writes what the session would write row by row: agreements, their audit events and search words."""

    def __init__(self, session: AsyncSession, history: History, agreements: AgreementRepository) -> None:
        self._session, self._history, self._agreements = session, history, agreements

    async def list_targets(
        self, template: AgreementTemplate, *, after: UUID | None, accounts: Sequence[UUID] | None, limit: int
    ) -> Sequence[Target]:
        """Provider accounts of the template's provider, by id, whatever their state.

        Args:
            template: In which they may or may not have an agreement.
            after: The last one that was read before.
            accounts: Only those mapped to one of these; None for all.
            limit: The most to read.
        """
        active = and_(
            Agreement.provider_account_id == ProviderAccount.id,
            Agreement.template_id == template.id,
            Agreement.status == AgreementStatus.ACTIVE,
        )
        statement = (
            select(
                ProviderAccount.id.label("provider_account_id"),
                ProviderAccount.provider_specific_id.label("key"),
                ProviderAccount.status,
                ProviderAccount.account_id,
                Account.name.label("account_name"),
                Agreement.id.label("agreement_id"),
            )
            .outerjoin(Account, Account.id == ProviderAccount.account_id)
            .outerjoin(Agreement, active)
            .where(ProviderAccount.provider_id == template.provider_id)
            .order_by(ProviderAccount.id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(ProviderAccount.id > after)
        if accounts is not None:
            statement = statement.where(ProviderAccount.account_id.in_(accounts))
        return [Target(*row) for row in await self._session.execute(statement)]

    async def list_accounts_elsewhere(self, provider_id: UUID, accounts: Sequence[UUID]) -> Sequence[UUID]:
        """Those of the accounts that have no provider account at the provider, by id."""
        there = exists().where(
            ProviderAccount.account_id == Account.id, ProviderAccount.provider_id == provider_id
        )
        return (
            await self._session.scalars(
                select(Account.id).where(Account.id.in_(accounts), ~there).order_by(Account.id)
            )
        ).all()

    async def list_known_accounts(self, accounts: Sequence[UUID]) -> Sequence[UUID]:
        """Those of the ids that are accounts."""
        return (await self._session.scalars(select(Account.id).where(Account.id.in_(accounts)))).all()

    async def create_pending(
        self, template: AgreementTemplate, targets: Sequence[Target]
    ) -> Mapping[UUID, UUID]:
        """Make a pending agreement for each target, where nobody else has made one meanwhile.

        Args:
            template: The terms.
            targets: Mapped provider accounts, by id: the same order in every transaction.

        Returns:
            Ids of the new agreements by provider account.
        """
        if not targets:
            return {}
        serials = await self._agreements.take_serials(len(targets))
        rows = [self._agreement(template, *each) for each in zip(targets, serials, strict=True)]
        made = await self._insert_agreements(rows)
        if made:
            await self._record([row for row in rows if row["provider_account_id"] in made])
        return made

    async def add_items(self, job_id: UUID, items: Sequence[Item]) -> None:
        """Say what became of each row of a job."""
        if items:
            rows: list[Row] = [{"id": uuid7(), "job_id": job_id, **vars(item)} for item in items]
            await self._session.execute(insert(_table(JobItem)), rows)

    def _agreement(self, template: AgreementTemplate, target: Target, serial: int) -> Row:
        name = default_name(template.name, target.account_name or "")
        return {
            "id": uuid7(),
            "name": name,
            "name_fold": fold(name),
            "serial": serial,
            "number": agreement_number(serial),
            "account_id": target.account_id,
            "template_id": template.id,
            "provider_id": template.provider_id,
            "provider_account_id": target.provider_account_id,
            "status": AgreementStatus.ACTIVE,
            "status_reason": AgreementStatusReason.PENDING,
            "template_version": template.version,
            "agreement_link": template.agreement_link,
            "origin": AgreementOrigin.BULK,
            "sync_state": SyncState.NOT_APPLICABLE,
        }

    async def _insert_agreements(self, rows: Sequence[Row]) -> Mapping[UUID, UUID]:
        history = self._history
        system_fields: Row = {
            "created_at": history.now,
            "created_by": history.actor,
            "updated_at": history.now,
            "updated_by": history.actor,
            "revision": 1,
        }
        table = _table(Agreement)
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        statement = (
            dialect.insert(table)
            .on_conflict_do_nothing(
                index_elements=["provider_account_id", "template_id"], index_where=_ACTIVE_AT_PROVIDER
            )
            .returning(table.c.provider_account_id, table.c.id)
        )
        # A list of rows, not one VALUES with all of them: that takes ten times as long.
        created = await self._session.execute(statement, [{**row, **system_fields} for row in rows])
        return {row.provider_account_id: row.id for row in created}

    async def _record(self, rows: Sequence[Row]) -> None:
        """Write the audit events and the search index of new agreements."""
        kind = Agreement.__name__
        events = [
            self._history.row(kind, row["id"], Agreement.created_event, after=_shown(row)) for row in rows
        ]
        words = [
            word
            for row in rows
            for word in search_words(kind, row["id"], [row[column] for column in Agreement.searched])
        ]
        await self._session.execute(insert(_table(AuditEvent)), events)
        await self._session.execute(insert(_table(SearchWord)), words)


def _table(entity: type[Base]) -> Table:
    return cast("Table", entity.__table__)


def _shown(row: Row) -> Row:
    """The row as the audit trail shows a new entity."""
    return {
        key: str(value) if isinstance(value, UUID) else value
        for key, value in row.items()
        if value is not None
    }
