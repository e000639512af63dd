"""The manual provider calls nothing and says so."""

from datetime import UTC, date, datetime

import pytest

from providers.base import Capabilities, Contact, NewCustomer
from providers.errors import Unsupported
from providers.manual import Manual

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example")
NEW = NewCustomer(name="Contoso", contact=TANIA, domain=None, address=None)


async def test_it_has_no_capability():
    assert await Manual().read_capabilities() == Capabilities()


async def test_nothing_is_in_its_way():
    assert await Manual().examine() == ()


QUESTIONS = {
    "list_customers": lambda manual: anext(manual.list_customers()),
    "list_changes": lambda manual: anext(manual.list_changes(since=datetime(2026, 1, 1, tzinfo=UTC))),
    "find_customer": lambda manual: manual.find_customer(domain="contoso.example"),
    "get_customer": lambda manual: manual.get_customer("1"),
    "is_domain_available": lambda manual: manual.is_domain_available("contoso.example"),
    "check_new_customer": lambda manual: manual.check_new_customer(NEW),
    "create_customer": lambda manual: manual.create_customer(NEW, request_id="1"),
    "list_templates": lambda manual: manual.list_templates(),
    "list_confirmations": lambda manual: manual.list_confirmations("1"),
    "confirm": lambda manual: manual.confirm(
        "1", template_id="2", contact=TANIA, agreed_on=date(2026, 1, 1), request_id="3"
    ),
    "request_acceptance": lambda manual: manual.request_acceptance(
        "1", template_id="2", contact=TANIA, request_id="3"
    ),
    "follow_acceptance": lambda manual: manual.follow_acceptance(
        "1", reference="2", template_id="3", request_id="4"
    ),
    "document_link": lambda manual: manual.document_link("2", language="en-US", country="US"),
    "list_subscriptions": lambda manual: manual.list_subscriptions("1"),
    "end_subscription": lambda manual: manual.end_subscription("1", "2", request_id="3"),
    "remove_customer": lambda manual: manual.remove_customer("1", request_id="2"),
    "invitation_url": lambda manual: manual.invitation_url(),
    "subscribe": lambda manual: manual.subscribe("https://us.example/"),
    "read_notification": lambda manual: manual.read_notification({}, b"{}"),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_question_is_unsupported(name):
    with pytest.raises(Unsupported):
        await QUESTIONS[name](Manual())


async def test_it_can_be_closed_twice():
    manual = Manual()
    await manual.aclose()
    await manual.aclose()
