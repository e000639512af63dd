"""One partner's day, a provisioning, a sync and an acceptance that is told, lived through with faults."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from support.contexts import Queue, a_context, rows_of
from support.factories import ADA, GRACE, PARTNER_CENTER, an_account
from support.orders import YESTERDAY, an_order
from support.partner_center import There
from support.straight import Configured, Worker
from support.syncing import confirmed_by, tenant
from support.virtual_clock import VirtualClock

from agreements_api.database import Database
from models import DomainError, JobStatus
from providers.partner_center.client import PartnerCenter
from resolvers.agreements import accept_agreement, retry_agreement_push
from resolvers.provisioning import provision_account
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

State = Mapping[str, Sequence[tuple[Any, ...]]]

_STATE = {
    "accounts": "select name, status from accounts order by name",
    "provider accounts": (
        "select p.provider_name, p.domain, p.mapping, p.status, p.missing_since, a.name"
        " from provider_accounts p left join accounts a on a.id = p.account_id order by p.domain"
    ),
    "agreements": (
        "select a.name, g.status, g.status_reason, g.sync_state, g.sync_error, g.executed_on, g.signer_email"
        " from agreements g join accounts a on a.id = g.account_id order by a.name"
    ),
    "acceptances": (
        "select a.name, c.agreed_on, c.email from acceptances c join agreements g on g.id = c.agreement_id"
        " join accounts a on a.id = g.account_id order by a.name"
    ),
}


class Storyline:
    """The partner's books and its side of Partner Center; the wishes are made in order, and again until met.

    One customer has confirmed already, one has accepted by itself, one accepts here, one is provisioned.
    """

    def __init__(self, database: Database, there: There) -> None:
        self._database, self._there = database, there
        self._queue = Queue()
        self._rows = rows_of(database)
        self._providers = Configured()
        self._context = a_context(database, self._queue, providers=self._providers)
        self._worker = Worker(self._context, self._queue, tries=2)
        self._clock = VirtualClock(there)  # a login service out of order is left alone for five seconds

    async def begin(self) -> None:
        """Set the stage, on both sides."""
        for name in ("Confirmed", "Direct", "Told"):
            await an_account(self._context, name=name, domain=f"{name.lower()}.example")
        confirmed, direct, told = (
            tenant(companyName=f"{name} Inc", domain=f"{name.lower()}.example")
            for name in ("Confirmed", "Direct", "Told")
        )
        await self._there.add(
            {**confirmed, "agreements": [confirmed_by(GRACE)]}, {**direct, "directSigned": True}, told
        )

    async def live(self, *, impatient: bool) -> bool:
        """Make every wish once, with a client of its own.

        Args:
            impatient: Whether the client waits half a second for answers, as long as there are faults.

        Returns:
            Whether all of them are met.
        """
        patience = timedelta(seconds=0.5 if impatient else 20)
        connection = replace(
            self._there.connection, timeout=patience, max_attempts=2, first_wait=timedelta(milliseconds=5)
        )
        self._providers.clients[PARTNER_CENTER] = client = PartnerCenter(connection, clock=self._clock)
        try:
            wishes: list[Callable[[], Awaitable[bool]]] = [self._provision, self._sync, self._tell]
            return all([await wish() for wish in wishes])
        finally:
            await client.aclose()

    async def state(self) -> State:
        """Give all that counts, here and there, without ids and times."""
        here = {name: [tuple(row) for row in await self._rows(sql)] for name, sql in _STATE.items()}
        customers = await self._there.customers()
        there = sorted(
            (
                each["companyName"],
                each["domain"],
                each["directSigned"],
                tuple(
                    (agreement["primaryContact"]["email"], agreement["templateId"], agreement["dateAgreed"])
                    for agreement in each["agreements"]
                ),
            )
            for each in customers
        )
        return {**here, "at Partner Center": there}

    async def _provision(self) -> bool:
        request = provision_account(self._context, an_order(), wait_seconds=20, idempotency_key="contoso")
        try:
            result = await self._worker.work_for(asyncio.create_task(request))
        except DomainError:
            return False  # asked again later, under the same key
        return result.refusal is None

    async def _sync(self) -> bool:
        job = await sync_provider_accounts(self._context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
        await self._worker.work()
        async with self._context.look() as view:
            ended = await view.jobs.peek(job.id)
        return ended is not None and ended.status is JobStatus.SUCCEEDED

    async def _tell(self) -> bool:
        """Accept here what Partner Center shall hold, and tell it of whatever it has not taken."""
        for row in await self._agreements("a.name = 'Told' and g.status_reason = 'PENDING'"):
            await accept_agreement(self._context, row, signed_by=ADA, executed_on=YESTERDAY)
        await self._worker.work()
        for row in await self._agreements("g.sync_state in ('PUSH_FAILED', 'TO_PUSH')"):
            await retry_agreement_push(self._context, row)
        await self._worker.work()
        unsettled = await self._agreements("g.sync_state <> 'IN_SYNC'")
        return not unsettled and bool(await self._agreements("a.name = 'Told'"))

    async def _agreements(self, condition: str) -> list[UUID]:
        found = await self._rows(
            "select g.id from agreements g join accounts a on a.id = g.account_id where "  # noqa: S608  # ours
            + condition
        )
        return [UUID(str(row.id)) for row in found]
