"""The workflow of off-boarding: each subscription for itself, then the relationship."""

from jobs.work import Work
from providers.errors import ProviderUnavailable
from resolvers import offboarding_steps as steps


async def offboard(work: Work, job_id: str) -> None:
    try:
        subscriptions = await work.step_until_answered(steps.list_subscriptions, job_id)
    except ProviderUnavailable as error:
        await work.step(steps.give_up, job_id, str(error))
        return
    for each in await _end(work, job_id, subscriptions):
        try:
            await work.step_until_answered(steps.end_subscription, job_id, each)
        except ProviderUnavailable as error:
            await work.step(steps.note_failure, job_id, each, str(error))
    try:
        await work.step_until_answered(steps.remove_relationship, job_id)
    except ProviderUnavailable as error:
        await work.step(steps.note_relationship_failure, job_id, str(error))
    await work.step(steps.finish, job_id)


async def _end(work: Work, job_id: str, subscriptions: list[str]) -> list[str]:
    """End one after the other.

    Returns:
        Those that the provider gave no answer for: they keep none of the others waiting.
    """
    unanswered: list[str] = []
    for each in subscriptions:
        try:
            await work.step(steps.end_subscription, job_id, each)
        except ProviderUnavailable:
            unanswered.append(each)
    return unanswered
