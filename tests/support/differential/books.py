"""A partner's books, small and with everything in them that reading may meet."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from support.contexts import a_context
from support.differential.stock import STRANGE_TEXTS, Stock
from support.documents import Handed, a_pdf
from support.factories import (
    ADA,
    CUSTOMER_AGREEMENT,
    GRACE,
    NOWHERE,
    PARTNER_CENTER,
    SIGNED,
    a_contract,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    an_agreement,
)
from support.orders import REDMOND
from uuid_utils.compat import uuid7

import models
from agreements_api.database import Database
from graph import encode_id
from models import Address, Agreement, Contact
from resolvers.agreements import deactivate_agreement
from resolvers.context import Context
from resolvers.documents import NewDocument, attach_document, remove_document
from resolvers.tags import tag_agreement

NAMES = (
    *(
        "Contoso Ltd",
        "contoso ltd",
        "Contoso Ltd",
        "CONTOSO LTD",
        "Fabrikam",
        "fabrikam",
        "Straße",
        "STRASSE",
    ),
    *("Åland", "A\u030aland", "Conceição S. A.", "株式会社テスト", "مرحبا", "\U0001f600 Smile", "a", "b"),
    *("\uffff edge", "\U0010ffff edge", "e\u0301te\u0301", "été", 'O\'Neil "quoted" \\', "zero\u200bwidth"),
    *("\u202eflip", "100% _x_", "ﬁne", "Istanbul", "İstanbul", "B", "Z", "ä", "~", "<b>&amp;</b>\u2028line"),
)
"""Many fold to the same text; byte order, locale order and UTF-16 order of the others differ."""

LONG_AGO, LATE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2025, 6, 7, 8, 9, 10, 123456, tzinfo=UTC)
_PAUL = Contact("Paul \U0001f600", "Erdős", "paul@erdos.example")
_TYPES: tuple[type[models.Entity], ...] = (
    *(models.Account, models.AccountContact, models.Acceptance, models.Agreement, models.AgreementTemplate),
    *(models.BillingContract, models.Document, models.Job, models.JobItem, models.Provider),
    models.ProviderAccount,
)


async def fill(database: Database) -> Stock:
    """Fill a migrated, empty database; give what is in it."""
    context = a_context(database)
    accounts = await _accounts(context)
    places = await _places(context, accounts)
    agreements = await _agreements(context, accounts, places, await _templates(context))
    await _contracts(context, accounts, agreements)
    await _documents(context, agreements)
    await _end_some(context, agreements)
    async with database.writes.begin() as connection:
        await _set_states(connection, accounts, places, agreements)
        await _add_jobs(connection, agreements, places)
    return await _stock(database)


async def _accounts(context: Context) -> list[UUID]:
    """Accounts of all names, with and without contacts, address and domain."""
    addresses = (REDMOND, None, Address("Weg 1", "Hof", "Köln", None, None, "DE"))
    made = [
        await an_account(
            context,
            name=name,
            primary_contact=(ADA, None, _PAUL)[at % 3],
            contacts=(GRACE, _PAUL, ADA)[: at % 4],
            domain=f"domain{at}.example" if at % 2 else None,
            address=addresses[at % 3],
            external_ref=f"ref-{at}" if at % 5 == 0 else None,
            organization_registration_number=f"HRB {at}" if at % 7 == 0 else None,
        )
        for at, name in enumerate(NAMES)
    ]
    return [each.id for each in made]


async def _places(context: Context, accounts: Sequence[UUID]) -> list[UUID]:
    """Provider accounts at Partner Center and a distributor, some of them nobody's."""
    distributor = await a_provider(context, name="Distributor \U0001f6a2", automatic=True)
    await a_provider(context, name="distributor b")
    owners = (accounts[0], accounts[0], accounts[1], accounts[5], accounts[9], None, None)
    made = [
        await a_provider_account(context, provider, owner, provider_name="Tenant", domain=f"t{at}.example")
        for provider in (PARTNER_CENTER, distributor.id)
        for at, owner in enumerate(owners)
    ]
    return [each.id for each in made]


