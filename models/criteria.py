"""What a condition on a list means in SQL: one function a condition, for filters and repositories."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, inspect, select, union

from models.account import Account
from models.agreement import Agreement
from models.base import Entity
from models.records import SearchWord
from models.text import after_prefix, words

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
