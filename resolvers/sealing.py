"""Keeps a new tenant's first password readable for the one request that waits for it, and for nobody else.

The library is loaded at the first use: 6 MB, which only a process needs that takes customers on.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING
from uuid import UUID

from providers.base import TenantCredentials

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import Suite


class Reader:
    """A key pair of one request; its private half never leaves the memory of the process."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: PLC0415 -- see above

        self._private_key = X25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        """What others seal with; it may be stored and logged."""
        return _text(self._private_key.public_key().public_bytes_raw())

    def open(self, sealed: str, job_id: UUID) -> TenantCredentials | None:
        """Read what was sealed in the course of the job; None if it was sealed for another request."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- see above

        try:
            plain = _suite().decrypt(urlsafe_b64decode(sealed), self._private_key, info=job_id.bytes)
        except InvalidTag:
            return None
        values: dict[str, str] = json.loads(plain)
        return TenantCredentials(**values)


def seal(credentials: TenantCredentials, public_key: str, job_id: UUID) -> str:
    """Encrypt the credentials for the holder of the private key; the text is worthless to anybody else."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey  # noqa: PLC0415 -- see above

    plain = json.dumps({"user_name": credentials.user_name, "password": credentials.password})
    key = X25519PublicKey.from_public_bytes(urlsafe_b64decode(public_key))
    return _text(_suite().encrypt(plain.encode(), key, info=job_id.bytes))


def _suite() -> "Suite":
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite  # noqa: PLC0415 -- see above

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode()
