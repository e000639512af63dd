"""Where following begins: each event is served as things are when it is sent."""

from collections.abc import AsyncIterator, Generator
from contextlib import aclosing, contextmanager
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

import graph
from graph import reference
from models import AgreementEvent
from resolvers.errors import NotFound
from resolvers.lookouts import LookingFailed
from resolvers.watching import watch_agreements, watch_job
from schema.context import Info
from schema.inputs.fields import given
from schema.types.agreement import Agreement
from schema.types.job import Job

graph.enum(
    AgreementEvent,
    "What happened to an agreement.",
    name="AgreementChangeType",
    CREATED="It was recorded.",
    UPDATED="Something about it changed.",
    ACCEPTED="The customer has accepted.",
    DEACTIVATED="It ended.",
    REACTIVATED="It was brought back.",
    TAGGED="It was put on a billing contract.",
    UNTAGGED="It was taken off a billing contract.",
)


@strawberry.type(description="That something happened to an agreement.")
class AgreementChange:
    sequence: str = strawberry.field(
        description="Where the change stands among all changes: give the last one seen as `after` to go "
        "on from there."
    )
    type: AgreementEvent = strawberry.field(description="What happened.")
    agreement: Agreement = reference(
        description="The agreement as it is now, which may be later than the change."
    )


@strawberry.type(description="Follows what happens.")
class Subscription:
    @graph.subscription(description="A job as it is, then whenever it has changed, until it has ended.")
    async def job_progress(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id of the job.")],
    ) -> AsyncIterator[Job]:
        job_id = graph.decode_id(id, "Job")
        with _coded():
            async with aclosing(watch_job(info.context.resolvers, job_id)) as jobs:
                async for job in jobs:
                    yield Job.ref(job.id)

    @graph.subscription(
        description="What happens to agreements. Every change is sent at least once: treat one that you "
        "know as known."
    )
    async def agreement_changed(
        self,
        info: Info,
        account_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only agreements of this account; null means all."),
        ] = UNSET,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="Sequence of the last change seen: what happened since comes first. "
                "Without it only what happens from now on comes."
            ),
        ] = UNSET,
    ) -> AsyncIterator[AgreementChange]:
        account, place = given(account_id), given(after)
        events = watch_agreements(
            info.context.resolvers,
            account_id=None if account is None else graph.decode_id(account, "Account"),
            after=None if place is None else _event_id(place),
        )
        with _coded():
            async with aclosing(events):
                async for event in events:
                    yield AgreementChange(
                        sequence=graph.encode_id("AgreementChange", event.id),
                        type=event.type,
                        agreement=Agreement.ref(event.agreement_id),
                    )


@contextmanager
def _coded() -> Generator[None]:
    try:
        yield
    except NotFound as error:
        raise graph.CodedError(error.message, code=error.code) from error
    except LookingFailed as error:
        raise graph.CodedError(str(error), code="UNAVAILABLE") from error


def _event_id(sequence: str) -> UUID:
    try:
        return graph.parse_id(sequence, "AgreementChange")
    except ValueError as error:
        raise graph.CodedError("«after» is not a sequence that was given here.", code="BAD_CURSOR") from error
