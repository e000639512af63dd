"""What a condition on a list means in SQL: one function a condition, for filters and repositories."""

from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, inspect, not_, select, union

from models.account import Account
from models.agreement import Agreement
from models.base import Entity
from models.billing_contract import AgreementTag
from models.provider_account import ProviderAccount
from models.records import SearchWord
from models.text import after_prefix, words


def _ids_with_word(kind: str, word: str) -> Select[UUID]:
    return select(SearchWord.entity_id).where(
        SearchWord.kind == kind, SearchWord.word >= word, SearchWord.word < after_prefix(word)
    )


def search(alias: type[Entity], value: str) -> ColumnElement[bool] | None:
    """Each word of the value begins a word of the row's indexed columns; a blank value is no condition."""
    kind = inspect(alias).mapper.class_.__name__
    conditions = [alias.id.in_(_ids_with_word(kind, word)) for word in words(value)]
    return and_(*conditions) if conditions else None


def search_agreements(alias: type[Agreement], value: str) -> ColumnElement[bool] | None:
    """Each word of the value begins a word of the agreement's name or number, or of its account's words."""
    conditions: list[ColumnElement[bool]] = []
    for word in words(value):
        through_account = (
            select(Agreement.id)
            .where(Agreement.account_id.in_(_ids_with_word(Account.__name__, word)))
            .correlate(None)
        )
        conditions.append(alias.id.in_(union(_ids_with_word(Agreement.__name__, word), through_account)))
    return and_(*conditions) if conditions else None


def tagged_on(alias: type[Agreement], value: UUID) -> ColumnElement[bool]:
    """The agreement is tagged on the billing contract."""
    return alias.id.in_(select(AgreementTag.agreement_id).where(AgreementTag.billing_contract_id == value))


def not_tagged_on(alias: type[Agreement], value: UUID) -> ColumnElement[bool]:
    """The agreement is not tagged on the billing contract."""
    return not_(
        select(AgreementTag.agreement_id)
        .where(AgreementTag.billing_contract_id == value, AgreementTag.agreement_id == alias.id)
        .exists()
    )


def missing_signer(alias: type[Agreement], value: bool) -> ColumnElement[bool]:  # noqa: FBT001 -- a filter's value
    """No signer is recorded, or one is."""
    signer = cast("ColumnElement[str]", alias.signed_by.email)  # the composite's column
    return signer.is_(None) if value else signer.is_not(None)


def awaiting_signature(alias: type[Agreement], value: bool) -> ColumnElement[bool]:  # noqa: FBT001 -- a filter's value
    """Active and not accepted yet, or not so."""
    awaits = cast("ColumnElement[bool]", alias.awaiting_signature)
    return awaits if value else not_(awaits)


def mapped(alias: type[ProviderAccount], value: bool) -> ColumnElement[bool]:  # noqa: FBT001 -- a filter's value
    """The provider account belongs to an account of ours, or to none yet."""
    return alias.account_id.is_not(None) if value else alias.account_id.is_(None)
