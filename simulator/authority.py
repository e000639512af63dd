"""The certificate that webhooks are signed with, and the authority that vouches for it."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from simulator.store import Store

LIFETIME = timedelta(days=3650)
SIGNER_NAME = "pcnotifications-dispatch.simulator.invalid"


@dataclass(frozen=True)
class Signer:
    """`authority` is a certificate in PEM, `certificate` the signer's own in DER."""

    authority: str
    certificate: bytes
    key: rsa.RSAPrivateKey

    def sign(self, body: bytes) -> str:
        return base64.b64encode(self.key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def signer(store: Store) -> Signer:
    """Give the signer of this store, made at the first call; a reset does not change it."""
    kept = {row["name"]: row["pem"] for row in store.rows("select name, pem from authority")}
    if not kept:
        kept = _make()
        store.write_many("insert into authority values (?, ?)", kept.items())
    return _read(kept["authority"], kept["certificate"], kept["key"])


@lru_cache(maxsize=8)
def _read(authority: str, certificate: str, key: str) -> Signer:
    private_key = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError("the stored key is no RSA key")
    leaf = x509.load_pem_x509_certificate(certificate.encode())
    return Signer(authority, leaf.public_bytes(serialization.Encoding.DER), private_key)


def _make() -> dict[str, str]:
    root_key, leaf_key = _new_key(), _new_key()
    issuer = _name("Simulated Azure TLS Issuing CA")
    root = (
        _builder(issuer, issuer, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _builder(_name(SIGNER_NAME), issuer, leaf_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SIGNER_NAME)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    key = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    return {
        "authority": root.public_bytes(pem).decode(),
        "certificate": leaf.public_bytes(pem).decode(),
        "key": key.decode(),
    }


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Microsoft Corporation"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
