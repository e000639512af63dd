"""Off-boarding: what a customer has at its provider is ended piece by piece, and all that is left is told."""

from datetime import UTC, datetime, timedelta

import pytest
from support.factories import CUSTOMER_AGREEMENT, an_agreement
from support.offboarding import FIRST, SECOND, THIRD, a_leaver

from resolvers.jobs import cancel_job

REFUSAL = {"kind": "status", "status": 400, "body": {"code": 900279, "description": "No more updates."}}


@pytest.fixture
async def leaver(context, there):
    return await a_leaver(context, there)


@pytest.fixture
def offboard(leaver, worker):
    """Off-board the customer; gives the answer, the job's status and by key what became of each row."""

    async def run(**values):
        result = await leaver.is_offboarded_by(worker, **values)
        return result, *await leaver.outcome(result.job_id)

    return run


async def test_each_subscription_is_ended_as_its_kind_allows(leaver, offboard):
    ends = datetime.now(UTC) + timedelta(days=100)
    await leaver.buys(
        {"id": FIRST, "creationDate": datetime.now(UTC).isoformat()},
        {"id": SECOND, "commitmentEndDate": ends.isoformat()},
        {"id": THIRD, "kind": "legacy"},
    )

    result, status, rows = await offboard()

    assert (status, result.refusal) == ("SUCCEEDED", None)
    assert rows == {
        FIRST: ("UPDATED", "CANCELLED"),
        SECOND: ("UPDATED", f"NOT_RENEWED, last day {ends.date()}"),
        THIRD: ("UPDATED", "SUSPENDED"),
    }
    statuses = {id_: (status, renews) for id_, (status, renews) in (await leaver.has()).items()}
    assert [statuses[FIRST][0], statuses[SECOND], statuses[THIRD][0]] == [
        "deleted",
        ("active", False),
        "suspended",
    ]


async def test_a_second_run_finds_everything_ended(leaver, offboard):
    await leaver.buys({"id": FIRST, "kind": "legacy"}, {"id": SECOND}, {"id": THIRD, "status": "deleted"})
    await offboard()
    before = await leaver.has()

    _, status, rows = await offboard()

    assert status == "SUCCEEDED"
    assert {key: row[0] for key, row in rows.items()} == dict.fromkeys((FIRST, SECOND, THIRD), "UNCHANGED")
    assert rows[THIRD][1] == "ENDED_BEFORE"
    assert await leaver.has() == before


async def test_additions_are_ended_before_what_they_are_added_to(leaver, offboard, there):
    await leaver.buys(
        {"id": FIRST, "kind": "legacy"}, {"id": SECOND, "kind": "legacy", "parentSubscriptionId": FIRST}
    )
    await there.clear_requests()

    await offboard()

    calls = [each for each in await there.requests() if each["method"] == "PATCH"]
    assert [each["path"].rpartition("/")[2] for each in calls] == [SECOND, FIRST]


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(leaver, offboard):
    await leaver.buys(
        {"id": FIRST, "name": "Power BI Pro", "quantity": 7}, {"id": SECOND, "status": "deleted"}
    )
    before = await leaver.has()

    _, status, rows = await offboard(dry_run=True, remove_relationship=True)

    assert status == "SUCCEEDED"
    assert rows[FIRST][0] == "UPDATED"
    assert rows[FIRST][1].startswith("TO_BE_ENDED: Power BI Pro × 7, term ends 20")  # noqa: RUF001  # as people read it
    assert rows[SECOND] == ("UNCHANGED", "ENDED_BEFORE")
    assert rows[leaver.tenant] == ("UPDATED", "TO_BE_REMOVED: once nothing runs on")
    assert await leaver.has() == before
    assert (await leaver.now()).status == "ACTIVE"


async def test_what_is_refused_keeps_nothing_else_from_being_ended(leaver, offboard, there):
    await leaver.buys({"id": FIRST, "kind": "legacy"}, {"id": SECOND, "kind": "legacy"})
    await there.fault(f"/subscriptions/{FIRST}", REFUSAL, method="PATCH", times=9)

    result, status, rows = await offboard(remove_relationship=True)

    assert (status, result.refusal) == ("PARTIAL", None)
    assert rows[FIRST][0] == "FAILED"
    assert "No more updates." in rows[FIRST][1]
    assert rows[SECOND] == ("UPDATED", "SUSPENDED")
    assert rows[leaver.tenant] == ("SKIPPED", "SUBSCRIPTIONS_REMAIN")
    assert [(await leaver.has())[each][0] for each in (FIRST, SECOND)] == ["active", "suspended"]
    assert len(await there.customers()) == 1


async def test_a_lost_answer_is_asked_for_again_after_the_others(leaver, offboard, there):
    await leaver.buys({"id": FIRST, "kind": "legacy"}, {"id": SECOND, "kind": "legacy"})
    await there.fault(f"/subscriptions/{FIRST}", {"kind": "timeout_after"}, method="PATCH")

    _, status, rows = await offboard()

    assert (status, [*rows.items()]) == (
        "SUCCEEDED",
        [(SECOND, ("UPDATED", "SUSPENDED")), (FIRST, ("UPDATED", "SUSPENDED"))],
    )


