"""Operations take effect once under a key, lose no update, and end races in a refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from support.contexts import Rows, a_context
from support.factories import (
    ADA,
    MANUAL_PROVIDER,
    PARTNER_CENTER,
    a_contract,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
)

from agreements_api.database import Database
from models import (
    Audited,
    BillingFrequency,
    BillingPolicy,
    DomainError,
    ErrorCode,
    ProviderKind,
    ProviderRole,
)
from repositories import Conflict
from resolvers.accounts import NewAccount, create_account, update_account
from resolvers.agreements import accept_agreement, deactivate_agreement, update_agreement
from resolvers.billing_contracts import NewBillingContract, create_billing_contract
from resolvers.context import Context
from resolvers.new_agreements import NewAgreement, create_agreement
from resolvers.operations import ATTEMPTS, input_hash, repeated
from resolvers.provider_accounts import NewProviderAccount, create_provider_account
from resolvers.providers import NewProvider, create_provider
from resolvers.tags import tag_agreement
from resolvers.templates import (
    NewTemplate,
    NewTemplateVersion,
    create_agreement_template,
    create_agreement_template_version,
)

Create = Callable[..., Awaitable[Audited]]


async def creations(context: Context) -> list[tuple[Create, Callable[[str], Any]]]:
    """Every operation that makes something, with its input by name."""
    account, template = await an_account(context), await a_template(context)
    return [
        (create_account, lambda name: NewAccount(name=name)),
        (
            create_provider,
            lambda name: NewProvider(name=name, kind=ProviderKind.MANUAL, role=ProviderRole.PARTNER),
        ),
        (
            create_agreement_template,
            lambda name: NewTemplate(provider_id=MANUAL_PROVIDER, name=name, template_id=name),
        ),
        (
            create_agreement_template_version,
            lambda name: NewTemplateVersion(agreement_template_id=template.id, version=name),
        ),
        (
            create_provider_account,
            lambda name: NewProviderAccount(
                provider_id=PARTNER_CENTER, provider_specific_id=name, provider_name=name
            ),
        ),
        (
            create_agreement,
            lambda name: NewAgreement(account_id=account.id, agreement_template_id=template.id, name=name),
        ),
        (
            create_billing_contract,
            lambda name: NewBillingContract(
                account_id=account.id,
                name=name,
                billing_frequency=BillingFrequency.MONTHLY,
                billing_policy=BillingPolicy.ADVANCE,
                start_on=date(2026, 1, 1),
                currency="EUR",
            ),
        ),
    ]


async def test_a_key_makes_one_thing_however_often_it_comes(context: Context, rows: Rows, refused) -> None:
    for create, command in await creations(context):
        first = await create(context, command("One"), idempotency_key="k-1")
        events = await rows("SELECT id FROM audit_events")

        again = await create(context, command(" One "), idempotency_key="k-1")

        assert again.id == first.id, create
        assert await rows("SELECT id FROM audit_events") == events
        async with refused(ErrorCode.IDEMPOTENCY_CONFLICT, "idempotencyKey"):
            await create(context, command("Two"), idempotency_key="k-1")


async def test_a_repeated_key_answers_with_what_was_made_as_it_is_now(context: Context) -> None:
    made = await create_account(context, NewAccount(name="Contoso"), idempotency_key="k")
    await update_account(context, made.id, {"name": "Fabrikam"})

    again = await create_account(context, NewAccount(name="Contoso"), idempotency_key="k")

    assert (again.id, again.name, again.revision) == (made.id, "Fabrikam", 2)


async def test_keys_belong_to_an_actor_and_a_mutation(context: Context) -> None:
    mine = await create_account(context, NewAccount(name="A"), idempotency_key="k")
    theirs = await create_account(context.acting_as("other"), NewAccount(name="B"), idempotency_key="k")
    contract = await create_agreement_template(
        context, NewTemplate(provider_id=MANUAL_PROVIDER, name="T", template_id="T"), idempotency_key="k"
    )

    assert len({mine.id, theirs.id, contract.id}) == 3


async def test_a_refused_input_leaves_its_key_free(context: Context, refused) -> None:
    taken = await an_account(context, external_ref="CRM-1")
    command = NewAccount(name="Contoso", external_ref="CRM-1")

    async with refused(ErrorCode.EXTERNAL_REF_TAKEN, "externalRef", entity=taken.id):
        await create_account(context, command, idempotency_key="k")
    await update_account(context, taken.id, {"external_ref": None})
    made = await create_account(context, command, idempotency_key="k")

    assert made.external_ref == "CRM-1"


@pytest.mark.parametrize("key", ["", "  ", "x" * 201, "a\0b", "\ud800"], ids=range(5))
async def test_a_key_is_a_short_text(context: Context, refused, key: str) -> None:
    async with refused(ErrorCode.INVALID, "idempotencyKey"):
        await create_account(context, NewAccount(name="Contoso"), idempotency_key=key)


async def test_fifty_twins_have_one_effect(context: Context, rows: Rows) -> None:
    command = NewAccount(name="Contoso", external_ref="CRM-1")

    made = await asyncio.gather(
        *(create_account(context, command, idempotency_key="twins") for _ in range(50))
    )

    assert len({each.id for each in made}) == 1
    assert len(await rows("SELECT id FROM accounts")) == 1
    assert len(await rows("SELECT id FROM audit_events")) == 1


async def test_fifty_twins_without_a_key_end_in_the_refusal(context: Context, rows: Rows) -> None:
    account, template = await an_account(context), await a_template(context)
    makers: list[Callable[[], Awaitable[Audited]]] = [
        lambda: an_account(context, external_ref="CRM-1"),
        lambda: an_agreement(context, account_id=account.id, template_id=template.id),
        lambda: a_provider_account(context, PARTNER_CENTER, provider_specific_id="tenant"),
        lambda: a_template(context, template_id="T1"),
    ]

    for make, code in zip(
        makers,
        (
            ErrorCode.EXTERNAL_REF_TAKEN,
            ErrorCode.AGREEMENT_ALREADY_EXISTS,
            ErrorCode.PROVIDER_ACCOUNT_DUPLICATE,
            ErrorCode.TEMPLATE_DUPLICATE,
        ),
        strict=True,
    ):
        results = await asyncio.gather(*(make() for _ in range(50)), return_exceptions=True)
        (made,) = [each for each in results if not isinstance(each, BaseException)]
        refusals = [each for each in results if isinstance(each, DomainError)]
        assert {(each.code, each.entity) for each in refusals} == {(code, made.id)}
        assert len(refusals) == 49


async def test_two_hundred_updates_lose_none(context: Context) -> None:
    agreement = await an_agreement(context)

    await asyncio.gather(
        *(update_agreement(context, agreement.id, {"description": str(number)}) for number in range(200))
    )

    async with context.unit_of_work() as uow:
        stored = await uow.agreements.get(agreement.id)
    assert stored is not None
    assert stored.revision == 201


async def test_of_two_hundred_updates_of_one_revision_one_succeeds(context: Context) -> None:
    agreement = await an_agreement(context)

    results = await asyncio.gather(
        *(
            update_agreement(context, agreement.id, {"description": str(number)}, revision=1)
            for number in range(200)
        ),
        return_exceptions=True,
    )

    refusals = [each for each in results if isinstance(each, DomainError)]
    assert len(refusals) == 199
    assert {(each.code, each.entity) for each in refusals} == {(ErrorCode.REVISION_CONFLICT, agreement.id)}


async def test_what_happens_at_once_happens_once(context: Context, rows: Rows) -> None:
    agreement = await an_agreement(context)
    contract = await a_contract(context, agreement.account_id)
    both = {"agreement_id": agreement.id, "billing_contract_id": contract.id}
    today = context.today()

    accepted = await asyncio.gather(
        *(accept_agreement(context, agreement.id, signed_by=ADA, executed_on=today) for _ in range(20))
    )
    tagged = await asyncio.gather(*(tag_agreement(context, **both) for _ in range(20)))
    defaults = await asyncio.gather(
        *(a_contract(context, agreement.account_id, is_default=True) for _ in range(10))
    )
    ended = await asyncio.gather(*(deactivate_agreement(context, agreement.id) for _ in range(20)))

    for outcomes in (accepted, tagged, ended):
        assert [each.changed for each in outcomes].count(True) == 1
    assert len(defaults) == 10
    assert len(await rows("SELECT id FROM billing_contracts WHERE is_default")) == 1
    assert len(await rows("SELECT id FROM acceptances")) == 1
    events = await rows("SELECT type FROM audit_events WHERE entity = 'Agreement' ORDER BY id")
    assert [event.type for event in events] == ["CREATED", "ACCEPTED", "TAGGED", "DEACTIVATED"]


async def test_callers_of_two_processes_do_not_lose_updates_either(
    context: Context, database: Database
) -> None:
    agreement = await an_agreement(context)
    async with Database(database.url) as other:
        contexts = [context, a_context(other, actor="other")]

        await asyncio.gather(
            *(
                update_agreement(contexts[number % 2], agreement.id, {"description": str(number)})
                for number in range(40)
            )
        )

    async with context.unit_of_work() as uow:
        stored = await uow.agreements.get(agreement.id)
    assert stored is not None
    assert stored.revision == 41


async def test_a_race_that_never_ends_is_given_up() -> None:
    runs = 0

    @repeated
    async def unlucky() -> None:
        nonlocal runs
        runs += 1
        raise Conflict("Another transaction got there first.")

    with pytest.raises(Conflict):
        await unlucky()

    assert runs == ATTEMPTS


def test_equal_commands_have_equal_hashes() -> None:
    one = NewAccount(name="Contoso", primary_contact=ADA, external_ref="1")
    other = NewAccount(external_ref="1", primary_contact=ADA, name="Contoso")

    assert input_hash(one) == input_hash(other)
    assert input_hash(one) != input_hash(NewAccount(name="Contoso", external_ref="1"))
