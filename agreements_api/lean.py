"""Keeps libraries from loading what they can do without, and what is not used of them here."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(module: str) -> Generator[None]:
    """Have what is imported inside find no such module, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[module] = None
    try:
        yield
    finally:
        del modules[module]
