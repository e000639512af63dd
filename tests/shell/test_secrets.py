"""One secret key: given, or made once beside the SQLite file and seen by nobody else."""

import base64
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agreements_api.errors import InvalidSettings, StartupError
from agreements_api.secrets import SealedOtherwise, derive_secrets, key_path, load_secrets
from agreements_api.settings import Settings


@pytest.fixture(autouse=True)
def _no_key_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGREEMENTS_SECRET_KEY", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/agreements.db")


def test_the_first_start_makes_a_key_and_the_next_finds_it(settings: Settings) -> None:
    first = load_secrets(settings)
    again = load_secrets(settings)

    assert first.cursor_key == again.cursor_key
    assert again.credentials.decrypt(first.credentials.encrypt(b"token")) == b"token"


def test_the_key_file_is_for_its_owner_only(settings: Settings, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_secrets(settings)
    finally:
        os.umask(before)

    assert stat.S_IMODE(key_path(tmp_path / "agreements.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["agreements.db.key"]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    program = (
        "import sys;"
        "from agreements_api.secrets import load_secrets; from agreements_api.settings import Settings;"
        "settings = Settings(database_url=sys.argv[1]); print('ready', flush=True); sys.stdin.readline();"
        "print(load_secrets(settings).cursor_key.hex())"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/agreements.db"]
    starting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own program
        for _ in range(4)
    ]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0] for process in starting}

    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_a_given_key_leaves_no_file(settings: Settings, tmp_path: Path) -> None:
    key = "correct horse battery staple, twice over"
    given = settings.model_validate({"database_url": settings.database_url, "secret_key": key})

    assert load_secrets(given).cursor_key == derive_secrets(key.encode()).cursor_key
    assert list(tmp_path.iterdir()) == []


def test_every_use_has_a_key_of_its_own() -> None:
    derived = derive_secrets(b"k" * 32)

    with pytest.raises(SealedOtherwise):
        derived.credentials.decrypt(Fernet(base64.urlsafe_b64encode(derived.cursor_key)).encrypt(b"token"))
    assert derived.cursor_key != b"k" * 32
    assert derived.cursor_key != derive_secrets(b"l" * 32).cursor_key
    assert derived.document_link_key != derived.cursor_key
    assert derived.cursor_key.hex() not in repr(derived)
    assert derived.document_link_key.hex() not in repr(derived)


@pytest.mark.parametrize("root_key", [b"k", b"k" * 32, b"k" * 200], ids=len)
def test_keys_are_derived_by_the_standard(root_key: bytes) -> None:
    derived = derive_secrets(root_key)

    def standard(use: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(root_key)

    assert derived.cursor_key == standard(b"agreements/cursor/1")
    assert derived.document_link_key == standard(b"agreements/document-link/1")
    sealed = Fernet(base64.urlsafe_b64encode(standard(b"agreements/credentials/1"))).encrypt(b"token")
    assert derived.credentials.decrypt(sealed) == b"token"


def test_postgresql_without_a_key_says_how_to_make_one() -> None:
    settings = Settings(database_url="postgresql://somebody@db/agreements")

    with pytest.raises(InvalidSettings, match=r"AGREEMENTS_SECRET_KEY is required.*token_urlsafe"):
        load_secrets(settings)


def test_a_key_that_everybody_may_read_is_refused(settings: Settings, tmp_path: Path) -> None:
    load_secrets(settings)
    path = key_path(tmp_path / "agreements.db")
    path.chmod(0o644)

    with pytest.raises(StartupError, match=f"chmod 600 {path}"):
        load_secrets(settings)


def test_a_damaged_key_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    path = key_path(tmp_path / "agreements.db")
    path.write_text("short")
    path.chmod(0o600)

    with pytest.raises(StartupError, match="too short"):
        load_secrets(settings)
    assert path.read_text() == "short"


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/nowhere/agreements.db")

    with pytest.raises(StartupError, match=r"^Cannot use the key file .*: No such file or directory\."):
        load_secrets(settings)


def test_a_missing_key_is_not_replaced_beside_what_it_sealed(settings: Settings, tmp_path: Path) -> None:
    load_secrets(settings)
    key = key_path(tmp_path / "agreements.db")
    with closing(sqlite3.connect(tmp_path / "agreements.db")) as database:
        database.execute("create table provider_connections (sealed blob)")
        key.rename(tmp_path / "backup")
        load_secrets(settings)  # nothing is lost yet
        key.unlink()
        database.execute("insert into provider_connections values (x'00')")
        database.commit()

        with pytest.raises(StartupError, match=r"key file .* is missing.*Restore it"):
            load_secrets(settings)
    assert not key.exists()
    (tmp_path / "backup").rename(key)
    assert load_secrets(settings)
