"""The GraphQL multipart request specification, read part by part: operations, map, then the files.

https://github.com/jaydenseric/graphql-multipart-request-spec, of which only what cannot be misread is taken:
in this order, one place a file, one file a place, nothing missing and nothing beside.
"""

# pyright: standard
# Not strict: what JSON brings is untyped.
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

from graph.errors import Code
from graph.refusals import Refused
from graph.wire.headers import is_utf_8, parse_header
from graph.wire.spool import Spool

_MAX_HEADERS: Final = 8
_MAX_HEADER_BYTES: Final = 4096
_MAX_PATH_STEPS: Final = 32

_DISPOSITION = "content-disposition"
_TYPE = "content-type"
_ENCODING = "content-transfer-encoding"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)

Place: TypeAlias = tuple[Any, Any]
"""A container in the variables and the key or index in it."""


def bad(message: str) -> Refused:
    return Refused(400, Code.BAD_REQUEST, message)


@dataclass
class FilePart:
    """A file as it comes: where it belongs, what the client says of it, and its bytes."""

    place: Place
    file_name: str = ""
    content_type: str | None = None
    spool: Spool = field(default_factory=Spool)
    complete: bool = False


class _Silent:
    """A handler-less log: the parser would write a line for each malformed body that anyone sends."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Form:
    """Takes the body in pieces; what it cannot take raises Refused.

    Args:
        boundary: Of the parts.
        max_text_bytes: Of `operations` and `map`, each.
        max_file_bytes: Of one file.
        max_files: Of one request.

    Attributes:
        operations: The request, once its part has come.
        files: What the map names, by the name of the part, once it has come.
    """

    def __init__(self, boundary: str, *, max_text_bytes: int, max_file_bytes: int, max_files: int) -> None:
        self.operations: dict[str, Any] | None = None
        self.files: dict[str, FilePart] | None = None
        self._max_text_bytes = max_text_bytes
        self._max_file_bytes, self._max_files = max_file_bytes, max_files
        self._headers: dict[str, bytes] = {}
        self._header, self._value, self._text = bytearray(), bytearray(), bytearray()
        self._part: str | FilePart = ""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
        self._parser.logger = _Silent()  # type: ignore[assignment]  # it only ever calls it

    def write(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as error:  # what the parser itself refuses, all of it
            raise bad("The body is not multipart/form-data with this boundary.") from error

    def finish(self) -> dict[str, Any]:
        """Give the operations; raises Refused when something has not come, or not to its end."""
        if self._parser.state != MultipartState.END:  # `finalize` does not look
            raise bad("The body breaks off before its last boundary.")
        if self.operations is None or self.files is None:
            raise bad("The parts operations and map are missing.")
        missing = [name for name, file in self.files.items() if not file.complete]
        if missing:
            raise bad(f"The map names files that have not come: {', '.join(missing)[:100]}.")
        return self.operations

    def _header_end(self) -> None:
        name, value = self._header.decode("ascii").lower(), bytes(self._value)
        self._header.clear()
        self._value.clear()
        if name in self._headers:
            raise bad(f"A part has the header {name[:100]} twice.")
        self._headers[name] = value

    def _headers_finished(self) -> None:
        if _DISPOSITION not in self._headers:
            raise bad("A part has no Content-Disposition.")
        kind, parameters = _parameters(_decoded(self._headers[_DISPOSITION]))
        if kind != "form-data" or "name" not in parameters:
            raise bad("A part is not form-data with a name.")
        if self._headers.get(_ENCODING, b"binary").strip().lower() not in {b"binary", b"8bit", b"7bit"}:
            raise bad("A part has a Content-Transfer-Encoding: send it as it is.")
        declared = _decoded(self._headers[_TYPE]).strip() if _TYPE in self._headers else None
        self._part = self._begun(parameters["name"], _file_name(parameters), declared)

    def _begun(self, name: str, file_name: str | None, declared: str | None) -> str | FilePart:
        due = "operations" if self.operations is None else "map" if self.files is None else None
        if due is not None:
            if name != due:
                raise bad("The first part is operations, the second map, then come the files.")
            if declared and not is_utf_8(_parameters(declared)[1]):
                raise bad(f"The part {due} is not in UTF-8.")
            return due
        part = (self.files or {}).get(name)
        if part is None:
            raise bad(f"The map does not name the part {name[:100]}.")
        if part.complete:
            raise bad(f"The file {name[:100]} comes twice.")
        if file_name is None:
            raise bad(f"The part {name[:100]} is no file: it has no filename.")
        part.file_name, part.content_type = file_name, declared
        return part

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        piece = memoryview(data)[start:end]
        if isinstance(self._part, FilePart):
            if self._part.spool.size + len(piece) > self._max_file_bytes:
                message = f"A file has at most {self._max_file_bytes} bytes."
                raise Refused(413, Code.FILE_TOO_LARGE, message)
            self._part.spool.take(piece)
            return
        if len(self._text) + len(piece) > self._max_text_bytes:
            message = f"{self._part} has at most {self._max_text_bytes} bytes."
            raise Refused(413, Code.BODY_TOO_LARGE, message)
        self._text += piece

    def _part_end(self) -> None:
        if isinstance(self._part, FilePart):
            self._part.complete = True
            return
        given, text = _json(bytes(self._text), self._part), bytes(self._text)
        self._text.clear()
        if self._part == "operations":
            if not isinstance(given, dict):
                raise bad("operations is one JSON object; there are no batches.")
            self.operations = given
        else:
            self.files = _mapped(given, text, self.operations or {}, self._max_files)


def boundary_of(content_type: str) -> str | None:
    """The boundary of a multipart/form-data body; None for a body of another kind.

    Raises:
        Refused: 400 without a proper boundary, 415 for a charset that is not UTF-8.
    """
    kind, _, _ = content_type.partition(";")
    if kind.strip().lower() != "multipart/form-data":
        return None
    _, parameters = _parameters(content_type)
    if not is_utf_8(parameters):
        raise Refused(415, Code.UNSUPPORTED_MEDIA_TYPE, "Send multipart/form-data in UTF-8.")
    if not _BOUNDARY.fullmatch(parameters.get("boundary", "")):
        raise bad("multipart/form-data needs a boundary of 1 to 70 characters.")
    return parameters["boundary"]


def _mapped(given: object, text: bytes, operations: dict[str, Any], max_files: int) -> dict[str, FilePart]:
    """The files that the map names, each with its place, which must be null and is no other's."""
    if not isinstance(given, dict):
        raise bad("map is an object: names of files to lists of places.")
    if len(given) > max_files:
        raise Refused(413, Code.TOO_MANY_FILES, f"A request has at most {max_files} files.")
    files: dict[str, FilePart] = {}
    for name, paths in given.items():
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            raise bad("map is an object: names of files to lists of places.")
        if len(paths) > 1:
            raise bad("A file is referred to twice: send it once for each place.")
        files[name] = file = FilePart(_place(operations, paths[0]))
        container, key = file.place
        container[key] = file  # so that no other file finds it free
    # The parser takes the last of two equal names silently, and one file would have had two places.
    if _members(text) != len(files):
        raise bad("A file is referred to twice: send it once for each place.")
    return files


