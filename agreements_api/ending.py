"""How a serving process ends: it says so first, then its streams end, then it closes."""

from dataclasses import dataclass, field

from graph.draining import Draining


@dataclass(frozen=True)
class Ending:
    """The two steps before the last.

    Attributes:
        unready: The process calls itself unready, and serves on, so that whoever sends it requests looks.
        streams: Sockets and streams end, and tell their clients to come back.
    """

    unready: Draining = field(default_factory=Draining)
    streams: Draining = field(default_factory=Draining)
