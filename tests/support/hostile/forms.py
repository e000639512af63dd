"""Multipart requests that do not keep to their specification."""

from collections.abc import Iterator

from support.hostile.attack import Attack, asking

BOUNDARY = "----boundary"


def multipart() -> Iterator[Attack]:
    kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
    with_header = ((b"content-type", kind), (b"apollo-require-preflight", b"1"))
    yield Attack("multipart without a preflight", headers=((b"content-type", kind),))
    for name, value in (
        ("no boundary", b"multipart/form-data"),
        ("an empty boundary", b"multipart/form-data; boundary="),
        ("a boundary of 5,000", b"multipart/form-data; boundary=" + b"x" * 5_000),
    ):
        yield Attack(name, headers=((b"content-type", value), (b"apollo-require-preflight", b"1")))
    operations = asking("mutation ($f: Upload!) { a(f: $f) }", variables={"f": None})
    for at, parts in enumerate(
        (
            [],
            [("operations", operations)],
            [("map", b'{"0": ["variables.f"]}'), ("operations", operations)],
            [("operations", b"["), ("map", b"{}")],
            [("operations", b"[]"), ("map", b"{}")],
            [("operations", operations), ("map", b"[]")],
            [("operations", operations), ("map", b'{"0": "variables.f"}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"0": []}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"0": ["variables.f.g.h"]}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"0": ["query"]}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"0": ["variables.__class__"]}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"0": ["variables.f", "variables.f"]}'), ("0", b"x")],
            [
                ("operations", operations),
                ("map", b'{"0": ["variables.f"], "1": ["variables.f"]}'),
                ("0", b"x"),
            ],
            [("operations", operations), ("map", b'{"0": ["variables.f"]}')],
            [("operations", operations), ("map", b'{"0": ["variables.f"]}'), ("1", b"x")],
            [("operations", operations), ("map", b'{"0": ["variables.f"]}'), ("0", b"x"), ("0", b"y")],
            [("operations", operations), ("operations", operations)],
            [("operations", b"\xff\xfe"), ("map", b"{}")],
            [("operations", operations), ("map", b'{"0": ["variables.999999999999"]}'), ("0", b"x")],
            [("operations", operations), ("map", b'{"' + b"x" * 100_000 + b'": ["variables.f"]}')],
        )
    ):
        yield Attack(f"multipart {at}", _form(parts), headers=with_header)
    whole = _form([("operations", operations), ("map", b'{"0": ["variables.f"]}'), ("0", b"x")])
    for at in range(1, 16):
        yield Attack(f"multipart cut at {at}/16", whole[: len(whole) * at // 16], headers=with_header)
    yield Attack("multipart with LF", whole.replace(b"\r\n", b"\n"), headers=with_header)


def _form(parts: list[tuple[str, bytes]]) -> bytes:
    made = b""
    for name, content in parts:
        file = '; filename="f.pdf"' if name.isdecimal() else ""
        head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n'
        made += head.encode() + content + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()
