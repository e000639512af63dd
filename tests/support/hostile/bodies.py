"""Bodies that are no request, or a request nobody should send."""

import json
from collections.abc import Iterator
from typing import Any

from support.hostile.attack import GOOD, QUERY, Attack, asking

JSON = "application/json"


def broken_json() -> Iterator[Attack]:
    bodies = [
        b"",
        b" ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"nul",
        b"truee",
        b"{]",
        b'{"query"}',
        b'{"query":}',
        b"{'query': 'a'}",
        b'{"query": "a",}',
        b'{,"query": "a"}',
        b'{"query": "a"} x',
        b'{"query": "a"}{"query": "b"}',
        b"\x00",
        b'{"query": "\x00"}',
        b'{"query": "\n"}',
        b'{"query": "\\x"}',
        b'{"query": "\\u12"}',
        b"// c\n" + GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD[:-1],
        GOOD[1:],
        GOOD + b"\x00",
        b"Infinity",
        b"-",
        b"+1",
        b"0x10",
        b"01",
        b".5",
        b'{"query": "{ a }", "variables": {"x": NaN}}',
        b'{"query": "{ a }", "variables": {"x": Infinity}}',
        b"query=%7Ba%7D",
        b"<query/>",
        b"---\nquery: a",
    ]
    for at, body in enumerate(bodies):
        yield Attack(f"broken JSON {at}", body)


def wrong_members() -> Iterator[Attack]:
    odd: list[Any] = [None, 0, 1, -1, 1.5, True, False, [], [1], {}, {"a": 1}, ""]
    for value in odd:
        yield Attack(f"the request is {value!r}", json.dumps(value).encode())
        yield Attack(f"query is {value!r}", json.dumps({"query": value}).encode())
        for name in ("variables", "extensions", "operationName", "documentId"):
            if value not in ({}, None, {"a": 1}, "") or name == "documentId":
                yield Attack(f"{name} is {value!r}", asking("{ nothing }", **{name: value}))
    yield Attack("members twice", b'{"query": "{ a }", "query": 1}')
    yield Attack("a batch", b"[" + b",".join([GOOD] * 50) + b"]")
    yield Attack("a thousand unknown members", asking("{ a }", **{f"x{n}": n for n in range(1_000)}))
    yield Attack("__proto__", b'{"query": "{ a }", "__proto__": {"x": 1}}')


def charsets() -> Iterator[Attack]:
    for name in ("utf-16", "utf-32", "latin-1", "cp1252", "utf-7", "ascii", "x", "", "utf-8-sig", "none"):
        yield Attack(f"charset {name}", headers=((b"content-type", f"{JSON}; charset={name}".encode()),))
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"):
        yield Attack(f"a body in {name}", QUERY.join(['{"query": "', '"}']).encode(name))
    for at, text in enumerate(
        (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\x80")
    ):
        yield Attack(f"bad UTF-8 {at}", b'{"query": "{ a' + text + b' }"}')


def numbers() -> Iterator[Attack]:
    for number in (
        "9" * 5_000,
        "-" + "9" * 400,
        "1e400",
        "1e-400",
        "0." + "1" * 5_000,
        "1" * 20,
        "2147483648",
    ):
        yield Attack(f"literal {number[:12]}", asking(f"{{ providers(first: {number}) {{ totalCount }} }}"))
        query = b'{"query": "query ($n: Int) { providers(first: $n) { totalCount } }", "variables": {"n": '
        yield Attack(f"variable {number[:12]}", query + number.encode() + b"}}")
        yield Attack(f"the request {number[:12]}", number.encode())


def nesting() -> Iterator[Attack]:
    for depth in (100, 1_000, 20_000, 100_000):
        yield Attack(f"{depth} arrays", b"[" * depth)
        yield Attack(f"{depth} arrays closed", b"[" * depth + b"]" * depth)
        yield Attack(f"{depth} objects", b'{"a":' * (depth // 4) + b"1" + b"}" * (depth // 4))
        deep = b"[" * (depth // 2) + b"]" * (depth // 2)
        query = b'{"query": "query ($n: Int) { providers(first: $n) { totalCount } }", "variables": {"n": '
        yield Attack(f"{depth} in a variable", query + deep + b"}}")
        yield Attack(f"{depth} selections", asking("{ a " * (depth // 4) + "}" * (depth // 4)))
        yield Attack(
            f"{depth} lists in a literal",
            asking("{ providers(first: " + "[" * (depth // 4) + "]" * (depth // 4) + ") { a } }"),
        )
        yield Attack(f"{depth} list types", asking("query ($a: " + "[" * (depth // 4) + "Int" + ") { a }"))


def unicode() -> Iterator[Attack]:
    for text in ("\ufeff", "\u2028", "\u0000", "🂡", "é", "\u202e", "\ufffe", "\u0301" * 500):
        yield Attack(f"{text!r:.20} in a document", asking(f"{{ {text} }}"))
        yield Attack(f"{text!r:.20} as an operation", asking("{ a }", operationName=text))
        yield Attack(f"{text!r:.20} as a document's name", json.dumps({"documentId": text}).encode())
    for escape in (rb"\ud800", rb"\udfff", rb"\ud800\ud800", rb"\udc00\ud800"):
        yield Attack(f"surrogate {escape!r}", b'{"query": "' + escape + b'"}')
        yield Attack(
            f"surrogate {escape!r} in a variable",
            b'{"query": "{ a }", "variables": {"a": "' + escape + b'"}}',
        )
    for literal in (r"\ud800", r"\u{110000}", r"\u{}", r"\u{d800}", r"\q", "\t\x07"):
        yield Attack(f"literal {literal!r}", asking(f'{{ node(id: "{literal}") {{ id }} }}'))


def sizes() -> Iterator[Attack]:
    yield Attack("a body of 1 MB", b" " * 1_000_000)
    yield Attack("a body of 5 MB", b'{"query": "' + b"x" * 5_000_000 + b'"}')
    yield Attack("a body of 1 MB, chunked by bytes", b" " * 300_000, chunked=True)
    yield Attack("a small body, chunked by bytes", asking("{ nothing }"), chunked=True)
