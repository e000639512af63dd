"""Random walks through the operations: after each step the database holds what must always hold."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Date, bindparam, func, select, text
from support.contexts import a_context
from support.databases import Databases
from support.factories import (
    ADA,
    GRACE,
    a_contract,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    next_number,
)

from agreements_api.database import Database
from models import (
    Acceptance,
    Agreement,
    AgreementTemplateStatus,
    AuditEvent,
    Contact,
    DomainError,
    ErrorCode,
)
from providers import base
from resolvers.agreements import (
    accept_agreement,
    deactivate_agreement,
    reactivate_agreement,
    retry_agreement_push,
    update_agreement,
)
from resolvers.confirming import await_customer
from resolvers.new_agreements import NewAgreement, create_agreement
from resolvers.provider_accounts import map_provider_account, unmap_provider_account
from resolvers.tags import tag_agreement, untag_agreement
from resolvers.templates import (
    NewTemplateVersion,
    create_agreement_template_version,
    set_agreement_template_status,
)

R = TypeVar("R")
T = TypeVar("T")

EXAMPLES, STEPS = 28, 90
MOST_TEMPLATES = 6

# Each query finds what must not be, whatever was done before.
FORBIDDEN = {
    "an agreement in other terms or at a provider account of somebody else": """
        SELECT a.number FROM agreements a JOIN agreement_templates t ON t.id = a.template_id
        LEFT JOIN provider_accounts p ON p.id = a.provider_account_id
        WHERE t.provider_id <> a.provider_id
           OR (a.provider_account_id IS NOT NULL AND (p.account_id IS NULL OR p.account_id <> a.account_id))
           OR p.provider_id <> t.provider_id""",
    "an agreement of an automatic provider without a provider account": """
        SELECT a.number FROM agreements a JOIN providers p ON p.id = a.provider_id
        WHERE p.kind = 'AUTOMATIC' AND a.provider_account_id IS NULL""",
    "two active agreements in one place": """
        SELECT min(number) FROM agreements WHERE status = 'ACTIVE'
        GROUP BY account_id, template_id, provider_account_id HAVING count(*) > 1""",
    "a reason that does not fit its status": """
        SELECT number FROM agreements
        WHERE (status = 'ACTIVE') <> (status_reason IN ('PENDING', 'ACCEPTED'))
           OR (status = 'INACTIVE') <> (deactivated_on IS NOT NULL)""",
    "an accepted agreement without its evidence, or whose evidence says otherwise": """
        SELECT a.number FROM agreements a
        LEFT JOIN acceptances c ON c.agreement_id = a.id AND c.voided_by_id IS NULL
        WHERE a.status_reason = 'ACCEPTED'
          AND (c.id IS NULL OR a.executed_on IS NULL OR a.signer_email IS NULL
               OR c.email <> a.signer_email OR c.agreed_on <> a.executed_on
               OR c.template_id <> a.template_id)""",
    "a pending agreement with evidence": """
        SELECT a.number FROM agreements a JOIN acceptances c ON c.agreement_id = a.id
        WHERE c.voided_by_id IS NULL AND a.status_reason IN ('PENDING', 'WITHDRAWN')""",
    "a day that has not come": """
        SELECT number FROM agreements WHERE executed_on > :today OR deactivated_on > :today""",
    "a tag across accounts": """
        SELECT a.number FROM agreement_tags g JOIN agreements a ON a.id = g.agreement_id
        JOIN billing_contracts b ON b.id = g.billing_contract_id
        WHERE a.account_id <> b.account_id OR g.account_id <> a.account_id""",
    "a mapping without an account, or the reverse": """
        SELECT provider_name FROM provider_accounts WHERE (account_id IS NULL) <> (mapping = 'UNMAPPED')""",
    "something awaited of an agreement that has ended": """
        SELECT number FROM agreements
        WHERE status = 'INACTIVE' AND sync_state NOT IN ('NOT_APPLICABLE', 'IN_SYNC')""",
    "a customer who was asked to accept and is not awaited, or the reverse": """
        SELECT number FROM agreements WHERE status = 'ACTIVE' AND status_reason = 'PENDING'
          AND (sync_state = 'AWAITING_CUSTOMER')
              <> (acceptance_status IS NOT NULL AND acceptance_status IN ('OPEN', 'EXPIRED'))""",
}

_all = (f"SELECT '{what}' AS what, q.* FROM ({query}) AS q" for what, query in FORBIDDEN.items())  # noqa: S608 -- ours
WRONG = text(" UNION ALL ".join(_all)).bindparams(bindparam("today", type_=Date))

FROZEN = (
    "account_id", "template_id", "provider_id", "provider_account_id", "template_version", "agreement_link",
    "number", "origin",
)  # fmt: skip
NEVER_SEEN = {ErrorCode.INVALID, ErrorCode.NOT_FOUND, ErrorCode.REVISION_CONFLICT}

SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

picks = st.integers(min_value=0, max_value=999)
signers = st.sampled_from([None, ADA, GRACE])
ages = st.sampled_from([None, 0, 1, 30, -1])  # in days; the last one has not come yet


@dataclass(frozen=True)
class Seen:
    """What one look at the database shows of one walk's accounts."""

    agreements: dict[UUID, Any]
    acceptances: dict[UUID, Any]
    events: int


