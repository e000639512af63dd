"""Every state of an agreement, and what each operation makes of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import inspect
from uuid_utils.compat import uuid7

from models import (
    Acceptance,
    AcceptancePath,
    AcceptanceRequest,
    AcceptanceRequestStatus,
    Account,
    Agreement,
    AgreementEvent,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplate,
    Contact,
    DomainError,
    SyncState,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TODAY = NOW.date()
SIGNED_ON = date(2026, 1, 15)
ADA = Contact("Ada", "Lovelace", "ada@contoso.example")
GRACE = Contact("Grace", "Hopper", "grace@contoso.example")

STATES = ("PENDING", "ACCEPTED", "DEACTIVATED", "WITHDRAWN", "EXPIRED", "SUPERSEDED")


def pending() -> Agreement:
    template = AgreementTemplate(
        provider_id=uuid7(), name="Terms", template_id="T", version="1", agreement_link="https://t.example"
    )
    return Agreement.pending(
        serial=1,
        account=Account(name="Contoso"),
        template=template,
        provider_account=None,
        origin=AgreementOrigin.MANUAL,
    )


def accept(agreement: Agreement, contact: Contact | None = ADA, on: date = SIGNED_ON) -> Acceptance | None:
    path = AcceptancePath.RECORDED_BY_HAND
    return agreement.accept(path=path, contact=contact, agreed_on=on, by="local", now=NOW)


def deactivate(agreement: Agreement) -> bool:
    return agreement.deactivate(on=TODAY, today=TODAY, reason="They left.")


def supersede(agreement: Agreement) -> None:
    agreement.supersede(on=TODAY, by=pending())


def expire(agreement: Agreement) -> None:
    agreement.expire(on=TODAY)


def reactivate(agreement: Agreement) -> None:
    agreement.reactivate(acceptance=None)


def reactivate_with_acceptance(agreement: Agreement) -> None:
    agreement.reactivate(acceptance=Acceptance())


def edit(**changes: object) -> Callable[[Agreement], None]:
    return lambda agreement: agreement.edit(changes, today=TODAY)


def in_state(state: str) -> Agreement:
    agreement = pending()
    if state in {"ACCEPTED", "DEACTIVATED", "SUPERSEDED"}:
        accept(agreement)
    into = {"DEACTIVATED": deactivate, "WITHDRAWN": deactivate, "EXPIRED": expire, "SUPERSEDED": supersede}
    if state in into:
        into[state](agreement)
    assert agreement.status_reason == state
    agreement.event = None
    return agreement


def columns(agreement: Agreement) -> dict[str, object]:
    return {each.key: getattr(agreement, each.key) for each in inspect(agreement).mapper.column_attrs}


def status_of(reason: AgreementStatusReason) -> AgreementStatus:
    active = reason in {AgreementStatusReason.PENDING, AgreementStatusReason.ACCEPTED}
    return AgreementStatus.ACTIVE if active else AgreementStatus.INACTIVE


# What comes of it: the state it was in, or a refusal.
SAME, OFF, BAD = "", "AGREEMENT_INACTIVE", "INVALID"
LOCK, STAY = "SIGNATURE_LOCKED", "NOT_REACTIVATABLE"

#                               PENDING      ACCEPTED       DEACTIVATED  WITHDRAWN  EXPIRED  SUPERSEDED
TABLE = {
    accept:                     ("ACCEPTED",  SAME,          OFF,         OFF,       OFF,     OFF),
    deactivate:                 ("WITHDRAWN", "DEACTIVATED", SAME,        SAME,      SAME,    SAME),
    supersede:                  (BAD,         "SUPERSEDED",  BAD,         BAD,       BAD,     BAD),
    expire:                     ("EXPIRED",   BAD,           BAD,         BAD,       BAD,     BAD),
    reactivate:                 (STAY,        STAY,          "PENDING",   "PENDING", STAY,    STAY),
    reactivate_with_acceptance: (STAY,        STAY,          "ACCEPTED",  "PENDING", STAY,    STAY),
    edit(name="Ours"):          (SAME,        SAME,          OFF,         OFF,       OFF,     OFF),
    edit(created_on=TODAY):     (SAME,        SAME,          OFF,         OFF,       OFF,     OFF),
    edit(executed_on=TODAY):    (SAME,        LOCK,          OFF,         OFF,       OFF,     OFF),
    edit(signed_by=GRACE):      (SAME,        LOCK,          OFF,         OFF,       OFF,     OFF),
    edit(description="Why"):    (SAME,        SAME,          SAME,        SAME,      SAME,    SAME),
    edit(name=" "):             (BAD,         BAD,           OFF,         OFF,       OFF,     OFF),
    edit():                     (SAME,        SAME,          SAME,        SAME,      SAME,    SAME),
}  # fmt: skip
NAMES = (
    "accept", "deactivate", "supersede", "expire", "reactivate", "reactivate with acceptance", "edit name",
    "edit created on", "edit executed on", "edit signer", "edit description", "clear name", "edit nothing",
)  # fmt: skip


@pytest.mark.parametrize(
    ("state", "operation", "expected"),
    [
        pytest.param(state, operation, expected, id=f"{name} {state.lower()}")
        for name, (operation, row) in zip(NAMES, TABLE.items(), strict=True)
        for state, expected in zip(STATES, row, strict=True)
    ],
)
def test_every_operation_in_every_state(
    state: str, operation: Callable[[Agreement], object], expected: str
) -> None:
    agreement = in_state(state)
    before = columns(agreement)

    if expected in STATES or expected == SAME:
        operation(agreement)
        assert agreement.status_reason == (expected or state)
        assert agreement.status is status_of(agreement.status_reason)
        assert (agreement.deactivated_on is None) == (agreement.status is AgreementStatus.ACTIVE)
    else:
        with pytest.raises(DomainError) as refusal:
            operation(agreement)
        assert refusal.value.code == expected
        assert columns(agreement) == before


def test_accepting_makes_the_evidence() -> None:
    agreement = pending()

    acceptance = accept(agreement)

    assert acceptance is not None
    assert (acceptance.agreement_id, acceptance.contact, acceptance.agreed_on) == (
        agreement.id,
        ADA,
        SIGNED_ON,
    )
    assert (acceptance.recorded_at, acceptance.recorded_by) == (NOW, "local")
    assert (acceptance.template_id, acceptance.template_version) == (agreement.template_id, "1")
    assert (agreement.signed_by, agreement.executed_on) == (ADA, SIGNED_ON)
    assert agreement.event is AgreementEvent.ACCEPTED
    assert accept(agreement) is None


@pytest.mark.parametrize(("contact", "on"), [(GRACE, SIGNED_ON), (ADA, TODAY), (None, SIGNED_ON)])
def test_another_acceptance_is_refused(contact: Contact | None, on: date) -> None:
    agreement = in_state("ACCEPTED")

    with pytest.raises(DomainError) as refusal:
        accept(agreement, contact, on)

    assert (refusal.value.code, refusal.value.entity) == ("ALREADY_ACCEPTED", agreement.id)


def test_an_acceptance_needs_somebody_and_a_day_that_has_come() -> None:
    agreement = pending()

    for contact, on, code in (
        (None, SIGNED_ON, "SIGNER_REQUIRED"),
        (ADA, TODAY + timedelta(days=1), "EXECUTED_ON_IN_FUTURE"),
    ):
        with pytest.raises(DomainError) as refusal:
            accept(agreement, contact, on)
        assert refusal.value.code == code
    assert agreement.awaiting_signature


def test_where_the_vendor_names_nobody_the_signer_is_filled_in_later() -> None:
    agreement = pending()
    agreement.accept(path=AcceptancePath.DIRECT_AT_VENDOR, contact=None, agreed_on=TODAY, by="job:1", now=NOW)

    agreement.edit({"signed_by": ADA}, today=TODAY)

    assert agreement.signed_by == ADA
    with pytest.raises(DomainError):
        agreement.edit({"signed_by": GRACE}, today=TODAY)


def test_an_open_request_to_the_customer_is_answered_by_the_acceptance() -> None:
    agreement = pending()
    agreement.acceptance_request = AcceptanceRequest("https://a.example", AcceptanceRequestStatus.OPEN, NOW)

    accept(agreement)

    assert agreement.acceptance_request == AcceptanceRequest(
        "https://a.example", AcceptanceRequestStatus.ACCEPTED
    )


def test_filling_in_signer_and_day_is_no_acceptance() -> None:
    agreement = pending()

    agreement.edit({"signed_by": ADA, "executed_on": TODAY}, today=TODAY)

    assert agreement.awaiting_signature


def test_a_day_to_come_is_refused_everywhere() -> None:
    tomorrow = TODAY + timedelta(days=1)

    with pytest.raises(DomainError) as edited:
        pending().edit({"executed_on": tomorrow}, today=TODAY)
    with pytest.raises(DomainError) as ended:
        pending().deactivate(on=tomorrow, today=TODAY)

    assert (edited.value.code, ended.value.code) == ("EXECUTED_ON_IN_FUTURE", "DATE_IN_FUTURE")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SyncState.IN_SYNC, SyncState.IN_SYNC),
        (SyncState.TO_PUSH, SyncState.NOT_APPLICABLE),
        (SyncState.AWAITING_CUSTOMER, SyncState.NOT_APPLICABLE),
    ],
)
def test_an_ended_agreement_waits_for_nothing(before: SyncState, after: SyncState) -> None:
    agreement = in_state("ACCEPTED")
    agreement.sync_state = before

    deactivate(agreement)

    assert agreement.sync_state is after
    assert agreement.event is AgreementEvent.DEACTIVATED


REQUEST = AcceptanceRequest("https://a.example", AcceptanceRequestStatus.OPEN, NOW)
EXPIRED_REQUEST = AcceptanceRequest("https://a.example", AcceptanceRequestStatus.EXPIRED, NOW)


@pytest.mark.parametrize(
    ("origin", "before", "request_before", "after"),
    [
        (AgreementOrigin.SYNC, SyncState.AWAITING_CUSTOMER, REQUEST, SyncState.AWAITING_CUSTOMER),
        (AgreementOrigin.SYNC, SyncState.AWAITING_CUSTOMER, EXPIRED_REQUEST, SyncState.AWAITING_CUSTOMER),
        (AgreementOrigin.PROVISIONING, SyncState.AWAITING_CUSTOMER, REQUEST, SyncState.AWAITING_CUSTOMER),
        (AgreementOrigin.PROVISIONING, SyncState.TO_PUSH, None, SyncState.PUSH_FAILED),
        (AgreementOrigin.PROVISIONING, SyncState.PUSH_FAILED, None, SyncState.PUSH_FAILED),
        (AgreementOrigin.BULK, SyncState.NOT_APPLICABLE, None, SyncState.NOT_APPLICABLE),
    ],
)
def test_a_pending_agreement_that_comes_back_waits_for_what_it_waited_for(
    origin: AgreementOrigin,
    before: SyncState,
    request_before: AcceptanceRequest | None,
    after: SyncState,
) -> None:
    agreement = pending()
    agreement.origin, agreement.provider_account_id = origin, uuid7()
    agreement.sync_state, agreement.acceptance_request = before, request_before

    deactivate(agreement)
    reactivate(agreement)

    assert agreement.sync_state is after
    assert (agreement.sync_error is not None) == (after is SyncState.PUSH_FAILED)
    assert agreement.acceptance_request == request_before


def test_an_accepted_agreement_that_comes_back_still_awaits_the_customer_at_the_provider() -> None:
    agreement = in_state("ACCEPTED")
    agreement.sync_state, agreement.acceptance_request = SyncState.AWAITING_CUSTOMER, REQUEST

    deactivate(agreement)
    reactivate_with_acceptance(agreement)

    assert agreement.sync_state is SyncState.AWAITING_CUSTOMER
