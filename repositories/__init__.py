"""Queries for the write side, and the transaction."""

from repositories.errors import Conflict, is_passing
from repositories.unit_of_work import Enqueue, Transactions, UnitOfWork

__all__ = ["Conflict", "Enqueue", "Transactions", "UnitOfWork", "is_passing"]
