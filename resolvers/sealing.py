"""Keeps a new tenant's first password readable for the one request that waits for it, and for nobody else."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from providers.base import TenantCredentials

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Reader:
    """A key pair of one request; its private half never leaves the memory of the process."""

    def __init__(self) -> None:
        self._private_key = X25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        """What others seal with; it may be stored and logged."""
        return _text(self._private_key.public_key().public_bytes_raw())

    def open(self, sealed: str, job_id: UUID) -> TenantCredentials | None:
        """Read what was sealed in the course of the job; None if it was sealed for another request."""
        try:
            plain = _SUITE.decrypt(urlsafe_b64decode(sealed), self._private_key, info=job_id.bytes)
        except InvalidTag:
            return None
        values: dict[str, str] = json.loads(plain)
        return TenantCredentials(**values)


def seal(credentials: TenantCredentials, public_key: str, job_id: UUID) -> str:
    """Encrypt the credentials for the holder of the private key; the text is worthless to anybody else."""
    plain = json.dumps({"user_name": credentials.user_name, "password": credentials.password})
    key = X25519PublicKey.from_public_bytes(urlsafe_b64decode(public_key))
    return _text(_SUITE.encrypt(plain.encode(), key, info=job_id.bytes))


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode()
