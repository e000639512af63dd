"""What Partner Center tells unasked: proved before it is read."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from providers.base import Notification
from providers.clock import SystemClock
from providers.errors import InputRefused, ProviderUnavailable
from providers.partner_center import Connection
from providers.partner_center.client import PartnerCenter

CUSTOMER_ID = "0c39d6d5-c70d-4c55-bc02-f620844f3fd1"
ACCEPTED = "reseller-relationship-accepted-by-customer"
BODY = json.dumps(
    {
        "EventName": ACCEPTED,
        "ResourceUri": f"https://api.partnercenter.microsoft.com/v1/customers/{CUSTOMER_ID.upper()}",
        "ResourceName": "customer",
        "AuditUri": None,
        "ResourceChangeUtcDate": "2026-11-16T16:19:06.3520276+00:00",
    }
).encode()
NOW = datetime.now(UTC)


async def test_what_the_simulator_sends_is_proved_and_read(simulator, partner, connect):
    client = connect(partner, webhook_authority=await simulator.webhook_authority())
    with receiver() as (url, received):
        await client.subscribe(url)
        await simulator.send_webhook(
            partner.tenant_id, ACCEPTED, resourceName="customer", path=f"/v1/customers/{CUSTOMER_ID}"
        )
        headers, body = await asyncio.to_thread(received.get, timeout=30)

    found = await client.read_notification(headers, body)

    assert (found.event, found.customer_id) == (ACCEPTED, CUSTOMER_ID)
    with pytest.raises(InputRefused):
        await client.read_notification(headers, body + b" ")


class Authority:
    """Signs certificates, and serves them from this machine."""

    def __init__(self):
        self.root_key, self.middle_key, self.key = (new_key() for _ in range(3))
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.root = self.certify("Root", self.root_key, "Root", self.root_key, ca=True)

    def certify(self, subject, key, issuer, issuer_key, **options):
        begin, end = options.get("valid", (NOW - timedelta(days=1), NOW + timedelta(days=30)))
        organization = options.get("organization", "Microsoft Corporation")
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject, organization))
            .issuer_name(name(issuer, organization))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(options.get("ca", False), None), critical=True)
        )
        if "issued_at" in options:
            address = x509.UniformResourceIdentifier(options["issued_at"])
            description = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address)
            builder = builder.add_extension(x509.AuthorityInformationAccess([description]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    def serve(self, path, *certificates, encoding=serialization.Encoding.DER):
        self.files[path] = b"".join(each.public_bytes(encoding) for each in certificates)

    def signed(self, url, body=BODY, *, algorithm=hashes.SHA256, named="rsa-sha256"):
        signature = self.key.sign(body, padding.PKCS1v15(), algorithm())
        return {
            "authorization": f"Signature {base64.b64encode(signature).decode()}",
            "x-ms-certificate-url": url,
            "x-ms-signature-algorithm": named,
        }


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def name(common_name, organization):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@contextmanager
def serving(handler) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@contextmanager
def receiver():
    received: Queue[tuple[dict[str, str], bytes]] = Queue()

    class Handler(Quiet):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

    with serving(Handler) as url:
        yield f"{url}/callback", received


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def address(authority):
    class Handler(Quiet):
        def do_GET(self):
            authority.fetched.append(self.path)
            found = authority.files.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found or b"")

    authority.files.clear()
    authority.fetched.clear()
    with serving(Handler) as url:
        leaf = authority.certify("Dispatch", authority.key, "Root", authority.root_key)
        authority.serve("/good.cer", leaf)
        yield url


class MovedClock(SystemClock):
    def __init__(self):
        self.ahead = timedelta()

    def now(self):
        return super().now() + self.ahead


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
async def reader(authority, address, clock):
    client = PartnerCenter(connection(authority, base_url=address), clock=clock)
    yield client
    await client.aclose()


def connection(authority, **changes):
    pem = authority.root.public_bytes(serialization.Encoding.PEM).decode()
    known = {"tenant_id": "t", "client_id": "c", "client_secret": "s", "webhook_authority": pem}
    return Connection(**known | changes)


async def test_a_signed_notification_is_read_and_the_certificate_kept(authority, address, reader):
    headers = authority.signed(f"{address}/good.cer")

    found = [await reader.read_notification(headers, BODY) for _ in range(3)]

    assert (
        found
        == [
            Notification(
                id=f"https://api.partnercenter.microsoft.com/v1/customers/{CUSTOMER_ID.upper()}"
                " 2026-11-16T16:19:06.3520276+00:00",
                event=ACCEPTED,
                customer_id=CUSTOMER_ID,
            )
        ]
        * 3
    )
    assert authority.fetched == ["/good.cer"]


@pytest.mark.parametrize(
    ("algorithm", "named"),
    [(hashes.SHA256, "RSA-SHA256"), (hashes.SHA384, "rsa-sha384"), (hashes.SHA512, "rsa-sha512")],
)
async def test_three_hashes_are_known(authority, address, reader, algorithm, named):
    headers = authority.signed(f"{address}/good.cer", algorithm=algorithm, named=named)

    assert (await reader.read_notification(headers, BODY)).event == ACCEPTED


async def test_the_signature_may_come_in_a_header_of_its_own(authority, address, reader):
    headers = authority.signed(f"{address}/good.cer")
    headers["x-ms-signature"] = headers.pop("authorization").removeprefix("Signature ")

    assert (await reader.read_notification(headers, BODY)).event == ACCEPTED


@pytest.mark.parametrize("way", ["bundle", "pointer"])
async def test_an_authority_between_is_found_where_the_certificate_says(authority, address, reader, way):
    middle = authority.certify("Middle", authority.middle_key, "Root", authority.root_key, ca=True)
    pointer = {"issued_at": f"{address}/middle.cer"} if way == "pointer" else {}
    leaf = authority.certify("Dispatch", authority.key, "Middle", authority.middle_key, **pointer)
    authority.serve("/middle.cer", middle)
    if way == "bundle":
        authority.serve("/leaf.cer", leaf, middle, encoding=serialization.Encoding.PEM)
    else:
        authority.serve("/leaf.cer", leaf)

    found = await reader.read_notification(authority.signed(f"{address}/leaf.cer"), BODY)

    assert found.customer_id == CUSTOMER_ID


BAD_CERTIFICATES = {
    "of another authority": lambda a: a.certify("Dispatch", a.key, "Root", a.middle_key),
    "of another organization": lambda a: a.certify(
        "Dispatch", a.key, "Root", a.root_key, organization="Microsoft Corporation Ltd"
    ),
    "expired": lambda a: a.certify(
        "Dispatch", a.key, "Root", a.root_key, valid=(NOW - timedelta(days=9), NOW - timedelta(days=1))
    ),
    "not valid yet": lambda a: a.certify(
        "Dispatch", a.key, "Root", a.root_key, valid=(NOW + timedelta(days=1), NOW + timedelta(days=9))
    ),
    "of a middle that is missing": lambda a: a.certify("Dispatch", a.key, "Middle", a.middle_key),
}


@pytest.mark.parametrize("case", BAD_CERTIFICATES)
async def test_a_bad_certificate_proves_nothing(authority, address, reader, case):
    authority.serve("/bad.cer", BAD_CERTIFICATES[case](authority))

    with pytest.raises(InputRefused):
        await reader.read_notification(authority.signed(f"{address}/bad.cer"), BODY)


async def test_a_certificate_that_is_no_authority_vouches_for_none(authority, address, reader):
    middle = authority.certify("Middle", authority.middle_key, "Root", authority.root_key)
    leaf = authority.certify("Dispatch", authority.key, "Middle", authority.middle_key)
    authority.serve("/leaf.cer", leaf, middle, encoding=serialization.Encoding.PEM)

    with pytest.raises(InputRefused):
        await reader.read_notification(authority.signed(f"{address}/leaf.cer"), BODY)


@pytest.mark.parametrize("content", [b"", b"no certificate", b"x" * 70_000, b"-----BEGIN CERTIFICATE-----"])
async def test_what_is_no_certificate_proves_nothing(authority, address, reader, content):
    authority.files["/bad.cer"] = content or b"\n"

    with pytest.raises(InputRefused):
        await reader.read_notification(authority.signed(f"{address}/bad.cer"), BODY)


async def test_a_certificate_that_cannot_be_fetched_is_tried_again_later(authority, address, reader):
    with pytest.raises(ProviderUnavailable):
        await reader.read_notification(authority.signed(f"{address}/none.cer"), BODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"authorization": "Bearer abc"},
        {"authorization": "Signature ***"},
        {"authorization": "Signature "},
        {"authorization": f"Signature {base64.b64encode(b'x' * 256).decode()}"},
        {"x-ms-signature-algorithm": "rsa-sha1"},
        {"x-ms-signature-algorithm": "none"},
        {"x-ms-signature-algorithm": "rsa-sha512"},
    ],
    ids=str,
)
async def test_a_bad_signature_proves_nothing(authority, address, reader, changes):
    with pytest.raises(InputRefused):
        await reader.read_notification({**authority.signed(f"{address}/good.cer"), **changes}, BODY)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/cert.cer",
        "https://other.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer",
        "http://3psostorageacct.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer",
        "https://partnercenter.microsoft.com.elsewhere.example/cert.cer",
        "https://3psostorageacct.blob.core.windows.net@elsewhere.example/cert.cer",
        "http://127.0.0.1:9/cert.cer",
        "http://[::1/cert.cer",
        "https://[3psostorageacct.blob.core.windows.net/cert.cer",
        "https://xn--/cert.cer",
        "",
    ],
)
async def test_a_certificate_from_elsewhere_is_not_even_fetched(authority, url):
    client = PartnerCenter(connection(authority))

    with pytest.raises(InputRefused):
        await client.read_notification(authority.signed(url), BODY)
    await client.aclose()


async def test_a_kept_certificate_ends_with_its_validity(authority, address, reader, clock):
    leaf = authority.certify(
        "Dispatch",
        authority.key,
        "Root",
        authority.root_key,
        valid=(NOW - timedelta(days=1), NOW + timedelta(hours=1)),
    )
    authority.serve("/short.cer", leaf)
    headers = authority.signed(f"{address}/short.cer")
    await reader.read_notification(headers, BODY)
    clock.ahead = timedelta(hours=2)

    with pytest.raises(InputRefused):
        await reader.read_notification(headers, BODY)


async def test_a_replaced_certificate_is_fetched_but_not_at_every_bad_signature(
    authority, address, reader, clock
):
    other = new_key()
    authority.serve("/turn.cer", authority.certify("Dispatch", other, "Root", authority.root_key))
    headers = authority.signed(f"{address}/turn.cer")
    for _ in range(5):
        with pytest.raises(InputRefused):
            await reader.read_notification(headers, BODY)
    assert authority.fetched == ["/turn.cer"]

    authority.serve("/turn.cer", authority.certify("Dispatch", authority.key, "Root", authority.root_key))
    clock.ahead = timedelta(minutes=2)

    assert (await reader.read_notification(headers, BODY)).event == ACCEPTED


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"EventName": "test-created"}', b"\xff", BODY.replace(b"//api.", b"//[api.")]
)
async def test_a_proved_body_that_cannot_be_read_is_refused(authority, address, reader, body):
    with pytest.raises(InputRefused):
        await reader.read_notification(authority.signed(f"{address}/good.cer", body), body)


async def test_notifications_go_to_https_addresses_only(authority):
    client = PartnerCenter(connection(authority))

    with pytest.raises(InputRefused):
        await client.subscribe("http://agreements.example/notifications")
    await client.aclose()
