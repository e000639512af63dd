"""Durable workflows: the other door to the resolvers."""

from jobs.system import migrate

__all__ = ["migrate"]
