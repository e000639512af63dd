"""The sample data: that they keep every rule, show every state, and agree with the simulator's side."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from agreements_api.database import Database
from agreements_api.demo.companies import companies
from agreements_api.demo.data import write_books
from agreements_api.demo.stands import stands
from agreements_api.demo.tenants import tenants

ACCEPTANCE_URL = "http://127.0.0.1:8700/AdminPortal/Home"

# Each finds rows that break a rule which the database itself does not know.
BROKEN = {
    "an accepted agreement has an acceptance that stands": """
        SELECT id FROM agreements WHERE status_reason = 'ACCEPTED' AND id NOT IN
        (SELECT agreement_id FROM acceptances WHERE voided_by_id IS NULL)""",
    "a pending or withdrawn agreement has none": """
        SELECT id FROM agreements WHERE status_reason IN ('PENDING', 'WITHDRAWN', 'EXPIRED') AND id IN
        (SELECT agreement_id FROM acceptances)""",
    "only where the vendor names nobody there is no signer": """
        SELECT agreements.id FROM agreements JOIN acceptances ON agreement_id = agreements.id
        WHERE (signer_email IS NULL) <> (path = 'DIRECT_AT_VENDOR')""",
    "an agreement at an automatic provider has a provider account": """
        SELECT agreements.id FROM agreements JOIN providers ON providers.id = provider_id
        WHERE (kind = 'AUTOMATIC') = (provider_account_id IS NULL)""",
    "bulk creation and sync leave the signer of what is pending empty": """
        SELECT id FROM agreements WHERE status_reason = 'PENDING' AND origin IN ('SYNC', 'BULK')
        AND (signer_email IS NOT NULL OR executed_on IS NOT NULL OR created_on IS NOT NULL)""",
    "who waits for the customer says where": """
        SELECT id FROM agreements WHERE (sync_state = 'AWAITING_CUSTOMER') <> (acceptance_url IS NOT NULL)""",
    "a refused push says why": """
        SELECT id FROM agreements WHERE (sync_state = 'PUSH_FAILED') <> (sync_error IS NOT NULL)""",
    "nothing pending is left of terms that expired": """
        SELECT agreements.id FROM agreements JOIN agreement_templates t ON t.id = agreements.template_id
        WHERE status_reason = 'PENDING' AND t.expires_on IS NOT NULL""",
    "the newer version that supersedes is accepted": """
        SELECT old.id FROM agreements old WHERE old.status_reason = 'SUPERSEDED' AND NOT EXISTS
        (SELECT 1 FROM agreements new JOIN agreement_templates t ON t.id = new.template_id
         WHERE t.supersedes_id = old.template_id AND new.account_id = old.account_id
         AND new.status_reason = 'ACCEPTED')""",
    "every agreement has an event of its creation": """
        SELECT id FROM agreements WHERE id NOT IN
        (SELECT entity_id FROM audit_events WHERE entity = 'Agreement' AND type = 'CREATED')""",
    "every agreement and account is found by words": """
        SELECT id FROM agreements WHERE id NOT IN
        (SELECT entity_id FROM search_words WHERE kind = 'Agreement')
        UNION SELECT id FROM accounts WHERE id NOT IN
        (SELECT entity_id FROM search_words WHERE kind = 'Account')""",
    "no number is given out twice, and none is left out": """
        SELECT value FROM counters WHERE value <> (SELECT count(*) FROM agreements)""",
}


@pytest.fixture
async def session(database: Database) -> Any:
    async def enqueue(*_: object) -> None:
        raise AssertionError("sample data start no work")

    transactions = database.transactions(enqueue, lambda: datetime.now(UTC))
    await write_books(transactions, acceptance_url=ACCEPTANCE_URL)
    async with AsyncSession(database.reads) as session:
        yield session


async def test_the_sample_data_keep_every_rule_and_show_every_state(session: AsyncSession) -> None:
    async def rows(statement: str) -> list[Row[Any]]:
        return list(await session.execute(text(statement)))

    assert {name: len(found) for name, sql in BROKEN.items() if (found := await rows(sql))} == {}
    assert {name: await _count(session, name) for name in _COUNTS} == _COUNTS

    async def shown(column: str, table: str) -> Mapping[str, int]:
        statement = f"SELECT {column}, count(*) FROM {table} GROUP BY 1"  # noqa: S608 -- names from below
        return {each[0]: each[1] for each in await rows(statement)}

    assert set(await shown("status_reason", "agreements")) == {
        "PENDING", "ACCEPTED", "DEACTIVATED", "WITHDRAWN", "EXPIRED", "SUPERSEDED",
    }  # fmt: skip
    assert set(await shown("sync_state", "agreements")) == {
        "NOT_APPLICABLE", "IN_SYNC", "AWAITING_CUSTOMER", "PUSH_FAILED",
    }  # fmt: skip
    assert set(await shown("origin", "agreements")) == {"MANUAL", "PROVISIONING", "SYNC", "BULK"}
    assert (await shown("mapping", "provider_accounts"))["UNMAPPED"] == 25
    assert {"CREATED", "ACCEPTED", "DEACTIVATED", "TAGGED"} <= set(await shown("type", "audit_events"))


_COUNTS = {
    "accounts": 300,
    "agreements": 701,
    "agreement_templates": 10,
    "billing_contracts": 250,
    "provider_accounts": 295,
    "providers": 4,
}


async def _count(session: AsyncSession, table: str) -> int:
    return await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608 -- names from above


def test_customers_are_of_many_countries_and_scripts_and_no_two_alike() -> None:
    everybody = companies()
    assert len({each.name for each in everybody}) == len({each.domain for each in everybody}) == 300
    assert len({each.country for each in everybody}) == 20
    letters = "".join(each.name for each in everybody)
    for sample in "üœñçåłřşΠЇЖכاकสさ한玉Đ":
        assert sample.casefold() in letters.casefold(), sample


def test_forty_customers_wait_for_a_sync_some_matching_some_ambiguous_some_unknown() -> None:
    domains = Counter(each.domain for each in companies())
    at_contacts = {
        contact.email_domain
        for each in companies()
        for contact in each.people[1:]
        if contact.email_domain != each.domain
    }
    waiting = [each for each in tenants() if not each.known]
    ambiguous = [each for each in waiting if each.domain in at_contacts]
    unknown = [each for each in waiting if each.domain not in domains]
    assert (len(waiting), len(ambiguous), len(unknown)) == (40, 6, 10)


def test_the_plan_is_the_same_every_time() -> None:
    first = [(each.company.number, each.executed_on) for each in stands()[:3]]
    stands.cache_clear()
    assert [(each.company.number, each.executed_on) for each in stands()[:3]] == first
