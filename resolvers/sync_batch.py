"""What a sync makes of some customers that a provider lists: known, matched, and asked to agree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models import (
    Account,
    Agreement,
    AgreementOrigin,
    Job,
    JobItemOutcome,
    ProviderAccount,
    ProviderAccountMapping,
    ProviderAccountStatus,
)
from providers import base
from repositories import UnitOfWork
from resolvers.mail_domains import PUBLIC_MAIL_DOMAINS
from resolvers.openings import open_missing_agreements
from resolvers.operations import require

NO_MATCH = "NO_MATCH"
AMBIGUOUS_MATCH = "AMBIGUOUS_MATCH"


@dataclass(frozen=True)
class Finding:
    """What became of one customer.

    Attributes:
        key: The provider's own id of it.
        reason: Why it is unmapped or missing, if it is.
        agreement_id: The first agreement that was opened for it.
        known: Whether the provider account was there before.
    """

    key: str
    outcome: JobItemOutcome
    reason: str | None = None
    provider_account_id: UUID | None = None
    agreement_id: UUID | None = None
    known: bool = True


async def take_customers(uow: UnitOfWork, job: Job, customers: Sequence[base.Customer]) -> list[Finding]:
    """Enter the customers as provider accounts, match those that are unmapped, open their agreements.

    Everything is added to the transaction and flushed. Repeating it changes nothing.

    Args:
        uow: The transaction.
        job: The sync.
        customers: At most a few hundred, each once.
    """
    if not customers or job.provider_id is None:
        return []
    provider = require(await uow.providers.peek(job.provider_id), "provider")
    ids = [each.id for each in customers]
    known = {
        each.provider_specific_id: each for each in await uow.sync.list_by_specific_ids(provider.id, ids)
    }
    changed = {each.id for each in customers if each.id in known and _refresh(known[each.id], each)}
    places = [known.get(each.id) or _entered(uow, provider.id, each) for each in customers]
    reasons, mapped = await _match(uow, [each for each in places if _is_to_be_matched(each)])
    await uow.flush()
    opened = await open_missing_agreements(
        uow, provider, places, today=uow.now.date(), origin=AgreementOrigin.SYNC
    )
    await uow.flush()
    await uow.sync.touch([each.id for each in places], uow.now)
    return list(_findings(places, opened, reasons, known=known.keys(), changed=changed | mapped))


def count(job: Job, outcome: JobItemOutcome, *, by: int = 1) -> None:
    """Keep the job's count of an outcome."""
    name = outcome.value.lower()
    setattr(job, name, getattr(job, name) + by)


def _refresh(place: ProviderAccount, customer: base.Customer) -> bool:
    """Take over name and domain; a customer that is listed again is missing no more."""
    before = place.provider_name, place.domain, place.missing_since
    place.provider_name, place.domain, place.missing_since = (
        customer.name,
        customer.domain or place.domain,
        None,
    )
    return before != (place.provider_name, place.domain, place.missing_since)


def _entered(uow: UnitOfWork, provider_id: UUID, customer: base.Customer) -> ProviderAccount:
    place = ProviderAccount(
        provider_id=provider_id,
        provider_specific_id=customer.id,
        provider_name=customer.name,
        domain=customer.domain,
        mapping=ProviderAccountMapping.UNMAPPED,
        sync_enabled=True,
        status=ProviderAccountStatus.ACTIVE,
    )
    uow.add(place)
    return place


def _is_to_be_matched(place: ProviderAccount) -> bool:
    return place.account_id is None and place.sync_enabled and place.status is ProviderAccountStatus.ACTIVE


async def _match(uow: UnitOfWork, places: Sequence[ProviderAccount]) -> tuple[Mapping[str, str], set[str]]:
    """Map each to the one active account that uses its domain.

    Returns:
        Why the others stay unmapped, and which were mapped, both by the provider's own id.
    """
    domains = {each.domain for each in places if each.domain and each.domain not in PUBLIC_MAIL_DOMAINS}
    owners = await uow.sync.list_owners(domains)
    accounts = await _accounts(uow, owners.values())
    reasons: dict[str, str] = {}
    mapped: set[str] = set()
    for place in places:
        candidates = owners.get(place.domain or "", set())
        if len(candidates) == 1:
            place.map_to(accounts[next(iter(candidates))], ProviderAccountMapping.AUTO)
            mapped.add(place.provider_specific_id)
        else:
            reasons[place.provider_specific_id] = AMBIGUOUS_MATCH if candidates else NO_MATCH
    return reasons, mapped


async def _accounts(uow: UnitOfWork, owners: Iterable[set[UUID]]) -> dict[UUID, Account]:
    ids = {next(iter(each)) for each in owners if len(each) == 1}
    return {each.id: each for each in await uow.accounts.list_by_ids(ids)} if ids else {}


def _findings(
    places: Sequence[ProviderAccount],
    opened: Sequence[Agreement],
    reasons: Mapping[str, str],
    *,
    known: Iterable[str],
    changed: set[str],
) -> Iterable[Finding]:
    first = {each.provider_account_id: each.id for each in reversed(opened)}
    before = frozenset(known)
    for place in places:
        key = place.provider_specific_id
        made = key not in before or place.id in first
        outcome = JobItemOutcome.UPDATED if key in changed else JobItemOutcome.UNCHANGED
        yield Finding(
            key=key,
            outcome=JobItemOutcome.CREATED if made else outcome,
            reason=reasons.get(key),
            provider_account_id=place.id,
            agreement_id=first.get(place.id),
            known=key in before,
        )
