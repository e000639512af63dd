"""Files as people attach them: of every type that documents may have, and some that only pretend."""

import zipfile
from collections.abc import AsyncIterator
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


def docx(*more: str, main: str = "word/document.xml") -> bytes:
    return _zip({"[Content_Types].xml": b"<Types/>", main: b"<w:document/>", **dict.fromkeys(more, b"x")})


def odt(kind: str = "application/vnd.oasis.opendocument.text") -> bytes:
    return _zip({"mimetype": kind.encode(), "content.xml": b"<office:document-content/>"})


def _zip(files: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()
