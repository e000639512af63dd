"""One key from which every other is derived, so that an operator keeps exactly one secret."""

import base64
import contextlib
import hmac
import os
import secrets
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from agreements_api.database import database_url
from agreements_api.database_file import file_of
from agreements_api.errors import InvalidSettings, StartupError
from agreements_api.settings import MIN_SECRET_KEY_LENGTH, Settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_HASH_BYTES = 32
_HOW_TO_MAKE_ONE = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
_RESTORE = (
    "Restore it from where it was backed up. If it is lost for good, set AGREEMENTS_SECRET_KEY to a new key"
    " and store the credentials again with `agreements provider add`."
)
"""Of a key file, whether the database holds credentials or not: beside any no new file would be made."""


class SealedOtherwise(Exception):
    """What is to be unsealed was sealed with another key, or is damaged."""


class Seal:
    """Seals texts so that only the holder of the key can read them (Fernet), and nobody can change them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises SealedOtherwise."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- see below

        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealedOtherwise from error

    def opens_any(self, sealed: Sequence[bytes]) -> bool:
        return any(map(self._opens, sealed))

    def _opens(self, sealed: bytes) -> bool:
        try:
            self.decrypt(sealed)
        except SealedOtherwise:
            return False
        return True

    @cached_property
    def _fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet  # noqa: PLC0415 -- 6 MB, only where a provider is called

        return Fernet(base64.urlsafe_b64encode(self._key))


@dataclass(frozen=True)
class Secrets:
    """Keys by use: knowing one tells nothing of the others.

    Attributes:
        cursor_key: Signs page cursors.
        credentials: Encrypts what is kept of providers' credentials.
        document_link_key: Signs the addresses that documents are downloaded from.
    """

    cursor_key: bytes = field(repr=False)
    credentials: Seal = field(repr=False)
    document_link_key: bytes = field(repr=False)


def load_secrets(settings: Settings) -> Secrets:
    """Derive the keys from AGREEMENTS_SECRET_KEY or, beside an SQLite file, from a key file.

    The key file is made at the first start. Whoever copies the database to another machine needs it too:
    without it stored credentials cannot be read.

    Raises:
        InvalidSettings: PostgreSQL without AGREEMENTS_SECRET_KEY: each process would make its own. Or the key
            file cannot be read, everybody may read it, or it holds no key.
        StartupError: The key file cannot be made, or is missing beside a database that holds what it sealed.
    """
    return derive_secrets(_root_key(settings))


def derive_secrets(root_key: bytes) -> Secrets:
    return Secrets(
        cursor_key=_derive(root_key, b"agreements/cursor/1"),
        credentials=Seal(_derive(root_key, b"agreements/credentials/1")),
        document_link_key=_derive(root_key, b"agreements/document-link/1"),
    )


def require_right_key(settings: Settings, seal: Seal, sealed: Sequence[bytes]) -> None:
    """Stop where the key opens nothing of what is stored, of which there is something.

    Raises:
        InvalidSettings: It does not; the text says which key that is, and what to do.
    """
    if sealed and not seal.opens_any(sealed):
        raise _wrong_key(settings, sealed)


def _wrong_key(settings: Settings, sealed: Sequence[bytes]) -> InvalidSettings:
    database = _file(settings)
    path = None if database is None else key_path(database)
    if settings.secret_key is None:
        name, remedy = f"The key file {path}", "Restore the one that did."
    elif path is not None and _file_opens_any(path, sealed):
        name = "AGREEMENTS_SECRET_KEY"
        remedy = f"Unset it, and the key file {path} is used, or set the one that did."
    else:
        name, remedy = "AGREEMENTS_SECRET_KEY", "Set the one that did."
    return InvalidSettings(
        f"{name} is not the key that sealed the credentials of this database's providers.",
        hint=f"{remedy} If it is lost for good, store the credentials again with `agreements provider add`;"
        " `agreements provider list` names the providers.",
    )


def _file_opens_any(path: Path, sealed: Sequence[bytes]) -> bool:
    try:
        key = _read(path)
    except InvalidSettings:
        return False
    return derive_secrets(key).credentials.opens_any(sealed)


def key_path(database: Path) -> Path:
    return database.with_name(f"{database.name}.key")


def _derive(root_key: bytes, use: bytes) -> bytes:
    """HKDF with SHA-256 and no salt (RFC 5869) for as many bytes as one hash has: two steps then."""
    extracted = hmac.digest(bytes(_HASH_BYTES), root_key, "sha256")
    return hmac.digest(extracted, use + b"\x01", "sha256")


def _root_key(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    database = _file(settings)
    if database is None:
        raise InvalidSettings("AGREEMENTS_SECRET_KEY is required with PostgreSQL.", hint=_HOW_TO_MAKE_ONE)
    path = key_path(database)
    try:
        if path.exists():
            return _read(path)
        _refuse_to_replace(path, database)
        return _make(path)
    except OSError as error:
        raise StartupError(
            f"Cannot use the key file {path}: {error.strerror}.", hint="Or set AGREEMENTS_SECRET_KEY."
        ) from error


def _file(settings: Settings) -> Path | None:
    url = database_url(settings.database_url)
    return file_of(url) if url.get_backend_name() == "sqlite" else None


def _refuse_to_replace(path: Path, database: Path) -> None:
    """Stop where a new key would make stored credentials unreadable for ever, and nobody would notice."""
    if not database.exists():
        return
    address = f"file:{quote(str(database))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            sealed = connection.execute("select count(*) from provider_connections").fetchone()[0]
    except sqlite3.Error:
        return  # there is no such table yet, or it is no database, which is told elsewhere
    if sealed:
        raise StartupError(
            f"The key file {path} is missing, and {database} holds credentials that only it can unseal.",
            hint=_RESTORE,
        )


def _make(path: Path) -> bytes:
    """Make the key file, complete from its first moment; of several processes the first one's key stays.

    A link to a finished file either appears whole or fails because another process was quicker.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read(path)
        _sync_folder(path.parent)
    finally:
        draft.unlink()
    return _read(path)


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a power cut: what is encrypted next needs this key for ever."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    """Raises InvalidSettings."""
    try:
        mode, key = path.stat().st_mode, path.read_text("ascii").strip()
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"The key file {path} holds no key.", hint=_RESTORE) from error
    except OSError as error:
        raise InvalidSettings(
            f"The key file {path} cannot be read: {error.strerror}.",
            hint="Who runs this must be able to. Or set AGREEMENTS_SECRET_KEY.",
        ) from error
    # Its group may read it: volumes mounted for a group of their own come like that.
    if mode & stat.S_IRWXO:
        raise InvalidSettings(
            f"Everybody on this machine may read the key file {path}.", hint=f"chmod 600 {path}"
        )
    if len(key) < MIN_SECRET_KEY_LENGTH:
        raise InvalidSettings(f"The key file {path} is too short to be a key.", hint=_RESTORE)
    return key.encode()
