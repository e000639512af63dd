"""Files as people attach them: of every type that documents may have, and some that only pretend."""

import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import BytesIO

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
TIFF = b"II*\x00\x08\x00\x00\x00\x00\x00"
MAIL = (
    b"Received: from mail.contoso.example\r\n\tby mx.example; Thu, 1 Jan 2026 00:00:01 +0000\r\n"
    b"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: ada@contoso.example\r\n\r\nWe accept. Gr\xfc\xdfe\r\n"
)
TEXT = "We accept the terms.\nGrüße, Ada Lovelace\n".encode()
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


@dataclass(frozen=True)
class Handed:
    """A file that somebody hands over, in pieces of a size."""

    content: bytes = PDF
    file_name: str = "signed.pdf"
    content_type: str | None = "application/pdf"
    piece: int = 65_536

    @property
    def size(self) -> int:
        return len(self.content)

    async def chunks(self) -> AsyncIterator[bytes]:
        for at in range(0, self.size, self.piece):
            yield self.content[at : at + self.piece]


def a_pdf(number: int, size: int = 0) -> bytes:
    """Give one that no other number gives, at least so long."""
    return PDF + b"%% number " + str(number).encode() + b"\n" * size


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
RELATIONSHIPS = "application/vnd.openxmlformats-package.relationships+xml"
ODT_TYPE = "application/vnd.oasis.opendocument.text"


def content_types(
    overrides: Mapping[str, str] | None = None, defaults: Mapping[str, str] | None = None, before: str = ""
) -> bytes:
    """Write what an Office file says of its parts."""
    given = {"rels": RELATIONSHIPS, "xml": "application/xml", **(defaults or {})}
    lines = [f'<Default Extension="{ending}" ContentType="{type_}"/>' for ending, type_ in given.items()]
    overrides = {"/word/document.xml": WORD} if overrides is None else overrides
    lines += [f'<Override PartName="{part}" ContentType="{type_}"/>' for part, type_ in overrides.items()]
    namespace = "http://schemas.openxmlformats.org/package/2006/content-types"
    return f'<?xml version="1.0"?>{before}<Types xmlns="{namespace}">{"".join(lines)}</Types>'.encode()


def docx(
    *more: str, main: str = "word/document.xml", types: bytes | None = None, last: bool = False
) -> bytes:
    """Give a file for Word; `last` puts what it says of its parts behind them."""
    said = {"[Content_Types].xml": content_types() if types is None else types}
    parts = {main: b"<w:document/>", **dict.fromkeys(more, b"x")}
    return zipped(parts | said if last else said | parts)


def odt(*more: str, kind: str = ODT_TYPE) -> bytes:
    files = {"mimetype": kind.encode(), "content.xml": b"<office:document-content/>"}
    return zipped({**files, **dict.fromkeys(more, b"x")}, stored=1)


def zipped(files: Mapping[str, bytes], *, stored: int = 0, comment: bytes = b"") -> bytes:
    """Pack files, the first few as they are."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files.items()):
            method = zipfile.ZIP_STORED if number < stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, method)
        archive.comment = comment
    return made.getvalue()
