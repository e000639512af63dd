"""Accounts: taking customers into the books and keeping what is known of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from models import Account, AccountStatus, Address, Contact, DomainError, ErrorCode
from repositories import UnitOfWork
from resolvers.checks import (
    checked_address,
    checked_contact,
    checked_domain,
    checked_text,
    checked_values,
    optional_text,
)
from resolvers.context import Context
from resolvers.operations import check_revision, create_once, repeated, require

MAX_CONTACTS = 100


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """A customer to take into the books."""

    name: str
    primary_contact: Contact | None = None
    contacts: Sequence[Contact] = ()
    domain: str | None = None
    address: Address | None = None
    organization_registration_number: str | None = None
    external_ref: str | None = None

    def checked(self, *field: str) -> "NewAccount":
        """The same without surrounding blanks; raises DomainError INVALID, INVALID_EMAIL."""
        return replace(self, **checked_values(_CHECKS, vars(self), *field))


def _contacts(contacts: Sequence[Contact] | None, *field: str) -> tuple[Contact, ...]:
    given = contacts or ()
    if len(given) > MAX_CONTACTS:
        raise DomainError(f"An account has at most {MAX_CONTACTS} contacts.", field=field)
    checked = (checked_contact(each, *field, str(at)) for at, each in enumerate(given))
    return tuple(each for each in checked if each is not None)


_CHECKS: Mapping[str, Callable[..., Any]] = {
    "name": checked_text,
    "primary_contact": checked_contact,
    "contacts": _contacts,
    "domain": checked_domain,
    "address": checked_address,
    "organization_registration_number": optional_text,
    "external_ref": optional_text,
}


@repeated
async def create_account(
    context: Context, command: NewAccount, *, idempotency_key: str | None = None
) -> Account:
    """Take a customer into the books.

    Raises:
        DomainError: INVALID, INVALID_EMAIL, EXTERNAL_REF_TAKEN.
    """
    command = command.checked()
    return await create_once(
        context,
        "createAccount",
        idempotency_key,
        command,
        lambda uow: uow.accounts,
        lambda uow: add_account(uow, command),
    )


async def add_account(uow: UnitOfWork, command: NewAccount, *field: str) -> Account:
    """Add an account to a transaction, where other rows may refer to it at once.

    Args:
        uow: The transaction.
        command: What is known of the customer; checked here.
        field: Path of the input field that holds it.

    Raises:
        DomainError: As `create_account`.
        Conflict: Another transaction has just taken the external reference.
    """
    command = command.checked(*field)
    await _check_external_ref(uow, command.external_ref, *field)
    account = Account(
        name=command.name,
        primary_contact=command.primary_contact,
        domain=command.domain,
        address=command.address,
        organization_registration_number=command.organization_registration_number,
        external_ref=command.external_ref,
        status=AccountStatus.ACTIVE,
    )
    uow.add(account)
    if command.contacts:
        await uow.accounts.replace_contacts(account, command.contacts)
    await uow.flush()
    return account


@repeated
async def update_account(
    context: Context, account_id: UUID, changes: Mapping[str, object], *, revision: int | None = None
) -> Account:
    """Correct what is known of a customer.

    Args:
        context: Who asks.
        account_id: Whom.
        changes: New values by attribute of `NewAccount`; what is absent stays, None clears.
        revision: The revision the caller has seen; None to change it whatever it is.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, INVALID, INVALID_EMAIL, EXTERNAL_REF_TAKEN.
    """
    values = checked_values(_CHECKS, changes)
    is_single = "contacts" not in values and values.get("external_ref") is None
    async with context.unit_of_work(is_single=is_single) as uow:
        account = require(await uow.only(Account, account_id), "account", "accountId")
        check_revision(account, revision)
        contacts = values.pop("contacts", None)
        if values.get("external_ref", account.external_ref) != account.external_ref:
            await _check_external_ref(uow, values["external_ref"])
        for name, value in values.items():
            if getattr(account, name) != value:
                setattr(account, name, value)
        if contacts is not None:
            await uow.accounts.replace_contacts(account, contacts)
        await uow.commit()
    return account


async def _check_external_ref(uow: UnitOfWork, external_ref: str | None, *field: str) -> None:
    if external_ref is None:
        return
    taken = await uow.accounts.get_by_external_ref(external_ref)
    if taken is not None:
        raise DomainError(
            f"«{external_ref}» is the reference of account «{taken.name}».",
            code=ErrorCode.EXTERNAL_REF_TAKEN,
            field=(*field, "externalRef"),
            entity=taken.id,
        )
