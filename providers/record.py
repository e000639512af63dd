"""Reading JSON as providers write it: with a BOM, in any case of names, with null for missing."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

GUID_LENGTH = 36

# JSON can escape them, no database stores them, and one in a customer's name must not stop all others.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Printed so in the documentation: 2015-11-25T06: 41: 12Z.
_BEFORE_DIGITS = re.compile(r"(?<=:)\s+")


class Malformed(ValueError):
    """An answer is not what it should be; the message never quotes it."""


def parse(content: bytes) -> object:
    """Decode a body; an empty one is None.

    Raises:
        Malformed: It is no JSON, or cut off.
    """
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        raise Malformed("The answer is no JSON.") from None  # the cause would carry the body along


class Record:
    """A JSON object; names are read in any case, null is as good as missing.

    Each reader raises `Malformed` for a value of another type.

    Attributes:
        members: The object as it came, for sending it back.
    """

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise Malformed("The answer lacks an object.")
        self.members = cast("dict[str, object]", value)
        given = ((name, member) for name, member in self.members.items() if member is not None)
        self._members = {name.casefold(): member for name, member in given}

    def text(self, name: str) -> str | None:
        """Give a string or a number as storable text, None if blank or missing."""
        value = self._members.get(name.casefold())
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise Malformed(f"{name} is no text.")
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value or "").strip() or None

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise Malformed(f"{name} is missing.")
        return value

    def web_address(self, name: str) -> str:
        """Give an address that may be shown to a person as a link, which is one of http or https."""
        value = self.required(name)
        try:
            parts = urlsplit(value)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable()
        except ValueError:
            fine = False
        if not fine or " " in value:
            raise Malformed(f"{name} is no web address.")
        return value

    def flag(self, name: str) -> bool:
        """Give a boolean, also one written as text; false if missing."""
        value = self._members.get(name.casefold(), False)
        if isinstance(value, str) and value.casefold() in {"true", "false"}:
            return value.casefold() == "true"
        if not isinstance(value, bool):
            raise Malformed(f"{name} is neither true nor false.")
        return value

    def integer(self, name: str) -> int:
        """Give a number, also one written as text; 0 if missing."""
        try:
            return int(self.text(name) or 0)
        except ValueError:
            raise Malformed(f"{name} is no whole number.") from None

    def instant(self, name: str) -> datetime | None:
        """Give a moment in UTC, which is also what a value without a zone means; None for year 1."""
        text = self.text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(_BEFORE_DIGITS.sub("", text))
            if moment.year == 1:
                return None
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Malformed(f"{name} is no date.") from None

    def record(self, name: str) -> "Record":
        """Give an object, an empty one if missing."""
        return Record(self._members.get(name.casefold(), {}))

    def items(self, name: str) -> Sequence[object]:
        """Give a list, also one wrapped as `{"value": [...]}`; empty if missing."""
        value = self._members.get(name.casefold(), [])
        if isinstance(value, dict) and "value" in (wrapped := Record(cast("dict[str, object]", value))):
            return wrapped.items("value")
        if not isinstance(value, list):
            raise Malformed(f"{name} is no list.")
        return cast("list[Any]", value)

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._members


def identifier(text: str) -> str:
    """Write GUIDs in one way, lower case, and leave everything else alone."""
    try:
        return str(UUID(text)) if len(text) == GUID_LENGTH else text
    except ValueError:
        return text