async def _templates(context: Context) -> list[UUID]:
    made = [
        await a_template(context, name="Frame contract", agreement_link="https://terms.example/1"),
        await a_template(context, name="frame contract", version="2", portal_instructions="Read \U0001f4d6."),
        await a_template(context, name="Ends", expires_on=context.today() + timedelta(days=1)),
    ]
    return [each.id for each in made]


async def _agreements(
    context: Context, accounts: Sequence[UUID], places: Sequence[UUID], templates: Sequence[UUID]
) -> list[Agreement]:
    """One account with many, most with one or two, some with none."""
    wanted: list[tuple[UUID, UUID, UUID | None]] = [(accounts[0], template, None) for template in templates]
    owned = zip((accounts[0], accounts[0], accounts[1], accounts[5]), places[:4], strict=True)
    wanted += [(account, CUSTOMER_AGREEMENT, place) for account, place in owned]
    wanted += [(account, templates[at % 3], None) for at, account in enumerate(accounts[1:24])]
    made: list[Agreement] = []
    for at, (account, template, place) in enumerate(wanted):
        signed = SIGNED if at % 3 == 0 else {"created_on": date(2024, 2, 29)} if at % 3 == 1 else {}
        given = {**signed, "name": "the same" if at % 4 == 0 else None}
        terms = {"account_id": account, "template_id": template, "provider_account_id": place}
        made.append(await an_agreement(context, **terms, **given))
    return made


async def _contracts(context: Context, accounts: Sequence[UUID], agreements: Sequence[Agreement]) -> None:
    """Contracts, five of them one account's, with one, many and no agreements tagged on them."""
    for at, account in enumerate([*accounts[:6], *[accounts[0]] * 4]):
        contract = await a_contract(
            context,
            account,
            name="Support" if at % 2 else NAMES[at],
            start_on=date(2026, 1, 1 + at % 2),
            end_on=date(2026, 12, 31) if at % 3 else None,
        )
        owned = [each.id for each in agreements if each.account_id == account]
        for agreement in owned[: (5, 1, 0, 3, 2)[at % 5]]:
            await tag_agreement(context, agreement_id=agreement, billing_contract_id=contract.id)


async def _end_some(context: Context, agreements: Sequence[Agreement]) -> None:
    for each in agreements[10:16]:
        await deactivate_agreement(context, each.id, reason="They left \U0001f44b.")
    ended = agreements[10]
    # Of the two, coverage shows the newer one.
    await an_agreement(context, account_id=ended.account_id, template_id=ended.template_id)


async def _documents(context: Context, agreements: Sequence[Agreement]) -> None:
    """Documents of all kinds, some of them removed; a dozen of one agreement."""
    kinds = itertools.cycle(models.DocumentKind)
    for at, agreement in enumerate([agreements[0]] * 12 + list(agreements[:8])):
        new = NewDocument(
            agreement_id=agreement.id,
            kind=next(kinds),
            visible_to_customer=at % 2 == 0,
            note="line\nline \U0001f4ce" if at % 3 else None,
        )
        file = Handed(a_pdf(at), file_name=f"größe {at} \U0001f4c4.pdf")
        document = await attach_document(context, new, file)
        if at % 3 == 0 and document.kind is not models.DocumentKind.EVIDENCE:
            await remove_document(context, document.id)


