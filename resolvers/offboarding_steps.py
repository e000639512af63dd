"""The work of an off-boarding, step by step: each looks before it acts, and may be done again.

What became of a subscription is an item of the job, written when the provider has answered: a step that is
done again finds it. Between the answer and the item a crash may fall; ending again what is ended is harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from models import ErrorCode, Job, JobItem, JobItemOutcome, JobStatus, ProviderAccount
from providers import base
from providers.base import Ending, EndingKind, Subscription, SubscriptionStatus
from providers.errors import AdministratorNeeded, CustomerNotVisible, ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from resolvers.context import Context
from resolvers.jobs import stop_if_asked
from resolvers.operations import repeated, require

ENDED, TO_BE_ENDED = "ENDED", "TO_BE_ENDED"
RELATIONSHIP_REMOVED, TO_BE_REMOVED = "RELATIONSHIP_REMOVED", "TO_BE_REMOVED"
SUBSCRIPTIONS_REMAIN = "SUBSCRIPTIONS_REMAIN"
_RUNNING, _RENEWING = "running", "renewing"
_STOPPED = frozenset({SubscriptionStatus.ENDED, SubscriptionStatus.SUSPENDED})
UNKNOWN_CUSTOMER = "The provider does not know this customer: nothing was ended."
NEW_CUSTOMERS_SHOW_WITHIN = timedelta(hours=1)
"""A customer that was entered longer ago and cannot be read is no customer of the partner's any more."""


@dataclass(frozen=True)
class _Case:
    """The job under way, and whom it is about."""

    job: Job
    place: ProviderAccount

    @property
    def customer_id(self) -> str:
        return self.place.provider_specific_id

    @property
    def removes_relationship(self) -> bool:
        return bool(self.job.arguments["remove_relationship"])

    def request_id(self, step: str) -> str:
        """The idempotency key of a call: the same after a crash, another one once a failed job goes on."""
        return str(uuid5(self.job.id, f"{step}:{self.job.attempt}"))


async def list_subscriptions(context: Context, job_id: str) -> list[str]:
    """Step 1: learn what there is to be ended; a dry run ends here, with an item for each.

    Returns:
        Ids of the subscriptions, additions before what they are added to; none if the job has ended.

    Raises:
        ProviderUnavailable: No usable answer; repeat later.
    """
    case = await _begin(context, job_id)
    if case is None:
        return []
    try:
        client = await context.providers.get(case.place.provider_id)
        found = await list_or_none(context, client, case.place)
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        await _fail(context, case.job.id, str(error), ErrorCode.PROVIDER_REFUSED)
        return []
    if found is None and not case.removes_relationship:
        await _fail(context, case.job.id, UNKNOWN_CUSTOMER, ErrorCode.PROVIDER_REFUSED)
        return []
    found = found or ()
    await _keep_plan(context, case, found)
    return [] if case.job.dry_run else [each.id for each in found]


async def list_or_none(
    context: Context, client: base.Provider, place: ProviderAccount
) -> Sequence[Subscription] | None:
    """Give what the customer has; None if it is no customer of the partner's any more.

    Raises:
        ProviderError: As `list_subscriptions`, of one that still is a customer or has just become one.
    """
    try:
        return await client.list_subscriptions(place.provider_specific_id)
    except (CustomerNotVisible, AdministratorNeeded):
        is_new = context.now() - place.created_at < NEW_CUSTOMERS_SHOW_WITHIN
        if is_new or await client.get_customer(place.provider_specific_id) is not None:
            raise
    return None


async def end_subscription(context: Context, job_id: str, subscription_id: str) -> None:
    """Step 2, for each: bring a subscription to the earliest end that its kind allows.

    Raises:
        ProviderUnavailable: No usable answer; repeat later.
    """
    case = await _begin(context, job_id, unless_done=subscription_id)
    if case is None:
        return
    try:
        client = await context.providers.get(case.place.provider_id)
        ending = await client.end_subscription(
            case.customer_id, subscription_id, request_id=case.request_id(subscription_id)
        )
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        await note_failure(context, job_id, subscription_id, str(error))
        return
    outcome, reason = _outcome(ending, case, subscription_id)
    await _note(context, case.job.id, subscription_id, outcome, reason)


async def remove_relationship(context: Context, job_id: str) -> None:
    """Step 3, if it was asked for: end the relationship, unless something is left that stands against it.

    Raises:
        ProviderUnavailable: No usable answer; repeat later.
    """
    case = await _begin(context, job_id)
    if case is None or not case.removes_relationship or case.job.dry_run:
        return
    async with context.look() as view:
        items = await view.jobs.list_items(case.job.id)
    if any(each.key == case.customer_id for each in items):
        return
    if any(_remains(each) for each in items):
        await _note(context, case.job.id, case.customer_id, JobItemOutcome.SKIPPED, SUBSCRIPTIONS_REMAIN)
        return
    try:
        client = await context.providers.get(case.place.provider_id)
        await client.remove_customer(case.customer_id, request_id=case.request_id("relationship"))
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        await note_failure(context, job_id, case.customer_id, str(error))
        return
    await _leave(context, case.job.id)


