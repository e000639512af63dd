"""Whether a notification is Microsoft's: its certificate is fetched, judged, and kept for a while."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import verification
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from providers.clock import Clock
from providers.errors import InputRefused, ProviderUnavailable
from providers.partner_center.connection import Connection
from providers.transport import is_loopback

ISSUER = "Microsoft Corporation"
KEPT = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(minutes=1)
"""A certificate may be replaced at its address; who sends nonsense shall not have it fetched all the time."""

MOST_KEPT = 8
LARGEST_CERTIFICATE = 64 * 1024
LONGEST_CHAIN = 4

_SIGNING_HOSTS = frozenset({"3psostorageacct.blob.core.windows.net"})
_SIGNING_DOMAINS = (".partnercenter.microsoft.com", ".partnercenterapi.microsoftonline.cn")
_AUTHORITY_HOSTS = frozenset({"www.microsoft.com", "caissuers.microsoft.com", "cacerts.digicert.com"})
_HASHES = {
    "rsa-sha256": hashes.SHA256(),
    "rsa-sha384": hashes.SHA384(),
    "rsa-sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trusted:
    key: RSAPublicKey
    fetched_at: datetime
    until: datetime


class Signatures:
    """Checks the signatures of one connection's notifications; belongs to one event loop.

    Attributes:
        on_this_machine: The connection cannot leave this machine: certificates may come from it as well.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.on_this_machine = is_loopback(connection.base_url)
        self._authority = connection.webhook_authority
        self._timeout = connection.timeout.total_seconds()
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        self._anchors: Sequence[x509.Certificate] | None = None
        self._trusted: dict[str, _Trusted] = {}

    async def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature over the body as it came; `headers` are named in lower case.

        Raises:
            InputRefused: It is not Microsoft's.
            ProviderUnavailable: The certificate cannot be fetched just now.
        """
        url = headers.get("x-ms-certificate-url", "")
        signature = _signature(headers)
        algorithm = _HASHES.get(headers.get("x-ms-signature-algorithm", "").strip().lower())
        if algorithm is None:
            raise InputRefused("The notification is not signed in a way that is known.")
        trusted = self._kept(url) or await self._fetch(url)
        if _fits(trusted.key, signature, body, algorithm):
            return
        if self._clock.now() - trusted.fetched_at > ASKED_AGAIN_AFTER:
            trusted = await self._fetch(url)
            if _fits(trusted.key, signature, body, algorithm):
                return
        raise InputRefused("The signature of the notification is not of what it says.")

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    def _kept(self, url: str) -> _Trusted | None:
        trusted = self._trusted.get(url)
        return trusted if trusted is not None and self._clock.now() < trusted.until else None

    async def _fetch(self, url: str) -> _Trusted:
        if not self._may_sign(url):
            raise InputRefused("The certificate of the notification is of no address of Microsoft's.")
        now = self._clock.now()
        leaf, *others = await self._certificates(url)
        chain = await self._chain(leaf, others)
        key = leaf.public_key()
        if not isinstance(key, RSAPublicKey) or not _is_microsofts(leaf.issuer):
            raise InputRefused("The certificate of the notification is not Microsoft's.")
        try:
            _verifier(self._roots(), now).verify(leaf, chain)
        except verification.VerificationError as error:
            raise InputRefused("The certificate of the notification cannot be trusted.") from error
        trusted = _Trusted(key=key, fetched_at=now, until=min(now + KEPT, leaf.not_valid_after_utc))
        self._keep(url, trusted)
        return trusted

    def _keep(self, url: str, trusted: _Trusted) -> None:
        self._trusted.pop(url, None)
        while len(self._trusted) >= MOST_KEPT:
            del self._trusted[next(iter(self._trusted))]
        self._trusted[url] = trusted

    async def _chain(
        self, leaf: x509.Certificate, given: Sequence[x509.Certificate]
    ) -> list[x509.Certificate]:
        """Look for the authorities between the certificate and the roots, where each names its issuer."""
        chain, last = list(given), given[-1] if given else leaf
        roots = {root.subject for root in self._roots()}
        while len(chain) < LONGEST_CHAIN and last.issuer not in roots:
            url = next((url for url in _issuer_urls(last) if self._may_issue(url)), None)
            if url is None:
                break
            last = (await self._certificates(url))[0]
            chain.append(last)
        return chain

    async def _certificates(self, url: str) -> Sequence[x509.Certificate]:
        content = await self._download(url)
        try:
            if content.lstrip().startswith(b"-----BEGIN"):
                return x509.load_pem_x509_certificates(content)
            return [x509.load_der_x509_certificate(content)]
        except ValueError as error:
            raise InputRefused("The certificate of the notification cannot be read.") from error

    async def _download(self, url: str) -> bytes:
        content = b""
        try:
            async with self._client().stream("GET", url) as response:
                if response.status_code != HTTPStatus.OK:
                    raise ProviderUnavailable(
                        f"The certificate of a notification is not there ({response.status_code})."
                    )
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > LARGEST_CERTIFICATE:
                        raise InputRefused("The certificate of the notification is too large.")
        except httpx.HTTPError as error:
            raise ProviderUnavailable("The certificate of a notification cannot be fetched.") from error
        return content

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=self._timeout, trust_env=not self.on_this_machine)
        return self._http

    def _roots(self) -> Sequence[x509.Certificate]:
        if self._anchors is None:
            if self._authority:
                self._anchors = x509.load_pem_x509_certificates(self._authority.encode())
            else:
                known = httpx.create_ssl_context().get_ca_certs(binary_form=True)
                self._anchors = [x509.load_der_x509_certificate(each) for each in known]
        return self._anchors

    def _may_sign(self, url: str) -> bool:
        scheme, host = _place(url)
        known = host in _SIGNING_HOSTS or host.endswith(_SIGNING_DOMAINS)
        return (scheme == "https" and known) or self._is_near(scheme, host)

    def _may_issue(self, url: str) -> bool:
        """An authority's certificate proves itself by its signature, and so may come in clear."""
        scheme, host = _place(url)
        return host in _AUTHORITY_HOSTS or self._is_near(scheme, host)

    def _is_near(self, scheme: str, host: str) -> bool:
        return self.on_this_machine and scheme in {"http", "https"} and is_loopback(f"http://{host}")