async def _set_states(
    connection: AsyncConnection,
    accounts: Sequence[UUID],
    places: Sequence[UUID],
    agreements: Sequence[Agreement],
) -> None:
    """What otherwise takes a provider or much time, set as they would; many rows of one instant."""

    async def change(model: type[models.Entity], ids: Sequence[UUID], **values: Any) -> CursorResult[Any]:
        return await connection.execute(update(model).where(model.id.in_(ids)).values(values))

    ids = [each.id for each in agreements]
    request = {"acceptance_url": "https://accept.example/1", "acceptance_status": "OPEN"}
    await change(Agreement, ids[::2], created_at=LONG_AGO, updated_at=LATE)
    await change(models.Account, accounts[::3], created_at=LONG_AGO, status="INACTIVE")
    await change(models.Account, accounts[1::3], created_at=LATE, updated_by=f"job:{NOWHERE}")
    await change(models.ProviderAccount, places[:9], created_at=LATE, last_synced_at=LATE)
    await change(models.ProviderAccount, places[1:12:3], missing_since=LATE)
    await change(models.ProviderAccount, places[2:12:3], status="INACTIVE")
    await change(models.Provider, [PARTNER_CENTER], last_synced_at=LATE)
    await change(Agreement, ids[4:6], sync_state="PUSH_FAILED", sync_error="Refused: \u2603.")
    await change(Agreement, ids[5:7], sync_state="AWAITING_CUSTOMER", acceptance_expires_at=LATE, **request)
    await change(Agreement, ids[7:8], sync_state="IN_SYNC", acceptance_reference="r", **request)
    await change(Agreement, ids[10:11], status_reason="SUPERSEDED")
    await change(Agreement, ids[11:12], status_reason="EXPIRED", executed_on=None)
    for at, origin in enumerate(models.AgreementOrigin):
        await change(Agreement, ids[16 + at :: 4], origin=origin, description=f"{origin} \U0001f4dd")
    direct = select(models.Acceptance.id).order_by(models.Acceptance.id).limit(2)
    unnamed = {"path": "DIRECT_AT_VENDOR", "first_name": None, "last_name": None, "email": None}
    found = (await connection.execute(direct)).scalars().all()
    await change(models.Acceptance, found, phone=None, external_ref="x", **unnamed)


async def _add_jobs(
    connection: AsyncConnection, agreements: Sequence[Agreement], places: Sequence[UUID]
) -> None:
    """Jobs of all kinds and states, with up to a dozen items."""
    both = list(itertools.product(models.JobKind, models.JobStatus))
    for at, (kind, status) in enumerate(both):
        job_id = uuid7()
        job = {
            "id": job_id,
            "kind": kind,
            "status": status,
            "considered": at,
            "arguments": {},
            "created": at % 2,
        }
        error = "It failed: \U0001f4a5" if status == "FAILED" else None
        asked = {"requested_at": LATE, "requested_by": "local", "started_at": LATE if at % 2 else None}
        await connection.execute(insert(models.Job).values(**job, **asked, error=error, dry_run=at % 3 == 0))
        for row, outcome in zip(range((12, 0, 3, 1)[at % 4]), itertools.cycle(models.JobItemOutcome)):
            item = {"id": uuid7(), "job_id": job_id, "key": f"{NAMES[row]} {row}", "outcome": outcome}
            if row % 2:
                item |= {"agreement_id": agreements[row].id, "reason": "ALREADY_THERE"}
            if row % 3:
                item |= {"provider_account_id": places[row]}
            await connection.execute(insert(models.JobItem).values(item))


async def _stock(database: Database) -> Stock:
    ids: dict[str, list[str]] = {}
    async with database.reads.connect() as connection:
        for model in _TYPES:
            found = await connection.execute(select(model.id).order_by(model.id))
            ids[model.__name__] = [encode_id(model.__name__, each) for each in found.scalars()]
    return Stock(
        ids=ids,
        absent={name: encode_id(name, NOWHERE) for name in ids},
        named={
            "accountId": "Account",
            "agreementTemplateId": "AgreementTemplate",
            "notTaggedOn": "BillingContract",
            "providerAccountId": "ProviderAccount",
            "providerId": "Provider",
            "taggedOn": "BillingContract",
        },
        texts=(*NAMES[::2], "con", "agr 0000", "support", "t1", "frame", *STRANGE_TEXTS),
        days=("2026-01-15", "2026-01-14", "2026-01-16", "9999-12-31", "0001-01-01", "2024-02-29"),
        rare=frozenset({"viewer", "downloadUrl"}),
    )
