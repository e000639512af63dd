"""Reads the manifest of documents that clients may name, and holds each of them against the schema."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from agreements_api.errors import InvalidSettings
from graph import Documents
from graph.documents import NotRunnable

_VARIABLE = "AGREEMENTS_TRUSTED_DOCUMENTS"
_SHAPE = 'Give {"id": "document", …}, as relay-compiler writes it, or a manifest of Apollo\'s.'


def read_manifest(path: Path) -> Mapping[str, str]:
    """Read documents by id.

    Raises:
        InvalidSettings: The file cannot be read or has another shape.
    """
    try:
        content: object = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"{_VARIABLE}: {path} cannot be read: {error}.", hint=_SHAPE) from error
    found = _documents(content)
    if found is None:
        raise InvalidSettings(f"{_VARIABLE}: {path} is no manifest.", hint=_SHAPE)
    return found


def check_manifest(manifest: Mapping[str, str], documents: Documents) -> None:
    """Refuse documents that could not be run.

    Raises:
        InvalidSettings: One does not fit the schema or the limits.
    """
    for name, text in manifest.items():
        try:
            documents.get(text)
        except NotRunnable as error:
            hint = "Take it out, or let the client's build write the manifest anew."
            raise InvalidSettings(
                f"{_VARIABLE}: document {name:.80} cannot be run: {error}", hint=hint
            ) from error


def _documents(content: object) -> Mapping[str, str] | None:
    if not isinstance(content, dict):
        return None
    members = cast("dict[str, object]", content)
    if members.get("format") == "apollo-persisted-query-manifest":
        operations = members.get("operations")
        if not isinstance(operations, list):
            return None
        members = {}
        for each in cast("list[object]", operations):
            if not isinstance(each, dict):
                return None
            operation = cast("dict[str, object]", each)
            members[str(operation.get("id"))] = operation.get("body")
    if not all(isinstance(text, str) for text in members.values()):
        return None
    return cast("dict[str, str]", members)
