"""Global ids and times as our server writes them, so that all answers are the same."""

from binascii import a2b_base64, b2a_base64


def encode_id(type_name: str, row_id: str) -> str:
    return b2a_base64(f"{type_name}:{row_id}".encode(), newline=False).decode()


def decode_id(given: str, type_name: str) -> str:
    """The row's id in its canonical form.

    Raises:
        ValueError: It is no id of the type.
    """
    found, _, row_id = a2b_base64(given).decode().partition(":")
    if found != type_name:
        raise ValueError(f"{given} is no id of the type {type_name}.")
    return row_id


def dashed(stored: str) -> str:
    """A UUID as it is written; SQLite keeps it as 32 digits."""
    return f"{stored[:8]}-{stored[8:12]}-{stored[12:16]}-{stored[16:20]}-{stored[20:]}"


def instant(stored: str) -> str:
    """An instant as it is written; SQLite keeps it as text, in UTC."""
    return f"{stored[:10]}T{stored[11:].removesuffix('.000000')}Z"
