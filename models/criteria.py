"""What a condition on a list means in SQL: one function a condition, for filters and repositories."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, inspect, not_, select, text, union, union_all

from models.account import Account
from models.agreement import Agreement
from models.base import Entity
from models.enums import ProviderAccountStatus
from models.manual_work import MISSING, PENDING, PROVISIONED_BY_HAND, UNANSWERED, UNMAPPED
from models.provider import Provider
from models.provider_account import ProviderAccount
from models.records import SearchWord
from models.text import after_prefix, words

_LAST_DAY = date.max - timedelta(days=1)
MAX_WORDS = 32
"""More words than anybody searches for; what comes after them is not looked at."""


def _ids_with_word(kind: str, word: str) -> Select[UUID]:
    return select(SearchWord.entity_id).where(
        SearchWord.kind == kind, SearchWord.word >= word, SearchWord.word < after_prefix(word)
    )


def search(alias: type[Entity], value: str) -> ColumnElement[bool] | None:
    """Each word of the value begins a word of the row's indexed columns; a blank value is no condition."""
    kind = inspect(alias).mapper.class_.__name__
    conditions = [alias.id.in_(_ids_with_word(kind, word)) for word in words(value)[:MAX_WORDS]]
    return and_(*conditions) if conditions else None


def search_agreements(alias: type[Agreement], value: str) -> ColumnElement[bool] | None:
    """Each word of the value begins a word of the agreement's name or number, or of its account's words."""
    conditions: list[ColumnElement[bool]] = []
    for word in words(value)[:MAX_WORDS]:
        through_account = (
            select(Agreement.id)
            .where(Agreement.account_id.in_(_ids_with_word(Account.__name__, word)))
            .correlate(None)
        )
        conditions.append(alias.id.in_(union(_ids_with_word(Agreement.__name__, word), through_account)))
    return and_(*conditions) if conditions else None


def executed_from(alias: type[Agreement], value: date) -> ColumnElement[bool]:
    """Executed on the day or later.

    In terms of what the index on days holds, where undated agreements have the last day of all. SQLite does
    not expect a range with one end to be worth an index. PostgreSQL, misled by that last day, takes the
    latest days for more than they are; of the column itself it knows better.
    """
    return and_(alias.executed_key >= value, alias.executed_key < date.max, alias.executed_on >= value)


def executed_to(alias: type[Agreement], value: date) -> ColumnElement[bool]:
    """Executed on the day or earlier."""
    return and_(alias.executed_key >= date.min, alias.executed_key <= min(value, _LAST_DAY))


_IS_ACTIVE = text("status = 'ACTIVE'")
_MANUAL_WORK = (
    # The customer is to sign, and somebody to record it: the provider will not tell.
    select(Agreement.id).where(
        text(PENDING),
        Agreement.provider_id.in_(select(Provider.id).where(text("NOT agreement_confirmation"))),
    ),
    # The provider is to be told again, with what it refused put right.
    select(Agreement.id).where(_IS_ACTIVE, text("sync_state = 'PUSH_FAILED'")),
    # The customer is to be asked again, or in another way.
    select(Agreement.id).where(_IS_ACTIVE, text("sync_state = 'AWAITING_CUSTOMER'"), text(UNANSWERED)),
    # The customer is to be taken on at a provider that cannot be called, and entered here.
    select(Agreement.id).where(
        text(PROVISIONED_BY_HAND),
        ~exists().where(
            ProviderAccount.account_id == Agreement.account_id,
            ProviderAccount.provider_id == Agreement.provider_id,
            ProviderAccount.status == ProviderAccountStatus.ACTIVE,
        ),
    ),
)
_MANUAL_WORK_ON_PLACES = (
    select(ProviderAccount.id).where(_IS_ACTIVE, text(UNMAPPED)),
    select(ProviderAccount.id).where(_IS_ACTIVE, text(MISSING)),
)


def awaiting_manual_work(alias: type[Agreement], value: bool) -> ColumnElement[bool]:  # noqa: FBT001  # what a client asked for
    """Active agreements that get no further unless a person acts; with False all the others."""
    return _is_one_of(alias, value, _MANUAL_WORK)


def place_awaiting_manual_work(alias: type[ProviderAccount], value: bool) -> ColumnElement[bool]:  # noqa: FBT001  # as above
    """Active provider accounts that are nobody's, or not listed by their provider; with False the others."""
    return _is_one_of(alias, value, _MANUAL_WORK_ON_PLACES)


def _is_one_of(alias: type[Entity], value: bool, parts: Sequence[Select[UUID]]) -> ColumnElement[bool]:  # noqa: FBT001  # as above
    found = alias.id.in_(union_all(*(each.correlate(None) for each in parts)))
    return found if value else not_(found)
