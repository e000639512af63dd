"""What a file is, by its content: what somebody calls it proves nothing."""

import codecs
import re
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from typing import Final
from unicodedata import category, normalize

from resolvers.packed_types import DOCX, ODT, packed_type

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
TIFF: Final = "image/tiff"
MAIL: Final = "message/rfc822"
TEXT: Final = "text/plain"

ENDINGS: Mapping[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TIFF: (".tif", ".tiff"),
    DOCX: (".docx",),
    ODT: (".odt",),
    MAIL: (".eml", ".txt"),
    TEXT: (".txt", ".text", ".md", ".csv", ".log"),
}
"""What documents may be, and how the names of each end; the first is added to a name that ends otherwise."""
NAMES: Final = "PDF, PNG, JPEG, TIFF, DOCX and ODT without macros, e-mail (EML) and plain text in UTF-8"

_ALIASES: Mapping[str, str] = {
    "application/x-pdf": PDF,
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/x-png": PNG,
    "image/tif": TIFF,
}
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_ALSO: Mapping[str, frozenset[str]] = {
    MAIL: frozenset({TEXT}),
    TEXT: frozenset({"text/csv", "text/markdown"}),
}
"""What else a file of this type may be declared as."""

_HEAD_BYTES: Final = 64 * 1024
_START_BYTES: Final = 1024
_PDF_BYTES: Final = 1024
"""Among these many some readers look for the begin of a PDF."""
_NAME_LIMIT: Final = 200

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BLANKS = re.compile(rb"(?:\s++|(?:\xef\xbb\xbf)++)*+")
_RUNS_OR_SHOWS = re.compile(rb"<[!?/a-z]|#!|@\s*echo\s+off", re.IGNORECASE)
"""How web pages and programs begin, which some computers take for what they are whatever their name."""
_HEADER = rb"(?:[!-9;-~]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)*"
_MAIL_HEADERS = tuple(
    re.compile(rb"\A" + _HEADER + name + rb":", re.IGNORECASE) for name in (rb"from", rb"date")
)


class Examination:
    """Takes a file piece by piece, and says what it is once it has all of it.

    Args:
        chunks: Gives the file again, where one look does not tell.
    """

    def __init__(self, chunks: Callable[[], AsyncIterator[bytes]]) -> None:
        self._chunks = chunks
        self.size = 0
        self._digest = sha256()
        self._head, self._start = bytearray(), b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_text, self._has_nul = True, False

    def take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._digest.update(chunk)
        self._head += chunk[: max(0, _HEAD_BYTES - len(self._head))]
        if len(self._start) < _START_BYTES:
            self._start = _without_blanks(self._start + chunk)[:_START_BYTES]
        self._has_nul = self._has_nul or b"\x00" in chunk
        if self._is_text:
            self._is_text = self._reads_as_text(chunk, final=False)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def content_type(self) -> str | None:
        """The type of what was taken; None if it is none of those that documents may have."""
        head = bytes(self._head)
        if head.startswith(b"%PDF-"):  # at the very begin: whatever comes before may be a program
            return PDF
        if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
            return PNG
        if head.startswith(b"\xff\xd8\xff"):
            return JPEG
        if head.startswith((b"II*\x00", b"MM\x00*")):
            return TIFF
        if head.startswith(b"PK\x03\x04"):
            return await packed_type(self._read, self.size)
        return self._text_type(head)

    def _text_type(self, head: bytes) -> str | None:
        if self._has_nul or _RUNS_OR_SHOWS.match(self._start) or b"%PDF-" in head[:_PDF_BYTES]:
            return None
        if all(each.match(head) for each in _MAIL_HEADERS):
            return MAIL
        return TEXT if self._is_text and self._reads_as_text(b"", final=True) else None

    async def _read(self, begin: int, end: int) -> bytes:
        """Read a part of the file."""
        found, at = bytearray(), 0
        async for chunk in self._chunks():
            found += chunk[max(0, begin - at) : max(0, end - at)]
            at += len(chunk)
        return bytes(found)

    def _reads_as_text(self, chunk: bytes, *, final: bool) -> bool:
        try:
            return not _NOT_TEXT.search(self._decoder.decode(chunk, final))
        except UnicodeDecodeError:
            return False


def contradicts(declared: str | None, content_type: str) -> bool:
    """Whether a file of this type is declared to be something else."""
    said = (declared or "").partition(";")[0].strip().lower()
    if said in _SAYS_NOTHING:
        return False
    return _ALIASES.get(said, said) not in {content_type, *_ALSO.get(content_type, ())}


def safe_name(given: str, content_type: str) -> str:
    """A name to save the file under: no path, nothing invisible, with an ending of its type.

    The ending decides which program a person's computer opens it with.
    """
    last = re.split(r"[/\\]", normalize("NFC", given))[-1]
    shown = "".join(each for each in last if category(each) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    stem = shown.strip().rstrip(" .")
    ending = next((each for each in ENDINGS[content_type] if stem.lower().endswith(each)), None)
    if ending is not None:
        stem, ending = stem[: -len(ending)], stem[-len(ending) :]
    return (stem[:_NAME_LIMIT].strip(" .") or "document") + (ending or ENDINGS[content_type][0])


def _without_blanks(start: bytes) -> bytes:
    blanks = _BLANKS.match(start)
    return start[blanks.end() :] if blanks else start
