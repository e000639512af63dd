"""Accounts, for the write side."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm.attributes import flag_modified

from models import Account, AccountContact, Contact
from repositories.base import Repository


class AccountRepository(Repository[Account]):
    model = Account

    async def get_by_external_ref(self, external_ref: str) -> Account | None:
        return await self._session.scalar(select(Account).where(Account.external_ref == external_ref))

    async def list_by_ids(self, account_ids: Collection[UUID]) -> Sequence[Account]:
        """The accounts with these ids, at most a thousand, in no order; unknown ids are left out."""
        return (await self._session.scalars(select(Account).where(Account.id.in_(account_ids)))).all()

    async def replace_contacts(self, account: Account, contacts: Sequence[Contact]) -> bool:
        """Make these the account's further contacts, in this order; the account counts as changed by it.

        Returns:
            Whether they were others before.
        """
        of_account = AccountContact.account_id == account.id
        stored = select(AccountContact).where(of_account).order_by(AccountContact.position)
        former = [each.contact for each in await self._session.scalars(stored)]
        if former == list(contacts):
            return False
        await self._session.execute(delete(AccountContact).where(of_account))
        self._session.add_all(
            AccountContact(
                account_id=account.id, position=position, contact=contact, email_domain=contact.email_domain
            )
            for position, contact in enumerate(contacts, start=1)
        )
        before, after = ([asdict(each) for each in people] for people in (former, contacts))
        account.beside = {"contacts": (before, after)}
        flag_modified(account, "status")  # any column will do: a new revision is what it is for
        return True