async def test_the_relationship_ends_once_nothing_is_left(leaver, offboard, there, rows):
    await leaver.buys({"id": FIRST, "kind": "legacy"})

    result, status, items = await offboard(remove_relationship=True)

    assert (status, items[leaver.tenant]) == ("SUCCEEDED", ("UPDATED", "RELATIONSHIP_REMOVED"))
    assert await there.customers() == []
    assert (await leaver.now()).status == "INACTIVE"
    events = await rows("select type, actor from audit_events where entity = 'ProviderAccount' order by id")
    assert [tuple(each) for each in events][1:] == [("OFFBOARDED", f"job:{result.job_id}")]


async def test_the_relationship_stays_while_a_term_runs_on(leaver, offboard, there):
    await leaver.buys({"id": FIRST})

    _, status, rows = await offboard(remove_relationship=True)

    assert (status, rows[leaver.tenant]) == ("SUCCEEDED", ("SKIPPED", "SUBSCRIPTIONS_REMAIN"))
    assert len(await there.customers()) == 1
    assert (await leaver.now()).status == "ACTIVE"


async def test_a_sync_leaves_an_offboarded_customer_alone_and_says_so(leaver, offboard, sync, there, items):
    await sync()  # one that a sync has seen would be missed otherwise
    await offboard(remove_relationship=True)

    job = await sync()
    assert (job.status, (await leaver.now()).missing_since) == ("SUCCEEDED", None)
    await there.add({"id": leaver.tenant, "companyName": "Back Ltd", "domain": "back.example"})
    job = await sync()

    assert (job.status, job.failed, (await leaver.now()).status) == ("SUCCEEDED", 0, "INACTIVE")
    assert [(await items(each))[leaver.tenant].reason for each in (job, await sync())] == ["OUT_OF_USE"] * 2


async def test_agreements_stay_and_are_named(leaver, offboard, context):
    agreement = await an_agreement(
        context,
        account_id=leaver.place.account_id,
        template_id=CUSTOMER_AGREEMENT,
        provider_account_id=leaver.place.id,
    )

    result, *_ = await offboard(remove_relationship=True)

    assert result.warnings == (f"{agreement.number} is still active; deactivate it if it has ended.",)
    async with context.look() as view:
        assert (await view.agreements.peek(agreement.id)).status == "ACTIVE"


async def test_a_failed_one_goes_on_under_its_key(leaver, offboard, there):
    await leaver.buys({"id": FIRST, "kind": "legacy"})
    await there.fault("/subscriptions/", REFUSAL, method="PATCH", times=9)
    failed, status, rows = await offboard(key="k")
    assert (status, rows[FIRST][0], failed.refusal.code) == ("FAILED", "FAILED", "PROVIDER_REFUSED")
    assert "No more updates." in failed.refusal.message
    await there.clear_faults()

    again, *outcome = await offboard(key="k")

    assert again.job_id == failed.job_id
    assert outcome == ["SUCCEEDED", {FIRST: ("UPDATED", "SUSPENDED")}]
    assert (await offboard(key="k"))[0].job_id == failed.job_id


async def test_one_that_goes_on_ends_the_relationship_that_it_had_to_leave(leaver, offboard, there):
    await leaver.buys({"id": FIRST, "kind": "legacy"})
    await there.fault("/subscriptions/", REFUSAL, method="PATCH", times=9)
    _, status, rows = await offboard(key="k", remove_relationship=True)
    assert (status, rows[leaver.tenant]) == ("FAILED", ("SKIPPED", "SUBSCRIPTIONS_REMAIN"))
    await there.clear_faults()

    _, status, rows = await offboard(key="k", remove_relationship=True)

    assert (status, rows[leaver.tenant]) == ("SUCCEEDED", ("UPDATED", "RELATIONSHIP_REMOVED"))
    assert await there.customers() == []


async def test_a_cancelled_one_ends_nothing_more(leaver, context, worker):
    await leaver.buys({"id": FIRST, "kind": "legacy"})
    begun = await leaver.is_offboarded()
    await cancel_job(context, begun.job_id)

    await worker.work()

    assert await leaver.outcome(begun.job_id) == ("CANCELLED", {})
    assert (await leaver.has())[FIRST][0] == "active"


async def test_a_customer_that_is_none_any_more_is_only_put_out_of_use(leaver, offboard, there, monkeypatch):
    await there.remove(leaver.tenant)
    # What was entered just now may not show yet: the customer is to pass for one entered long ago.
    monkeypatch.setattr("resolvers.offboarding_steps.NEW_CUSTOMERS_SHOW_WITHIN", timedelta(0))

    result, status, rows = await offboard()
    assert (status, rows, result.refusal.code) == ("FAILED", {}, "PROVIDER_REFUSED")
    assert (await leaver.now()).status == "ACTIVE"

    _, status, rows = await offboard(remove_relationship=True)
    assert (status, rows) == ("SUCCEEDED", {leaver.tenant: ("UPDATED", "RELATIONSHIP_REMOVED")})
    assert (await leaver.now()).status == "INACTIVE"
