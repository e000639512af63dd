"""Off-boarding as a client asks for it: what is refused, and what the payload holds of the work."""

from uuid import uuid4

from support.api import Api, gid, gid_of
from support.asking import connect
from support.factories import (
    MANUAL_PROVIDER,
    NOWHERE,
    PARTNER_CENTER,
    a_provider_account,
    an_account,
    make_inactive,
)
from support.simulator import running_simulator

from providers.partner_center import ConfirmationMode
from resolvers.context import Context

SELECTION = "job { id kind status dryRun } providerAccount { id status } warnings"


async def test_what_cannot_be_offboarded_is_told(api: Api, context: Context) -> None:
    by_hand = await a_provider_account(context, MANUAL_PROVIDER)
    gone = await a_provider_account(context, PARTNER_CENTER)
    await make_inactive(context, gone)

    field = ["providerAccountId"]
    for id_, code in (
        (gid_of("ProviderAccount", NOWHERE), "NOT_FOUND"),
        ("x", "NOT_FOUND"),
        (gid(by_hand), "OFFBOARDING_UNSUPPORTED"),
        (gid(gone), "PROVIDER_ACCOUNT_INACTIVE"),
    ):
        assert await api.refusal("offboardProviderAccount", providerAccountId=id_) == (code, field)
    refused = await api.refusal("offboardProviderAccount", providerAccountId=gid(by_hand), waitSeconds=21)
    assert refused == ("INVALID", ["waitSeconds"])


async def test_the_payload_holds_the_work_and_the_work_that_stands_in_the_way(
    api: Api, context: Context
) -> None:
    tenant = str(uuid4())
    account = await an_account(context)
    place = await a_provider_account(context, PARTNER_CENTER, account.id, provider_specific_id=tenant)
    asked = {"providerAccountId": gid(place), "dryRun": True, "waitSeconds": 0}
    async with running_simulator() as simulator:
        partner = await simulator.add_partner()
        await connect(api, simulator, partner, ConfirmationMode.CUSTOMER)
        await simulator.add_customers(
            partner.tenant_id, [{"id": tenant, "companyName": "Contoso", "domain": "contoso.example"}]
        )

        made = await api.done("offboardProviderAccount", SELECTION, **asked, idempotencyKey="k")
        again = await api.done("offboardProviderAccount", SELECTION, **asked, idempotencyKey="k")
        second = await api.do("offboardProviderAccount", SELECTION, **asked)

    job = made["job"]
    assert (job["kind"], job["status"], job["dryRun"]) == ("OFFBOARD", "QUEUED", True)
    assert (made["providerAccount"], made["warnings"]) == ({"id": gid(place), "status": "ACTIVE"}, [])
    assert again == made
    assert second["userErrors"][0]["code"] == "OFFBOARDING_ALREADY_RUNNING"
    assert second["job"]["id"] == job["id"]
