"""Customers are taken into the books and kept up to date."""

import pytest
from support.contexts import Rows
from support.factories import ADA, GRACE, NOWHERE, an_account

from models import Address, Contact, ErrorCode
from resolvers.accounts import MAX_CONTACTS, NewAccount, create_account, update_account
from resolvers.context import Context


async def test_an_account_keeps_what_is_known_of_the_customer(context: Context, rows: Rows) -> None:
    account = await create_account(
        context,
        NewAccount(
            name=" Contoso ",
            primary_contact=ADA,
            contacts=(GRACE, ADA),
            domain="Contoso.example",
            address=Address("1 High Street", "", "London", None, "N1", "gb"),
            organization_registration_number="12",
            external_ref="CRM-1",
        ),
    )

    async with context.unit_of_work() as uow:
        stored = await uow.accounts.get(account.id)
    assert stored is not None
    assert (stored.name, stored.domain, stored.primary_contact) == ("Contoso", "contoso.example", ADA)
    assert stored.address == Address("1 High Street", None, "London", None, "N1", "GB")
    assert (stored.created_by, stored.updated_by, stored.revision) == ("local", "local", 1)
    assert stored.created_at == stored.updated_at
    people = await rows("SELECT first_name, email_domain FROM account_contacts ORDER BY position")
    assert [tuple(person) for person in people] == [("Grace", "contoso.example"), ("Ada", "contoso.example")]


async def test_what_is_absent_stays_and_none_clears(context: Context) -> None:
    account = await an_account(context, name="Contoso", domain="contoso.example", external_ref="CRM-1")

    changed = await update_account(context, account.id, {"name": "Fabrikam", "domain": None})

    assert (changed.name, changed.domain, changed.external_ref) == ("Fabrikam", None, "CRM-1")
    assert changed.revision == 2


async def test_an_update_that_changes_nothing_leaves_no_trace(context: Context, rows: Rows) -> None:
    account = await an_account(context, name="Contoso", primary_contact=ADA, contacts=(GRACE,))

    same = await update_account(
        context, account.id, {"name": "Contoso ", "primary_contact": ADA, "contacts": [GRACE]}
    )

    assert same.revision == 1
    assert len(await rows("SELECT id FROM audit_events")) == 1


async def test_other_contacts_are_a_change_of_the_account(context: Context, rows: Rows) -> None:
    account = await an_account(context, contacts=(ADA, GRACE))

    changed = await update_account(context, account.id, {"contacts": [GRACE]})
    cleared = await update_account(context, account.id, {"contacts": None})

    assert (changed.revision, cleared.revision) == (2, 3)
    assert await rows("SELECT id FROM account_contacts") == []
    async with context.unit_of_work() as uow:
        assert await uow.sync.list_owners({"contoso.example"}) == {}
    events = await rows("SELECT type FROM audit_events ORDER BY id")
    assert [event.type for event in events] == ["CREATED", "UPDATED", "UPDATED"]


async def test_a_reference_belongs_to_one_account(context: Context, refused) -> None:
    first = await an_account(context, external_ref="CRM-1")
    second = await an_account(context, external_ref="CRM-2")

    async with refused(ErrorCode.EXTERNAL_REF_TAKEN, "externalRef", entity=first.id):
        await create_account(context, NewAccount(name="Contoso", external_ref=" CRM-1"))
    async with refused(ErrorCode.EXTERNAL_REF_TAKEN, "externalRef", entity=first.id):
        await update_account(context, second.id, {"external_ref": "CRM-1"})
    await update_account(context, second.id, {"external_ref": "CRM-2"})


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": "  "}, ErrorCode.INVALID, "name"),
        ({"name": "x" * 201}, ErrorCode.INVALID, "name"),
        ({"name": "nul\0"}, ErrorCode.INVALID, "name"),
        ({"name": "a\nb"}, ErrorCode.INVALID, "name"),
        ({"name": "half \ud83d"}, ErrorCode.INVALID, "name"),
        ({"domain": "https://contoso.example/"}, ErrorCode.INVALID, "domain"),
        ({"domain": "ada@contoso.example"}, ErrorCode.INVALID, "domain"),
        ({"external_ref": "x" * 201}, ErrorCode.INVALID, "externalRef"),
        ({"organization_registration_number": "1\0"}, ErrorCode.INVALID, "organizationRegistrationNumber"),
        ({"primary_contact": Contact("A", " ", "a@b.co")}, ErrorCode.INVALID, "primaryContact.lastName"),
        ({"primary_contact": Contact("\0", "L", "a@b.co")}, ErrorCode.INVALID, "primaryContact.firstName"),
        ({"primary_contact": Contact("Ada", "L", "nobody")}, ErrorCode.INVALID_EMAIL, "primaryContact.email"),
        ({"contacts": (ADA, Contact("A", "L", "a@"))}, ErrorCode.INVALID_EMAIL, "contacts.1.email"),
        ({"contacts": (ADA,) * (MAX_CONTACTS + 1)}, ErrorCode.INVALID, "contacts"),
        ({"address": Address("1", None, "L", None, None, "G")}, ErrorCode.INVALID, "address.country"),
        ({"address": Address("1", None, "", None, None, "GB")}, ErrorCode.INVALID, "address.city"),
        ({"address": Address("1", None, "L", "\0", None, "GB")}, ErrorCode.INVALID, "address.region"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused(context: Context, refused, values, code, field) -> None:
    account = await an_account(context)

    async with refused(code, *field.split(".")):
        await create_account(context, NewAccount(**{"name": "Contoso", **values}))
    async with refused(code, *field.split(".")):
        await update_account(context, account.id, values)


async def test_a_name_cannot_be_cleared(context: Context, refused) -> None:
    account = await an_account(context)

    async with refused(ErrorCode.INVALID, "name"):
        await update_account(context, account.id, {"name": None})


async def test_an_account_that_does_not_exist_cannot_be_changed(context: Context, refused) -> None:
    async with refused(ErrorCode.NOT_FOUND, "accountId"):
        await update_account(context, NOWHERE, {"name": "Contoso"})
