"""Billing contracts of the sample data, and the agreements that are tagged on them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from agreements_api.demo.books import PERSON, Books
from agreements_api.demo.companies import Company, companies
from agreements_api.demo.ids import Kind, demo_id
from models import (
    Agreement,
    AgreementStatus,
    AgreementTag,
    BillingContract,
    BillingContractStatus,
    BillingFrequency,
    BillingPolicy,
)

SIGNED_AT = datetime(2026, 3, 10, 16, tzinfo=UTC)
TAGS_A_CONTRACT = 2

_KINDS = (
    ("Cloud subscriptions", BillingFrequency.MONTHLY, BillingPolicy.ARREARS),
    ("Licences, paid yearly", BillingFrequency.ANNUAL, BillingPolicy.ADVANCE),
    ("Managed services", BillingFrequency.QUARTERLY, BillingPolicy.ADVANCE),
)


async def enter_contracts(books: Books) -> None:
    """Enter 250 contracts; most of those in force carry agreements of their customer."""
    async with books.write(SIGNED_AT) as uow:
        contracts = list(_contracts())
        for contract in contracts:
            contract.check()
        uow.add(*contracts)
        await uow.flush()
        uow.add(*_tags(books, contracts))


def _contracts() -> Iterator[BillingContract]:
    customers = companies()[:230]
    second = customers[:220:11]
    for number, company in enumerate([*customers, *second]):
        yield _contract(number, company, is_default=number < len(customers))


def _contract(number: int, company: Company, *, is_default: bool) -> BillingContract:
    name, frequency, policy = _KINDS[number % len(_KINDS)]
    start_on = date(2024 + number % 2, 1 + number % 12, 1)
    contract = BillingContract(
        id=demo_id(Kind.BILLING_CONTRACT, number),
        account_id=company.id,
        name=f"{company.name}: {name}",
        billing_frequency=frequency,
        billing_policy=policy,
        start_on=start_on,
        end_on=start_on.replace(year=start_on.year + 3) if number % 4 == 0 else None,
        auto_renew=number % 4 != 0,
        currency=company.currency,
        is_default=is_default,
        status=BillingContractStatus.ACTIVE,
    )
    if number % 10 == 9:  # noqa: PLR2004 -- every tenth has ended
        contract.status, contract.terminated_on = BillingContractStatus.INACTIVE, date(2025, 12, 31)
    return contract


def _tags(books: Books, contracts: list[BillingContract]) -> Iterator[AgreementTag]:
    by_account: dict[object, list[Agreement]] = {}
    for agreement in books.agreements.values():
        if agreement.status is AgreementStatus.ACTIVE:
            by_account.setdefault(agreement.account_id, []).append(agreement)
    for number, contract in enumerate(contracts):
        if contract.status is BillingContractStatus.INACTIVE or number % 25 == 3:  # noqa: PLR2004 -- some carry none
            continue
        for agreement in by_account.get(contract.account_id, [])[:TAGS_A_CONTRACT]:
            yield AgreementTag(
                billing_contract_id=contract.id,
                agreement_id=agreement.id,
                account_id=contract.account_id,
                tagged_at=SIGNED_AT,
                tagged_by=PERSON,
            )
