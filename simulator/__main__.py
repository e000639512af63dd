"""`python -m simulator`: every option is a setting and may also come from a SIMULATOR_* variable."""

import sys

from simulator.options import start
from simulator.server import serve
from simulator.settings import SimulatorSettings

if __name__ == "__main__":
    sys.exit(start("simulator", "A local Microsoft Partner Center.", SimulatorSettings, serve))