def _place(url: str) -> tuple[str, str]:
    """Read scheme and host as the client that fetches it does."""
    try:
        parsed = httpx.URL(url)
        place = parsed.scheme, parsed.host
    except (httpx.InvalidURL, ValueError):  # the latter for names that are no international ones
        return "", ""
    return place


def _signature(headers: Mapping[str, str]) -> bytes:
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "signature":
        text = headers.get("x-ms-signature", "")
    try:
        signature = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if not signature:
        raise InputRefused("The notification is not signed.")
    return signature


def _fits(key: RSAPublicKey, signature: bytes, body: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    try:
        key.verify(signature, body, PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _is_microsofts(name: x509.Name) -> bool:
    return any(each.value == ISSUER for each in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))


def _issuer_urls(certificate: x509.Certificate) -> Sequence[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        each.access_location.value
        for each in access
        if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]


def _verifier(roots: Sequence[x509.Certificate], now: datetime) -> verification.ClientVerifier:
    """Judge a chain as of now; what the last certificate may be used for is Microsoft's affair."""
    anyhow = verification.Criticality.AGNOSTIC
    authorities = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, anyhow, _check_authority)
        .may_be_present(x509.KeyUsage, anyhow, _check_usage)
    )
    return (
        verification.PolicyBuilder()
        .store(verification.Store(list(roots)))
        .time(now)
        .max_chain_depth(LONGEST_CHAIN)
        .extension_policies(ca_policy=authorities, ee_policy=verification.ExtensionPolicy.permit_all())
        .build_client_verifier()
    )


def _check_authority(
    policy: verification.Policy,  # noqa: ARG001 - the library hands it over
    certificate: x509.Certificate,  # noqa: ARG001 - likewise
    constraints: x509.BasicConstraints,
) -> None:
    if not constraints.ca:
        raise ValueError("A certificate that is no authority signed another.")


def _check_usage(
    policy: verification.Policy,  # noqa: ARG001 - as above
    certificate: x509.Certificate,  # noqa: ARG001 - as above
    usage: x509.KeyUsage | None,
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("A certificate that may not sign others did so.")
