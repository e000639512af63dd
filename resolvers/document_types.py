"""What a file is, by its content: what somebody calls it proves nothing."""

import codecs
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from unicodedata import category, normalize

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
TIFF: Final = "image/tiff"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT: Final = "application/vnd.oasis.opendocument.text"
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
NAMES: Final = "PDF, PNG, JPEG, TIFF, DOCX without macros, ODT, e-mail (EML) and plain text in UTF-8"

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
_TAIL_BYTES: Final = 64 * 1024
_NAME_LIMIT: Final = 200

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!?/a-z]", re.IGNORECASE)
_HEADER = rb"(?:[!-9;-~]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)*"
_MAIL_HEADERS = tuple(
    re.compile(rb"\A" + _HEADER + name + rb":", re.IGNORECASE) for name in (rb"from", rb"date")
)
_DIRECTORY_END: Final = b"PK\x05\x06"
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_ODT_START = b"mimetype" + ODT.encode()


class Examination:
    """Takes a file piece by piece, and says what it is once it has all of it."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = sha256()
        self._head, self._tail = bytearray(), bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_text, self._has_nul = True, False

    def take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._digest.update(chunk)
        self._head += chunk[: max(0, _HEAD_BYTES - len(self._head))]
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
        self._has_nul = self._has_nul or b"\x00" in chunk
        if self._is_text:
            self._is_text = self._reads_as_text(chunk, final=False)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def content_type(self) -> str | None:
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
            return self._packed_type(head)
        return self._text_type(head)

    def _packed_type(self, head: bytes) -> str | None:
        if head[30:].startswith(_ODT_START) and head[30 + len(_ODT_START) :].startswith(b"PK"):
            return ODT
        names = _names(bytes(self._tail))
        is_docx = {"[Content_Types].xml", "word/document.xml"} <= names
        return DOCX if is_docx and "word/vbaProject.bin" not in names else None

    def _text_type(self, head: bytes) -> str | None:
        if self._has_nul or _MARKUP.match(head):
            return None
        if all(each.match(head) for each in _MAIL_HEADERS):
            return MAIL
        return TEXT if self._is_text and self._reads_as_text(b"", final=True) else None

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


def _names(tail: bytes) -> set[str]:
    """The names in the directory at the end of a ZIP file; none if it is not all there."""
    end = tail.rfind(_DIRECTORY_END)
    if end < 0 or len(tail) < end + 22:
        return set()
    size = int.from_bytes(tail[end + 12 : end + 16], "little")
    at, names = end - size, set[str]()
    while 0 <= at < end and tail.startswith(_DIRECTORY_ENTRY, at):
        lengths = [int.from_bytes(tail[at + place : at + place + 2], "little") for place in (28, 30, 32)]
        names.add(tail[at + 46 : at + 46 + lengths[0]].decode("cp437"))
        at += 46 + sum(lengths)
    return names
