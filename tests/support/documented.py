"""What the documented answers of Partner Center mean."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from providers.base import (
    Confirmation,
    Contact,
    Customer,
    DocumentLink,
    Subscription,
    SubscriptionStatus,
    Template,
    TenantCredentials,
)
from providers.errors import (
    AdministratorNeeded,
    AlreadyConfirmed,
    CustomerNotVisible,
    InputRefused,
    ProviderUnavailable,
)
from providers.partner_center import audit, webhooks, wire
from providers.partner_center.customers import MAYBE_ABSENT, OF_CUSTOMER
from providers.partner_center.paging import page_of
from providers.partner_center.refusals import PLAIN, Absent, Meaning
from providers.partner_center.rules import address_problem, country_rules
from providers.partner_center.subscriptions import Trade, held, subscriptions
from providers.record import Record

DOCUMENTED = Path(__file__).parents[1] / "providers" / "samples" / "documented"
MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
TANIA = Contact(first_name="Tania", last_name="Carr", email="SomeEmail@example.com", phone="1234567890")
ASKED = Confirmation(template_id=MCA, contact=TANIA, agreed_on=date(2018, 6, 14))


def sample(name: str) -> dict[str, Any]:
    return json.loads((DOCUMENTED / f"{name}.json").read_bytes())


def customers(body: object) -> list[tuple[str, str | None]]:
    return [(each.name, each.domain) for each in page_of(wire.customer)(body).items]


def of_page(*names: str) -> Callable[[object], list[list[str | None]]]:
    """Read some members of the items of a collection that the client has no use for."""
    return lambda body: [[each.text(name) for name in names] for each in page_of(Record)(body).items]


def of_record(*names: str) -> Callable[[object], list[str | None]]:
    return lambda body: [Record(body).text(name) for name in names]


def entries(body: object) -> list[tuple[str | None, str, bool, datetime | None]]:
    found = page_of(audit.entry)(body).items
    return [(each.customer_id, each.operation, each.is_change, each.at) for each in found]


def told(body: object) -> tuple[str, str | None]:
    found = webhooks.notification(body)
    return found.event, found.customer_id


def ended(body: object) -> tuple[Trade, str, date | None, datetime | None]:
    found = held(body)
    return found.trade, found.status, found.subscription.term_ends_on, found.cancellable_until


def culture(body: object) -> tuple[str, str, int, bool, bool]:
    rules = country_rules(body)
    return (
        rules.culture,
        rules.language,
        len(rules.regions),
        rules.region_required,
        rules.takes_registration_number,
    )


INVITATION = (
    "https://admin.microsoft.com/Adminportal/Home?invType=ResellerRelationship"
    "&partnerId=3b33e682-00c3-41ee-9dd2-a548adf56438&msppId=0&DAP=false#/BillingAccounts/partner-invitation"
)
AUDITED = "0c39d6d5-c70d-4c55-bc02-f620844f3fd1"
REGISTERED = ("{{YourCallbackUrl}}", frozenset({"subscription-updated", "test-created"}))

ANSWERS: Mapping[str, tuple[Callable[[Any], object], object]] = {
    "delete-customer-sandbox": (lambda body: body, None),
    "head-domains-taken": (lambda body: body, None),
    "get-agreements-metadata-customer": (
        lambda body: page_of(wire.template)(body).items,
        [
            Template(
                template_id=MCA, kind="MicrosoftCustomerAgreement", link="https://aka.ms/customeragreement"
            )
        ],
    ),
    "get-agreementtemplates-document": (
        wire.document,
        DocumentLink(
            display_url="https://wopihost.int.l2o.microsoft.com/v1/officehost/agreement/files/Preview...",
            download_url="https://l2oagreementintbn2.blob.core.windows.net/agreementscontainer/Preview...",
            language="en-US",
            country="US",
        ),
    ),
    "get-applicationmfaadoptionstatus": (
        of_page("loginDate"),
        [["2020-05-20"], ["2020-05-19"]],
    ),
    "get-auditrecords-by-customer": (
        entries,
        [
            (AUDITED, "create_order", False, datetime(2017, 6, 15, 22, 56, 5, 58930, UTC)),
            (AUDITED, "update_customer_user_licenses", False, datetime(2017, 6, 1, 20, 9, 7, 45048, UTC)),
        ],
    ),
    "get-compliance-agreementstatus-by-tenant": (lambda body: Record(body).flag("isAgreementSigned"), True),
    "get-compliance-agreementstatus-signed": (lambda body: Record(body).flag("isAgreementSigned"), True),
    "get-countryvalidationrules": (culture, ("en-US", "en", 51, True, False)),
    "get-customer": (
        wire.customer,
        Customer(
            id="eebd1b55-5360-4438-a11d-5c06918c3014", name="1kl as kjk", domain="abcdefgh1234.ccsctp.net"
        ),
    ),
    "get-customer-agreements-customer": (
        lambda body: page_of(wire.confirmation)(body).items,
        [Confirmation(template_id=MCA, contact=TANIA, agreed_on=date(2019, 8, day)) for day in (26, 27)],
    ),
    "get-customer-directsigned-status": (lambda body: Record(body).flag("isSigned"), True),
    "get-customer-managedservices": (of_page("id"), [["Exchange"], ["MicrosoftCommunicationsOnline"]]),
    "get-customer-qualifications-approved": (of_page("vettingStatus"), [["Approved"]]),
    "get-customer-qualifications-denied": (of_page("vettingStatus"), [["Denied"]]),
    "get-customer-qualifications-inreview": (of_page("vettingStatus"), [["InReview"]]),
    "get-customer-subscription": (ended, (Trade.LEGACY, "active", None, None)),
    "get-customer-subscription-addon": (
        lambda body: held(body).subscription,
        Subscription(
            id="968ba1cf-c146-4adf-a300-308dcf718eee",
            name="Some friendly name",
            status=SubscriptionStatus.ACTIVE,
            quantity=2,
            auto_renews=True,
            parent_id="1c2b75c1-74a5-472a-a729-7f8cefc477f9",
            term_ends_on=date(2018, 2, 10),
        ),
    ),
    "get-customer-subscriptions": (
        lambda body: [each.subscription for each in subscriptions(body).items],
        [
            Subscription(
                id="83ef9d05-4169-4ef9-9657-0e86b1eab1de",
                name="nickname",
                status=SubscriptionStatus.ACTIVE,
                quantity=1,
                auto_renews=False,
                term_ends_on=date(2016, 12, 12),
            )
        ],
    ),
    "get-customers-filter-companyname": (
        customers,
        [
            ("Contoso190", "contoso190.onmicrosoft.com"),
            ("Contoso", "ContosoCorpCo.onmicrosoft.com"),
            ("Contoso", "contosocorpdemo.onmicrosoft.com"),
        ],
    ),
    "get-customers-list": (customers, [("companyName", "domain")] * 2),
    "get-customers-relationshiprequests": (lambda body: Record(body).required("url"), INVITATION),
    "get-nonmfacompliantpartnerprincipals": (
        of_page("objectId"),
        [["adc77aa5-7968-4c57-9f48-361018265c1a"]],
    ),
    "get-partnerrequests-mfa": (lambda body: len(page_of(Record)(body).items), 2),
    "get-partners-customeragreementrecords": (
        lambda body: len(Record(body).items("customerAgreementRecords")),
        1,
    ),
    "get-profiles-legalbusiness": (of_record("companyName"), ["Lucerne Publishing"]),
    "get-profiles-mpn": (of_record("mpnId"), ["4391507"]),
    "get-profiles-organization": (of_record("domain"), ["testtestbugbash1.onmicrosoft.com"]),
    "get-relationships-indirect-resellers": (
        of_page("relationshipType", "location"),
        [["is_indirect_cloud_solution_provider_of", country] for country in ("US", "BR")],
    ),
    "get-webhooks-registration": (webhooks.registration, REGISTERED),
    "post-webhooks-registration": (webhooks.registration, REGISTERED),
    "put-webhooks-registration": (webhooks.registration, REGISTERED),
    "get-webhooks-registration-events": (
        webhooks.names,
        ["subscription-updated", "test-created", "usagerecords-thresholdExceeded"],
    ),
    "get-webhooks-validationevents": (of_record("status"), ["completed"]),
    "post-webhooks-validationevents": (of_record("correlationId"), ["04af2aea-d413-42db-824e-f328001484d1"]),
    "patch-customer-subscription-cancel": (
        ended,
        (
            Trade.TERM,
            "deleted",
            date(2019, 2, 8),
            datetime(2019, 1, 10, 0, 21, 45, 926372, UTC),
        ),
    ),
    "patch-customer-subscription-reactivate": (ended, (Trade.LEGACY, "active", date(2016, 12, 12), None)),
    "post-customer-agreements": (
        lambda body: wire.confirmed(body, asked=ASKED),
        Confirmation(
            template_id=MCA,
            contact=Contact(
                first_name="Tania", last_name="Carr", email="someone@example.com", phone="1234567890"
            ),
            agreed_on=date(2018, 6, 14),
        ),
    ),
    "post-customer-agreements-template-wins-over-type": (
        lambda body: wire.confirmed(body, asked=ASKED).template_id,
        "998b88de-aa99-4388-a42c-1b3517d49490",
    ),
    "post-customer-cart-checkout": (lambda body: len(Record(body).items("orders")), 3),
    "post-customer-carts": (of_record("id"), ["3655b1a0-b1c9-4268-9824-577fdbc4d0be"]),
    "post-customer-qualifications": (of_record("vettingStatus"), ["InReview"]),
    "post-customers": (
        lambda body: (wire.created_customer(body).customer.domain, wire.created_customer(body).credentials),
        ("xyz.ccsctp.net", TenantCredentials(user_name="admin", password="=;;n.=s9Z")),  # noqa: S106 - as printed
    ),
    "post-token-app-only-v1-graph": (lambda body: Record(body).integer("expires_in"), 3600),
    "post-token-refresh-token": (lambda body: Record(body).integer("expires_in"), 3600),
    "post-validations-address-verifiedshippable": (address_problem, None),
    "put-customer-profiles-billing": (of_record("companyName", "culture"), ["companyName", "en-US"]),
    "callback-webhook-invoice-ready": (told, ("invoice-ready", None)),
    "callback-webhook-referral-created": (told, ("referral-created", None)),
    "callback-webhook-referral-updated": (told, ("referral-updated", None)),
    "callback-webhook-subscription-updated": (told, ("subscription-updated", None)),
    "callback-webhook-test-created": (told, ("test-created", None)),
    "callback-webhook-usagerecords-thresholdExceeded": (told, ("usagerecords-thresholdExceeded", None)),
}

REFUSALS: Mapping[str, tuple[Meaning, type[Exception], str | None]] = {
    "any-error-900329-app-only": (PLAIN, AdministratorNeeded, "900329"),
    "any-error-900420-graph-audience": (PLAIN, AdministratorNeeded, "900420"),
    "any-throttled-429": (PLAIN, ProviderUnavailable, "429"),
    "get-compliance-agreementstatus-error-2000-both-passed": (PLAIN, InputRefused, "2000"),
    "get-compliance-agreementstatus-error-2000-mpn-not-numeric": (PLAIN, InputRefused, "2000"),
    "get-compliance-agreementstatus-error-2000-tenant-not-guid": (PLAIN, InputRefused, "2000"),
    "get-compliance-agreementstatus-error-2001-none-passed": (PLAIN, InputRefused, "2001"),
    "get-compliance-agreementstatus-error-2201-region-mismatch": (PLAIN, InputRefused, "2201"),
    "get-compliance-agreementstatus-error-2203-mpa-not-signed": (PLAIN, InputRefused, "2203"),
    "get-compliance-agreementstatus-error-2204-mpn-no-csp-account": (PLAIN, InputRefused, "2204"),
    "get-compliance-agreementstatus-error-2205-tenant-unknown": (PLAIN, InputRefused, "2205"),
    "get-customer-after-create-stage1": (OF_CUSTOMER, CustomerNotVisible, "1000"),
    "get-profiles-mpn-notfound": (MAYBE_ABSENT, Absent, "3000"),
    "head-domains-available": (MAYBE_ABSENT, Absent, None),
    "post-customer-agreements-duplicate-600061": (OF_CUSTOMER, AlreadyConfirmed, "600061"),
    "post-customer-agreements-error-600002-future-date": (OF_CUSTOMER, InputRefused, "600002"),
    "post-customers-error-600006": (PLAIN, AdministratorNeeded, "600006"),
}
