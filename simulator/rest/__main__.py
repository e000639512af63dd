"""`python -m simulator.rest`: every option is a setting, which a REST_SIMULATOR_* variable may give too."""

import sys

from simulator.options import start
from simulator.rest.server import serve
from simulator.rest.settings import RestSimulatorSettings

if __name__ == "__main__":
    sys.exit(start("simulator.rest", "A local REST provider.", RestSimulatorSettings, serve))
