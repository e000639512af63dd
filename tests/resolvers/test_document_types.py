"""A file is what its content says, whatever it is called."""

import pytest
from support.documents import (
    HTML,
    JPEG,
    MAIL,
    PDF,
    PNG,
    TEXT,
    TIFF,
    WORD,
    Handed,
    content_types,
    docx,
    odt,
    zipped,
)

from resolvers.document_types import DOCX, ODT, Examination, contradicts, safe_name

BOM = b"\xef\xbb\xbf"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
PROJECT = "application/vnd.ms-office.vbaProject"


async def type_of(content: bytes, piece: int = 1000) -> str | None:
    examination = Examination(Handed(content, piece=piece).chunks)
    for at in range(0, len(content), piece):
        examination.take(content[at : at + piece])
    assert examination.size == len(content)
    return await examination.content_type()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (TIFF, "image/tiff"),
        (b"MM\x00*" + TIFF[4:], "image/tiff"),
        (docx(), DOCX),
        (docx(last=True), DOCX),
        (docx(*(f"word/media/{number}.png" for number in range(2000))), DOCX),
        (docx(main="word/document2.xml", types=content_types({"/word/document2.xml": WORD})), DOCX),
        (docx(types=content_types({}, {"xml": WORD})), DOCX),
        (
            docx(types=content_types().decode().replace("?>", " encoding='utf-16'?>", 1).encode("utf-16")),
            DOCX,
        ),
        (odt(), ODT),
        (odt("Configurations2/", "Pictures/basic.png"), ODT),
        (zipped({"[Content_Types].xml": content_types(), "word/document.xml": b"x"}, comment=b"a"), DOCX),
        (MAIL, "message/rfc822"),
        (TEXT, "text/plain"),
        (BOM + TEXT, "text/plain"),
        (b"# Agreed\n\n<b>yes</b>" + b" " * 2000 + b"%PDF-", "text/plain"),
    ],
)
@pytest.mark.parametrize("piece", [3, 1000, 100_000])
async def test_what_documents_may_be_is_known_by_its_content(
    content: bytes, content_type: str, piece: int
) -> None:
    assert await type_of(content, piece) == content_type


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        b"\n  <svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        BOM + b"<?xml version='1.0'?>",
        BOM + BOM + HTML,
        b"\n" + BOM + b"\r\n" + HTML,
        b" \t\r\n" * 40_000 + HTML,
        b"#!/bin/sh\nrm -rf /\n",
        b"#!/bin/sh:\nFrom: a\nDate: b\n\n",
        b"@echo off\r\ndel *\r\n",
        b"\r\n@ECHO  OFF\r\n",
        b"x" + b"\x00" * 10 + PDF,
        b"From: a\r\nDate: b\r\n\r\n" + PDF,
        b"x" * 1019 + PDF,
        b"MZ\x90\x00" + PDF,
        b"\x7fELF\x02\x01\x01",
        b"GIF89a\x01\x00\x01\x00",
        PNG[:12] + b"IDAT",
        "We accept.".encode("utf-16"),
        "Grüße".encode("latin-1"),
        TEXT + b"\xe2\x82",
        b"\x1b]0;title\x07",
    ],
)
async def test_everything_else_is_of_no_type(content: bytes) -> None:
    assert await type_of(content, 10) is None


async def test_a_pdf_begins_as_one() -> None:
    assert await type_of(b"\r\n" + PDF) is None


@pytest.mark.parametrize(
    "content",
    [
        docx("word/vbaProject.bin"),
        docx("word/VBAPROJECT.bin"),
        docx("customUI\\vbaproject.bin"),
        docx("word/vbaData.xml"),
        docx(types=content_types({"/word/document.xml": MACROS})),
        docx(types=content_types({"/word/document.xml": WORD, "/word/x.xml": MACROS.upper()})),
        docx("word/x.bin", types=content_types({"/word/document.xml": WORD, "/word/x.bin": PROJECT})),
        docx("word/x.bin", types=content_types(defaults={"bin": PROJECT})),
        odt("Basic/Standard/Module1.xml"),
        odt("basic/"),
        odt("Scripts/python/run.py"),
        odt("Object 1/Basic/script-lc.xml"),
        odt("word/vbaProject.bin"),
    ],
)
async def test_a_document_with_programs_in_it_is_of_no_type(content: bytes) -> None:
    assert await type_of(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        docx()[:-10],
        docx() + b"x",
        docx().replace(b"PK\x01\x02", b"PK\x01\x03", 1),
        docx().replace(b"PK\x05\x06\x00\x00\x00\x00\x02", b"PK\x05\x06\x00\x00\x00\x00\x03"),
        zipped({"[Content_Types].xml": content_types(), "word/document.xml": b"x"}, comment=docx()[-22:]),
        docx(types=b"<Types/>"),
        docx(types=b"<Types"),
        docx(types=content_types().replace(b"?>", b" encoding='x-no'?>", 1)),
        docx(types=content_types({"/word/other.xml": WORD})),
        docx(types=content_types(before="<!DOCTYPE Types [<!ENTITY a 'b'>]>")),
        docx(types=content_types(before=f"<!--{' ' * 1_100_000}-->")),
        docx("WORD/document.xml"),
        docx(
            main="xl/workbook.xml", types=content_types({"/xl/workbook.xml": WORD.replace("word", "sheet")})
        ),
        odt(kind="application/vnd.oasis.opendocument.spreadsheet"),
        odt(kind="application/vnd.oasis.opendocument.text-template"),
        b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK" + HTML,
        zipped({"content.xml": b"x", "mimetype": b"application/vnd.oasis.opendocument.text"}, stored=2),
        zipped({"a.txt": b"x"}),
    ],
)
async def test_a_zip_file_that_is_damaged_or_of_something_else_is_of_no_type(content: bytes) -> None:
    assert await type_of(content) is None


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
