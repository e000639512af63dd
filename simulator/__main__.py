"""`python -m simulator`: every option is a setting and may also come from a SIMULATOR_* variable."""

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from simulator.server import serve
from simulator.settings import SimulatorSettings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulator", description="A local Microsoft Partner Center.")
    for name, field in SimulatorSettings.model_fields.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, default=argparse.SUPPRESS, help=field.description)
    try:
        settings = SimulatorSettings(**vars(parser.parse_args(arguments)))
    except ValidationError as error:
        parser.error(
            "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        )
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
