"""Agreements are filled in, accepted, pushed, ended and brought back."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.contexts import Queue, Rows, utc_now
from support.factories import (
    ADA,
    CUSTOMER_AGREEMENT,
    GRACE,
    NOWHERE,
    PARTNER_CENTER,
    SIGNED,
    a_contract,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
    make_inactive,
)

from models import (
    AcceptancePath,
    Agreement,
    AgreementStatus,
    AgreementStatusReason,
    Contact,
    ErrorCode,
    SyncState,
)
from resolvers.agreements import (
    accept_agreement,
    deactivate_agreement,
    reactivate_agreement,
    retry_agreement_push,
    update_agreement,
)
from resolvers.context import Context
from resolvers.tags import tag_agreement
from resolvers.templates import NewTemplateVersion, create_agreement_template_version

TODAY = utc_now().date()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


async def at_partner_center(context: Context, **values: object) -> Agreement:
    account = await an_account(context)
    await a_provider_account(context, PARTNER_CENTER, account.id)
    return await an_agreement(context, account_id=account.id, template_id=CUSTOMER_AGREEMENT, **values)


async def set_sync_state(context: Context, agreement: Agreement, state: SyncState) -> None:
    async with context.unit_of_work() as uow:
        stored = await uow.agreements.get(agreement.id)
        assert stored is not None
        stored.sync_state, stored.sync_error = state, "They said no."
        await uow.commit()


async def test_filling_in_never_accepts(context: Context) -> None:
    agreement = await an_agreement(context)

    filled = await update_agreement(
        context,
        agreement.id,
        {"signed_by": ADA, "executed_on": TODAY, "created_on": YESTERDAY, "description": "By post."},
        revision=1,
    )
    cleared = await update_agreement(context, agreement.id, {"signed_by": None})

    assert (filled.executed_on, filled.created_on, filled.description) == (TODAY, YESTERDAY, "By post.")
    assert (filled.status_reason, cleared.signed_by) == (AgreementStatusReason.PENDING, None)


async def test_what_is_signed_stays_signed(context: Context, refused) -> None:
    agreement = await an_agreement(context, **SIGNED)

    for changes, field in (
        ({"signed_by": GRACE}, "signedBy"),
        ({"signed_by": None}, "signedBy"),
        ({"executed_on": TODAY}, "executedOn"),
        ({"executed_on": None}, "executedOn"),
    ):
        async with refused(ErrorCode.SIGNATURE_LOCKED, field, entity=agreement.id):
            await update_agreement(context, agreement.id, changes)
    same = await update_agreement(context, agreement.id, {"signed_by": ADA, "name": "Ours"})

    assert (same.name, same.signed_by) == ("Ours", ADA)


async def test_of_an_ended_agreement_only_the_description_changes(context: Context, refused) -> None:
    agreement = await an_agreement(context)
    await deactivate_agreement(context, agreement.id)

    async with refused(ErrorCode.AGREEMENT_INACTIVE, "agreementId", entity=agreement.id):
        await update_agreement(context, agreement.id, {"name": "Other", "description": "Why"})
    described = await update_agreement(context, agreement.id, {"name": agreement.name, "description": "Why"})

    assert described.description == "Why"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": None}, ErrorCode.INVALID, "name"),
        ({"name": " "}, ErrorCode.INVALID, "name"),
        ({"executed_on": TOMORROW}, ErrorCode.EXECUTED_ON_IN_FUTURE, "executedOn"),
        ({"executed_on": date(1, 1, 1)}, ErrorCode.INVALID, "executedOn"),
        ({"signed_by": Contact("", "L", "a@b.example")}, ErrorCode.INVALID, "signedBy.firstName"),
        ({"signed_by": Contact("A", "L", "@")}, ErrorCode.INVALID_EMAIL, "signedBy.email"),
    ],
)
async def test_an_update_that_cannot_be_meant_is_refused(context, refused, changes, code, field) -> None:
    agreement = await an_agreement(context)

    async with refused(code, *field.split(".")):
        await update_agreement(context, agreement.id, changes)


async def test_an_acceptance_is_recorded(context: Context, rows: Rows, queue: Queue) -> None:
    agreement = await an_agreement(context)

    outcome = await accept_agreement(context, agreement.id, signed_by=ADA, revision=1)

    accepted = outcome.entity
    assert (outcome.changed, outcome.warnings) == (True, ())
    assert accepted.status_reason is AgreementStatusReason.ACCEPTED
    assert (accepted.signed_by, accepted.executed_on) == (ADA, TODAY)
    assert queue.pushed() == []
    async with context.unit_of_work() as uow:
        acceptance = await uow.agreements.get_acceptance(agreement.id)
    assert acceptance is not None
    assert acceptance.path is AcceptancePath.RECORDED_BY_HAND
    assert acceptance.template_version == agreement.template_version
    events = await rows("SELECT type FROM audit_events WHERE entity = 'Agreement' ORDER BY id")
    assert [event.type for event in events] == ["CREATED", "ACCEPTED"]


async def test_accepting_again_with_the_same_words_is_harmless(context: Context, refused) -> None:
    agreement = await an_agreement(context, **SIGNED)

    for words in ({}, SIGNED, {"signed_by": replace(ADA, email=" ada@contoso.example ")}):
        again = await accept_agreement(context, agreement.id, **words)
        assert (again.changed, again.entity.revision) == (False, 1)
    for words in ({"signed_by": GRACE}, {"executed_on": TODAY}):
        async with refused(ErrorCode.ALREADY_ACCEPTED, "agreementId", entity=agreement.id):
            await accept_agreement(context, agreement.id, **words)


async def test_an_acceptance_takes_up_what_was_filled_in(context: Context) -> None:
    agreement = await an_agreement(context, signed_by=ADA)
    await update_agreement(context, agreement.id, {"executed_on": YESTERDAY})

    accepted = (await accept_agreement(context, agreement.id)).entity

    assert (accepted.signed_by, accepted.executed_on) == (ADA, YESTERDAY)


async def test_an_acceptance_without_signer_or_day_to_come_is_refused(context: Context, refused) -> None:
    agreement = await an_agreement(context)
    ended = await an_agreement(context)
    await deactivate_agreement(context, ended.id)

    async with refused(ErrorCode.SIGNER_REQUIRED, "signedBy"):
        await accept_agreement(context, agreement.id)
    async with refused(ErrorCode.EXECUTED_ON_IN_FUTURE, "executedOn"):
        await accept_agreement(context, agreement.id, signed_by=ADA, executed_on=TOMORROW)
    async with refused(ErrorCode.INVALID_EMAIL, "signedBy", "email"):
        await accept_agreement(context, agreement.id, signed_by=Contact("A", "L", "a"))
    async with refused(ErrorCode.AGREEMENT_INACTIVE, "agreementId", entity=ended.id):
        await accept_agreement(context, ended.id, signed_by=ADA)


async def test_a_provider_that_confirms_is_told_of_an_acceptance(context: Context, queue: Queue) -> None:
    agreement = await at_partner_center(context)

    accepted = (await accept_agreement(context, agreement.id, signed_by=ADA)).entity

    assert accepted.sync_state is SyncState.TO_PUSH
    assert queue.pushed() == [agreement.id]
    async with context.unit_of_work() as uow:
        acceptance = await uow.agreements.get_acceptance(agreement.id)
    assert acceptance is not None
    assert acceptance.path is AcceptancePath.PARTNER_ATTESTATION


async def test_older_versions_stay_active_unless_superseded(context: Context, refused) -> None:
    template = await a_template(context)
    old = await an_agreement(context, template_id=template.id, **SIGNED)
    version = await create_agreement_template_version(
        context, NewTemplateVersion(agreement_template_id=template.id, version="2")
    )
    new = await an_agreement(context, account_id=old.account_id, template_id=version.id)

    kept = await accept_agreement(context, new.id, signed_by=ADA)
    assert kept.warnings == (f"{old.number} in version 1 of the terms stays active.",)
    superseding = await accept_agreement(context, new.id, supersede=True)
    assert superseding.warnings == ()

    async with context.unit_of_work() as uow:
        ended = await uow.agreements.get(old.id)
    assert ended is not None
    assert (ended.status, ended.status_reason) == (
        AgreementStatus.INACTIVE,
        AgreementStatusReason.SUPERSEDED,
    )
    assert ended.deactivated_on == TODAY
    assert ended.deactivation_reason == f"Superseded by {new.number}."
    async with refused(ErrorCode.NOT_REACTIVATABLE, "agreementId", entity=old.id):
        await reactivate_agreement(context, old.id)


async def test_an_older_version_supersedes_nothing_newer(context: Context) -> None:
    template = await a_template(context)
    old = await an_agreement(context, template_id=template.id)
    version = await create_agreement_template_version(
        context, NewTemplateVersion(agreement_template_id=template.id, version="2")
    )
    new = await an_agreement(context, account_id=old.account_id, template_id=version.id, **SIGNED)

    outcome = await accept_agreement(context, old.id, signed_by=ADA, supersede=True)

    assert outcome.warnings == ()
    async with context.unit_of_work() as uow:
        still = await uow.agreements.get(new.id)
    assert still is not None
    assert still.status is AgreementStatus.ACTIVE


async def test_a_push_is_asked_for_again(context: Context, queue: Queue, refused) -> None:
    agreement = await at_partner_center(context, **SIGNED)
    await set_sync_state(context, agreement, SyncState.PUSH_FAILED)

    retried = await retry_agreement_push(context, agreement.id, revision=2)
    await retry_agreement_push(context, agreement.id)

    assert (retried.sync_state, retried.sync_error) == (SyncState.TO_PUSH, None)
    assert queue.pushed() == [agreement.id] * 3  # when it was accepted, and each time it was asked for

    await set_sync_state(context, agreement, SyncState.IN_SYNC)
    async with refused(ErrorCode.NOTHING_TO_PUSH, "agreementId", entity=agreement.id):
        await retry_agreement_push(context, agreement.id)


async def test_ending_an_agreement_keeps_everything_and_names_who_carries_it(context: Context) -> None:
    agreement = await an_agreement(context, **SIGNED)
    carriers = [await a_contract(context, agreement.account_id, name=name) for name in ("Z", "A", "Ended")]
    for each in carriers:
        await tag_agreement(context, agreement_id=agreement.id, billing_contract_id=each.id)
    await make_inactive(context, carriers[2])

    outcome = await deactivate_agreement(
        context, agreement.id, reason=" They left. ", on=YESTERDAY, revision=1
    )
    again = await deactivate_agreement(context, agreement.id, reason="Other", on=TODAY)

    ended = outcome.entity
    assert (ended.status, ended.status_reason) == (
        AgreementStatus.INACTIVE,
        AgreementStatusReason.DEACTIVATED,
    )
    assert (ended.deactivated_on, ended.deactivation_reason) == (YESTERDAY, "They left.")
    assert outcome.warnings == tuple(
        f"The active billing contract «{name}» carries this agreement." for name in "AZ"
    )
    assert (again.changed, again.warnings, again.entity.revision) == (False, outcome.warnings, 2)
    assert again.entity.deactivation_reason == "They left."
    async with context.unit_of_work() as uow:
        assert await uow.agreements.get_acceptance(agreement.id) is not None


async def test_a_pending_agreement_is_withdrawn(context: Context) -> None:
    agreement = await an_agreement(context)

    ended = (await deactivate_agreement(context, agreement.id)).entity

    assert (ended.status_reason, ended.deactivated_on) == (AgreementStatusReason.WITHDRAWN, TODAY)


async def test_an_agreement_does_not_end_in_the_future(context: Context, refused) -> None:
    agreement = await an_agreement(context)

    async with refused(ErrorCode.DATE_IN_FUTURE, "on"):
        await deactivate_agreement(context, agreement.id, on=TOMORROW)
    async with refused(ErrorCode.INVALID, "on"):
        await deactivate_agreement(context, agreement.id, on=date(1, 1, 1))
    async with refused(ErrorCode.INVALID, "reason"):
        await deactivate_agreement(context, agreement.id, reason="\0")


async def test_an_agreement_comes_back_as_it_was(context: Context, rows: Rows) -> None:
    pending, accepted = await an_agreement(context), await an_agreement(context, **SIGNED)
    for each in (pending, accepted):
        await deactivate_agreement(context, each.id)

    back = [await reactivate_agreement(context, each.id, revision=2) for each in (pending, accepted)]

    assert [each.status_reason.value for each in back] == ["PENDING", "ACCEPTED"]
    assert [(each.deactivated_on, each.deactivation_reason) for each in back] == [(None, None)] * 2
    events = await rows(
        "SELECT type FROM audit_events WHERE entity_id = :id ORDER BY id",
        id=accepted.id.hex if context.transactions.engine.dialect.name == "sqlite" else accepted.id,
    )
    assert [event.type for event in events] == ["CREATED", "DEACTIVATED", "REACTIVATED"]


async def test_an_acceptance_that_the_provider_never_took_is_pushed_when_it_is_back(
    context: Context, queue: Queue
) -> None:
    told, untold = await at_partner_center(context, **SIGNED), await at_partner_center(context, **SIGNED)
    await set_sync_state(context, told, SyncState.IN_SYNC)
    for each in (told, untold):
        await deactivate_agreement(context, each.id)
    queue.work.clear()

    back = [await reactivate_agreement(context, each.id) for each in (told, untold)]

    assert [each.sync_state for each in back] == [SyncState.IN_SYNC, SyncState.TO_PUSH]
    assert queue.pushed() == [untold.id]


async def test_an_agreement_does_not_come_back_where_it_may_not(context: Context, refused) -> None:
    active = await an_agreement(context)
    async with refused(ErrorCode.NOT_REACTIVATABLE, "agreementId", entity=active.id):
        await reactivate_agreement(context, active.id)

    await deactivate_agreement(context, active.id)
    second = await an_agreement(context, account_id=active.account_id, template_id=active.template_id)
    async with refused(ErrorCode.AGREEMENT_ALREADY_EXISTS, "agreementId", entity=second.id):
        await reactivate_agreement(context, active.id)

    template = await a_template(context)
    lost = await an_agreement(context, template_id=template.id)
    await deactivate_agreement(context, lost.id)
    await make_inactive(context, template)
    async with refused(ErrorCode.TEMPLATE_INACTIVE, "agreementId"):
        await reactivate_agreement(context, lost.id)


async def test_an_agreement_does_not_come_back_to_a_customer_that_left(context: Context, refused) -> None:
    agreement = await at_partner_center(context)
    await deactivate_agreement(context, agreement.id)
    async with context.unit_of_work() as uow:
        place = await uow.provider_accounts.get(agreement.provider_account_id)  # pyright: ignore[reportArgumentType]  # it has one
        account = await uow.accounts.get(agreement.account_id)
    assert place is not None
    assert account is not None

    await make_inactive(context, place)
    async with refused(ErrorCode.PROVIDER_ACCOUNT_INACTIVE, "agreementId", entity=place.id):
        await reactivate_agreement(context, agreement.id)
    await make_inactive(context, account)
    async with refused(ErrorCode.ACCOUNT_INACTIVE, "agreementId"):
        await reactivate_agreement(context, agreement.id)


async def test_expired_terms_take_no_agreement_back(context: Context, refused) -> None:
    template = await a_template(context)
    agreement = await an_agreement(context, template_id=template.id)
    await deactivate_agreement(context, agreement.id)
    async with context.unit_of_work() as uow:
        stored = await uow.templates.get(template.id)
        assert stored is not None
        stored.set_period(None, YESTERDAY)
        await uow.commit()

    async with refused(ErrorCode.TEMPLATE_EXPIRED, "agreementId"):
        await reactivate_agreement(context, agreement.id)


@pytest.mark.parametrize(
    "operation",
    [
        lambda context, which, **more: update_agreement(context, which, {"name": "New"}, **more),
        lambda context, which, **more: accept_agreement(context, which, signed_by=ADA, **more),
        deactivate_agreement,
        reactivate_agreement,
        retry_agreement_push,
    ],
    ids=["update", "accept", "deactivate", "reactivate", "retry"],
)
async def test_an_operation_needs_its_agreement_as_the_caller_knows_it(
    context: Context, refused, operation
) -> None:
    agreement = await an_agreement(context)

    async with refused(ErrorCode.NOT_FOUND, "agreementId"):
        await operation(context, NOWHERE)
    async with refused(ErrorCode.REVISION_CONFLICT, "revision", entity=agreement.id):
        await operation(context, agreement.id, revision=7)
