"""Who stands in which terms, and how it came to that: the plan of all agreements of the sample data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random

from agreements_api.demo.companies import Company, companies
from agreements_api.demo.tenants import Tenant, tenants_of
from agreements_api.demo.terms import (
    CLOUD_1,
    CUSTOMER_1,
    EMEA_1,
    RESALE_1,
    RESALE_2,
    SERVICES_1,
    SERVICES_2,
    Terms,
)
from models import AcceptancePath, AgreementOrigin, AgreementStatusReason, Contact, SyncState

_SEED = 20260105
_FOR_THE_TOUR = range(277, 300)
"""These companies stand in nothing yet, so that somebody who tries things out finds them untouched."""


@dataclass(frozen=True)
class Fate:
    """What becomes of an agreement.

    Attributes:
        path: How the customer accepted; None if it never did.
        ends: How it ended; None if it is active.
        replaces: Accepting it supersedes the customer's agreement in the version before.
    """

    origin: AgreementOrigin
    path: AcceptancePath | None = None
    sync_state: SyncState = SyncState.NOT_APPLICABLE
    ends: AgreementStatusReason | None = None
    replaces: bool = False


@dataclass(frozen=True)
class Stand:
    """One agreement to be; `executed_on` and `signer` are used as far as its fate has a use for them."""

    terms: Terms
    company: Company
    tenant: Tenant | None
    fate: Fate
    executed_on: date
    signer: Contact

    @property
    def is_held_by_provider(self) -> bool:
        """Partner Center has a confirmation of it."""
        return self.tenant is not None and self.fate.sync_state is SyncState.IN_SYNC


_Origin, _Path, _Sync, _End = AgreementOrigin, AcceptancePath, SyncState, AgreementStatusReason

IMPORTED = Fate(_Origin.SYNC, _Path.PROVIDER_IMPORT, _Sync.IN_SYNC)
DIRECT = Fate(_Origin.SYNC, _Path.DIRECT_AT_VENDOR, _Sync.IN_SYNC)
PROVISIONED = Fate(_Origin.PROVISIONING, _Path.PROVISIONING, _Sync.IN_SYNC)
PUSHED = Fate(_Origin.MANUAL, _Path.PARTNER_ATTESTATION, _Sync.IN_SYNC)
NOT_PUSHED = Fate(_Origin.MANUAL, _Path.PARTNER_ATTESTATION, _Sync.PUSH_FAILED)
NOT_CONFIRMED = Fate(_Origin.PROVISIONING, None, _Sync.PUSH_FAILED)
AWAITED = Fate(_Origin.PROVISIONING, None, _Sync.AWAITING_CUSTOMER)
OPENED_BY_SYNC = Fate(_Origin.SYNC)
OPENED_IN_BULK = Fate(_Origin.BULK)
ENDED_IMPORT = Fate(_Origin.SYNC, _Path.PROVIDER_IMPORT, _Sync.IN_SYNC, _End.DEACTIVATED)
WITHDRAWN_SYNC = Fate(_Origin.SYNC, None, ends=_End.WITHDRAWN)
SIGNED = Fate(_Origin.MANUAL, _Path.RECORDED_BY_HAND)
SIGNED_ANEW = Fate(_Origin.MANUAL, _Path.RECORDED_BY_HAND, replaces=True)
SENT_OUT = Fate(_Origin.MANUAL)
ENDED = Fate(_Origin.MANUAL, _Path.RECORDED_BY_HAND, ends=_End.DEACTIVATED)
WITHDRAWN = Fate(_Origin.MANUAL, None, ends=_End.WITHDRAWN)
EXPIRED = Fate(_Origin.MANUAL, None, ends=_End.EXPIRED)
SUPERSEDED = Fate(_Origin.MANUAL, _Path.RECORDED_BY_HAND, ends=_End.SUPERSEDED)

_Days = tuple[date, date]
_AT_MICROSOFT: Sequence[tuple[Terms, _Days, Sequence[tuple[Fate, int]]]] = (
    (
        CUSTOMER_1,
        (date(2023, 2, 1), date(2025, 12, 31)),
        (
            (IMPORTED, 50), (PROVISIONED, 30), (DIRECT, 12), (PUSHED, 8), (NOT_PUSHED, 4), (NOT_CONFIRMED, 2),
            (AWAITED, 2), (OPENED_BY_SYNC, 21), (OPENED_IN_BULK, 15), (ENDED_IMPORT, 8), (WITHDRAWN_SYNC, 6),
        ),
    ),
    (CLOUD_1, (date(2018, 1, 1), date(2021, 12, 31)), ((ENDED_IMPORT, 40), (IMPORTED, 20))),
    (
        EMEA_1,
        (date(2023, 2, 1), date(2025, 12, 31)),
        (
            (IMPORTED, 35), (DIRECT, 20), (AWAITED, 10), (NOT_CONFIRMED, 2), (OPENED_IN_BULK, 5),
            (ENDED_IMPORT, 3), (WITHDRAWN_SYNC, 3),
        ),
    ),
)  # fmt: skip
_BY_HAND: Sequence[tuple[Terms, int, _Days, Sequence[tuple[Fate, int]]]] = (
    # The number is where in the shuffled list of customers the first one stands: who signs anew had signed.
    (
        SERVICES_1, 0, (date(2023, 1, 10), date(2025, 11, 30)),
        ((SUPERSEDED, 60), (SIGNED, 40), (EXPIRED, 20), (WITHDRAWN, 10)),
    ),
    (
        SERVICES_2, 0, (date(2026, 1, 10), date(2026, 2, 20)),
        ((SIGNED_ANEW, 60),),
    ),
    (
        SERVICES_2, 130, (date(2026, 1, 10), date(2026, 2, 8)),
        ((SENT_OUT, 50), (SIGNED, 30)),
    ),
    (RESALE_1, 100, (date(2021, 3, 1), date(2024, 12, 31)), ((SUPERSEDED, 30), (ENDED, 20))),
    (RESALE_2, 100, (date(2025, 6, 1), date(2026, 2, 20)), ((SIGNED_ANEW, 30),)),
    (RESALE_2, 150, (date(2025, 6, 1), date(2026, 2, 8)), ((SENT_OUT, 40), (SIGNED, 15))),
)  # fmt: skip


@cache
def stands() -> Sequence[Stand]:
    """All agreements to be; the same at every call and on every machine."""
    random = Random(_SEED)  # noqa: S311 -- sample data
    return [*_at_microsoft(random), *_by_hand(random)]


def _at_microsoft(random: Random) -> Iterator[Stand]:
    for terms, days, plan in _AT_MICROSOFT:
        assert terms.partner is not None  # noqa: S101 -- the table above says so
        candidates = [each for each in tenants_of(terms.partner) if not each.is_paused and not each.is_closed]
        random.shuffle(candidates)
        for tenant, fate in zip(candidates, _fates(plan), strict=False):
            if tenant.company is not None:
                yield _stand(random, terms, tenant.company, tenant, fate, days)


def _by_hand(random: Random) -> Iterator[Stand]:
    customers = [each for each in companies() if each.number not in _FOR_THE_TOUR]
    random.shuffle(customers)
    for terms, first, days, plan in _BY_HAND:
        for company, fate in zip(customers[first:], _fates(plan), strict=False):
            yield _stand(random, terms, company, None, fate, days)


def _fates(plan: Sequence[tuple[Fate, int]]) -> Iterator[Fate]:
    return (fate for fate, count in plan for _ in range(count))


def _stand(  # noqa: PLR0913, PLR0917 -- what a stand is made of
    random: Random, terms: Terms, company: Company, tenant: Tenant | None, fate: Fate, days: _Days
) -> Stand:
    first, last = days
    executed_on = first + timedelta(days=random.randrange((last - first).days + 1))
    return Stand(terms, company, tenant, fate, executed_on, random.choice(company.people))
