"""What commands answer, on standard output."""

import os
import sys


class ReaderGone(Exception):
    """Nobody reads what is said any more, as after `| head`."""


def say(text: str = "", *, end: str = "\n") -> None:
    """Say it at once.

    Raises:
        ReaderGone: Nobody is there to read it.
    """
    try:
        print(text, end=end, flush=True)  # noqa: T201 -- the command's answer
    except BrokenPipeError as error:
        raise ReaderGone from error


def drop_what_is_left() -> None:
    """Write no more: the interpreter would try it as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
