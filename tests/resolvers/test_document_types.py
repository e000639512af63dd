"""A file is what its content says, whatever it is called."""

import pytest
from support.documents import HTML, JPEG, MAIL, PDF, PNG, TEXT, TIFF, docx, odt

from resolvers.document_types import DOCX, ODT, Examination, contradicts, safe_name


def type_of(content: bytes, piece: int = 1000) -> str | None:
    examination = Examination()
    for at in range(0, len(content), piece):
        examination.take(content[at : at + piece])
    assert examination.size == len(content)
    return examination.content_type()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (TIFF, "image/tiff"),
        (b"MM\x00*" + TIFF[4:], "image/tiff"),
        (docx(), DOCX),
        (docx(*(f"word/media/{number}.png" for number in range(500))), DOCX),
        (odt(), ODT),
        (MAIL, "message/rfc822"),
        (TEXT, "text/plain"),
        (b"\xef\xbb\xbf" + TEXT, "text/plain"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_what_documents_may_be_is_known_by_its_content(content: bytes, content_type: str, piece: int) -> None:
    assert type_of(content, piece) == content_type


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        b"\n  <svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xef\xbb\xbf<?xml version='1.0'?>",
        b"x" + b"\x00" * 10 + PDF,
        b"MZ\x90\x00" + PDF,
        b"\x7fELF\x02\x01\x01",
        b"GIF89a\x01\x00\x01\x00",
        PNG[:12] + b"IDAT",
        docx("word/vbaProject.bin"),
        docx(main="xl/workbook.xml"),
        docx()[:-10],
        odt("application/vnd.oasis.opendocument.spreadsheet"),
        odt("application/vnd.oasis.opendocument.text-template"),
        b"PK\x03\x04",
        "We accept.".encode("utf-16"),
        "Grüße".encode("latin-1"),
        TEXT + b"\xe2\x82",
        b"\x1b]0;title\x07",
    ],
)
def test_everything_else_is_of_no_type(content: bytes) -> None:
    assert type_of(content, 10) is None


def test_a_pdf_begins_as_one() -> None:
    assert type_of(b"\r\n" + PDF) != "application/pdf"


@pytest.mark.parametrize(
    ("declared", "found", "contradicted"),
    [
        (None, "application/pdf", False),
        ("", "application/pdf", False),
        ("application/octet-stream", "application/pdf", False),
        ("Application/PDF; version=1.7", "application/pdf", False),
        ("application/x-pdf", "application/pdf", False),
        ("image/jpg", "image/jpeg", False),
        ("text/plain; charset=utf-8", "message/rfc822", False),
        ("text/html", "text/plain", True),
        ("application/pdf", "text/plain", True),
        ("application/pdf", "image/png", True),
        ("nonsense", "application/pdf", True),
    ],
)
def test_what_is_declared_may_say_nothing_but_nothing_else(
    declared: str | None,
    found: str,
    contradicted: bool,  # noqa: FBT001  # the column of a table
) -> None:
    assert contradicts(declared, found) is contradicted


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("signed.pdf", "signed.pdf"),
        ("Signed.PDF", "Signed.PDF"),
        ("Größe «2».pdf", "Größe «2».pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ada\\signed.pdf", "signed.pdf"),
        ("invoice.html", "invoice.html.pdf"),
        ("fdp\u202egpj.exe", "fdpgpj.exe.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("", "document.pdf"),
        (" .. ", "document.pdf"),
        (".pdf", "document.pdf"),
        ("x" * 500 + ".pdf", "x" * 200 + ".pdf"),
    ],
)
def test_a_name_is_no_path_hides_nothing_and_ends_as_its_type_does(given: str, name: str) -> None:
    assert safe_name(given, "application/pdf") == name
