"""Ids that are the same in every demo, so that the tour's documents can name rows."""

from datetime import UTC, datetime
from enum import IntEnum
from uuid import UUID

BEGINNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""The first instant of the sample data; everything else is told relative to it."""

MICROSOFT = UUID("0198f3c0-0000-7000-8000-000000000001")
MANUAL = UUID("0198f3c0-0000-7000-8000-000000000002")
CUSTOMER_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000011")
CLOUD_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000012")
"""These four rows are in every database from the start."""

_VERSION, _VARIANT = 7 << 76, 0b10 << 62


class Kind(IntEnum):
    PROVIDER = 1
    TEMPLATE = 2
    ACCOUNT = 3
    PROVIDER_ACCOUNT = 4
    AGREEMENT = 5
    BILLING_CONTRACT = 6
    JOB = 7
    CONTACT = 8


def demo_id(kind: Kind, number: int) -> UUID:
    """A UUIDv7 of a time before any that is made later; rows of a kind are in the order of their numbers."""
    milliseconds = int(BEGINNING.timestamp() * 1000) + number
    return UUID(int=milliseconds << 80 | _VERSION | kind << 64 | _VARIANT | number)
