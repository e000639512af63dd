"""The part of a sync that asks which agreements the provider's customers have accepted there."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from models import AcceptancePath, Agreement, Job, JobItemOutcome
from providers import base
from providers.errors import CustomerNotVisible, ProviderError
from repositories import UnitOfWork
from repositories.sync import OpenAgreement
from resolvers import confirming
from resolvers.context import Context
from resolvers.operations import repeated, require
from resolvers.sync_items import Finding, note
from resolvers.sync_reading import require_syncable

CALLS_AT_ONCE = 4
"""Of a provider that answers in a third of a second, all that a partner may make in a minute."""

GROUP = 25
"""So many customers in a row of whom nothing can be read show that asking about more is of no use."""

PAGE = 200

Answers = Mapping[str, Sequence[base.Confirmation] | ProviderError]


class Import:
    """Takes over the provider's confirmations, batch by batch.

    Only customers with an agreement on which the provider's word is awaited are asked about.

    Args:
        context: Acts as the job.
        client: The provider.
        job: The sync.
        wanted: Whether to ask at all; a dry run, and a provider that gives no confirmations, ask for none.

    Attributes:
        trouble: Why the provider is asked no more, once it has answered for nobody of `GROUP` customers in a
            row. Fewer than that are their own trouble, of which their items tell.
    """

    def __init__(self, context: Context, client: base.Provider, job: Job, *, wanted: bool) -> None:
        self._context, self._client, self._job = context, client, job
        self._wanted = wanted
        self.trouble: str | None = None
        self._unread = 0  # customers in a row

    async def take_all(self) -> None:
        """Ask about every customer with an open agreement that is not missing, until asked to stop.

        Raises:
            DomainError: PROVIDER_INACTIVE, PROVIDER_NOT_AUTOMATIC: somebody has put it out of use meanwhile.
        """
        after = None
        while self._wanted and self.trouble is None and self._job.provider_id is not None:
            async with self._context.look() as view:
                job = require(await view.jobs.peek(self._job.id), "job")
                require_syncable(require(await view.providers.peek(self._job.provider_id), "provider"))
                customers = await view.sync.list_open_customers(
                    self._job.provider_id, after=after, limit=PAGE
                )
            if not customers or job.cancel_requested_at is not None:
                return
            after = customers[-1][0]
            await self.take([customer_id for _, customer_id in customers])

    async def take(self, customer_ids: Sequence[str]) -> None:
        """Ask about these customers, at most a few hundred, and record what the provider holds."""
        if not self._wanted or self._job.provider_id is None:
            return
        async with self._context.look() as view:
            places = await view.sync.list_open(self._job.provider_id, customer_ids)
        asked = _asked(places)
        answers: dict[str, Sequence[base.Confirmation] | ProviderError] = {}
        for start in range(0, len(asked), GROUP):
            if self.trouble is None:
                answers |= await self._ask(asked[start : start + GROUP])
        if answers:
            heard = [each for each in places if each.customer_id in answers]
            await _keep(self._context, self._job.id, heard, answers)

    async def _ask(self, asked: Sequence[tuple[str, date]]) -> Answers:
        turn = asyncio.Semaphore(CALLS_AT_ONCE)

        async def ask(customer_id: str, enough_since: date) -> Sequence[base.Confirmation] | ProviderError:
            async with turn:
                try:
                    return await self._client.list_confirmations(customer_id, enough_since=enough_since)
                except CustomerNotVisible:
                    return ()  # just made: it has accepted nothing yet
                except ProviderError as error:
                    return error

        answers = await asyncio.gather(*(ask(*each) for each in asked))
        for answer in answers:
            self._judge(answer)
        return dict(zip((customer_id for customer_id, _ in asked), answers, strict=True))

    def _judge(self, answer: Sequence[base.Confirmation] | ProviderError) -> None:
        if not isinstance(answer, ProviderError):
            self._unread = 0
            return
        self._unread += 1
        if self._unread >= GROUP:
            self.trouble = f"The customers' acceptances could not be read. {answer}"


def _asked(places: Sequence[OpenAgreement]) -> Sequence[tuple[str, date]]:
    """Name each customer, and since when the partner's confirmation can be of all that is open for it."""
    since: dict[str, date] = {}
    for each in places:
        since[each.customer_id] = max(since.get(each.customer_id, date.min), each.terms.since or date.min)
    return [*since.items()]


@repeated
async def _keep(context: Context, job_id: UUID, places: Sequence[OpenAgreement], answers: Answers) -> None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        found = {each.agreement_id: each for each in places if _chosen(answers, each) is not None}
        agreements = await uow.agreements.list_for_change(found.keys()) if found else ()
        recorded = {each.id for each in agreements if _record(uow, each, answers, found[each.id])}
        failed = await uow.sync.list_failed_keys(job_id, answers.keys())
        findings = [
            each
            for customer_id, its in groupby(
                sorted(places, key=attrgetter("customer_id")), key=attrgetter("customer_id")
            )
            if (each := _finding(answers[customer_id], [*its], recorded, failed)) is not None
        ]
        await note(uow, job, findings)
        await uow.commit()


def _chosen(answers: Answers, place: OpenAgreement) -> base.Confirmation | None:
    answer = answers[place.customer_id]
    return None if isinstance(answer, ProviderError) else confirming.of_terms(answer, place.terms)


def _record(uow: UnitOfWork, agreement: Agreement, answers: Answers, place: OpenAgreement) -> bool:
    confirmation = _chosen(answers, place)
    return confirmation is not None and confirming.record(
        uow, agreement, confirmation, path=AcceptancePath.PROVIDER_IMPORT
    )


def _finding(
    answer: Sequence[base.Confirmation] | ProviderError,
    places: Sequence[OpenAgreement],
    recorded: set[UUID],
    failed: set[str],
) -> Finding | None:
    """Say what became of a customer; None if nothing did."""
    key, place_id = places[0].customer_id, places[0].provider_account_id
    if isinstance(answer, ProviderError):
        return Finding(key, JobItemOutcome.FAILED, str(answer), place_id)
    accepted = [each.agreement_id for each in places if each.agreement_id in recorded]
    if accepted:
        return Finding(key, JobItemOutcome.UPDATED, None, place_id, accepted[0])
    # One that an earlier walk of this job could not read has been read now.
    return Finding(key, JobItemOutcome.UNCHANGED, None, place_id) if key in failed else None
