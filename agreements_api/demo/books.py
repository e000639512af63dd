"""Our side of the sample data: three months in which a partner takes its customers into the books."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from agreements_api.demo.companies import SISTER, companies
from agreements_api.demo.ids import BEGINNING, Kind, demo_id
from agreements_api.demo.tenants import Partner, Tenant, tenants
from agreements_api.demo.terms import ALL_TERMS, OWN_PROVIDER, OWN_PROVIDER_NAME, Terms
from models import (
    Account,
    AccountContact,
    Agreement,
    AgreementTemplate,
    Provider,
    ProviderAccount,
    ProviderAccountMapping,
    ProviderAccountStatus,
    ProviderCapabilities,
    ProviderConnector,
    ProviderKind,
    ProviderRole,
)
from repositories import Transactions, UnitOfWork

PERSON = "local"
SYNCED_AT = datetime(2026, 1, 20, 3, tzinfo=UTC)

_ACCOUNT_WAVES = (
    BEGINNING.replace(hour=10),
    BEGINNING.replace(day=12, hour=10),
    BEGINNING.replace(day=19, hour=10),
)


@dataclass
class Books:
    """What has been written so far; entities stay usable from one transaction to the next."""

    transactions: Transactions
    accounts: dict[int, Account] = field(default_factory=dict[int, Account])
    templates: dict[UUID, AgreementTemplate] = field(default_factory=dict[UUID, AgreementTemplate])
    places: dict[int, ProviderAccount] = field(default_factory=dict[int, ProviderAccount])
    agreements: dict[int, Agreement] = field(default_factory=dict[int, Agreement])

    @asynccontextmanager
    async def write(self, at: datetime, *, actor: str = PERSON) -> AsyncGenerator[UnitOfWork]:
        """One transaction as it happened then; committed if the block ends well."""
        async with replace(self.transactions, now=lambda: at).begin(actor=actor) as uow:
            yield uow
            await uow.commit()


async def enter_terms(books: Books) -> None:
    """Enter the providers and templates that not every database has from the start."""
    async with books.write(BEGINNING) as uow:
        uow.add(*_providers())
        await uow.flush()
        for terms in ALL_TERMS:
            template = await uow.templates.get(terms.id) if terms.is_seeded else _template(terms)
            if template is None:
                raise LookupError(f"The database was not seeded with «{terms.name}».")
            books.templates[terms.id] = template
            uow.add(template)


async def enter_accounts(books: Books) -> None:
    """Take the customers into the books, in three waves."""
    size = len(companies()) // len(_ACCOUNT_WAVES)
    for wave, at in enumerate(_ACCOUNT_WAVES):
        async with books.write(at) as uow:
            for company in companies()[wave * size : (wave + 1) * size]:
                account = books.accounts[company.number] = Account(
                    id=company.id,
                    name=company.name,
                    primary_contact=company.people[0],
                    domain=company.domain,
                    address=company.address,
                    organization_registration_number=company.registration_number,
                    external_ref=company.external_ref,
                )
                uow.add(account)
            await uow.flush()
            uow.add(*_contacts(books, range(wave * size, (wave + 1) * size)))


def enter_places(
    books: Books, uow: UnitOfWork, found: Iterable[Tenant], how: ProviderAccountMapping
) -> Sequence[ProviderAccount]:
    """Add provider accounts to the transaction, mapped to the account they are of."""
    places: list[ProviderAccount] = []
    for tenant in found:
        place = ProviderAccount(
            id=tenant.id,
            provider_id=tenant.partner.provider_id,
            provider_specific_id=tenant.customer_id,
            provider_name=tenant.name,
            domain=tenant.domain,
            mapping=ProviderAccountMapping.UNMAPPED,
            sync_enabled=not tenant.is_paused,
            last_synced_at=SYNCED_AT,
        )
        if tenant.company is not None:
            place.map_to(books.accounts[tenant.company.number], how)
        books.places[tenant.number] = place
        places.append(place)
    uow.add(*places)
    return places


async def close_places(books: Books, at: datetime) -> None:
    """Say which tenants were closed, and which the provider has stopped listing."""
    async with books.write(at) as uow:
        for tenant in tenants():
            if tenant.is_closed or tenant.is_missing:
                place = books.places[tenant.number]
                uow.add(place)
                if tenant.is_closed:
                    place.status = ProviderAccountStatus.INACTIVE
                if tenant.is_missing:
                    place.missing_since = at


def _providers() -> Sequence[Provider]:
    emea = Provider(id=Partner.EMEA.provider_id, name=Partner.EMEA.value, role=ProviderRole.VENDOR)
    emea.configure(
        ProviderKind.AUTOMATIC,
        ProviderConnector.PARTNER_CENTER,
        ProviderCapabilities(
            customer_sync=True, customer_creation=True, agreement_confirmation=True, agreement_sync=True
        ),
    )
    own = Provider(id=OWN_PROVIDER, name=OWN_PROVIDER_NAME, role=ProviderRole.PARTNER)
    own.configure(ProviderKind.MANUAL, ProviderConnector.NONE, ProviderCapabilities())
    return emea, own


def _template(terms: Terms) -> AgreementTemplate:
    template = AgreementTemplate(
        id=terms.id,
        provider_id=terms.provider_id,
        name=terms.name,
        template_id=terms.template_id,
        version=terms.version,
        status=terms.status,
        agreement_link=terms.link,
        portal_instructions=terms.instructions,
        supersedes_id=terms.supersedes.id if terms.supersedes else None,
    )
    template.set_period(terms.effective_on, terms.expires_on)
    return template


def _contacts(books: Books, numbers: range) -> Iterable[AccountContact]:
    for number in numbers:
        for position, contact in enumerate(companies()[number].people[1:], start=1):
            yield AccountContact(
                id=demo_id(Kind.CONTACT, number * SISTER + position),
                account_id=books.accounts[number].id,
                position=position,
                contact=contact,
                email_domain=contact.email_domain,
            )
