"""What the contract tests say to every kind of provider."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from providers.base import Address, Contact, NewCustomer

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@northwind.example", phone="4255550100")
ADAM = Contact(first_name="Adam", last_name="Wu", email="adam@contoso.example", phone="4255550100")
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")
SIGNED_ON = date(2024, 6, 14)
QUICKLY = timedelta(seconds=1.5)
"""For tests of answers that never come: the others must be there by then."""


def northwind(**changes) -> NewCustomer:
    known = {"name": "Northwind", "contact": TANIA, "domain": "northwind.onmicrosoft.com", "address": REDMOND}
    return NewCustomer(**known | changes)


def confirm(client, stand, customer_id, **changes):
    known = {"contact": TANIA, "agreed_on": SIGNED_ON, "request_id": str(uuid4())}
    return client.confirm(customer_id, template_id=stand.template_id, **known | changes)


def ask(client, stand, customer_id, **changes):
    known = {"template_id": stand.template_id, "contact": ADAM, "request_id": "ask"}
    return client.request_acceptance(customer_id, **known | changes)


def follow(client, stand, customer_id, reference):
    return client.follow_acceptance(
        customer_id, reference=reference, template_id=stand.template_id, request_id="follow"
    )


async def pages_of(client):
    return [page async for page in client.list_customers()]


CALLS = {
    "list_customers": lambda client: anext(client.list_customers()),
    "list_changes": lambda client: anext(client.list_changes(since=datetime.now(UTC))),
    "find_customer": lambda client: client.find_customer(domain="contoso.example"),
    "get_customer": lambda client: client.get_customer("1"),
    "is_domain_available": lambda client: client.is_domain_available("contoso.example"),
    "check_new_customer": lambda client: client.check_new_customer(northwind()),
    "create_customer": lambda client: client.create_customer(northwind(), request_id="1"),
    "list_templates": lambda client: client.list_templates(),
    "list_confirmations": lambda client: client.list_confirmations("1"),
    "confirm": lambda client: client.confirm(
        "1", template_id="2", contact=TANIA, agreed_on=SIGNED_ON, request_id="3"
    ),
    "request_acceptance": lambda client: client.request_acceptance(
        "1", template_id="2", contact=TANIA, request_id="3"
    ),
    "follow_acceptance": lambda client: client.follow_acceptance(
        "1", reference="2", template_id="3", request_id="4"
    ),
    "document_link": lambda client: client.document_link("1", language="en-US", country="US"),
    "list_subscriptions": lambda client: client.list_subscriptions("1"),
    "end_subscription": lambda client: client.end_subscription("1", "2", request_id="3"),
    "remove_customer": lambda client: client.remove_customer("1", request_id="2"),
    "invitation_url": lambda client: client.invitation_url(),
    "subscribe": lambda client: client.subscribe("https://partner.example/hook"),
    "read_notification": lambda client: client.read_notification({}, b"{}"),
}
