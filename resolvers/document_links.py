"""Addresses from which a document can be downloaded for a while by whoever has them."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from typing import Final
from uuid import UUID

LINKS_LAST: Final = timedelta(minutes=5)
_EXPIRES = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


class LinkRefused(Exception):
    """The address was not made here, or its time is over."""


def sign(key: bytes, document_id: UUID, now: datetime) -> tuple[int, str]:
    """Give the second until which a link to the document works, and its signature."""
    expires = int((now + LINKS_LAST).timestamp())
    return expires, _signature(key, document_id, expires)


def check(key: bytes, document_id: UUID, *, expires: str, signature: str, now: datetime) -> None:
    """Raises LinkRefused unless the link was made here for this document and still works."""
    if not _EXPIRES.fullmatch(expires):
        raise LinkRefused("The link is not one of ours.")
    right = _signature(key, document_id, int(expires))
    if not compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise LinkRefused("The link is not one of ours.")
    if now.timestamp() >= int(expires):
        raise LinkRefused("The link has expired: ask for another one.")


def _signature(key: bytes, document_id: UUID, expires: int) -> str:
    return hmac(key, f"{document_id}:{expires}".encode(), sha256).hexdigest()
