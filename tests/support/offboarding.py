"""A customer of a simulated partner who is about to leave, and how one looks at what becomes of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from support.factories import PARTNER_CENTER, a_provider_account, an_account
from support.partner_center import There
from support.straight import Worker

from models import ProviderAccount
from resolvers.context import Context
from resolvers.offboarding import OffboardProviderAccount, OffboardResult, offboard_provider_account

FIRST, SECOND, THIRD = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
"""Ids of subscriptions."""
LONG_AGO = (datetime.now(UTC) - timedelta(days=90)).isoformat()


@dataclass(frozen=True)
class Leaver:
    """The customer there and here."""

    context: Context
    there: There
    place: ProviderAccount

    @property
    def tenant(self) -> str:
        return self.place.provider_specific_id

    async def buys(self, *subscriptions: dict[str, Any]) -> None:
        """Let it have subscriptions; without more, they are of the new commerce, past the first days."""
        usual = {"kind": "nce", "creationDate": LONG_AGO}
        sold = [{**usual, **each} for each in subscriptions]
        await self.there.add_subscriptions(self.there.partner.tenant_id, self.tenant, *sold)

    async def has(self) -> dict[str, tuple[str, bool]]:
        """By subscription, its status at the provider and whether it renews itself."""
        found = await self.there.subscriptions(self.there.partner.tenant_id, self.tenant)
        return {each["id"]: (each["status"], each["autoRenewEnabled"]) for each in found}

    async def is_offboarded(
        self, *, key: str | None = None, wait_seconds: float = 0, **values: Any
    ) -> OffboardResult:
        command = OffboardProviderAccount(provider_account_id=self.place.id, **values)
        return await offboard_provider_account(
            self.context, command, wait_seconds=wait_seconds, idempotency_key=key
        )

    async def is_offboarded_by(self, worker: Worker, **values: Any) -> OffboardResult:
        """Ask for it and do the work meanwhile."""
        return await worker.work_for(asyncio.create_task(self.is_offboarded(wait_seconds=20, **values)))

    async def outcome(self, job_id: UUID) -> tuple[str, dict[str, tuple[str, str | None]]]:
        """How a job ended: its status, and by key the outcome and the reason of each row."""
        async with self.context.look() as view:
            job = await view.jobs.peek(job_id)
            items = await view.jobs.list_items(job_id)
        assert job is not None
        assert job.considered == len(items) == job.updated + job.unchanged + job.skipped + job.failed
        return job.status.value, {each.key: (each.outcome.value, each.reason) for each in items}

    async def now(self) -> ProviderAccount:
        """The provider account as it is here now."""
        async with self.context.look() as view:
            place = await view.provider_accounts.peek(self.place.id)
        assert place is not None
        return place


async def a_leaver(context: Context, there: There) -> Leaver:
    tenant = str(uuid4())
    await there.add({"id": tenant, "companyName": "Leaving Ltd", "domain": f"{tenant}.example"})
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id, provider_specific_id=tenant)
    return Leaver(context, there, place)
