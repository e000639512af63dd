"""Every workflow by the name it is enqueued under."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from jobs.bulk import bulk_create
from jobs.offboarding import offboard
from jobs.provisioning import provision
from jobs.push import push
from jobs.sync import sync

Workflow = Callable[..., Coroutine[Any, Any, None]]

WORKFLOWS: Mapping[str, Workflow] = {
    "bulk_create": bulk_create,
    "offboard": offboard,
    "provision": provision,
    "push": push,
    "sync": sync,
}
"""The keyword arguments are those that `UnitOfWork.start` and `UnitOfWork.push` are given."""
