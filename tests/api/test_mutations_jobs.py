"""Mutations that start, take up and stop durable work; here nobody does the work, but for the last tests."""

from collections.abc import AsyncIterator

import pytest
from support.api import Api, an_api, gid, gid_of, nodes
from support.asking import ADA, CONTOSO, CUSTOMER_TERMS, MANUAL, MICROSOFT, YESTERDAY, a_tenant, terms_of
from support.factories import NOWHERE, an_account

from resolvers.context import Context
from schema.payloads import TenantCredentials

JOB = "job { id kind status considered created dryRun error startedAt finishedAt }"
PROVISION = {
    "newAccount": CONTOSO,
    "providerId": MANUAL,
    "executedOn": YESTERDAY,
    "waitSeconds": 0,
}


@pytest.fixture
async def working(database_url: str) -> AsyncIterator[Api]:
    async with an_api(database_url, run_jobs=True) as opened:
        yield opened


async def test_bulk_work_answers_at_once_with_a_job_and_under_its_key_with_the_same(api: Api) -> None:
    first = await api.done("bulkCreateCustomerAgreements", JOB, dryRun=True, idempotencyKey="k")
    again = await api.done("bulkCreateCustomerAgreements", JOB, dryRun=True, idempotencyKey="k")

    job = first["job"]
    assert again == first
    assert (job["kind"], job["status"], job["dryRun"], job["startedAt"]) == (
        "BULK_CREATE",
        "QUEUED",
        True,
        None,
    )
    refusal = await api.refusal("bulkCreateCustomerAgreements", idempotencyKey="k")
    assert refusal == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    query = """{ queued: jobs(filter: {kind: BULK_CREATE, status: QUEUED}) { edges { node { id } } }
                 syncs: jobs(filter: {kind: SYNC}) { totalCount } }"""
    data = await api.data(query)
    assert nodes(data["queued"], "id") == [job["id"]]
    assert data["syncs"]["totalCount"] == 0


async def test_what_a_bulk_names_must_be_there(api: Api, context: Context) -> None:
    account = await an_account(context)
    ids = [gid(account), gid_of("Provider", NOWHERE)]

    assert await api.refusal("bulkCreateCustomerAgreements", accountIds=ids) == (
        "NOT_FOUND",
        ["accountIds", "1"],
    )
    refusal = await api.refusal("bulkCreateCustomerAgreements", agreementTemplateId="x")
    assert refusal == ("NOT_FOUND", ["agreementTemplateId"])
    await api.done(
        "setAgreementTemplateStatus", "changed", agreementTemplateId=CUSTOMER_TERMS, status="INACTIVE"
    )
    assert (await api.refusal("bulkCreateCustomerAgreements"))[0] == "TEMPLATE_REQUIRED"


@pytest.mark.parametrize(
    "mutation", ["provisionAccount", "syncProviderAccounts", "bulkCreateCustomerAgreements"]
)
async def test_nobody_waits_longer_than_twenty_seconds(api: Api, mutation: str) -> None:
    needed = {
        "provisionAccount": {**PROVISION, "agreementTemplateId": CUSTOMER_TERMS},
        "syncProviderAccounts": {"providerId": MICROSOFT},
        "bulkCreateCustomerAgreements": {},
    }[mutation]

    for seconds in (-1, 21):
        refusal = await api.refusal(mutation, **{**needed, "waitSeconds": seconds})
        assert refusal == ("INVALID", ["waitSeconds"])


async def test_a_second_sync_of_a_provider_answers_with_the_first(api: Api) -> None:
    first = await api.done("syncProviderAccounts", JOB, providerId=MICROSOFT)

    second = await api.do("syncProviderAccounts", JOB, providerId=MICROSOFT)

    assert [each["code"] for each in second["userErrors"]] == ["SYNC_ALREADY_RUNNING"]
    assert second["job"] == first["job"]
    manual = await api.refusal("syncProviderAccounts", providerId=MANUAL)
    assert manual == ("PROVIDER_NOT_AUTOMATIC", ["providerId"])


