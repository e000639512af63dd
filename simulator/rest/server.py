"""Run the simulated REST provider as a process of its own."""

from simulator.rest.app import create_app
from simulator.rest.settings import RestSimulatorSettings
from simulator.server import run


def serve(settings: RestSimulatorSettings) -> int:
    """Serve as `run` does."""
    return run(settings.host, settings.port, lambda: create_app(settings))
