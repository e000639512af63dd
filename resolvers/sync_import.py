"""The part of a sync that asks which agreements the provider's customers have accepted there."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from models import AcceptancePath, Job, JobItem, JobItemOutcome
from providers import base
from providers.errors import CustomerNotVisible, ProviderError
from repositories import UnitOfWork
from repositories.sync import OpenAgreement
from resolvers import confirming
from resolvers.context import Context
from resolvers.operations import repeated, require
from resolvers.sync_batch import count

CALLS_AT_ONCE = 8
GROUP = 25
"""So many customers in a row of whom nothing can be read show that asking about more is of no use."""

Answers = Mapping[str, Sequence[base.Confirmation] | ProviderError]


class Import:
    """Takes over the provider's confirmations, batch by batch.

    Only customers with an agreement on which the provider's word is awaited are asked about.

    Attributes:
        trouble: Why the provider is asked no more, once it has answered for nobody of `GROUP` customers in a
            row. Fewer than that are their own trouble, of which their items tell.
    """

    def __init__(self, context: Context, client: base.Provider, job: Job, *, wanted: bool) -> None:
        self._context, self._client, self._job = context, client, job
        self._wanted = wanted
        self.trouble: str | None = None
        self._unread = 0  # customers in a row

    @classmethod
    async def of(cls, context: Context, client: base.Provider, job: Job) -> "Import":
        """Prepare; a dry run, and a provider that gives no confirmations, ask for none."""
        async with context.look() as view:
            provider = await view.providers.peek(job.provider_id) if job.provider_id else None
        wanted = provider is not None and provider.capabilities.agreement_sync and not job.dry_run
        return cls(context, client, job, wanted=wanted)

    async def take(self, customers: Sequence[base.Customer]) -> None:
        """Ask about a batch that the job has items of, and record what the provider holds."""
        if not self._wanted or self._job.provider_id is None:
            return
        async with self._context.look() as view:
            places = await view.sync.list_open(self._job.provider_id, [each.id for each in customers])
        by_customer = sorted(places, key=attrgetter("customer_id"))
        grouped = [[*each] for _, each in groupby(by_customer, key=attrgetter("customer_id"))]
        for start in range(0, len(grouped), GROUP):
            if self.trouble is None:
                await self._take(grouped[start : start + GROUP])

    async def _take(self, grouped: Sequence[Sequence[OpenAgreement]]) -> None:
        answers = await self._ask([places[0].customer_id for places in grouped])
        for answer in answers.values():
            self._judge(answer)
        await _keep(self._context, self._job.id, [place for places in grouped for place in places], answers)

    def _judge(self, answer: Sequence[base.Confirmation] | ProviderError) -> None:
        if not isinstance(answer, ProviderError):
            self._unread = 0
            return
        self._unread += 1
        if self._unread >= GROUP:
            self.trouble = f"The customers' acceptances could not be read. {answer}"

    async def _ask(self, customer_ids: Sequence[str]) -> Answers:
        turn = asyncio.Semaphore(CALLS_AT_ONCE)

        async def ask(customer_id: str) -> Sequence[base.Confirmation] | ProviderError:
            async with turn:
                try:
                    return await self._client.list_confirmations(customer_id)
                except CustomerNotVisible:
                    return ()  # just made: it has accepted nothing yet
                except ProviderError as error:
                    return error

        answers = await asyncio.gather(*map(ask, customer_ids))
        return dict(zip(customer_ids, answers, strict=True))


@repeated
async def _keep(context: Context, job_id: UUID, places: Sequence[OpenAgreement], answers: Answers) -> None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        items = {each.key: each for each in await uow.sync.list_items(job_id, answers.keys())}
        for place in places:
            answer, item = answers[place.customer_id], items[place.customer_id]
            if isinstance(answer, ProviderError):
                item.reason = str(answer)
                _revise(job, item, JobItemOutcome.FAILED)
                continue
            recorded = await _record(uow, place, answer)
            if recorded:
                item.agreement_id = item.agreement_id or place.agreement_id
            if item.outcome is JobItemOutcome.FAILED:  # by an earlier walk of this job
                item.reason = None
                _revise(job, item, JobItemOutcome.UNCHANGED)
            if recorded and item.outcome is JobItemOutcome.UNCHANGED:
                _revise(job, item, JobItemOutcome.UPDATED)
        await uow.commit()


async def _record(uow: UnitOfWork, place: OpenAgreement, confirmations: Sequence[base.Confirmation]) -> bool:
    confirmation = confirming.of_terms(confirmations, place.terms)
    agreement = await uow.agreements.get(place.agreement_id) if confirmation else None
    if confirmation is None or agreement is None:
        return False
    return confirming.record(uow, agreement, confirmation, path=AcceptancePath.PROVIDER_IMPORT)


def _revise(job: Job, item: JobItem, outcome: JobItemOutcome) -> None:
    """Correct what an item says, and the job's counts with it."""
    count(job, item.outcome, by=-1)
    item.outcome = outcome
    count(job, outcome)