async def test_provisioning_at_a_manual_provider_is_done_at_once(api: Api) -> None:
    template = await terms_of(api, MANUAL)

    payload = await api.done(
        "provisionAccount",
        f"""{JOB} account {{ name }} agreement {{ statusReason executedOn origin signedBy {{ email }} }}
            providerAccount {{ id }} credentials {{ userName password }} invitationUrl""",
        agreementTemplateId=template,
        **PROVISION,
    )

    assert payload["job"]["status"] == "SUCCEEDED"
    assert payload["account"] == {"name": CONTOSO["name"]}
    assert payload["agreement"] == {
        "statusReason": "ACCEPTED",
        "executedOn": YESTERDAY,
        "origin": "PROVISIONING",
        "signedBy": {"email": ADA["email"]},
    }
    assert payload["providerAccount"] is payload["credentials"] is payload["invitationUrl"] is None


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"agreementTemplateId": ""}, "TEMPLATE_REQUIRED", ["agreementTemplateId"]),
        ({"agreementTemplateId": CUSTOMER_TERMS}, "TEMPLATE_PROVIDER_MISMATCH", ["agreementTemplateId"]),
        ({"executedOn": "2999-01-01"}, "EXECUTED_ON_IN_FUTURE", ["executedOn"]),
        ({"accountId": gid_of("Account", NOWHERE)}, "INVALID", ["accountId"]),
        ({"newAccount": None}, "INVALID", ["accountId"]),
        ({"newAccount": {"name": "x"}}, "SIGNER_REQUIRED", ["signedBy"]),
        ({"newAccount": {"name": ""}}, "INVALID", ["newAccount", "name"]),
        ({"existingTenant": True}, "CUSTOMER_CREATION_UNSUPPORTED", ["existingTenant"]),
    ],
    ids=["template", "provider", "day", "both", "neither", "signer", "account", "tenant"],
)
async def test_a_provisioning_that_cannot_be_leaves_nothing(
    api: Api, values: dict[str, object], code: str, field: list[str]
) -> None:
    template = await terms_of(api, MANUAL)

    refusal = await api.refusal(
        "provisionAccount", **{"agreementTemplateId": template, **PROVISION, **values}
    )

    assert refusal == (code, field)
    data = await api.data("{ accounts { totalCount } jobs { totalCount } agreements { totalCount } }")
    assert {each["totalCount"] for each in data.values()} == {0}


async def test_work_that_has_ended_is_not_stopped(working: Api) -> None:
    queued = await working.done("bulkCreateCustomerAgreements", JOB, waitSeconds=20)
    job_id = queued["job"]["id"]

    payload = await working.do("cancelJob", JOB, jobId=job_id)

    assert [(each["code"], each["field"]) for each in payload["userErrors"]] == [("JOB_FINISHED", ["jobId"])]
    assert payload["job"]["status"] == "SUCCEEDED"
    assert await working.refusal("cancelJob", jobId=gid_of("Job", NOWHERE)) == ("NOT_FOUND", ["jobId"])


async def test_a_dry_run_says_for_each_row_what_it_would_do(working: Api) -> None:
    for name in ("A", "B"):
        made = await working.done("createAccount", "account { id }", name=name)
        await a_tenant(working, made["account"]["id"], name)

    payload = await working.done(
        "bulkCreateCustomerAgreements",
        """job { status created items(outcome: CREATED) { totalCount edges { node {
             key outcome reason agreement { id } providerAccount { providerName } } } }
             none: items(outcome: FAILED, first: 5) { totalCount } }""",
        dryRun=True,
        waitSeconds=20,
    )

    job = payload["job"]
    assert (job["status"], job["created"], job["none"]["totalCount"]) == ("SUCCEEDED", 2, 0)
    assert sorted(nodes(job["items"], "providerAccount", "providerName")) == ["A", "B"]
    assert {each["agreement"] for each in nodes(job["items"])} == {None}
    assert (await working.data("{ agreements { totalCount } }"))["agreements"]["totalCount"] == 0


def test_a_password_does_not_show_where_its_holder_is_printed() -> None:
    credentials = TenantCredentials(user_name="admin", password="swordfish")  # noqa: S106  # made up

    assert "swordfish" not in repr(credentials)
