"""Mutations and subscriptions: what they do is written elsewhere; here their answers come to be fresh."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import strawberry

from graph.binding import binding_of
from graph.dynamic import Declared, Untyped
from graph.fields import read_one
from graph.node import Node


def mutation(
    *, description: str, name: str | None = None
) -> Callable[[Callable[..., Awaitable[Any]]], Declared]:
    """A mutation's field; its payload is read in a snapshot that begins after the resolver has committed.

    The resolver must take `info`. No snapshot stays open while it runs, so it needs no second connection.
    """

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Declared:
        _require_info(resolver)

        @functools.wraps(resolver)
        async def run(*args: Untyped, **kwargs: Untyped) -> Untyped:
            reader = kwargs["info"].context.reader
            await reader.renew()
            try:
                return await resolver(*args, **kwargs)
            finally:
                await reader.renew()

        return strawberry.mutation(run, description=description, name=name)

    return decorate


def subscription(
    *, description: str, name: str | None = None
) -> Callable[[Callable[..., AsyncIterator[Any]]], Declared]:
    """A subscription's field: each event is read in a snapshot of its own; none is open between events.

    The resolver must take `info`. It may yield `X.ref(id)`, which is served as the row it stands for; an
    event whose row is gone, or not visible to the caller, is left out.
    """

    def decorate(resolver: Callable[..., AsyncIterator[Any]]) -> Declared:
        _require_info(resolver)

        @functools.wraps(resolver)
        async def stream(*args: Untyped, **kwargs: Untyped) -> AsyncGenerator[Untyped]:
            info: Untyped = kwargs["info"]
            reader = info.context.reader
            async with aclosing(resolver(*args, **kwargs)) as events:  # type: ignore[type-var]  # a generator, as Strawberry asks
                async for event in events:
                    await reader.renew()
                    served = event
                    if isinstance(event, Node):
                        async with asyncio.timeout(reader.event_seconds):
                            served = await read_one(info, binding_of(type(event)), event.id)
                    if served is not None:
                        yield served
                    await reader.renew()

        return strawberry.subscription(stream, description=description, name=name)

    return decorate


def _require_info(resolver: Callable[..., Any]) -> None:
    if "info" not in inspect.signature(resolver).parameters:
        raise TypeError(f"{resolver.__qualname__} must take `info`.")
