"""Bringing a subscription to its end, by the rules of how it was bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from providers.base import Ending, EndingKind, Subscription
from providers.clock import Clock
from providers.errors import InputRefused, ProviderUnavailable
from providers.partner_center.connection import Connection
from providers.partner_center.customers import MAYBE_ABSENT, OF_CUSTOMER, of_customer
from providers.partner_center.paging import relative
from providers.partner_center.refusals import Absent
from providers.partner_center.session import Call, Session
from providers.partner_center.subscriptions import Held, Trade, additions_first, held, subscriptions
from providers.record import Malformed
from providers.server_time import retry_after_seconds

MOST_TRIES = 3
"""How often a subscription is read anew because somebody changed it meanwhile."""

MOST_LOOKS = 24
USUAL_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0

_CHANGED_MEANWHILE = "2055"
_ENDED_MEANWHILE = "2011"
_TOO_LATE = frozenset({"900117", "800096", "800040"})
_NEVER_SUSPENDED = frozenset({"800077", "800096"})

_Change = tuple[str, str | bool]
_CANCEL: _Change = ("status", "deleted")
_SUSPEND: _Change = ("status", "suspended")
_LET_LAPSE: _Change = ("autoRenewEnabled", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where to look whether a change has taken effect, and when."""

    path: str
    pause_seconds: float


class Subscriptions:
    """Lists and ends subscriptions, as the application."""

    def __init__(self, session: Session, connection: Connection, clock: Clock) -> None:
        self._session = session
        self._base_url = connection.base_url
        self._clock = clock

    async def all(self, customer_id: str) -> Sequence[Subscription]:
        pages = Call(
            path=f"{of_customer(customer_id)}/subscriptions", read=subscriptions, meaning=OF_CUSTOMER
        )
        found = [each.subscription async for page in self._session.pages(pages) for each in page]
        return additions_first(found)

    async def end(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        """End it in the way that its kind allows, reading it anew after a change by somebody else."""
        path = f"{of_customer(customer_id)}/subscriptions/{quote(subscription_id, safe='')}"
        for _ in range(MOST_TRIES):
            found = await self._read(customer_id, path)
            if found is None or found.has_ended:
                break
            try:
                return await self._end(path, found, request_id)
            except InputRefused as error:
                if error.provider_code == _ENDED_MEANWHILE:
                    break
                if error.provider_code != _CHANGED_MEANWHILE:
                    raise
        else:
            raise ProviderUnavailable("The subscription is being changed by somebody else all the time.")
        return Ending(kind=EndingKind.ENDED_BEFORE)

    async def _end(self, path: str, found: Held, request_id: str) -> Ending:
        if found.cancellable_until is not None and self._session.now() <= found.cancellable_until:
            try:
                await self._change(path, found, _CANCEL, request_id)
                return Ending(kind=EndingKind.CANCELLED)
            except InputRefused as error:
                if error.provider_code not in _TOO_LATE:
                    raise  # otherwise their clock says that the days are over
        if found.trade is Trade.TERM:
            return await self._let_lapse(path, found, request_id)
        try:
            if found.status != "suspended":
                await self._change(path, found, _SUSPEND, request_id)
            return Ending(kind=EndingKind.SUSPENDED)
        except InputRefused as error:
            if error.provider_code not in _NEVER_SUSPENDED:
                raise
            return await self._let_lapse(path, found, request_id)

    async def _let_lapse(self, path: str, found: Held, request_id: str) -> Ending:
        if found.subscription.auto_renews:
            await self._change(path, found, _LET_LAPSE, request_id)
        return Ending(kind=EndingKind.NOT_RENEWED, on=_ahead(found, self._clock.now().date()))

    async def _read(self, customer_id: str, path: str) -> Held | None:
        """Read it; None if a customer that we know has no such subscription any more."""
        try:
            return await self._session.send(Call(path=path, read=held, meaning=MAYBE_ABSENT))
        except Absent:
            look = Call(path=of_customer(customer_id), read=lambda _: None, meaning=OF_CUSTOMER)
            return await self._session.send(look)

    async def _change(self, path: str, found: Held, change: _Change, request_id: str) -> None:
        """Send the whole resource back with a change in it, and wait until it has taken effect."""
        member, value = change
        call: Call[Progress | None] = Call(
            method="PATCH",
            path=path,
            read=lambda _: None,
            deferred=self._progress,
            json=changed(found.resource, member, value),
            headers={"If-Match": f'"{found.etag}"'} if found.etag else {},
            # Another content is another request: under the same id the answer to the first would come back.
            request_id=f"{request_id}:{member}:{value}:{found.etag}",
            meaning=OF_CUSTOMER,
        )
        progress = await self._session.send(call)
        for _ in range(MOST_LOOKS):
            if progress is None:
                return
            await self._clock.sleep(progress.pause_seconds)
            look: Call[Progress | None] = Call(
                path=progress.path, read=lambda _: None, deferred=self._progress
            )
            progress = await self._session.send(look)
        raise ProviderUnavailable("Partner Center has not finished changing the subscription yet.")

    def _progress(self, headers: Mapping[str, str]) -> Progress:
        location = headers.get("location")
        if not location:
            raise Malformed("A change goes on, but where to look is missing.")
        pause = retry_after_seconds(headers, now=self._clock.now())
        return Progress(
            path=relative(location, base_url=self._base_url),
            pause_seconds=min(USUAL_PAUSE_SECONDS if pause is None else pause, LONGEST_PAUSE_SECONDS),
        )


def changed(resource: Mapping[str, object], member: str, value: object) -> Mapping[str, object]:
    """Give the resource with another value of a member, in whichever case it is written."""
    others = {name: kept for name, kept in resource.items() if name.casefold() != member.casefold()}
    return {**others, member: value}


def _ahead(found: Held, today: date) -> date | None:
    last_day = found.subscription.term_ends_on
    return last_day if last_day is not None and last_day >= today else None
