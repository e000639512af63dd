"""What a ZIP file is, by its directory: a text document, and without programs, or nothing that is taken.

Whatever readers could understand in two ways is nothing: then one of them may see what was not examined.
"""

import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT: Final = "application/vnd.oasis.opendocument.text"

Read = Callable[[int, int], Awaitable[bytes]]
"""Reads from one place of the file up to another."""

_END: Final = b"PK\x05\x06"
_ENTRY: Final = b"PK\x01\x02"
_LOCAL: Final = b"PK\x03\x04"
_END_BYTES: Final = 22
_ENTRY_BYTES: Final = 46
_LOCAL_BYTES: Final = 30
_LONGEST_COMMENT: Final = 0xFFFF
_LONGEST_DIRECTORY: Final = 4 * 1024 * 1024
_LONGEST_TYPES: Final = 1024 * 1024
"""Of `[Content_Types].xml`, packed or not: what it unpacks to beyond this is never made."""
_STORED, _DEFLATED = 0, 8
_IS_UTF8: Final = 0x800
_IS_SEALED: Final = 0x1

_TYPES_NAME: Final = "[content_types].xml"
_MAIN_TYPE: Final = f"{DOCX}.main+xml"
_PROGRAM_TYPE = re.compile(r"macro|vba")
_PROGRAM_NAME = re.compile(r"vba(?:project|data)")
_PROGRAM_FOLDERS: Final = frozenset({"basic", "scripts"})


@dataclass(frozen=True)
class _Entry:
    """One file in the ZIP file; names are compared without regard to case, as readers do."""

    name: str
    raw_name: bytes
    method: int
    packed: int
    at: int


class _Unclear(Exception):
    """It is no such file, or not one that everybody reads in the same way."""


async def packed_type(read: Read, size: int) -> str | None:
    """The type of a ZIP file of this size; None if it is none of those that documents may have."""
    try:
        entries = await _directory(read, size)
        return await _type(read, entries)
    except (_Unclear, zlib.error, expat.ExpatError, LookupError, ValueError):
        return None


async def _type(read: Read, entries: Mapping[str, _Entry]) -> str | None:
    if any(_PROGRAM_NAME.search(name) for name in entries):
        return None
    if "mimetype" in entries:
        runs = any(_PROGRAM_FOLDERS.intersection(name.split("/")[:-1]) for name in entries)
        return ODT if not runs and await _is_odt(read, entries["mimetype"]) else None
    if _TYPES_NAME in entries:
        types = _Types(await _content(read, entries[_TYPES_NAME]))
        return DOCX if types.say_document(entries) else None
    return None


async def _is_odt(read: Read, entry: _Entry) -> bool:
    """Whether the first of all entries says so, and is not packed: that is how it is told."""
    if entry.at != 0 or entry.method != _STORED or entry.packed != len(ODT):
        return False
    return await _content(read, entry) == ODT.encode()


async def _directory(read: Read, size: int) -> Mapping[str, _Entry]:
    begin = max(0, size - _END_BYTES - _LONGEST_COMMENT)
    tail = await read(begin, size)
    ends = [at for at in _places(tail, _END) if _is_end(tail, at)]
    if len(ends) != 1:
        raise _Unclear
    [at] = ends
    disks, counts = tail[at + 4 : at + 8], (_number(tail, at + 8, 2), _number(tail, at + 10, 2))
    length, place = _number(tail, at + 12, 4), _number(tail, at + 16, 4)
    if disks != bytes(4) or counts[0] != counts[1]:
        raise _Unclear
    if place + length != begin + at or length > _LONGEST_DIRECTORY:
        raise _Unclear
    found = _entries(await read(place, place + length), counts[0])
    entries = {entry.name: entry for entry in found}
    if len(entries) != len(found):  # readers do not agree on which of two they take
        raise _Unclear
    return entries


def _is_end(tail: bytes, at: int) -> bool:
    return len(tail) >= at + _END_BYTES and at + _END_BYTES + _number(tail, at + 20, 2) == len(tail)


def _entries(directory: bytes, count: int) -> Sequence[_Entry]:
    found, at = list[_Entry](), 0
    for _ in range(count):
        if not directory.startswith(_ENTRY, at) or len(directory) < at + _ENTRY_BYTES:
            raise _Unclear
        flags = _number(directory, at + 8, 2)
        if flags & _IS_SEALED:
            raise _Unclear
        name_bytes, *others = (_number(directory, at + place, 2) for place in (28, 30, 32))
        raw_name = directory[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name_bytes]
        name = raw_name.decode("utf-8" if flags & _IS_UTF8 else "cp437")
        found.append(
            _Entry(
                name=name.replace("\\", "/").lstrip("/").lower(),
                raw_name=raw_name,
                method=_number(directory, at + 10, 2),
                packed=_number(directory, at + 20, 4),
                at=_number(directory, at + 42, 4),
            )
        )
        at += _ENTRY_BYTES + name_bytes + sum(others)
    if at != len(directory):
        raise _Unclear
    return found


async def _content(read: Read, entry: _Entry) -> bytes:
    """Unpack what is short."""
    head = await read(entry.at, entry.at + _LOCAL_BYTES)
    if not head.startswith(_LOCAL) or len(head) < _LOCAL_BYTES or entry.packed > _LONGEST_TYPES:
        raise _Unclear
    names, more = _number(head, 26, 2), _number(head, 28, 2)
    at = entry.at + _LOCAL_BYTES
    rest = await read(at, at + names + more + entry.packed)
    if rest[:names] != entry.raw_name or _number(head, 8, 2) != entry.method:
        raise _Unclear
    packed = rest[names + more :]
    if len(packed) != entry.packed:
        raise _Unclear
    if entry.method == _STORED:
        return packed
    if entry.method != _DEFLATED:
        raise _Unclear
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    content = unpacking.decompress(packed, _LONGEST_TYPES)
    if not unpacking.eof:
        raise _Unclear
    return content


class _Types:
    """What `[Content_Types].xml` says of the parts of an Office file."""

    def __init__(self, content: bytes) -> None:
        self._of_endings, self._of_parts = dict[str, str](), dict[str, str]()
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse  # it could define what grows without end
        parser.StartElementHandler = self._take
        parser.Parse(content, True)  # noqa: FBT003  # the library's signature

    def say_document(self, names: Mapping[str, object]) -> bool:
        """Whether one of these is the main part of a document for Word, and none a program."""
        said = {*self._of_endings.values(), *self._of_parts.values()}
        if any(_PROGRAM_TYPE.search(each) for each in said):
            return False
        return any(self._of(name) == _MAIN_TYPE for name in names)

    def _of(self, name: str) -> str | None:
        return self._of_parts.get(name) or self._of_endings.get(name.rpartition(".")[2])

    def _refuse(self, *_: object) -> None:
        raise _Unclear

    def _take(self, tag: str, given: dict[str, str]) -> None:
        says = given.get("ContentType", "").strip().lower()
        match tag.rpartition(" ")[2]:
            case "Default":
                self._of_endings[given.get("Extension", "").lower()] = says
            case "Override":
                self._of_parts[given.get("PartName", "").lstrip("/").lower()] = says
            case _:
                return


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")


def _places(data: bytes, what: bytes) -> Sequence[int]:
    return [found.start() for found in re.finditer(re.escape(what), data)]
