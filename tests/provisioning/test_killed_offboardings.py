"""An off-boarding whose process is killed at any point is gone on with, and nothing is ended twice."""

from support.kill_points import KillPoint
from support.offboarding import FIRST, SECOND, THIRD, a_leaver

LIST = ("GET", "/subscriptions$")
CHANGE = ("PATCH", f"/subscriptions/{SECOND}$")
REMOVE = ("PATCH", "/v1/customers/[^/]+$")


POINTS = [
    # The request itself lists the subscriptions once.
    KillPoint("before it knows what there is", LIST, "timeout_before", skip=1),
    KillPoint("before a subscription is ended", CHANGE, "timeout_before"),
    KillPoint("after a subscription is ended", CHANGE, "timeout_after"),
    KillPoint("before the relationship is ended", REMOVE, "timeout_before"),
    KillPoint("after the relationship is ended", REMOVE, "timeout_after"),
]


async def test_an_offboarding_survives_its_process_at_every_point(program, workers, there, subtests):
    for point in POINTS:
        with subtests.test(point.name):
            leaver = await a_leaver(program.context, there)
            ids = [
                each.replace("0000-4000", f"{POINTS.index(point):04}-4000") for each in (FIRST, SECOND, THIRD)
            ]
            await leaver.buys(*[{"id": each, "kind": "legacy"} for each in ids])
            await point.prepare(there, point.call[1].replace(SECOND, ids[1]))
            begun = await leaver.is_offboarded(remove_relationship=True, key=point.name)
            await point.reached(there)

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
