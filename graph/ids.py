"""Global ids: one opaque text that names a type and a row, as Relay asks for."""

import re
from base64 import b64encode
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from uuid import UUID

from graph.errors import CodedError

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LONGEST = 200
"""Characters; no type has a name of a hundred."""
_PLAIN = 32
"""Digits of an id without dashes."""


def encode_id(type_name: str, id: UUID) -> str:
    return b64encode(f"{type_name}:{id}".encode()).decode()


def split_id(text: str) -> tuple[str, UUID]:
    """The type name and the row's id that a global id stands for.

    Raises:
        ValueError: The text is no global id, or not in the one form that `encode_id` gives.
    """
    type_name, key = split_text_id(text)
    return type_name, UUID(key)


@lru_cache(maxsize=4096)
def split_text_id(text: str) -> tuple[str, str]:
    """As `split_id`; the id as text, with dashes."""
    if len(text) > _LONGEST:  # and what raises is not kept
        raise ValueError(f"«{text:.80}» is not an id.")
    try:
        written = text.encode("ascii")
        raw = a2b_base64(written, strict_mode=True)
        type_name, _, key = raw.decode().partition(":")
    except ValueError as error:  # among them errors of base64 and of UTF-8
        raise ValueError(f"«{text:.80}» is not an id.") from error
    if _UUID.fullmatch(key) is None or b2a_base64(raw, newline=False) != written:
        raise ValueError(f"«{text:.80}» is not an id.")
    return type_name, key


def parse_id(text: str, type_name: str) -> UUID:
    """The row's id, for callers that choose the error themselves, as mutations do.

    Raises:
        ValueError: The text is no global id, or one of another type.
    """
    found, key = split_id(text)
    if found != type_name:
        raise ValueError(f"«{text:.80}» is no id of the type {type_name}.")
    return key


def decode_id(text: str, type_name: str) -> UUID:
    """The row's id, for arguments of queries.

    Raises:
        CodedError: BAD_ID, as `parse_id` raises ValueError.
    """
    try:
        return parse_id(text, type_name)
    except ValueError as error:
        raise CodedError(str(error), code="BAD_ID") from error


@lru_cache(maxsize=4096)
def encode_text_id(type_name: str, text: str) -> str:
    """As `encode_id`, of the id as a database may have it: hexadecimal, with dashes or without."""
    if len(text) == _PLAIN:
        text = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return b2a_base64(f"{type_name}:{text}".encode(), newline=False).decode()
