"""The course of events in the sample data: how each agreement came to stand as it does."""

from collections.abc import Iterable
from datetime import UTC, datetime

from agreements_api.demo.books import PERSON, SYNCED_AT, Books, close_places, enter_places
from agreements_api.demo.ids import Kind, demo_id
from agreements_api.demo.stands import SIGNED, Stand, stands
from agreements_api.demo.tenants import Partner, Tenant, tenants
from agreements_api.demo.terms import SERVICES_2
from models import (
    AcceptancePath,
    AcceptanceRequest,
    AcceptanceRequestStatus,
    AccountStatus,
    Agreement,
    AgreementOrigin,
    AgreementStatusReason,
    Job,
    JobItem,
    JobItemOutcome,
    JobKind,
    JobStatus,
    ProviderAccountMapping,
    SyncState,
)
from repositories import UnitOfWork

PROVISIONED_AT = datetime(2026, 1, 19, 14, tzinfo=UTC)
BULK_AT = datetime(2026, 2, 3, 13, tzinfo=UTC)
BY_HAND_AT = datetime(2026, 2, 9, 9, tzinfo=UTC)
EXPIRED_AT = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
SIGNED_ANEW_AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
ENDED_AT = datetime(2026, 3, 20, 11, tzinfo=UTC)

_NOT_CONFIRMED = "Partner Center was not reached for 24 hours."
_INACTIVE_ACCOUNTS = (7, 61, 97, 127, 197, 221, 277, 278, 279, 298)
_NO_MATCH, _AMBIGUOUS = "NO_MATCH", "AMBIGUOUS_MATCH"


async def provision(books: Books, acceptance_url: str) -> None:
    """Provision customers, before the first sync: some are confirmed, some wait for the customer."""
    mine = _of(AgreementOrigin.PROVISIONING)
    async with books.write(PROVISIONED_AT) as uow:
        provisioned = [stand.tenant for _, stand in mine if stand.tenant is not None]
        enter_places(books, uow, provisioned, ProviderAccountMapping.PROVISIONED)
        await uow.flush()
        for agreement, stand in await _open(books, uow, mine):
            if stand.fate.path is not None:
                _accept(uow, agreement, stand)
                continue
            agreement.executed_on, agreement.signed_by = stand.executed_on, stand.signer
            agreement.sync_state = stand.fate.sync_state
            if stand.fate.sync_state is SyncState.AWAITING_CUSTOMER:
                agreement.acceptance_request = AcceptanceRequest(acceptance_url, AcceptanceRequestStatus.OPEN)
            else:
                agreement.sync_error = _NOT_CONFIRMED


async def sync(books: Books, partner: Partner) -> None:
    """Run a partner's first sync: what it knows of accepted agreements is taken over, others are opened."""
    mine = [each for each in _of(AgreementOrigin.SYNC) if each[1].terms.partner is partner]
    found = [each for each in tenants() if each.partner is partner and each.known]
    job = _job(JobKind.SYNC, partner, SYNCED_AT, len(found))
    async with books.write(SYNCED_AT, actor=f"job:{job.id}") as uow:
        new = [each for each in found if each.number not in books.places]
        enter_places(books, uow, new, ProviderAccountMapping.AUTO)
        provider = await uow.providers.get(partner.provider_id)
        if provider is not None:
            provider.last_synced_at = SYNCED_AT
        await uow.flush()
        opened: dict[int, Agreement] = {}
        for agreement, stand in await _open(books, uow, mine):
            if stand.tenant is not None:
                opened[stand.tenant.number] = agreement
            if stand.fate.path is not None:
                _accept(uow, agreement, stand)
        uow.add(job)
        await uow.flush()
        uow.add(*(_item(job, each, opened.get(each.number), _reason(each)) for each in found))


async def create_in_bulk(books: Books, partner: Partner) -> None:
    """Open agreements by a bulk creation, which leaves signer and dates empty."""
    mine = [each for each in _of(AgreementOrigin.BULK) if each[1].terms.partner is partner]
    job = _job(JobKind.BULK_CREATE, partner, BULK_AT, len(mine))
    async with books.write(BULK_AT, actor=f"job:{job.id}") as uow:
        uow.add(job)
        made = await _open(books, uow, mine)
        await uow.flush()
        uow.add(*(_item(job, stand.tenant, agreement) for agreement, stand in made if stand.tenant))


async def create_by_hand(books: Books) -> None:
    """Enter agreements by hand; most were signed before they were entered."""
    mine = [each for each in _of(AgreementOrigin.MANUAL) if not each[1].fate.replaces]
    async with books.write(BY_HAND_AT) as uow:
        for agreement, stand in await _open(books, uow, mine):
            agreement.created_on = stand.executed_on
            if stand.fate.path is not None and not _signs_later(stand):
                _accept(uow, agreement, stand)
            elif stand.company.number % 2:
                agreement.signed_by = stand.signer


