"""Writes our side of the sample data, in a few large transactions."""

from agreements_api.demo.books import Books, enter_accounts, enter_terms
from agreements_api.demo.contracts import enter_contracts
from agreements_api.demo.course import (
    create_by_hand,
    create_in_bulk,
    end,
    expire,
    provision,
    sign_anew,
    sync,
)
from agreements_api.demo.tenants import Partner
from repositories import Transactions


async def write_books(transactions: Transactions, *, acceptance_url: str) -> None:
    """Fill a migrated database that holds nothing else yet.

    Args:
        transactions: How units of work are begun; its clock is not used.
        acceptance_url: Where customers accept the Microsoft Customer Agreement themselves.
    """
    books = Books(transactions)
    await enter_terms(books)
    await enter_accounts(books)
    await provision(books, acceptance_url)
    for partner in Partner:
        await sync(books, partner)
    for partner in Partner:
        await create_in_bulk(books, partner)
    await create_by_hand(books)
    await expire(books)
    await sign_anew(books)
    await enter_contracts(books)
    await end(books)
