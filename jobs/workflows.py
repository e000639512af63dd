"""Every workflow by the name it is enqueued under."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from jobs.bulk import bulk_create

WORKFLOWS: Mapping[str, Callable[..., Coroutine[Any, Any, None]]] = {"bulk_create": bulk_create}
"""The keyword arguments are those that `UnitOfWork.start` and `UnitOfWork.push` are given."""
