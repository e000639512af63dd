"""What is followed: jobs as they go on, agreements as they change, over the schema that is served."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from support.api import Api, gid, gid_of
from support.factories import NOWHERE, SIGNED, a_contract, an_account, an_agreement
from support.followers import count_joined
from support.patience import PATIENCE_SECONDS, until
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from models import Job, JobKind, JobStatus
from repositories.audit import AuditTrail
from resolvers.agreements import (
    accept_agreement,
    deactivate_agreement,
    reactivate_agreement,
    update_agreement,
)
from resolvers.context import Context
from resolvers.jobs import finish_job
from resolvers.tags import tag_agreement, untag_agreement

PROGRESS = "subscription ($id: ID!) { jobProgress(id: $id) { status considered finishedAt } }"
CHANGES = """subscription ($account: ID, $after: String) {
    agreementChanged(accountId: $account, after: $after) {
      sequence type agreement { id status statusReason } } }"""


@asynccontextmanager
async def following(api: Api, query: str, **variables: Any) -> AsyncGenerator[AsyncGenerator[Any, None]]:
    """Subscribe; events are read with `within`."""
    async with aclosing(api.follow(query, **variables)) as results:
        yield results


async def within(results: AsyncGenerator[Any, None], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Give the data of the next event."""
    result = await asyncio.wait_for(anext(results), seconds)
    assert "errors" not in result, result
    return result["data"]


async def a_job(context: Context) -> Job:
    async with context.unit_of_work() as uow:
        job = Job(kind=JobKind.SYNC, requested_at=uow.now, requested_by="local")
        uow.add(job)
        await uow.commit()
    return job


async def progressed(context: Context, job: Job, considered: int) -> None:
    async with context.unit_of_work() as uow:
        stored = await uow.jobs.get(job.id)
        assert stored is not None
        stored.begin(uow.now)
        stored.considered = considered
        await uow.commit()


async def test_a_job_is_shown_as_it_is_then_as_it_changes_until_it_ends(api: Api, context: Context) -> None:
    job = await a_job(context)

    async with following(api, PROGRESS, id=gid(job)) as results:
        queued = await within(results)
        await progressed(context, job, 7)
        running = await within(results)
        await finish_job(context, str(job.id), JobStatus.PARTIAL)
        api.services.signals.ended(job.id)
        ended = await within(results)
        with pytest.raises(StopAsyncIteration):
            await within(results)

    assert queued["jobProgress"] == {"status": "QUEUED", "considered": 0, "finishedAt": None}
    assert running["jobProgress"] == {"status": "RUNNING", "considered": 7, "finishedAt": None}
    assert ended["jobProgress"]["status"] == "PARTIAL"
    assert ended["jobProgress"]["finishedAt"].endswith("Z")


async def test_what_is_no_job_cannot_be_followed(api: Api) -> None:
    for job_id, code in (("x", "BAD_ID"), (gid_of("Job", NOWHERE), "NOT_FOUND")):
        async with following(api, PROGRESS, id=job_id) as results:
            result = await anext(results)
        [error] = result["errors"]
        assert error["extensions"]["code"] == code


async def test_every_change_of_an_accounts_agreements_is_told_by_its_kind(api: Api, context: Context) -> None:
    account = await an_account(context)
    contract = await a_contract(context, account.id)

    async with following(api, CHANGES, account=gid(account)) as results:
        first = asyncio.create_task(within(results))
        await until(lambda: count_joined(api.services.lookouts) == 1)
        agreement = await an_agreement(context, account_id=account.id)
        await an_agreement(context)
        ids = {"agreement_id": agreement.id, "billing_contract_id": contract.id}
        await update_agreement(context, agreement.id, {"description": "x"})
        await tag_agreement(context, **ids)
        await untag_agreement(context, **ids)
        await accept_agreement(context, agreement.id, signed_by=SIGNED["signed_by"])
        await deactivate_agreement(context, agreement.id)
        await reactivate_agreement(context, agreement.id)
        events = [await first, *[await within(results) for _ in range(6)]]

    changes = [event["agreementChanged"] for event in events]
    assert [change["type"] for change in changes] == [
        "CREATED",
        "UPDATED",
        "TAGGED",
        "UNTAGGED",
        "ACCEPTED",
        "DEACTIVATED",
        "REACTIVATED",
    ]
    assert {change["agreement"]["id"] for change in changes} == {gid(agreement)}
    assert changes[-1]["agreement"]["statusReason"] == "ACCEPTED"


async def test_who_comes_back_with_the_last_sequence_misses_nothing(api: Api, context: Context) -> None:
    account = await an_account(context)
    agreement = await an_agreement(context, account_id=account.id)
    start = gid_of("AgreementChange", NOWHERE)  # long ago

    async with following(api, CHANGES, account=gid(account), after=start) as results:
        created = await within(results)
    await deactivate_agreement(context, agreement.id)
    await reactivate_agreement(context, agreement.id)
    after = created["agreementChanged"]["sequence"]
    async with following(api, CHANGES, account=gid(account), after=after) as results:
        later = [(await within(results))["agreementChanged"]["type"] for _ in range(2)]

    assert created["agreementChanged"]["type"] == "CREATED"
    assert later == ["DEACTIVATED", "REACTIVATED"]


async def test_a_sequence_that_was_never_given_is_refused(api: Api) -> None:
    for after in ("", "nonsense", gid_of("Agreement", NOWHERE)):
        async with following(api, CHANGES, after=after) as results:
            result = await anext(results)
        assert result["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_who_follows_is_told_that_the_database_fails(api: Api, database: Database) -> None:
    async with database.turn(), database.writes.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_events RENAME TO audit_events_away"))

    async with following(api, CHANGES) as results:
        result = await asyncio.wait_for(anext(results), PATIENCE_SECONDS)

    [error] = result["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"


async def test_on_postgresql_what_commits_late_is_still_seen(api: Api) -> None:
    """Ids are given before the commit: a watcher looks back as far as a transaction may take."""
    now = uuid7()
    async with api.context.look() as view:
        audit: AuditTrail = view.audit
        settled = audit.settled_before(now)

    if api.services.database.is_sqlite:
        assert settled == now
    else:
        assert (now.int >> 80) - (settled.int >> 80) == 5_000
