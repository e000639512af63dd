"""Sees who follows what happens, of which a client is not told."""

from resolvers.lookouts import Lookouts


def count_joined(lookouts: Lookouts) -> int:
    """Count who follows agreements and has joined: whatever is committed from now on is told to them."""
    return sum(each.joined is not None for each in lookouts.agreements._followers)  # noqa: SLF001  # nothing else knows
