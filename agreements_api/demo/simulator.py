"""The simulator as the demo's own process: it ends with the process that started it, however that ends."""

import os
import signal
import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path

from simulator.app import create_app
from simulator.server import run_on, serve
from simulator.settings import SimulatorSettings

_STDIN = 0
_PAGES_LAST = timedelta(days=366)
"""Long enough for whoever comes back to a demo; at Microsoft it is seven days."""


def main() -> int:
    """Serve on a port with a store, for as long as standard input is open.

    Arguments: the port, the store, and the descriptor of the socket that has the port, if it is handed on.
    """
    port, store, *handed_on = sys.argv[1:]
    given = {
        "port": port,
        "store": Path(store),
        "legacy_attestation": "on",
        "attestation_lifetime_seconds": _PAGES_LAST.total_seconds(),
    }
    settings = SimulatorSettings.model_validate(given)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not handed_on:
        return serve(settings)
    return run_on(socket.socket(fileno=int(handed_on[0])), lambda: create_app(settings))


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock, held by a thread, is a fatal error when the interpreter ends.
    while os.read(_STDIN, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
