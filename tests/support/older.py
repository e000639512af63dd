"""Plays the version before the one whose migration is the newest."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

import models.migrations


@contextmanager
def without_newest_migration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """Migrate to the last revision but one, whose id is given; the scripts are copied to the folder."""
    scripts = Path(models.migrations.script_location)
    *_, before, newest = models.migrations.revisions()
    older = folder / "migrations"
    shutil.copytree(scripts, older, ignore=shutil.ignore_patterns(f"{newest}*", "__pycache__"))
    with monkeypatch.context() as patch:
        patch.setattr(models.migrations, "script_location", str(older))
        yield before