@repeated
async def finish(context: Context, job_id: str) -> None:
    """Step 4: say how it ended; what failed beside something that was done is a partial success."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(UUID(job_id)), "job")
        if not stop_if_asked(job, uow):
            await _finish(uow, job)
        await uow.commit()


async def note_failure(context: Context, job_id: str, key: str, message: str) -> None:
    """Record that a row went wrong; the others are gone on with."""
    await _note(context, UUID(job_id), key, JobItemOutcome.FAILED, message)


async def note_relationship_failure(context: Context, job_id: str, message: str) -> None:
    """Record that the relationship could not be ended."""
    case = await _begin(context, job_id)
    if case is not None:
        await note_failure(context, job_id, case.customer_id, message)


async def give_up(context: Context, job_id: str, message: str) -> None:
    """End an off-boarding whose provider gave no usable answer for too long; it can be gone on with."""
    await _fail(context, UUID(job_id), message, ErrorCode.PROVIDER_UNAVAILABLE)


@repeated
async def _begin(context: Context, job_id: str, *, unless_done: str | None = None) -> _Case | None:
    """Say that the work is under way, unless it has ended, is to stop here, or has dealt with this row."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(UUID(job_id)), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            job.begin(uow.now)
        place = await uow.provider_accounts.peek(job.provider_account_id) if job.provider_account_id else None
        done = unless_done is not None and await uow.jobs.get_item(job.id, unless_done) is not None
        await uow.commit()
    return None if ended or done else _Case(job, require(place, "provider account"))


def _outcome(ending: Ending, case: _Case, subscription_id: str) -> tuple[JobItemOutcome, str]:
    """Tell what this job did from what was so before it, whichever of its steps lost the answer."""
    was_running = subscription_id in case.job.arguments[_RUNNING]
    did = {
        EndingKind.CANCELLED: True,
        EndingKind.SUSPENDED: was_running,
        EndingKind.NOT_RENEWED: subscription_id in case.job.arguments[_RENEWING],
        EndingKind.ENDED_BEFORE: was_running,
    }[ending.kind]
    reason = ENDED if did and ending.kind is EndingKind.ENDED_BEFORE else ending.kind.value
    if ending.on is not None:
        reason += f", last day {ending.on}"
    return JobItemOutcome.UPDATED if did else JobItemOutcome.UNCHANGED, reason


def _remains(item: JobItem) -> bool:
    """Whether a row leaves something that is in force."""
    return item.outcome is JobItemOutcome.FAILED or (item.reason or "").startswith(EndingKind.NOT_RENEWED)


@repeated
async def _keep_plan(context: Context, case: _Case, found: Sequence[Subscription]) -> None:
    """Keep how the subscriptions stood when the job began; for a dry run, that is all it does."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(case.job.id), "job")
        if job.is_finished:
            return
        if _RUNNING not in job.arguments:
            job.arguments = {
                **job.arguments,
                _RUNNING: [each.id for each in found if each.status not in _STOPPED],
                _RENEWING: [each.id for each in found if each.auto_renews],
            }
        if job.dry_run:
            _plan(uow, case, job, found)
            job.finish(JobStatus.SUCCEEDED, uow.now)
        await uow.commit()


def _plan(uow: UnitOfWork, case: _Case, job: Job, found: Sequence[Subscription]) -> None:
    for each in found:
        if each.status is SubscriptionStatus.ENDED:
            _add(uow, job, each.id, JobItemOutcome.UNCHANGED, EndingKind.ENDED_BEFORE.value)
        else:
            _add(uow, job, each.id, JobItemOutcome.UPDATED, f"{TO_BE_ENDED}: {_described(each)}")
    if case.removes_relationship:
        _add(uow, job, case.customer_id, JobItemOutcome.UPDATED, f"{TO_BE_REMOVED}: once nothing runs on")


def _described(each: Subscription) -> str:
    term = f", term ends {each.term_ends_on}" if each.term_ends_on else ""
    return f"{each.name} × {each.quantity}{term}"  # noqa: RUF001  # the sign that people read


@repeated
async def _note(context: Context, job_id: UUID, key: str, outcome: JobItemOutcome, reason: str) -> None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        if await uow.jobs.get_item(job_id, key) is None:
            _add(uow, job, key, outcome, reason)
            await uow.commit()


def _add(uow: UnitOfWork, job: Job, key: str, outcome: JobItemOutcome, reason: str) -> None:
    counter = outcome.value.lower()
    setattr(job, counter, getattr(job, counter) + 1)
    job.considered += 1
    uow.add(
        JobItem(
            job_id=job.id,
            key=key,
            outcome=outcome,
            reason=reason,
            provider_account_id=job.provider_account_id,
        )
    )


@repeated
async def _leave(context: Context, job_id: UUID) -> None:
    """Put the provider account out of use, now that its customer is none any more."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        place_id = require(job.provider_account_id, "provider account")
        place = require(await uow.provider_accounts.get(place_id), "provider account")
        place.leave()
        if await uow.jobs.get_item(job_id, place.provider_specific_id) is None:
            _add(uow, job, place.provider_specific_id, JobItemOutcome.UPDATED, RELATIONSHIP_REMOVED)
        await uow.commit()


async def _finish(uow: UnitOfWork, job: Job) -> None:
    if not job.failed:
        job.finish(JobStatus.SUCCEEDED, uow.now)
    elif job.updated or job.unchanged:
        job.finish(JobStatus.PARTIAL, uow.now)
    else:
        failed = [each for each in await uow.jobs.list_items(job.id) if each.reason]
        job.finish(JobStatus.FAILED, uow.now, failed[0].reason, ErrorCode.PROVIDER_REFUSED)


@repeated
async def _fail(context: Context, job_id: UUID, message: str, code: ErrorCode) -> None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        job.finish(JobStatus.FAILED, uow.now, message, code)
        await uow.commit()
