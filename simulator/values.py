"""JSON, GUIDs and instants as the service reads and writes them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, cast

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def guid(text: str) -> str:
    """Spell a GUID the way it is stored: lower case."""
    return text.lower()


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def parse_instant(text: str) -> datetime | None:
    """Read ISO 8601 with 0-7 fraction digits; without a zone it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


@dataclass(frozen=True)
class Body:
    """A request's JSON object; the service reads member names without regard to case."""

    members: Mapping[str, Json]

    @classmethod
    def parse(cls, content: bytes) -> "Body | None":
        """Return nothing if the content is not a JSON object."""
        try:
            value: Json = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None
        return cls(_object(value)) if isinstance(value, Mapping) else None

    def text(self, *path: str) -> str:
        """Give the string at a path, stripped; empty if there is none."""
        value = self._at(path)
        return value.strip() if isinstance(value, str) else ""

    def texts(self, *path: str) -> list[str]:
        """Give the strings of the list at a path; an empty one if there is none."""
        value = self._at(path)
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
        return [item for item in items if isinstance(item, str)]

    def flag(self, *path: str) -> bool:
        return self._at(path) is True

    def section(self, *path: str) -> "Body":
        """Give the object at a path; an empty one if there is none."""
        return Body.of(self._at(path))

    @classmethod
    def of(cls, value: Json) -> "Body":
        """Take a part of another body; anything but an object is an empty one."""
        return cls(_object(value) if isinstance(value, Mapping) else {})

    def items(self, *path: str) -> Sequence[Json]:
        """Give the list at a path; an empty one if there is none."""
        value = self._at(path)
        return value if isinstance(value, Sequence) and not isinstance(value, str) else ()

    def value(self, *path: str) -> Json:
        """Give whatever stands at a path."""
        return self._at(path)

    def _at(self, path: Sequence[str]) -> Json:
        value: Json = self.members
        for name in path:
            value = _object(value).get(name.lower()) if isinstance(value, Mapping) else None
        return value


def _object(value: Mapping[str, Json]) -> Mapping[str, Json]:
    return {name.lower(): member for name, member in value.items()}


def without_nulls(value: Mapping[str, Json]) -> dict[str, Json]:
    """The service leaves out what it does not know."""
    return {name: member for name, member in value.items() if member is not None}


def pascal_case(value: Json) -> Json:
    """Rename every member the way some of the service's back ends spell them."""
    if isinstance(value, Mapping):
        return {name[:1].upper() + name[1:]: pascal_case(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [pascal_case(cast("Json", member)) for member in value]
    return value