class Walk(RuleBasedStateMachine):
    """One random walk, over accounts and a provider of its own."""

    operations: ClassVar[int] = 0

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self.runner, self.database = runner, database
        self.context = a_context(database)
        self.seen = Seen({}, {}, 0)

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        context = self.context
        provider = await a_provider(context, automatic=True)
        self.templates = [(await a_template(context, provider.id)).id, (await a_template(context)).id]
        self.accounts = [(await an_account(context)).id for _ in range(2)]
        self.places = [
            (await a_provider_account(context, provider.id, account, sync_enabled=synced)).id
            for account, synced in ((self.accounts[0], False), (self.accounts[1], False), (None, True))
        ]
        self.contracts = [(await a_contract(context, account)).id for account in self.accounts]
        first = NewAgreement(account_id=self.accounts[0], agreement_template_id=self.templates[1])
        self.agreements = [(await create_agreement(context, first)).id]
        self.seen = await self._look()

    @rule(account=picks, template=picks, place=picks, signer=signers, age=ages)
    def create(
        self, account: int, template: int, place: int, signer: Contact | None, age: int | None
    ) -> None:
        command = NewAgreement(
            account_id=_pick(self.accounts, account),
            agreement_template_id=_pick(self.templates, template),
            provider_account_id=_pick([None, *self.places], place),
            signed_by=signer,
            executed_on=self._day(age),
        )
        made = self._do(create_agreement(self.context, command))
        if made is not None:
            self.agreements.append(made.id)

    @rule(which=picks, signer=signers, age=ages, supersede=st.booleans())
    def accept(self, which: int, signer: Contact | None, age: int | None, supersede: bool) -> None:  # noqa: FBT001 -- drawn
        self._do(
            accept_agreement(
                self.context,
                _pick(self.agreements, which),
                signed_by=signer,
                executed_on=self._day(age),
                supersede=supersede,
            )
        )

    @rule(
        which=picks, attribute=st.sampled_from(["signed_by", "executed_on", "name"]), signer=signers, age=ages
    )
    def update(self, which: int, attribute: str, signer: Contact | None, age: int | None) -> None:
        values = {"signed_by": signer, "executed_on": self._day(age), "name": f"Agreement {next_number()}"}
        changes = {attribute: values[attribute]}
        self._do(update_agreement(self.context, _pick(self.agreements, which), changes))

    @rule(which=picks, age=ages)
    def deactivate(self, which: int, age: int | None) -> None:
        self._do(deactivate_agreement(self.context, _pick(self.agreements, which), on=self._day(age)))

    @rule(which=picks)
    def reactivate(self, which: int) -> None:
        self._do(reactivate_agreement(self.context, _pick(self.agreements, which)))

    @rule(which=picks)
    def ask_the_customer(self, which: int) -> None:
        self._do(self._ask_the_customer(_pick(self.agreements, which)))

    async def _ask_the_customer(self, agreement_id: UUID) -> None:
        """Do what the work of a provisioning does where the provider wants the customer's own acceptance."""
        async with self.context.unit_of_work() as uow:
            agreement = await uow.agreements.get(agreement_id)
            assert agreement is not None
            if agreement.awaiting_signature and agreement.provider_account_id is not None:
                await_customer(agreement, base.AcceptanceRequest(url="https://accept.example/"))
            await uow.commit()

    @rule(which=picks)
    def retry(self, which: int) -> None:
        self._do(retry_agreement_push(self.context, _pick(self.agreements, which)))

    @rule(which=picks, contract=picks, on=st.booleans())
    def tag_or_untag(self, which: int, contract: int, on: bool) -> None:  # noqa: FBT001 -- drawn
        operation = tag_agreement if on else untag_agreement
        self._do(
            operation(
                self.context,
                agreement_id=_pick(self.agreements, which),
                billing_contract_id=_pick(self.contracts, contract),
            )
        )

    @rule(place=picks, account=picks)
    def map(self, place: int, account: int) -> None:
        mapped = self._do(
            map_provider_account(self.context, _pick(self.places, place), _pick(self.accounts, account))
        )
        if mapped is not None:
            self.agreements += [each.id for each in mapped.agreements]

    @rule(place=picks)
    def unmap(self, place: int) -> None:
        self._do(unmap_provider_account(self.context, _pick(self.places, place)))

    @rule(template=picks, status=st.sampled_from(AgreementTemplateStatus))
    def set_template_status(self, template: int, status: AgreementTemplateStatus) -> None:
        self._do(set_agreement_template_status(self.context, _pick(self.templates, template), status))

    @precondition(lambda self: len(self.templates) < MOST_TEMPLATES)
    @rule(template=picks)
    def publish_a_version(self, template: int) -> None:
        command = NewTemplateVersion(
            agreement_template_id=_pick(self.templates, template), version=f"{next_number()}"
        )
        made = self._do(create_agreement_template_version(self.context, command))
        if made is not None:
            self.templates.append(made.id)

    def _day(self, age: int | None) -> date | None:
        return None if age is None else self.context.today() - timedelta(days=age)

    def _do(self, operation: Awaitable[R]) -> R | None:
        Walk.operations += 1
        return self.runner.run(self._step(operation))

    async def _step(self, operation: Awaitable[R]) -> R | None:
        before, result, refusal = self.seen, None, None
        try:
            result = await operation
        except DomainError as error:
            refusal = error
        self.seen = await self._look()
        if refusal is None:
            _check_progress(before, self.seen)
        else:
            assert refusal.code not in NEVER_SEEN, refusal.message
            assert self.seen == before, f"refused, and yet something was written: {refusal.message}"
        return result

    async def _look(self) -> Seen:
        """Look for what must not be, and at what there is."""
        today = self.context.today()
        async with self.database.reads.connect() as connection:
            forbidden = (await connection.execute(WRONG, {"today": today})).all()
            assert not forbidden, forbidden
            mine = Agreement.account_id.in_(self.accounts)
            agreements = await connection.execute(select(Agreement.__table__).where(mine))
            acceptances = await connection.execute(
                select(Acceptance.__table__).join(Agreement.__table__).where(mine)
            )
            events = await connection.scalar(select(func.count()).select_from(AuditEvent))
            return Seen(
                {row.id: row for row in agreements}, {row.id: row for row in acceptances}, events or 0
            )


def _check_progress(before: Seen, after: Seen) -> None:
    """What is there stays, what is frozen stays as it was, and what changed has one event each."""
    assert before.agreements.keys() <= after.agreements.keys()
    assert before.acceptances.items() <= after.acceptances.items()
    changed = {key for key, row in after.agreements.items() if row != before.agreements.get(key)}
    for key in changed & before.agreements.keys():
        old, new = before.agreements[key], after.agreements[key]
        assert [getattr(new, name) for name in FROZEN] == [getattr(old, name) for name in FROZEN]
        assert new.revision > old.revision
    assert after.events - before.events >= len(changed)


def _pick(things: Sequence[T], number: int) -> T:
    return things[number % len(things)]


@pytest.fixture
def walked_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    yield from databases.fresh(tmp_path)


@pytest.mark.timeout(900)
def test_no_sequence_of_operations_breaks_an_invariant(walked_url: str) -> None:
    Walk.operations = 0
    database = Database(walked_url)
    with asyncio.Runner() as runner:
        try:
            run_state_machine_as_test(lambda: Walk(runner, database), settings=SETTINGS)
        finally:
            runner.run(database.dispose())
    assert Walk.operations >= 2000
