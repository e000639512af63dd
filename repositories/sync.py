"""What a sync and its relatives ask of the database: what is known of many customers at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, func, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models import (
    Acceptance,
    AcceptancePath,
    Account,
    AccountContact,
    AccountStatus,
    Agreement,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplate,
    AgreementTemplateStatus,
    JobItem,
    JobItemOutcome,
    Provider,
    ProviderAccount,
    ProviderAccountStatus,
    ProviderConnection,
    ProviderKind,
    ProviderStatus,
    SyncState,
)

_UNSETTLED = (SyncState.TO_PUSH, SyncState.PUSH_FAILED, SyncState.AWAITING_CUSTOMER)


@dataclass(frozen=True)
class Terms:
    """One version of terms, as far as a provider that knows no versions can speak of it.

    Attributes:
        template_id: The provider's own id, which all versions share.
        since: The first day of which a confirmation can be of this version; None for any day.
        takes_undated: Whether an acceptance of which nobody knows the day counts as one of this version.
    """

    template_id: str
    since: date | None
    takes_undated: bool


@dataclass(frozen=True)
class OpenAgreement:
    """An active agreement on which the provider's word is awaited.

    Attributes:
        customer_id: The provider's own id of the customer.
        terms: What the agreement is in.
        reference: The provider's id of the request that waits for the customer's answer.
    """

    agreement_id: UUID
    provider_id: UUID
    provider_account_id: UUID
    customer_id: str
    terms: Terms
    reference: str | None = None


class SyncRepository:
    """Named questions over many rows; answers are bounded by what is asked for."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_owners(self, domains: Collection[str]) -> Mapping[str, set[UUID]]:
        """Ids of the active accounts that use each domain, for themselves or in a contact's address."""
        places = union_all(
            select(Account.domain.label("domain"), Account.id.label("account_id")).where(
                Account.domain.in_(domains)
            ),
            select(Account.primary_email_domain, Account.id).where(Account.primary_email_domain.in_(domains)),
            select(AccountContact.email_domain, AccountContact.account_id).where(
                AccountContact.email_domain.in_(domains)
            ),
        ).subquery()
        rows = await self._session.execute(
            select(places.c.domain, places.c.account_id)
            .join(Account, Account.id == places.c.account_id)
            .where(Account.status == AccountStatus.ACTIVE)
        )
        owners: defaultdict[str, set[UUID]] = defaultdict(set)
        for domain, account_id in rows:
            owners[domain].add(account_id)
        return owners

    async def note_synced(self, provider_id: UUID, now: datetime, *, read_at: datetime, listed: bool) -> None:
        """Note that a sync came to its end; by itself that is no change of the provider.

        Args:
            provider_id: Which provider.
            now: The end.
            read_at: When it began to read: what changed before that is known now.
            listed: Whether it read the whole list.
        """
        values = {"last_synced_at": now, "changes_read_until": read_at}
        await self._session.execute(
            update(Provider)
            .where(Provider.id == provider_id)
            .values({**values, "listed_at": read_at} if listed else values)
            .execution_options(synchronize_session=False)
        )

    async def list_items(self, job_id: UUID, keys: Collection[str]) -> Sequence[JobItem]:
        """The job's items with these keys, in no order."""
        return (
            await self._session.scalars(
                select(JobItem).where(JobItem.job_id == job_id, JobItem.key.in_(keys))
            )
        ).all()

    async def list_failed_keys(self, job_id: UUID, keys: Collection[str]) -> set[str]:
        """Those of the keys under which the job has noted a failure."""
        found = await self._session.scalars(
            select(JobItem.key).where(
                JobItem.job_id == job_id, JobItem.key.in_(keys), JobItem.outcome == JobItemOutcome.FAILED
            )
        )
        return {*found}

    async def delete_items(self, job_id: UUID) -> None:
        """Forget what became of each row of a job: for one that is done anew."""
        await self._session.execute(
            delete(JobItem).where(JobItem.job_id == job_id).execution_options(synchronize_session=False)
        )

    async def list_open_customers(
        self, provider_id: UUID, *, after: UUID | None, limit: int
    ) -> Sequence[tuple[UUID, str]]:
        """The provider's accounts with an open agreement that are not missing, and their ids there, by id."""
        conditions = [ProviderAccount.provider_id == provider_id, ProviderAccount.missing_since.is_(None)]
        if after is not None:
            conditions.append(ProviderAccount.id > after)
        is_open = exists().where(
            Agreement.provider_account_id == ProviderAccount.id,
            Agreement.status == AgreementStatus.ACTIVE,
            _AWAITED,
        )
        rows = await self._session.execute(
            select(ProviderAccount.id, ProviderAccount.provider_specific_id)
            .where(*conditions, _SYNCED, is_open)
            .order_by(ProviderAccount.id)
            .limit(limit)
        )
        return [(place_id, customer_id) for place_id, customer_id in rows]

    async def list_open(self, provider_id: UUID, customer_ids: Collection[str]) -> Sequence[OpenAgreement]:
        """Agreements of these customers that are pending, or not known to be held by the provider."""
        return await self._open(
            _OPEN.where(
                ProviderAccount.provider_id == provider_id,
                ProviderAccount.provider_specific_id.in_(customer_ids),
                _SYNCED,
                _AWAITED,
            ).order_by(Agreement.id)
        )

    async def list_awaiting_customer(self, *, after: UUID | None, limit: int) -> Sequence[OpenAgreement]:
        """Agreements that wait for the customer's own acceptance, where it can be asked for, by id.

        Nobody is asked of customers that have left, nor where somebody has switched that off.
        """
        conditions = [
            Agreement.sync_state == SyncState.AWAITING_CUSTOMER,
            ProviderAccount.status == ProviderAccountStatus.ACTIVE,
            ProviderAccount.missing_since.is_(None),
            Provider.status == ProviderStatus.ACTIVE,
            Provider.__table__.c["agreement_sync"].is_(True),
        ]
        if after is not None:
            conditions.append(Agreement.id > after)
        return await self._open(
            _OPEN.join(Provider, Provider.id == Agreement.provider_id)
            .where(and_(*conditions))
            .order_by(Agreement.id)
            .limit(limit)
        )

    async def get_open(self, agreement_id: UUID) -> OpenAgreement | None:
        """The active agreement with this id, if it is one at a provider account."""
        found = await self._open(_OPEN.where(Agreement.id == agreement_id))
        return found[0] if found else None

    async def list_configured_providers(self) -> Sequence[Provider]:
        """Active automatic providers of which somebody has said how they are reached, by id."""
        return (
            await self._session.scalars(
                select(Provider)
                .join(ProviderConnection, ProviderConnection.provider_id == Provider.id)
                .where(Provider.status == ProviderStatus.ACTIVE, Provider.kind == ProviderKind.AUTOMATIC)
                .order_by(Provider.id)
            )
        ).all()

    async def _open(
        self, statement: Select[UUID, UUID, UUID, str, AgreementTemplate, bool, SyncState, str | None]
    ) -> Sequence[OpenAgreement]:
        return [
            OpenAgreement(
                agreement_id,
                provider_id,
                place_id,
                customer_id,
                Terms(template.template_id, template.acceptable_since, undated),
                reference if state is SyncState.AWAITING_CUSTOMER else None,
            )
            for agreement_id, provider_id, place_id, customer_id, template, undated, state, reference in (
                await self._session.execute(statement)
            ).all()
        ]


