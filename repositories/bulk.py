"""Agreements by the hundred thousand: a few statements a chunk, past the session."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import uuid_utils
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from models import (
    Account,
    Agreement,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplate,
    JobItemOutcome,
    ProviderAccount,
    ProviderAccountStatus,
    SyncState,
)
from models.agreement import agreement_number, default_name
from models.text import folded_words
from repositories.agreements import AgreementRepository
from repositories.bulk_statements import (
    insert_agreements,
    insert_events,
    insert_items,
    insert_words,
    select_targets,
)
from repositories.history import History
from repositories.rows import SENT, Row, as_json


class Target(NamedTuple):
    """A provider account that a bulk creation comes by.

    Attributes:
        key: The id at the provider.
        account_name_fold: The name as it is compared.
        agreement_id: Its active agreement in the template, if it has one.
    """

    provider_account_id: UUID
    key: str
    status: ProviderAccountStatus
    account_id: UUID | None
    account_name: str | None
    account_name_fold: str | None
    agreement_id: UUID | None


class Item(NamedTuple):
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
        statement = select_targets(template, after=after, accounts=accounts).limit(limit)
        return [Target._make(row) for row in await self._session.execute(statement)]

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
        rows = [_agreement(template, *each) for each in zip(targets, serials, strict=True)]
        shared = _shared(template)
        made = await self._insert_agreements(rows, shared)
        if made:
            await self._record(made, shared)
        return {row["provider_account_id"]: row["id"] for row in made}

    async def add_items(self, job_id: UUID, items: Sequence[Item]) -> None:
        """Say what became of each row of a job."""
        if items:
            rows = [{"id": str(uuid_utils.uuid7()), **item._asdict()} for item in items]
            await self._session.execute(insert_items(self._dialect), {SENT: as_json(rows), "job_id": job_id})

    @property
    def _dialect(self) -> str:
        return self._session.get_bind().dialect.name

    async def _insert_agreements(self, rows: Sequence[Row], shared: Row) -> Sequence[Row]:
        """Insert the rows, which are in order of number, for which there is no active agreement.

        Returns:
            Those that were inserted.
        """
        same: Row = {
            **shared,
            "created_at": self._history.now,
            "created_by": self._history.actor,
            "updated_at": self._history.now,
            "updated_by": self._history.actor,
            "revision": 1,
        }
        statement = insert_agreements(self._dialect, tuple(same))
        connection = await self._session.connection()
        done = await connection.execute(statement, {SENT: as_json(rows), **same})
        if done.rowcount == len(rows):
            return rows
        of_these = Agreement.serial.between(rows[0]["serial"], rows[-1]["serial"])
        created = set(await self._session.scalars(select(Agreement.serial).where(of_these)))
        return [row for row in rows if row["serial"] in created]

    async def _record(self, rows: Sequence[Row], shared: Row) -> None:
        """Write the audit events and the search index of new agreements."""
        kind = Agreement.__name__
        same = {key: value for key, value in shared.items() if value is not None}
        event = self._history.row(kind, rows[0]["id"], Agreement.created_event)
        events = [
            {
                "id": str(uuid_utils.uuid7()),
                "entity_id": row["id"],
                "after": same | row,
            }
            for row in rows
        ]
        await self._session.execute(insert_events(self._dialect), {**event, SENT: as_json(events)})
        words = {row["id"].hex: folded_words(f"{row['name_fold']} {row['number'].lower()}") for row in rows}
        await self._session.execute(insert_words(self._dialect), {SENT: as_json(words), "kind": kind})


def _agreement(template: AgreementTemplate, target: Target, serial: int) -> Row:
    """Make the row of a new agreement; its name is put together from two, folded as they are stored."""
    return {
        "id": uuid7(),
        "name": default_name(template.name, target.account_name or ""),
        "name_fold": default_name(template.name_fold, target.account_name_fold or ""),
        "serial": serial,
        "number": agreement_number(serial),
        "account_id": target.account_id,
        "provider_account_id": target.provider_account_id,
    }


def _shared(template: AgreementTemplate) -> Row:
    """The columns that the new agreements in a template have in common."""
    return {
        "template_id": template.id,
        "provider_id": template.provider_id,
        "status": AgreementStatus.ACTIVE,
        "status_reason": AgreementStatusReason.PENDING,
        "template_version": template.version,
        "agreement_link": template.agreement_link,
        "origin": AgreementOrigin.BULK,
        "sync_state": SyncState.NOT_APPLICABLE,
    }
