"""What Partner Center tells unasked: asking for it, and reading it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from providers.base import Notification
from providers.clock import Clock
from providers.errors import InputRefused, Unsupported
from providers.partner_center.connection import Connection
from providers.partner_center.customers import MAYBE_ABSENT
from providers.partner_center.refusals import Absent
from providers.partner_center.session import Call, Session
from providers.partner_center.signatures import Signatures
from providers.record import Malformed, Record, identifier, parse

TEST = "test-created"
EVENTS = (
    "reseller-relationship-accepted-by-customer",
    "indirect-reseller-relationship-accepted-by-customer",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "dap-admin-relationship-terminated-by-microsoft",
    "subscription-updated",
    TEST,
)
"""What is asked for, as far as the service offers it."""

_OF_RELATIONSHIP = re.compile(r"reseller-relationship|dap-admin-relationship|^customer-")
_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_CUSTOMER = re.compile(rf"/customers/({_GUID})(?:/|$)", re.IGNORECASE)


class Webhooks:
    """The one registration that a partner has, and what comes to its address."""

    def __init__(self, session: Session, connection: Connection, clock: Clock) -> None:
        self._session = session
        self._root = f"{connection.base_url.rstrip('/')}/webhooks/v1/registration"
        self._signatures = Signatures(connection, clock)

    async def subscribe(self, url: str) -> None:
        """Register an address, in place of an earlier one; the service would tell of it in clear otherwise.

        Raises:
            InputRefused: The address is not of https, or the service does not take it.
        """
        if not url.lower().startswith("https://") and not self._signatures.on_this_machine:
            raise InputRefused("Notifications are received over https only.")
        offered = await self._session.send(Call(path=f"{self._root}/events", read=names))
        wanted = [event for event in EVENTS if event in offered]
        if not wanted:
            raise Unsupported("Partner Center offers no notification that matters here.")
        registered = await self._registered()
        if registered == (url, frozenset(wanted)):
            return
        await self._session.send(
            Call(
                method="POST" if registered is None else "PUT",
                path=self._root,
                read=registration,
                json={"WebhookUrl": url, "WebhookEvents": wanted},
            )
        )

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """Read a callback once it is proved to be Microsoft's."""
        await self._signatures.check(headers, body)
        try:
            return notification(parse(body))
        except Malformed as error:
            raise InputRefused(f"The notification cannot be read: {error}") from error

    async def aclose(self) -> None:
        await self._signatures.aclose()

    async def _registered(self) -> tuple[str, frozenset[str]] | None:
        try:
            return await self._session.send(Call(path=self._root, read=registration, meaning=MAYBE_ABSENT))
        except Absent:
            return None


def registration(body: object) -> tuple[str, frozenset[str]] | None:
    """Read where notifications of which events go; None if there is no registration."""
    record = Record({} if body is None else body)
    url = record.text("WebhookUrl")
    return None if url is None else (url, frozenset(names(record.items("WebhookEvents"))))


def notification(body: object) -> Notification:
    record = Record(body)
    event, uri = record.required("EventName"), record.required("ResourceUri")
    # The date as it is written: the same when the same is told again.
    return Notification(
        id=f"{uri} {record.required('ResourceChangeUtcDate')}",
        event=event,
        customer_id=_customer_id(uri) if _OF_RELATIONSHIP.search(event) else None,
    )


def _customer_id(uri: str) -> str | None:
    try:
        path = urlsplit(uri).path
    except ValueError:
        raise Malformed("ResourceUri is no address.") from None
    found = _CUSTOMER.search(unquote(path))
    return identifier(found[1]) if found else None


def names(body: object) -> Sequence[str]:
    if not isinstance(body, list):
        raise Malformed("The events are no list.")
    return [name for name in body if isinstance(name, str)]  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
