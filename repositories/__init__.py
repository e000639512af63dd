"""Queries for the write side, and the transaction."""

from repositories.alone.at_hand import AtHand
from repositories.alone.together import Together
from repositories.errors import Conflict, is_passing
from repositories.unit_of_work import Enqueue, Transactions, UnitOfWork

__all__ = ["AtHand", "Conflict", "Enqueue", "Together", "Transactions", "UnitOfWork", "is_passing"]
