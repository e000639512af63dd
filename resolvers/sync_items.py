"""What a sync says of each customer that it came by: one item a customer, whatever became of it how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models import Job, JobItem, JobItemOutcome
from repositories import UnitOfWork
from repositories.bulk import Item

_RANK = {JobItemOutcome.CREATED: 2, JobItemOutcome.UPDATED: 1}


@dataclass(frozen=True)
class Finding:
    """What became of one customer.

    Attributes:
        key: The provider's own id of it.
        reason: Why it is unmapped, missing or failed, if it is.
        agreement_id: The first agreement that was opened for it, or accepted.
        known: Whether the provider account was there before.
    """

    key: str
    outcome: JobItemOutcome
    reason: str | None = None
    provider_account_id: UUID | None = None
    agreement_id: UUID | None = None
    known: bool = True


async def note(uow: UnitOfWork, job: Job, findings: Sequence[Finding]) -> None:
    """Make the items, and the job's counts with them.

    Of a customer that has an item already, by an earlier walk of this job or by this one, the item tells the
    most that was done, and why it is now as it is.
    """
    known = {item.key: item for item in await uow.sync.list_items(job.id, [each.key for each in findings])}
    new = [each for each in findings if each.key not in known]
    await uow.bulk.add_items(
        job.id,
        [
            Item(each.key, each.outcome, each.reason, each.agreement_id, each.provider_account_id)
            for each in new
        ],
    )
    for each in new:
        count(job, each.outcome)
    job.considered += len(new)
    for each in findings:
        if each.key in known:
            _revise(job, known[each.key], each)


def _revise(job: Job, item: JobItem, finding: Finding) -> None:
    outcome = finding.outcome
    if outcome is not JobItemOutcome.FAILED and _RANK.get(item.outcome, 0) > _RANK.get(outcome, 0):
        outcome = item.outcome
    if outcome is not item.outcome:
        count(job, item.outcome, by=-1)
        count(job, outcome)
        item.outcome = outcome
    item.reason = finding.reason
    item.agreement_id = item.agreement_id or finding.agreement_id
    item.provider_account_id = item.provider_account_id or finding.provider_account_id


def count(job: Job, outcome: JobItemOutcome, *, by: int = 1) -> None:
    """Keep the job's count of an outcome."""
    name = outcome.value.lower()
    setattr(job, name, getattr(job, name) + by)
