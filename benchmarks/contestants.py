"""Who is measured: our server, and each peer with the databases that it serves here."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.databases import Database, Kind
from benchmarks.environments import NODE_PEERS, install_node_peers, install_python_peers
from benchmarks.server import Command
from benchmarks.wordings import OURS as OUR_WORDING
from benchmarks.wordings import POSTGRAPHILE as POSTGRAPHILE_WORDING
from benchmarks.wordings import Wording

Peers = Literal["none", "python", "all"]

OURS = "ours"
LIMIT = "hand-written"
STRAWBERRY = "Strawberry, tuned"
STRAWBERRY_UPDATE = "Strawberry, tuned, one UPDATE"
MERCURIUS = "Mercurius + JIT"
YOGA = "Yoga + JIT"
APOLLO = "Apollo Server"
POSTGRAPHILE = "PostGraphile"

_MANY = "10000000"
RAISED_LIMITS = {
    "AGREEMENTS_MAX_PAGE_SIZE": "1000",
    "AGREEMENTS_MAX_COST": _MANY,
    "AGREEMENTS_MAX_RESOLVED": _MANY,
    "AGREEMENTS_MAX_RESPONSE_BYTES": _MANY,
}
"""Settings with which our server answers the page of 1,000 accounts; by default it refuses it."""


@dataclass(frozen=True)
class Contestant:
    """A server under measurement.

    Attributes:
        name: As reports call it.
        databases: On which it is measured.
        command: How it is started over a database.
        large: How it is started for the page of 1,000 accounts, where that is not the same.
        wording: How it is asked.
        loads: The only ones at which it is measured; None for all.
    """

    name: str
    databases: frozenset[Kind]
    command: Callable[[Database], Command]
    large: Callable[[Database], Command] | None = None
    wording: Wording = OUR_WORDING
    loads: frozenset[str] | None = None

    def is_measured_at(self, load: str) -> bool:
        return self.loads is None or load in self.loads


def contestants(peers: Peers, secret_key: str) -> Sequence[Contestant]:
    """Ours first, which the others are compared with; installs what the chosen peers need.

    Raises:
        PeersMissing: That cannot be installed.
    """
    chosen = [_ours(secret_key)]
    if peers in ("python", "all"):
        chosen += _python_peers()
    if peers == "all":
        chosen += _node_peers()
    return chosen


def our_command(
    database: Database,
    secret_key: str,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
) -> Command:
    """Our server over a database, by a module and its arguments, with default settings but for those given.

    Args:
        database: What it serves.
        secret_key: Signs cursors; with the same one servers give the same answers.
        arguments: Of the interpreter.
        settings: Variables of settings that are not left as they are.
    """
    variables = {
        "AGREEMENTS_DATABASE_URL": database.url,
        "AGREEMENTS_SECRET_KEY": secret_key,
        **(settings or {}),
    }
    return Command([sys.executable, "-m", *arguments, "--port", "0"], variables)


def _ours(secret_key: str) -> Contestant:
    serve = ("agreements_api.cli", "serve", "--no-jobs")
    return Contestant(
        OURS,
        frozenset({"sqlite", "postgresql"}),
        lambda database: our_command(database, secret_key, *serve),
        lambda database: our_command(database, secret_key, *serve, settings=RAISED_LIMITS),
    )


def _python_peers() -> Sequence[Contestant]:
    python = install_python_peers()

    def peer(name: str, module: str, *arguments: str, loads: frozenset[str] | None = None) -> Contestant:
        def command(database: Database) -> Command:
            return Command([str(python), "-m", module, database.kind, *arguments], database.variables())

        return Contestant(name, frozenset({"sqlite", "postgresql"}), command, loads=loads)

    strawberry = "benchmarks.peers.strawberry_app"
    return [
        peer(LIMIT, "benchmarks.peers.limit"),
        peer(STRAWBERRY, strawberry),
        peer(STRAWBERRY_UPDATE, strawberry, "one-update", loads=frozenset({"write"})),
    ]


def _node_peers() -> Sequence[Contestant]:
    node = install_node_peers()

    def peer(name: str, script: str, wording: Wording = OUR_WORDING) -> Contestant:
        def command(database: Database) -> Command:
            production = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
            return Command([str(node), str(NODE_PEERS / script)], {**database.variables(), **production})

        return Contestant(name, frozenset({"postgresql"}), command, wording=wording)

    return [
        peer(MERCURIUS, "mercurius.mjs"),
        peer(YOGA, "yoga.mjs"),
        peer(APOLLO, "apollo.mjs"),
        peer(POSTGRAPHILE, "postgraphile.mjs", POSTGRAPHILE_WORDING),
    ]
