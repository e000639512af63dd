"""The statements of bulk creation: who may lack an agreement, new ones, and what follows from them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, Uuid, bindparam, cast, select, text, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from models import (
    Account,
    Agreement,
    AgreementStatus,
    AgreementTemplate,
    AuditEvent,
    JobItem,
    ProviderAccount,
    SearchWord,
)
from repositories.rows import insert_into, insert_sent, sent_lists, table_of

Insert = postgresql.Insert | sqlite.Insert

OWN: Final = ("id", "name", "name_fold", "serial", "number", "account_id", "provider_account_id")
"""What differs from one new agreement to the next."""

# The partial unique index that lets parallel runs make each agreement once.
_ACTIVE_AT_PROVIDER: Final = text("status = 'ACTIVE' AND provider_account_id IS NOT NULL")


def select_targets(
    template: AgreementTemplate, *, after: UUID | None, accounts: Sequence[UUID] | None
) -> Select[*tuple[Any, ...]]:
    """Read the provider accounts where agreements in the template may be, by id, from past `after`.

    What belongs to each is looked up by its key and not joined: of agreements that the job itself has made
    the planner knows nothing yet, and a join read all of them again for every portion.
    """
    statement = (
        select(
            ProviderAccount.id.label("provider_account_id"),
            ProviderAccount.provider_specific_id.label("key"),
            ProviderAccount.status,
            ProviderAccount.account_id,
            _of_account(Account.name).label("account_name"),
            _of_account(Account.name_fold).label("account_name_fold"),
            _active_in(template).label("agreement_id"),
        )
        .where(ProviderAccount.provider_id == template.provider_id)
        .order_by(ProviderAccount.id)
    )
    if after is not None:
        statement = statement.where(ProviderAccount.id > after)
    if accounts is not None:
        statement = statement.where(ProviderAccount.account_id.in_(accounts))
    return statement


def _of_account(column: InstrumentedAttribute[str]) -> ScalarSelect[str]:
    return select(column).where(Account.id == ProviderAccount.account_id).scalar_subquery()


def _active_in(template: AgreementTemplate) -> ScalarSelect[UUID]:
    return (
        select(Agreement.id)
        .where(
            Agreement.provider_account_id == ProviderAccount.id,
            Agreement.template_id == template.id,
            Agreement.status == AgreementStatus.ACTIVE,
        )
        .scalar_subquery()
    )


@lru_cache
def insert_agreements(dialect: str, shared: tuple[str, ...]) -> Insert:
    """Insert the agreements for which there is no active one."""
    return insert_sent(dialect, Agreement, OWN, shared).on_conflict_do_nothing(
        index_elements=["provider_account_id", "template_id"], index_where=_ACTIVE_AT_PROVIDER
    )


def insert_events(dialect: str) -> Insert:
    """Record what is new; all but the ids and the new state is the same for all."""
    same = ("at", "actor", "entity", "type", "correlation_id", "request_id")
    return insert_sent(dialect, AuditEvent, ("id", "entity_id", "after"), same)


@lru_cache
def insert_words(dialect: str) -> Insert:
    """Index entities by the words that are sent for each, by its id without hyphens."""
    words, word = sent_lists(dialect)
    kind = bindparam("kind", type_=table_of(SearchWord).c.kind.type)
    chosen = select(kind, word.c.value, cast(words.c.key, Uuid())).select_from(words.join(word, true()))
    return insert_into(dialect, SearchWord).from_select(["kind", "word", "entity_id"], chosen)


def insert_items(dialect: str) -> Insert:
    columns = ("id", "key", "outcome", "reason", "agreement_id", "provider_account_id")
    return insert_sent(dialect, JobItem, columns, ("job_id",))
