"""Does the work of jobs here and now, without a record: what steps do by themselves, past the job engine."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from support.contexts import Queue

from jobs.workflows import WORKFLOWS
from providers.base import Provider
from providers.errors import AdministratorNeeded, ProviderUnavailable
from resolvers.context import Context


@dataclass
class Configured:
    """The providers of a test by id; each test fills in those that it has."""

    clients: dict[UUID, Provider] = field(default_factory=dict[UUID, Provider])

    async def get(self, provider_id: UUID) -> Provider:
        if provider_id not in self.clients:
            raise AdministratorNeeded("Nobody has configured how to reach this provider.")
        return self.clients[provider_id]


@dataclass
class Straight:
    """What a workflow body is given: steps that are called, again at once while there is no answer."""

    context: Context
    tries: int = 4
    unanswered: list[str] = field(default_factory=list[str])

    async def step(self, function: Callable[..., Any], *arguments: object) -> Any:
        return await function(self.context, *arguments)

    async def step_until_answered(self, function: Callable[..., Any], *arguments: object) -> Any:
        for _ in range(self.tries - 1):
            try:
                return await self.step(function, *arguments)
            except ProviderUnavailable as error:
                self.unanswered.append(str(error))
        return await self.step(function, *arguments)


@dataclass
class Worker:
    """Does what was enqueued and committed, each piece of work once."""

    context: Context
    queue: Queue
    tries: int = 4
    done: set[str] = field(default_factory=set[str])
    unanswered: list[str] = field(default_factory=list[str])

    async def work(self) -> None:
        for work_id, (name, arguments) in [*self.queue.work.items()]:
            if work_id in self.done or not await self._is_committed(work_id, arguments):
                continue
            self.done.add(work_id)
            actor = f"job:{arguments.get('job_id', work_id)}"
            run = Straight(replace(self.context, actor=actor), self.tries)
            await WORKFLOWS[name](run, **arguments)
            self.unanswered += run.unanswered

    async def _is_committed(self, work_id: str, arguments: dict[str, str]) -> bool:
        if "job_id" not in arguments:
            return True
        async with self.context.unit_of_work() as uow:
            job = await uow.jobs.peek(UUID(arguments["job_id"]))
        return job is not None and job.workflow_id == work_id

    async def work_for(self, answer: "asyncio.Task[Any]") -> Any:
        """Work while a request waits for it, and give its answer."""
        while not answer.done():
            await self.work()
            await asyncio.sleep(0.01)
        return answer.result()
