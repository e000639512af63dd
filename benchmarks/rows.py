"""Single rows of the data set, each told apart by its place in it and nothing else.

Written out with the columns that entities derive: made as entities they would take a quarter of a minute.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from models import (
    AcceptancePath,
    AccountStatus,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplateKind,
    AgreementTemplateStatus,
    BillingContractStatus,
    BillingFrequency,
    BillingPolicy,
    ProviderConnector,
    ProviderKind,
    ProviderRole,
    ProviderStatus,
    SyncState,
    agreement_number,
    default_name,
)
from models.text import fold

Row = dict[str, Any]

START = datetime(2025, 1, 1, tzinfo=UTC)
ACTOR = "benchmark"
PROVIDERS = ("Fabrikam", "Litware")
TERMS = ("Customer Agreement", "Service Terms", "Data Processing", "Support Plan", "Reseller Terms")

_FIRST_WORDS = ("Northwind", "Alpine", "Coastal", "Bright", "Urban", "Silver", "Granite", "Maple", "Swift")
_SECOND_WORDS = ("Traders", "Logistics", "Foods", "Robotics", "Clinics", "Studios", "Energy", "Textiles")
_COUNTRIES = ("DE", "FR", "AT", "IT", "ES", "PL", "NL")
_FREQUENCIES = tuple(BillingFrequency)


def provider(name: str) -> Row:
    return {
        **_named(name, START),
        "kind": ProviderKind.MANUAL,
        "connector": ProviderConnector.NONE,
        "role": ProviderRole.VENDOR,
        "customer_sync": False,
        "customer_creation": False,
        "agreement_confirmation": False,
        "agreement_sync": False,
        "status": ProviderStatus.ACTIVE,
    }


def template(of: Row, terms: str) -> Row:
    return {
        **_named(terms, START),
        "provider_id": of["id"],
        "template_id": terms.lower().replace(" ", "-"),
        "version": "1",
        "kind": AgreementTemplateKind.CUSTOM,
        "status": AgreementTemplateStatus.ACTIVE,
        "agreement_link": "https://terms.example.com/1",
        "display_inline": False,
        "is_default": False,
    }


def account(place: int) -> Row:
    first, second = _FIRST_WORDS[place % len(_FIRST_WORDS)], _SECOND_WORDS[place % len(_SECOND_WORDS)]
    domain = f"{first}-{place:05d}.example.com".lower()
    return {
        **_named(f"{first} {second} {place:05d}", START + timedelta(seconds=place)),
        "status": AccountStatus.INACTIVE if _every(10, place) else AccountStatus.ACTIVE,
        "primary_first_name": "Robin",
        "primary_last_name": f"Meyer {place:05d}",
        "primary_email": f"robin@{domain}",
        "primary_email_domain": domain,
        "domain": domain,
        "address_line1": "Market Street 1",
        "address_city": "Springfield",
        "address_country": _COUNTRIES[place % len(_COUNTRIES)],
        "organization_registration_number": f"HRB {place:06d}",
        "external_ref": f"C-{place:06d}",
    }


def billing_contract(of: Row, at: int) -> Row:
    return {
        **_named(f"Contract {at + 1}", of["created_at"]),
        "account_id": of["id"],
        "status": BillingContractStatus.ACTIVE,
        "billing_frequency": _FREQUENCIES[at % len(_FREQUENCIES)],
        "billing_policy": BillingPolicy.ADVANCE,
        "start_on": date(2025, 1, 1) + timedelta(days=at),
        "auto_renew": True,
        "currency": "EUR",
        "is_default": at == 0,
    }


def agreement(of: Row, terms: Row, serial: int) -> Row:
    """An agreement: one in five is pending, one in ten was accepted and has ended."""
    pending, ended = _every(5, serial), _every(10, serial + 1)
    executed_on = None if pending else START.date() + timedelta(days=serial % 365)
    reason = AgreementStatusReason.PENDING if pending else AgreementStatusReason.ACCEPTED
    return {
        **_named(default_name(terms["name"], of["name"]), of["created_at"]),
        "serial": serial,
        "number": agreement_number(serial),
        "account_id": of["id"],
        "template_id": terms["id"],
        "provider_id": terms["provider_id"],
        "status": AgreementStatus.INACTIVE if ended else AgreementStatus.ACTIVE,
        "status_reason": AgreementStatusReason.DEACTIVATED if ended else reason,
        "template_version": terms["version"],
        "agreement_link": terms["agreement_link"],
        "executed_on": executed_on,
        "signer_first_name": None if pending else of["primary_first_name"],
        "signer_last_name": None if pending else of["primary_last_name"],
        "signer_email": None if pending else of["primary_email"],
        "origin": AgreementOrigin.MANUAL,
        "sync_state": SyncState.NOT_APPLICABLE,
        "deactivated_on": executed_on if ended else None,
        "deactivation_reason": "Moved on." if ended else None,
    }


def acceptance(of: Row) -> Row:
    return {
        "agreement_id": of["id"],
        "path": AcceptancePath.RECORDED_BY_HAND,
        "first_name": of["signer_first_name"],
        "last_name": of["signer_last_name"],
        "email": of["signer_email"],
        "agreed_on": of["executed_on"],
        "recorded_at": of["created_at"],
        "recorded_by": ACTOR,
        "template_id": of["template_id"],
        "template_version": of["template_version"],
    }


def tag(of: Row, on: Row) -> Row:
    return {
        "billing_contract_id": on["id"],
        "agreement_id": of["id"],
        "account_id": of["account_id"],
        "tagged_at": of["created_at"],
        "tagged_by": ACTOR,
    }


def _named(name: str, at: datetime) -> Row:
    return {
        "name": name,
        "name_fold": fold(name),
        "created_at": at,
        "created_by": ACTOR,
        "updated_at": at,
        "updated_by": ACTOR,
        "revision": 1,
    }


def _every(step: int, number: int) -> bool:
    return number % step == 0
