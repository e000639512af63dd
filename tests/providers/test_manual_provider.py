"""The manual provider calls nothing and says so."""

from datetime import date

import pytest

from providers.base import Capabilities, Contact, NewCustomer
from providers.errors import Unsupported
from providers.manual import Manual

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example")
NEW = NewCustomer(name="Contoso", contact=TANIA, domain=None, address=None)


async def test_it_has_no_capability():
    assert Manual().capabilities == Capabilities()


QUESTIONS = {
    "list_customers": lambda manual: anext(manual.list_customers()),
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
    "request_acceptance": lambda manual: manual.request_acceptance("1", template_id="2"),
    "invitation_url": lambda manual: manual.invitation_url(),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_question_is_unsupported(name):
    with pytest.raises(Unsupported):
        await QUESTIONS[name](Manual())


async def test_it_can_be_closed_twice():
    manual = Manual()
    await manual.aclose()
    await manual.aclose()
