"""The demo's state on disk: one folder, one demo at a time, complete or begun anew."""

import json
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from agreements_api.errors import StartupError

FOLDER = Path(".agreements-demo")
_MARKER = "demo.txt"
_STATE = "state.json"
BEGIN_ANEW = "Begin anew with `make demo FRESH=1` (`agreements demo --fresh`); changes made there are lost."
_VERSION = 3
"""Of what the folder holds: raised when the sample data, the tour or the simulator's store change."""

_ABOUT = "Sample data of `agreements demo`. The folder may be removed while no demo runs in it.\n"


@dataclass(frozen=True)
class DemoFolder:
    """Where everything lies; paths are relative to the folder in which the demo was started."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / "agreements.db"

    @property
    def simulator_store(self) -> Path:
        return self.path / "simulator.db"

    @property
    def is_complete(self) -> bool:
        """Whether both sides were written to their end: the state is written last."""
        return (self.path / _STATE).exists()

    @property
    def simulator_port(self) -> int | None:
        """Where the simulator listened last time."""
        return self._state().get("simulatorPort")

    @property
    def is_of_this_version(self) -> bool:
        """Whether what is there was written by this version of the demo; an empty folder fits any."""
        return not self.is_complete or self._state().get("version") == _VERSION

    def _state(self) -> dict[str, Any]:
        if not self.is_complete:
            return {}
        return json.loads((self.path / _STATE).read_text("utf-8"))

    def complete(self, *, simulator_port: int) -> None:
        """Say that both sides are written; from now on they are kept."""
        draft = self.path / f"{_STATE}.draft"
        state = {"version": _VERSION, "simulatorPort": simulator_port}
        draft.write_text(json.dumps(state), "utf-8")
        draft.replace(self.path / _STATE)


@contextmanager
def demo_folder(*, fresh: bool) -> Generator[DemoFolder]:
    """Take the folder for this process, emptied if it is to be fresh or if its writing was cut short.

    Raises:
        StartupError: It is no demo's folder or another version's, another demo runs in it, or it cannot
            be written.
    """
    folder = DemoFolder(FOLDER)
    try:
        with _marker(folder.path) as marker:
            _lock(marker)
            if not fresh and not folder.is_of_this_version:
                raise StartupError(f"{FOLDER} is of another version of the demo.", hint=BEGIN_ANEW)
            if fresh or not folder.is_complete:
                _empty(folder.path)
            yield folder
    except OSError as error:
        if error.filename is None:
            raise
        raise StartupError(f"Cannot use {error.filename}: {error.strerror}.") from error


def _marker(path: Path) -> IO[str]:
    marker = path / _MARKER
    if path.exists() and not marker.exists() and any(path.iterdir()):
        raise StartupError(f"{path} is there, and no demo made it.", hint="Start the demo in another folder.")
    path.mkdir(exist_ok=True)
    if not marker.exists():
        marker.write_text(_ABOUT, "utf-8")
    return marker.open(encoding="utf-8")


def _lock(marker: IO[str]) -> None:
    """Keep other demos out until the file is closed, which a process's end does as well."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415 -- does not exist on Windows

    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StartupError(
            f"Another demo runs on {FOLDER}.", hint="Stop it, or start this one in another folder."
        ) from None


def _empty(path: Path) -> None:
    """Remove all but the marker; the state first, so that a half-emptied folder is not taken for complete."""
    for each in sorted(path.iterdir(), key=lambda each: each.name != _STATE):
        if each.name == _MARKER:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
