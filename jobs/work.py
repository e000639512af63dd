"""What a workflow may do: steps, each recorded when it is done, and waits that outlast the process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID, uuid5

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

import providers.errors
from models import DomainError, ErrorCode
from providers.errors import CustomerNotVisible, ProviderError, ProviderUnavailable
from repositories import Conflict, is_passing
from resolvers.context import Context

P = ParamSpec("P")
R = TypeVar("R")
Recorded = dict[str, Any]

_NAMESPACE: Final = UUID("7f3d8a52-41c6-5e0b-9d27-0c1be84f6a13")
_TRANSACTION_ATTEMPTS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_PATIENCE_WITH_DATABASE: Final = timedelta(minutes=10)

_LONGEST_SILENCE: Final = timedelta(minutes=5)
_PATIENCE: Final = timedelta(hours=24)
# One that is not there after this was never the partner's, or is no longer.
_PATIENCE_WITH_NEW_CUSTOMER: Final = timedelta(minutes=15)
# A wait that is no longer than this is not worth another run.
_SHORT_WAIT_SECONDS: Final = 3.0


@dataclass(frozen=True)
class Waited:
    """How long work has been waiting for its provider; handed from each of its runs to the next.

    Attributes:
        runs: How many there have been before.
        step: Which step there is no answer to.
        error: Why, the last time.
        seconds: In all, for this step.
        alike: Of these, since the reason has been the same.
    """

    runs: int = 0
    step: str = ""
    error: str = ""
    seconds: float = 0
    alike: float = 0

    def at(self, step: str, error: ProviderUnavailable) -> "Waited":
        """Say what is waited for now."""
        kind = type(error).__name__
        if self.step != step:
            return Waited(self.runs, step, kind)
        return self if self.error == kind else replace(self, error=kind, alike=0)

    def more(self, seconds: float) -> "Waited":
        return replace(self, seconds=self.seconds + seconds, alike=self.alike + seconds)


class Later(Exception):
    """This run ends here, and the work goes on in a run of its own after the wait."""

    def __init__(self, seconds: float, waited: Waited) -> None:
        super().__init__(f"Again in {seconds} seconds.")
        self.seconds = seconds
        self.waited = replace(waited, runs=waited.runs + 1)


class Work:
    """One run of a workflow.

    Its body is run again from the start after a crash and must come by the same steps: whatever reads or
    writes, asks the time or draws lots belongs in a step.

    Attributes:
        id: The workflow's id.
        context: The way into the resolvers, acting as the job.
    """

    def __init__(self, work_id: str, context: Context, waited: Waited | None = None) -> None:
        self.id = work_id
        self.context = context
        self._waited = waited or Waited()

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
        self, function: Callable[..., Awaitable[R]], *arguments: object, patience: timedelta = _PATIENCE
    ) -> R:
        """Do a step that needs an answer from a provider, again and again while there is none.

        A long wait ends the run, so that it keeps no other work from being done: the body is run again from
        its start, this time with no step recorded.

        Args:
            function: As for `step`.
            arguments: As for `step`.
            patience: How long to wait in all, not counting the calls; for a customer that the provider does
                not show, some minutes.

        Raises:
            ProviderUnavailable: The patience has run out.
            Later: The run is to end here.
        """
        while True:
            try:
                return await self.step(function, *arguments)
            except ProviderUnavailable as error:
                self._waited = self._waited.at(function.__name__, error)
                wait = error.retry_after_seconds or self._pause()
                if self._is_too_long(error, wait, patience):
                    raise
            self._waited = self._waited.more(wait)
            if wait > _SHORT_WAIT_SECONDS:
                raise Later(wait, self._waited)
            await self.sleep(wait)

    def _pause(self) -> float:
        """As long again as was waited already, within bounds."""
        return min(max(1.0, self._waited.alike), _LONGEST_SILENCE.total_seconds())

    def _is_too_long(self, error: ProviderUnavailable, wait: float, patience: timedelta) -> bool:
        waited = self._waited.more(wait)
        is_missing = isinstance(error, CustomerNotVisible)
        return waited.seconds > patience.total_seconds() or (
            is_missing and waited.alike > _PATIENCE_WITH_NEW_CUSTOMER.total_seconds()
        )

    async def sleep(self, seconds: float) -> None:
        """Wait; the time during which no process runs counts."""
        await DBOS.sleep_async(seconds)


async def _transacted(call: Callable[[], Awaitable[R]]) -> R:
    """Run a step again that another transaction crossed, or whose database is away for a while."""
    crossed, waited, pause = 0, 0.0, _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await call()
        except Conflict:
            crossed += 1
            if crossed == _TRANSACTION_ATTEMPTS:
                raise
        except SQLAlchemyError as error:
            if not is_passing(error) or waited >= _PATIENCE_WITH_DATABASE.total_seconds():
                raise
        await asyncio.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _recorded(error: DomainError | ProviderError) -> Recorded:
    if isinstance(error, DomainError):
        return {
            "refusal": error.code.value,
            "message": error.message,
            "field": None if error.field is None else list(error.field),
            "entity": None if error.entity is None else str(error.entity),
        }
    return {
        "provider_error": _port_name(error),
        "message": error.message,
        "retry_after_seconds": getattr(error, "retry_after_seconds", None),
        "provider_code": error.provider_code,
        "request_id": error.request_id,
        "correlation_id": error.correlation_id,
    }


def _port_name(error: ProviderError) -> str:
    """Name the error as the port does: a provider's own kind of an error goes by the kind it is of."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next(name for name in names if name in providers.errors.__all__)


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