_AWAITED = or_(Agreement.status_reason == AgreementStatusReason.PENDING, Agreement.sync_state.in_(_UNSETTLED))
_SYNCED = and_(ProviderAccount.status == ProviderAccountStatus.ACTIVE, ProviderAccount.sync_enabled.is_(True))

_newer, _older, _its_terms = aliased(AgreementTemplate), aliased(Agreement), aliased(AgreementTemplate)
_today = func.current_date()

# An acceptance without a day counts for the version in force, and only once: the provider goes on showing the
# one that was taken for an older version. Versions are in the order of their ids.
_HAS_A_NEWER_VERSION = exists().where(
    _newer.provider_id == AgreementTemplate.provider_id,
    _newer.template_id == AgreementTemplate.template_id,
    _newer.id > AgreementTemplate.id,
    _newer.status == AgreementTemplateStatus.ACTIVE,
    or_(_newer.effective_on.is_(None), _newer.effective_on <= _today),
    or_(_newer.expires_on.is_(None), _newer.expires_on >= _today),
)
_WAS_TAKEN_FOR_AN_OLDER_VERSION = exists().where(
    _older.provider_account_id == Agreement.provider_account_id,
    _its_terms.id == _older.template_id,
    _its_terms.template_id == AgreementTemplate.template_id,
    _its_terms.id < AgreementTemplate.id,
    Acceptance.agreement_id == _older.id,
    Acceptance.path == AcceptancePath.DIRECT_AT_VENDOR,
)

_OPEN = (
    select(
        Agreement.id,
        Agreement.provider_id,
        ProviderAccount.id,
        ProviderAccount.provider_specific_id,
        AgreementTemplate,
        ~or_(_HAS_A_NEWER_VERSION, _WAS_TAKEN_FOR_AN_OLDER_VERSION),
        Agreement.sync_state,
        Agreement.__table__.c["acceptance_reference"],
    )
    .join(ProviderAccount, ProviderAccount.id == Agreement.provider_account_id)
    .join(AgreementTemplate, AgreementTemplate.id == Agreement.template_id)
    .where(Agreement.status == AgreementStatus.ACTIVE)
)