async def expire(books: Books) -> None:
    """End what was still pending when its terms expired."""
    async with books.write(EXPIRED_AT, actor="job:daily") as uow:
        for agreement, _ in _ending(books, AgreementStatusReason.EXPIRED):
            uow.add(agreement)
            agreement.expire(on=EXPIRED_AT.date())


async def sign_anew(books: Books) -> None:
    """Let customers accept what was sent to them, and newer versions of what they had accepted."""
    mine = [each for each in _of(AgreementOrigin.MANUAL) if each[1].fate.replaces]
    older = {
        (stand.terms.id, stand.company.number): agreement
        for agreement, stand in _ending(books, AgreementStatusReason.SUPERSEDED)
    }
    async with books.write(SIGNED_ANEW_AT) as uow:
        for number, stand in filter(lambda each: _signs_later(each[1]), _of(AgreementOrigin.MANUAL)):
            uow.add(books.agreements[number])
            _accept(uow, books.agreements[number], stand)
        for agreement, stand in await _open(books, uow, mine):
            _accept(uow, agreement, stand)
            if stand.terms.supersedes is not None:
                old = older[stand.terms.supersedes.id, stand.company.number]
                uow.add(old)
                old.supersede(on=SIGNED_ANEW_AT.date(), by=agreement)


async def end(books: Books) -> None:
    """Deactivate agreements and accounts, close tenants: the customers that left."""
    on = ENDED_AT.date()
    async with books.write(ENDED_AT) as uow:
        for reason, why in (
            (AgreementStatusReason.DEACTIVATED, "The customer cancelled its services."),
            (AgreementStatusReason.WITHDRAWN, "Opened by mistake."),
        ):
            for agreement, _ in _ending(books, reason):
                uow.add(agreement)
                agreement.deactivate(on=on, today=on, reason=why)
        for number in _INACTIVE_ACCOUNTS:
            account = books.accounts[number]
            uow.add(account)
            account.status = AccountStatus.INACTIVE
    await close_places(books, ENDED_AT.replace(day=21))


def _signs_later(stand: Stand) -> bool:
    """Its signed copy came after it had been entered."""
    return stand.fate is SIGNED and stand.terms is SERVICES_2


Numbered = tuple[int, Stand]


def _of(origin: AgreementOrigin) -> list[Numbered]:
    return [each for each in enumerate(stands()) if each[1].fate.origin is origin]


def _ending(books: Books, reason: AgreementStatusReason) -> list[tuple[Agreement, Stand]]:
    ending = [each for each in enumerate(stands()) if each[1].fate.ends is reason]
    return [(books.agreements[number], stand) for number, stand in ending]


async def _open(books: Books, uow: UnitOfWork, mine: Iterable[Numbered]) -> list[tuple[Agreement, Stand]]:
    wanted = list(mine)
    serials = await uow.agreements.take_serials(len(wanted))
    opened: list[tuple[Agreement, Stand]] = []
    for serial, (number, stand) in zip(serials, wanted, strict=True):
        agreement = Agreement.pending(
            serial=serial,
            account=books.accounts[stand.company.number],
            template=books.templates[stand.terms.id],
            provider_account=books.places[stand.tenant.number] if stand.tenant else None,
            origin=stand.fate.origin,
        )
        agreement.id = demo_id(Kind.AGREEMENT, serial)
        books.agreements[number] = agreement
        opened.append((agreement, stand))
    uow.add(*(agreement for agreement, _ in opened))
    return opened


def _accept(uow: UnitOfWork, agreement: Agreement, stand: Stand) -> None:
    path = stand.fate.path
    if path is None:
        return
    direct = path is AcceptancePath.DIRECT_AT_VENDOR
    acceptance = agreement.accept(
        path=path,
        contact=None if direct else stand.signer,
        agreed_on=uow.now.date() if direct else stand.executed_on,
        by=uow.actor,
        now=uow.now,
    )
    if acceptance is not None:
        uow.add(acceptance)
    agreement.sync_state = stand.fate.sync_state
    if agreement.sync_state is SyncState.PUSH_FAILED:
        agreement.sync_error = _NOT_CONFIRMED


def _job(kind: JobKind, partner: Partner, at: datetime, count: int) -> Job:
    number = 2 * list(Partner).index(partner) + (kind is JobKind.BULK_CREATE)
    return Job(
        id=demo_id(Kind.JOB, number),
        kind=kind,
        status=JobStatus.SUCCEEDED,
        considered=count,
        created=count,
        requested_at=at,
        requested_by=PERSON,
        started_at=at,
        finished_at=at.replace(minute=1),
        provider_id=partner.provider_id,
    )


def _item(job: Job, tenant: Tenant, agreement: Agreement | None, reason: str | None = None) -> JobItem:
    return JobItem(
        job_id=job.id,
        key=tenant.customer_id,
        outcome=JobItemOutcome.CREATED,
        reason=reason,
        agreement_id=agreement.id if agreement else None,
        provider_account_id=tenant.id,
    )


def _reason(tenant: Tenant) -> str | None:
    if tenant.company is not None:
        return None
    return _NO_MATCH if tenant.is_strangers else _AMBIGUOUS
