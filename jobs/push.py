"""The workflow that tells a provider of an acceptance."""

from jobs.work import Work
from providers.errors import ProviderUnavailable
from resolvers import push as steps


async def push(work: Work, agreement_id: str) -> None:
    try:
        await work.step_until_answered(steps.push_agreement, agreement_id)
    except ProviderUnavailable as error:
        await work.step(steps.give_up, agreement_id, str(error))
