"""What ends with time: agreements not accepted before their template expired, and idempotency keys."""

from datetime import timedelta

from resolvers.context import Context

CHUNK_SIZE = 200
KEYS_LAST = timedelta(days=7)


async def expire_agreements(context: Context) -> int:
    """End the pending agreements whose template has expired; accepted ones stay.

    Returns:
        How many there were; running it again finds none.
    """
    expired = 0
    while True:
        async with context.unit_of_work() as uow:
            agreements = await uow.agreements.list_pending_expired(today=context.today(), limit=CHUNK_SIZE)
            for agreement in agreements:
                agreement.expire(on=context.today())
            await uow.commit()
        expired += len(agreements)
        if len(agreements) < CHUNK_SIZE:
            return expired


async def forget_idempotency_keys(context: Context) -> int:
    """Forget the keys of mutations that nobody repeats any more.

    Returns:
        How many there were.
    """
    async with context.unit_of_work() as uow:
        forgotten = await uow.idempotency.forget_before(uow.now - KEYS_LAST)
        await uow.commit()
    return forgotten
