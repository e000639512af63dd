"""What operations share: running again after a race, taking effect once under a key, the optimistic lock."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar
from uuid import UUID

from models import Audited
from repositories import Conflict, UnitOfWork
from repositories.base import Repository
from repositories.unit_of_work import again
from resolvers.checks import checked_text
from resolvers.context import Context
from resolvers.errors import NotFound, RevisionConflict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ATTEMPTS = 5

P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E", bound=Audited)


@dataclass(frozen=True)
class Outcome(Generic[E]):
    """What became of an entity.

    Attributes:
        entity: As it is after the operation.
        changed: Whether the operation did anything; repeating a harmless one does not.
        warnings: What a person should know, one sentence each.
    """

    entity: E
    changed: bool = True
    warnings: tuple[str, ...] = ()


def repeated(operation: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Run the whole operation again when another transaction got there first.

    The next run sees what the other one wrote, so a lost race ends in the refusal that a later caller
    would get. The operation must hold all it does in one unit of work.
    """

    @wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await operation(*args, **kwargs)
        except Conflict:
            pass
        locking = again.set(True)
        try:
            for _ in range(ATTEMPTS - 2):
                try:
                    return await operation(*args, **kwargs)
                except Conflict:
                    continue
            return await operation(*args, **kwargs)
        finally:
            again.reset(locking)

    return run


def require(entity: R | None, what: str, *field: str) -> R:
    """Give the entity, or raise NotFound.

    Args:
        entity: What was looked for.
        what: What a person calls such an entity.
        field: Path of the input field that named it.
    """
    if entity is None:
        raise NotFound(what, *field)
    return entity


def check_revision(entity: Audited, revision: int | None) -> None:
    """Raises RevisionConflict unless the caller knows the entity as it is; None does not ask for it."""
    if revision is not None and revision != entity.revision:
        raise RevisionConflict(entity.id, entity.revision)


def input_hash(command: "DataclassInstance") -> str:
    """A digest of the command that does not depend on the order or the form in which it was given."""
    canonical = json.dumps(asdict(command), sort_keys=True, separators=(",", ":"), default=str)
    return sha256(canonical.encode()).hexdigest()


def check_idempotency_key(key: str | None) -> str | None:
    """Give the key as it is; raises DomainError INVALID when it is empty, overlong or no text."""
    if key is not None:
        checked_text(key, "idempotencyKey")
    return key


async def claim(
    uow: UnitOfWork, mutation: str, key: str | None, command: "DataclassInstance"
) -> Mapping[str, UUID] | None:
    """Take the caller's key for this transaction, before anything is written.

    Returns:
        None to go on and `keep` what is made; otherwise the ids that were made under the key.

    Raises:
        DomainError: INVALID for an empty or overlong key, IDEMPOTENCY_CONFLICT for other input.
    """
    key = check_idempotency_key(key)
    if key is None:
        return None
    return await uow.idempotency.claim(mutation, key, input_hash(command))


async def keep(uow: UnitOfWork, mutation: str, key: str | None, **made: UUID) -> None:
    """Record what was made under the key that this transaction claimed; without a key, nothing."""
    if key is not None:
        await uow.idempotency.keep(mutation, key, made)


async def create_once(  # noqa: PLR0913, PLR0917 -- the one shape of all mutations that make one entity
    context: Context,
    mutation: str,
    key: str | None,
    command: "DataclassInstance",
    repository: Callable[[UnitOfWork], Repository[E]],
    make: Callable[[UnitOfWork], Awaitable[E]],
) -> E:
    """Make an entity and commit it, or give the one that was made under the key, as it is now.

    Args:
        context: Who asks.
        mutation: Name of the mutation; keys of different mutations do not meet.
        key: The caller's idempotency key, or None to make one each time.
        command: The checked input.
        repository: Where such entities are read.
        make: Makes the entity in the unit of work; it may refuse.
    """
    async with context.unit_of_work() as uow:
        made = await claim(uow, mutation, key, command)
        if made is not None:
            return require(await repository(uow).peek(made["entity"]), "entity")
        entity = await make(uow)
        await keep(uow, mutation, key, entity=entity.id)
        await uow.commit()
    return entity
