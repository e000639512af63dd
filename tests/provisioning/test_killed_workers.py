"""A provisioning whose process is killed at any point is gone on with, and nothing is made twice."""

from uuid import uuid4

from support.factories import PARTNER_CENTER
from support.jobs import Program
from support.kill_points import KillPoint
from support.orders import an_order, contoso
from support.partner_center import There

from resolvers.provisioning import provision_account
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

SEARCH = ("GET", r"/v1/customers\?")
CREATE = ("POST", "/v1/customers$")
LOOK = ("GET", "/v1/customers/[^/]+/agreements")
CONFIRM = ("POST", "/v1/customers/[^/]+/agreements$")


POINTS = [
    KillPoint("before it looks for the customer", SEARCH, "timeout_before"),
    KillPoint("before the customer is made", CREATE, "timeout_before"),
    KillPoint("after the customer is made", CREATE, "timeout_after"),
    KillPoint("after the customer is recorded", LOOK, "timeout_before"),
    KillPoint("before the agreement is confirmed", CONFIRM, "timeout_before"),
    KillPoint("after the agreement is confirmed", CONFIRM, "timeout_after"),
    KillPoint("before the confirmation is read back", LOOK, "timeout_before", skip=1),
]


async def test_a_provisioning_survives_its_process_at_every_point(program, workers, there, subtests):
    for number, point in enumerate(POINTS):
        with subtests.test(point.name):
            order = an_order(
                new_account=contoso(name=f"Contoso {number}", domain=None),
                domain=f"contoso{number}.onmicrosoft.com",
            )
            await point.prepare(there)
            begun = await provision_account(
                program.context, order, wait_seconds=0, idempotency_key=point.name
            )
            await point.reached(there)

            await workers.kill()
            await workers.start()

            job = await program.ended(begun.job_id)
            assert (job.status, job.error) == ("SUCCEEDED", None)
            await _exists_once(program, there, order.domain)
            again = await provision_account(program.context, order, idempotency_key=point.name)
            assert (again.job_id, again.credentials, again.refusal) == (begun.job_id, None, None)
            await _exists_once(program, there, order.domain)


async def test_a_sync_survives_its_process_and_counts_everybody_once(program, workers, there):
    await there.settings(maxPageSize=2)
    await there.add(
        *[{"id": str(uuid4()), "companyName": f"T{n}", "domain": f"t{n}.example"} for n in range(6)]
    )
    second_page = KillPoint("before the second page", ("GET", "/v1/customers$"), "timeout_before", skip=1)
    await second_page.prepare(there)
    begun = await sync_provider_accounts(program.context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    await second_page.reached(there)

    await workers.kill()
    await workers.start()

    job = await program.ended(begun.id)
    assert (job.status, job.considered, job.created, job.failed) == ("SUCCEEDED", 6, 6, 0)
    assert len(await program.rows("select id from provider_accounts")) == 6
    assert await program.rows("select id from provider_accounts where missing_since is not null") == []


async def _exists_once(program: Program, there: There, domain: str) -> None:
    customers = [each for each in await there.customers() if each["domain"] == domain]
    assert len(customers) == 1
    assert len(customers[0]["agreements"]) == 1
    (place,) = await program.rows("select * from provider_accounts where domain = :domain", domain=domain)
    assert place.provider_specific_id == customers[0]["id"]
    (agreement,) = await program.rows("select * from agreements where provider_account_id = :id", id=place.id)
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")
    acceptances = await program.rows("select * from acceptances where agreement_id = :id", id=agreement.id)
    assert len(acceptances) == 1
