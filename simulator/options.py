"""Starts a simulator from command-line options that are its settings."""

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

S = TypeVar("S", bound=BaseSettings)


def start(
    program: str,
    description: str,
    settings: type[S],
    serve: Callable[[S], int],
    arguments: Sequence[str] | None = None,
) -> int:
    """Serve with the settings that are given, and give the exit code of the process."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    for name, field in settings.model_fields.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, default=argparse.SUPPRESS, help=field.description)
    try:
        chosen = settings(**vars(parser.parse_args(arguments)))
    except ValidationError as error:
        parser.error(
            "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        )
    return serve(chosen)
