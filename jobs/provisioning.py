"""The workflow of provisioning: the customer, then its agreement."""

from jobs.work import Work
from providers.errors import ProviderUnavailable
from resolvers import provisioning_steps as steps


async def provision(work: Work, job_id: str, public_key: str = "") -> None:
    try:
        if await work.step_until_answered(steps.make_customer, job_id, public_key):
            await work.step_until_answered(steps.confirm_agreement, job_id)
    except ProviderUnavailable as error:
        await work.step(steps.give_up, job_id, str(error))
