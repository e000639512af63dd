"""An off-boarding whose process is killed at any point is gone on with, and nothing is ended twice."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from support.jobs import until
from support.offboarding import FIRST, SECOND, THIRD, a_leaver
from support.partner_center import There
from support.provider_process import killable_workers

LIST = ("GET", "/subscriptions$")
CHANGE = ("PATCH", f"/subscriptions/{SECOND}$")
REMOVE = ("PATCH", "/v1/customers/[^/]+$")


@dataclass(frozen=True)
class Point:
    """Where a worker is killed: while it waits for the answer to this call, which took effect or did not."""

    name: str
    call: tuple[str, str]
    kind: str
    skip: int = 0


POINTS = [
    # The request itself lists the subscriptions once.
    Point("before it knows what there is", LIST, "timeout_before", skip=1),
    Point("before a subscription is ended", CHANGE, "timeout_before"),
    Point("after a subscription is ended", CHANGE, "timeout_after"),
    Point("before the relationship is ended", REMOVE, "timeout_before"),
    Point("after the relationship is ended", REMOVE, "timeout_after"),
]


@pytest.fixture
async def workers(database_url, there):
    patient = replace(there.connection, timeout=timedelta(seconds=10))
    async with killable_workers(database_url, patient) as started:
        yield started


async def test_an_offboarding_survives_its_process_at_every_point(program, workers, there, subtests):
    for point in POINTS:
        with subtests.test(point.name):
            leaver = await a_leaver(program.context, there)
            ids = [
                each.replace("0000-4000", f"{POINTS.index(point):04}-4000") for each in (FIRST, SECOND, THIRD)
            ]
            await leaver.buys(*[{"id": each, "kind": "legacy"} for each in ids])
            method, path = point.call
            await there.clear_requests()
            await there.fault(
                path.replace(SECOND, ids[1]), {"kind": point.kind}, method=method, skip=point.skip
            )
            begun = await leaver.is_offboarded(remove_relationship=True, key=point.name)
            await until(lambda: _is_held(there, point))  # noqa: B023  # awaited before the next turn

            await workers.kill()
            await workers.start()

            job = await program.ended(begun.job_id)
            assert (job.status, job.error) == ("SUCCEEDED", None)
            assert (await leaver.outcome(job.id))[1] == {
                **dict.fromkeys(ids, ("UPDATED", "SUSPENDED")),
                leaver.tenant: ("UPDATED", "RELATIONSHIP_REMOVED"),
            }
            assert (await leaver.now()).status == "INACTIVE"
            assert leaver.tenant not in {each["id"] for each in await there.customers()}
            again = await leaver.is_offboarded(remove_relationship=True, key=point.name)
            assert (again.job_id, again.refusal) == (begun.job_id, None)


async def _is_held(there: There, point: Point) -> bool:
    return any(each["fault"] == point.kind for each in await there.requests())
