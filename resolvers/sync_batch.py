"""What a sync makes of some customers that a provider lists: known, matched, and asked to agree."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from models import (
    Account,
    Agreement,
    AgreementOrigin,
    Job,
    JobItemOutcome,
    Provider,
    ProviderAccount,
    ProviderAccountMapping,
    ProviderAccountStatus,
)
from providers import base
from repositories import UnitOfWork
from repositories.places import Place
from resolvers.mail_domains import PUBLIC_MAIL_DOMAINS
from resolvers.openings import newest_in_force, open_missing_agreements
from resolvers.operations import require
from resolvers.sync_items import Finding
from resolvers.sync_reading import require_syncable

NO_MATCH = "NO_MATCH"
AMBIGUOUS_MATCH = "AMBIGUOUS_MATCH"
OUT_OF_USE = "OUT_OF_USE"
"""Why nothing is done for a customer that came back after off-boarding, until a person takes it up again."""


async def take_customers(
    uow: UnitOfWork, job: Job, customers: Sequence[base.Customer], *, seen_at: datetime
) -> list[Finding]:
    """Enter the customers as provider accounts, match those that are unmapped, open their agreements.

    Everything is added to the transaction and flushed. Repeating it changes nothing. A customer about which
    there is nothing to do is not loaded.

    Args:
        uow: The transaction.
        job: The sync.
        customers: At most a few hundred, each once.
        seen_at: When they were listed.

    Raises:
        DomainError: PROVIDER_INACTIVE, PROVIDER_NOT_AUTOMATIC: somebody has put it out of use meanwhile.
    """
    if not customers or job.provider_id is None:
        return []
    provider = require(await uow.providers.peek(job.provider_id), "provider")
    require_syncable(provider)
    by_id = {each.id: each for each in customers}
    listed = await uow.places.list_by_keys(provider.id, by_id.keys())
    same = [each for each in listed if not _differs(each, by_id[each.key])]
    reasons, left = await _sift(uow, provider, same)
    known = {each.key for each in listed}
    quiet = {each.key for each in same} - left
    loaded = await _loaded(uow, provider.id, known - quiet)
    changed = {key for each in loaded if _refresh(each, by_id[key := each.provider_specific_id])}
    new = [_entered(uow, provider.id, each) for each in customers if each.id not in known]
    findings = await _settle(uow, provider, [*loaded, *new], known=known, changed=changed)
    await uow.places.touch([*(each.id for each in listed), *(each.id for each in new)], seen_at)
    out_of_use = {each.key for each in listed if not each.is_active}
    return [
        replace(each, reason=OUT_OF_USE) if each.key in out_of_use else each
        for each in (*findings, *_unchanged(same, reasons, left))
    ]


async def revisit(uow: UnitOfWork, job: Job, places: Sequence[Place]) -> list[Finding]:
    """Match and open what has become possible since, for provider accounts that did not change there.

    Returns:
        What became of those for which anything was done.

    Raises:
        DomainError: As `take_customers`.
    """
    if not places or job.provider_id is None:
        return []
    provider = require(await uow.providers.peek(job.provider_id), "provider")
    require_syncable(provider)
    _, left = await _sift(uow, provider, places)
    loaded = await _loaded(uow, provider.id, left)
    known = {each.key for each in places}
    findings = await _settle(uow, provider, loaded, known=known, changed=set())
    return [each for each in findings if each.outcome is not JobItemOutcome.UNCHANGED]


async def _loaded(uow: UnitOfWork, provider_id: UUID, keys: Collection[str]) -> Sequence[ProviderAccount]:
    return await uow.places.list_for_change(provider_id, keys) if keys else ()


async def _settle(
    uow: UnitOfWork,
    provider: Provider,
    places: Sequence[ProviderAccount],
    *,
    known: set[str],
    changed: set[str],
) -> Iterable[Finding]:
    if not places:
        return ()
    reasons, mapped = await _match(uow, [each for each in places if _is_to_be_matched(each)])
    await uow.flush()
    opened = await open_missing_agreements(
        uow, provider, places, today=uow.now.date(), origin=AgreementOrigin.SYNC
    )
    await uow.flush()
    return _findings(places, opened, reasons, known=known, changed=changed | mapped)


def _differs(place: Place, customer: base.Customer) -> bool:
    domain = (customer.domain or "").strip().casefold()
    return (
        place.name != customer.name
        or place.missing_since is not None
        or (bool(domain) and place.domain != domain)
    )


async def _sift(
    uow: UnitOfWork, provider: Provider, places: Sequence[Place]
) -> tuple[Mapping[str, str], set[str]]:
    """Tell for which provider accounts there is something to do.

    Returns:
        Why those that stay unmapped do, and those that can be matched or may lack an agreement, by the
        provider's own id.
    """
    taking = [each for each in places if each.takes_part]
    unmapped = [each for each in taking if each.account_id is None]
    owners = await uow.sync.list_owners(_domains(unmapped))
    reasons = {
        each.key: reason for each in unmapped if (reason := _reason(owners.get(each.domain or "", set())))
    }
    left = {each.key for each in unmapped if each.key not in reasons}
    mapped = [each for each in taking if each.account_id is not None]
    terms = await newest_in_force(uow, provider, today=uow.now.date()) if mapped else []
    if terms:
        template_ids = [each.id for each in terms]
        ids = [each.id for each in mapped]
        had = await uow.agreements.list_places(provider_account_ids=ids, template_ids=template_ids)
        left |= {each.key for each in mapped if any((each.id, term) not in had for term in template_ids)}
    return reasons, left


def _domains(places: Iterable[Place | ProviderAccount]) -> set[str]:
    return {each.domain for each in places if each.domain and each.domain not in PUBLIC_MAIL_DOMAINS}


def _reason(candidates: set[UUID]) -> str | None:
    if len(candidates) == 1:
        return None
    return AMBIGUOUS_MATCH if candidates else NO_MATCH


def _unchanged(places: Sequence[Place], reasons: Mapping[str, str], left: set[str]) -> Iterable[Finding]:
    for each in places:
        if each.key not in left:
            yield Finding(
                key=each.key,
                outcome=JobItemOutcome.UNCHANGED,
                reason=reasons.get(each.key),
                provider_account_id=each.id,
            )


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
    owners = await uow.sync.list_owners(_domains(places))
    accounts = await _accounts(uow, owners.values())
    reasons: dict[str, str] = {}
    mapped: set[str] = set()
    for place in places:
        candidates = owners.get(place.domain or "", set())
        reason = _reason(candidates)
        if reason is not None:
            reasons[place.provider_specific_id] = reason
            continue
        place.map_to(accounts[next(iter(candidates))], ProviderAccountMapping.AUTO)
        mapped.add(place.provider_specific_id)
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
