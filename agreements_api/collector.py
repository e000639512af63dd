"""Spares the garbage collector what lives as long as the process: modules, the schema, the mappers."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_BESIDE_JOBS = 10_000
"""New objects, after which it looks there: of what the engine leaves they take 2 MB, and 3 ms to collect."""


def look_less_often() -> None:
    """Have the collector look after more new objects than by default; call it before anything is loaded.

    Loading makes hundreds of thousands of objects that stay, and a page of a thousand rows as many again that
    do not. By default both set it off hundreds of times: a tenth of a start.
    """
    gc.set_threshold(50_000, 20, 50)


def leave_out_what_is_there() -> None:
    """Have the collector never look again at what there is now; call it when everything is loaded.

    It would walk all of that whenever it looks for what has lived for a while. Nothing is collected first:
    what little garbage loading has left is not worth the tenth of a second that it takes to find.
    """
    gc.freeze()


@contextmanager
def look_often_enough_for_jobs() -> Generator[None]:
    """Have the collector look before the job engine has left much; enter it when that has been loaded.

    A dozen times a second it asks for work, by statements with subqueries, which in SQLAlchemy refer to
    themselves: two thousand objects a second that only the collector finds. Left until they are fifty
    thousand, they take 8 MB, and collecting them keeps everything else waiting for 20 ms.
    """
    newest, younger, older = gc.get_threshold()
    gc.set_threshold(min(newest, _BESIDE_JOBS), younger, older)
    try:
        yield
    finally:
        gc.set_threshold(newest, younger, older)
