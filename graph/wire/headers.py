"""Header fields of the form `value; name=value; name="quoted"` (RFC 9110 §5.6.6)."""

import re

_PARAMETER = re.compile(
    r"""[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))[ \t]*"""
)
_ESCAPED = re.compile(r'\\(["\\])')


def parse_header(header: str) -> tuple[str, dict[str, str]] | None:
    """The value in lower case, and its parameters by lower-case name; None if it is malformed.

    A parameter that comes twice is malformed, too: who reads the other one would read something else.
    """
    value, separator, _ = header.partition(";")
    at, end = len(value), len(header.rstrip(" \t;"))
    parameters: dict[str, str] = {}
    while separator and at < end:
        found = _PARAMETER.match(header, at)
        if found is None or found[1].lower() in parameters:
            return None
        quoted, plain = found[2], found[3]
        parameters[found[1].lower()] = _ESCAPED.sub(r"\1", quoted) if plain is None else plain
        at = found.end()
    return value.strip().lower(), parameters


def is_utf_8(parameters: dict[str, str]) -> bool:
    """Whether the charset that they name, if any, is UTF-8."""
    return parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8"}
