"""The same request sent twice at once, and a job that breaks down: nothing is left in the air."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from support.orders import an_order

from resolvers.context import Context
from resolvers.jobs import fail_job
from resolvers.provisioning import provision_account
from resolvers.provisioning_steps import make_customer


@dataclass(frozen=True)
class Overtaken(Context):
    """A caller whose first look at the database is followed at once by what somebody else does."""

    meanwhile: list = field(default_factory=list)

    @asynccontextmanager
    async def look(self):
        async with super().look() as view:
            yield view
        while self.meanwhile:
            await self.meanwhile.pop()()


async def test_a_twin_that_was_quicker_is_answered_for_and_not_in_the_way(context, worker, rows):
    async def twin():
        await worker.work_for(
            asyncio.create_task(provision_account(context, an_order(), wait_seconds=20, idempotency_key="k"))
        )

    inherited = {name: getattr(context, name) for name in Context.__dataclass_fields__}
    slower = Overtaken(**inherited, meanwhile=[twin])
    result = await provision_account(slower, an_order(), wait_seconds=0, idempotency_key="k")

    (job,) = await rows("select id, agreement_id from jobs")
    assert (result.job_id, result.agreement_id) == (UUID(str(job.id)), UUID(str(job.agreement_id)))
    assert result.refusal is None


async def test_a_job_that_breaks_down_leaves_its_agreement_to_be_pushed_again(context, rows):
    result = await provision_account(context, an_order(), wait_seconds=0)
    await make_customer(context.acting_as("job"), str(result.job_id), "")
    assert [tuple(row) for row in await rows("select sync_state from agreements")] == [("TO_PUSH",)]

    await fail_job(context, str(result.job_id), "Internal error.")

    (agreement,) = await rows("select sync_state, sync_error from agreements")
    assert tuple(agreement) == ("PUSH_FAILED", "Internal error.")
