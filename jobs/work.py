"""What a workflow may do: steps, each recorded when it is done, and waits that outlast the process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID, uuid5

from dbos import DBOS
from sqlalchemy.exc import DBAPIError

import providers.errors
from models import DomainError, ErrorCode
from providers.errors import ProviderError, ProviderUnavailable
from repositories import Conflict
from resolvers.context import Context

P = ParamSpec("P")
R = TypeVar("R")
Recorded = dict[str, Any]

_NAMESPACE: Final = UUID("7f3d8a52-41c6-5e0b-9d27-0c1be84f6a13")
_TRANSACTION_ATTEMPTS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_SILENCE: Final = timedelta(minutes=5)


class Work:
    """One run of a workflow.

    Its body is run again from the start after a crash and must come by the same steps: whatever reads or
    writes, asks the time or draws lots belongs in a step.

    Attributes:
        id: The workflow's id.
        context: The way into the resolvers, acting as the job.
    """

    def __init__(self, work_id: str, context: Context) -> None:
        self.id = work_id
        self.context = context

    def request_id(self, step: str) -> str:
        """An idempotency key for a call that this step makes: the same however often it is repeated."""
        return str(uuid5(_NAMESPACE, f"{self.id}/{step}"))

    async def step(
        self, function: Callable[Concatenate[Context, P], Awaitable[R]], *arguments: P.args, **named: P.kwargs
    ) -> R:
        """Call `function(context, …)` unless it is recorded as done, and record what it answers.

        A step that a crash interrupts is called again, so it has to look before it acts. It takes and
        answers plain JSON values.

        Raises:
            DomainError: What the step raised, also when that was recorded in an earlier run.
            ProviderError: The same.
        """

        async def call() -> Recorded:
            try:
                return {"answer": await _transacted(lambda: function(self.context, *arguments, **named))}
            except (DomainError, ProviderError) as error:
                return _recorded(error)

        name = getattr(function, "__name__", "step")
        outcome = await DBOS.run_step_async({"name": name}, call)
        if "answer" not in outcome:
            raise _raised(outcome)
        return outcome["answer"]

    async def step_until_answered(
        self,
        function: Callable[..., Awaitable[R]],
        *arguments: object,
        patience: timedelta = timedelta(hours=24),
    ) -> R:
        """Do a step that needs an answer from a provider, again and again while there is none.

        Args:
            function: As for `step`.
            arguments: As for `step`.
            patience: How long to wait in all, not counting the calls.

        Raises:
            ProviderUnavailable: The patience has run out.
        """
        left, pause = patience.total_seconds(), 1.0
        while True:
            try:
                return await self.step(function, *arguments)
            except ProviderUnavailable as error:
                wait = error.retry_after_seconds or pause
                if wait > left:
                    raise
            await self.sleep(wait)
            left, pause = left - wait, min(pause * 2, _LONGEST_SILENCE.total_seconds())

    async def sleep(self, seconds: float) -> None:
        """Wait; the time during which no process runs counts."""
        await DBOS.sleep_async(seconds)


async def _transacted(call: Callable[[], Awaitable[R]]) -> R:
    """Run a step again that another transaction crossed, or whose database connection was lost."""
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(_TRANSACTION_ATTEMPTS - 1):
        try:
            return await call()
        except Conflict:
            pass
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        await asyncio.sleep(pause)
        pause *= 2
    return await call()


def _recorded(error: DomainError | ProviderError) -> Recorded:
    if isinstance(error, DomainError):
        return {
            "refusal": error.code.value,
            "message": error.message,
            "field": None if error.field is None else list(error.field),
            "entity": None if error.entity is None else str(error.entity),
        }
    return {
        "provider_error": type(error).__name__,
        "message": str(error),
        "retry_after_seconds": getattr(error, "retry_after_seconds", None),
        "provider_code": error.provider_code,
        "request_id": error.request_id,
        "correlation_id": error.correlation_id,
    }


def _raised(outcome: Mapping[str, Any]) -> DomainError | ProviderError:
    if "refusal" in outcome:
        field, entity = outcome["field"], outcome["entity"]
        return DomainError(
            outcome["message"],
            code=ErrorCode(outcome["refusal"]),
            field=None if field is None else tuple(field),
            entity=None if entity is None else UUID(entity),
        )
    kind = getattr(providers.errors, outcome["provider_error"], ProviderError)
    details = {key: outcome[key] for key in ("provider_code", "request_id", "correlation_id")}
    if issubclass(kind, ProviderUnavailable):
        details["retry_after_seconds"] = outcome["retry_after_seconds"]
    return kind(outcome["message"], **details)
