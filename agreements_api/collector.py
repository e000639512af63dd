"""Spares the garbage collector what lives as long as the process: modules, the schema, the mappers."""

import gc


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
