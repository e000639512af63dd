"""Methods, targets and headers that are out of place."""

from collections.abc import Iterator
from urllib.parse import quote

from support.hostile.attack import Attack, asking

JSON = "application/json"


def media_types() -> Iterator[Attack]:
    kinds = [
        b"",
        b"text/plain",
        b"text/html",
        b"application/jsonx",
        b"application/json-patch+json",
        b"json",
        b"*/*",
        b"application/x-www-form-urlencoded",
        b"application/graphql",
        b"application/xml",
        b"application/",
        b"application/json, text/plain",
        b"multipart/mixed",
        b"application/cbor",
        b"\xff\xfe",
        b"a" * 5_000,
    ]
    for kind in kinds:
        yield Attack(f"content type {kind[:40]!r}", headers=((b"content-type", kind),))
    yield Attack("no content type", headers=())
    two = ((b"content-type", b"application/json"), (b"content-type", b"text/plain"))
    yield Attack("two content types", headers=two)
    for coding in (b"gzip", b"br", b"deflate", b"zstd", b"x"):
        yield Attack(
            f"content encoding {coding!r}",
            headers=((b"content-type", b"application/json"), (b"content-encoding", coding)),
        )


def accept() -> Iterator[Attack]:
    for accept in (
        b"",
        b"text/html",
        b"image/*",
        b"application/json;q=0",
        b"*/*;q=0",
        b"application/xml, text/csv",
        b";",
        b",",
        b"a/b/c",
        b"\xff",
        b"multipart/mixed;q=0, text/event-stream;q=0",
        b"application/jsonx",
    ):
        yield Attack(
            f"accept {accept!r}", headers=((b"content-type", b"application/json"), (b"accept", accept))
        )
    ranges = b",".join(b"a%d/b;q=0.1" % n for n in range(2_000))
    yield Attack("2,000 ranges", headers=((b"content-type", b"application/json"), (b"accept", ranges)))
    for accept in (b"text/event-stream", b"multipart/mixed", b"multipart/mixed;subscriptionSpec=1.0"):
        headers = ((b"content-type", b"application/json"), (b"accept", accept + b", application/json"))
        yield Attack(f"a bad query asked for as {accept!r}", asking("{ nothing }"), headers=headers)
    headers = ((b"content-type", b"application/json"), (b"accept", b"application/json"))
    yield Attack(
        "a subscription as JSON", asking("subscription { agreementChanged { sequence } }"), headers=headers
    )


def methods() -> Iterator[Attack]:
    for method in (
        b"PUT",
        b"PATCH",
        b"DELETE",
        b"OPTIONS",
        b"TRACE",
        b"PROPFIND",
        b"PURGE",
        b"LOCK",
        b"SEARCH",
    ):
        yield Attack(f"method {method.decode()}", method=method)
    for method in (b"BREW", b"get", b"P OST", b"", b"\xff"):
        yield Attack(f"method {method!r}", method=method)


def targets() -> Iterator[Attack]:
    for target in (
        b"/",
        b"/nothing",
        b"/graphql/",
        b"/GRAPHQL",
        b"/graphql%00",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/../../etc",
        b"//graphql",
        b"/graphql;x=1",
        b"/\xff",
        b"/%ff",
        b"/%",
        b"*",
        b"graphql",
        b"/" + b"a" * 10_000,
        b"/agreement-templates/x/document",
        b"/providers/x/notifications",
        b"/documents/x",
        b"/readyz",
        b"/livez",
        b"/graphiql/assets/../../../secret",
        b"/graphql?" + b"a" * 70_000,
    ):
        yield Attack(f"target {target[:40]!r}", target=target)


def headers() -> Iterator[Attack]:
    base = (b"content-type", b"application/json")
    yield Attack(
        "1,000 headers", asking("{ a }"), headers=(base, *((b"x-%d" % n, b"y") for n in range(1_000)))
    )
    yield Attack("a header of 100 kB", headers=(base, (b"x", b"y" * 100_000)))
    yield Attack("10,000 headers", headers=(base, *((b"x-%d" % n, b"y" * 10) for n in range(10_000))))
    for name, value in (
        (b"x-request-id", b"x" * 1_000),
        (b"x-request-id", b"\xff\xfe"),
        (b"traceparent", b"nonsense"),
        (b"cookie", b"a=b; " * 1_000),
        (b"authorization", b"Bearer " + b"x" * 20_000),
        (b"range", b"bytes=0-"),
        (b"if-none-match", b"*"),
        (b"expect", b"100-continue"),
        (b"x-http-method-override", b"DELETE"),
        (b"x-forwarded-for", b"'; DROP TABLE"),
        (b"sec-fetch-site", b"cross-site"),
    ):
        yield Attack(f"{name.decode()} {value[:20]!r}", asking("{ nothing }"), headers=(base, (name, value)))
    for host in (
        None,
        b"",
        b"evil.example",
        b"127.0.0.1:99999999",
        b"[",
        b"\xff",
        b"127.0.0.1, evil.example",
    ):
        yield Attack(f"host {host!r}", asking("{ nothing }"), host=host)
    for origin in (b"https://evil.example", b"null", b"\xff", b"http://", b"x" * 5_000):
        yield Attack(f"origin {origin[:30]!r}", headers=(base, (b"origin", origin)))


def get() -> Iterator[Attack]:
    for name, parameters in (
        ("nothing", ""),
        ("an empty query", "query="),
        ("a mutation", "query=" + quote("mutation { __typename }")),
        ("a subscription", "query=" + quote("subscription { agreementChanged { sequence } }")),
        ("bad variables", "query=" + quote("{ a }") + "&variables={"),
        ("variables that are a list", "query=" + quote("{ a }") + "&variables=[]"),
        ("variables that are a text", "query=" + quote("{ a }") + "&variables=%22x%22"),
        ("bad extensions", "query=" + quote("{ a }") + "&extensions=nul"),
        ("bad percents", "query=%zz%f"),
        ("bad UTF-8", "query=%ff%fe"),
        ("a null byte", "query=%00"),
        ("two queries", "query=%7Ba%7D&query=%7Bb%7D"),
        ("many parameters", "&".join(f"x{n}=1" for n in range(5_000))),
        ("a surrogate", "query=%ED%A0%80"),
    ):
        yield Attack(
            f"GET with {name}",
            b"",
            b"GET",
            b"/graphql?" + parameters.encode(),
            ((b"accept", b"application/json"),),
        )