def _members(text: bytes) -> int | None:
    """How many members an object in JSON has, equal names counted each; None if it cannot tell."""
    try:
        return len(json.loads(text, object_pairs_hook=list))
    except (ValueError, RecursionError):  # a number or a nesting that this other parser does not take
        return None


def _place(operations: dict[str, Any], path: str) -> Place:
    first, *steps = path.split(".", _MAX_PATH_STEPS + 1)
    container: Any = operations
    key: Any = first
    if first != "variables" or first not in operations or not 0 < len(steps) <= _MAX_PATH_STEPS:
        raise bad("A place in the map is variables.<path>.")
    for step in steps:
        container = container[key]
        if isinstance(container, dict) and step in container:
            key = step
        elif isinstance(container, list) and _INDEX.fullmatch(step) and int(step) < len(container):
            key = int(step)
        else:
            raise bad(f"There is no place {path[:100]} in the variables.")
    if container[key] is not None:
        raise bad(f"The place {path[:100]} is not null, or another file's.")
    return container, key


def _parameters(header: str) -> tuple[str, dict[str, str]]:
    found = parse_header(header)
    if found is None:
        raise bad("A header of the body is malformed.")
    return found


def _file_name(parameters: dict[str, str]) -> str | None:
    extended = parameters.get("filename*")
    if extended is None:
        return parameters.get("filename")
    charset, _, text = extended.partition("''")
    if charset.lower() != "utf-8":
        raise bad("The name of a file is not in UTF-8.")
    try:
        return _sane(unquote(text, errors="strict"))
    except UnicodeDecodeError as error:
        raise bad("The name of a file is not in UTF-8.") from error


def _decoded(value: bytes) -> str:
    try:
        return _sane(value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise bad("A header of the body is not in UTF-8.") from error


def _sane(text: str) -> str:
    if _CONTROL.search(text):
        raise bad("A header of the body has a control character.")
    return text


def _json(text: bytes, what: str) -> Any:  # noqa: ANN401  # whatever JSON the client sent
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise bad(f"{what} is not JSON in UTF-8.") from error
