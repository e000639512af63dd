"""However an answer of Partner Center is spelt, it is read alike."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.documented import ANSWERS, ASKED, MCA, ended, sample

from providers.partner_center import attestation, audit, webhooks, wire
from providers.partner_center.rules import country_rules
from providers.partner_center.subscriptions import held

STARTED = {
    "attestationId": "a1",
    "url": "https://accept.example/a1",
    "expirationDate": "2026-12-01T00:00:00Z",
    "status": "accepted",
    "acceptedDate": "2026-11-22T10:00:00Z",
    "signatoryFirstName": "Tania",
    "signatoryLastName": "Carr",
    "email": "tania@contoso.example",
    "phone": None,
}
DECODERS: Mapping[str, tuple[Callable[[Any], object], object]] = {
    **{
        name: (read, sample(name)["body"])
        for name, (read, expected) in ANSWERS.items()
        if expected is not None
    },
    "attestation": (attestation.attestation, STARTED),
    "acceptance request": (attestation.acceptance_request, STARTED),
}


def varied(value: object, draw: random.Random) -> object:
    """Write the same in another way: other cases, unknown members, null for what is missing, zones."""
    if isinstance(value, dict):
        members = [
            (draw.choice([str.lower, str.upper, str.title, str])(name), varied(each, draw))
            for name, each in value.items()
        ]
        members += [(f"unknown{draw.randrange(9)}", draw.choice([None, {}, [], 1, "x"]))]
        draw.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        return [varied(each, draw) for each in value]
    return _another_zone(value, draw) if isinstance(value, str) else value


def _another_zone(text: str, draw: random.Random) -> str:
    """Drop or add the zone of UTC, which a date without one is of."""
    bare = text.removesuffix("Z").removesuffix("+00:00")
    if len(bare) < len("2019-08-26T00:00:00") or bare[4:5] + bare[10:11] != "-T":
        return text
    return bare + draw.choice(["", "Z", "+00:00"])


@pytest.mark.parametrize("name", [name for name in DECODERS if not name.startswith("callback")])
@given(draw=st.randoms(use_true_random=False))
def test_cases_zones_and_unknown_members_change_nothing(name, draw):
    read, body = DECODERS[name]

    assert read(varied(body, draw)) == read(body)


OPTIONAL: Mapping[str, tuple[Callable[[Any], object], Mapping[str, object]]] = {
    "customer": (wire.customer, {"id": "c"}),
    "company": (wire.company, {"id": "c"}),
    "created customer": (wire.created_customer, {"id": "c"}),
    "removed": (wire.removed, {}),
    "template": (wire.template, {"templateId": MCA, "agreementType": "X"}),
    "agreement": (wire.confirmation, {"templateId": MCA, "dateAgreed": "2024-01-02"}),
    "undated agreement": (wire.confirmation, {}),
    "confirmed": (lambda body: wire.confirmed(body, asked=ASKED), {}),
    "subscription": (lambda body: (held(body).subscription, *ended(body)), {"id": "s"}),
    "audit entry": (audit.entry, {}),
    "registration": (webhooks.registration, {}),
    "rules": (country_rules, {"defaultCulture": "en-US"}),
    "attestation": (
        attestation.attestation,
        {"status": "started", "signatoryFirstName": "T", "signatoryLastName": "C", "email": "t@c.example"},
    ),
}
MEMBERS = [
    "companyProfile",
    "billingProfile",
    "userCredentials",
    "relationshipToPartner",
    "agreementLink",
    "versionRank",
    "primaryContact",
    "friendlyName",
    "quantity",
    "status",
    "autoRenewEnabled",
    "parentSubscriptionId",
    "commitmentEndDate",
    "offerId",
    "attributes",
    "refundOptions",
    "customerId",
    "resourceType",
    "operationDate",
    "operationStatus",
    "WebhookEvents",
    "supportedLanguages",
    "states",
    "postalCodeRegex",
    "isStateRequired",
    "acceptedDate",
    "phone",
    "cancellationAllowedUntilDate",
]


@pytest.mark.parametrize("name", OPTIONAL)
@given(nulls=st.sets(st.sampled_from(MEMBERS)))
def test_null_is_as_good_as_missing(name, nulls):
    read, least = OPTIONAL[name]
    body = {**dict.fromkeys(nulls), **least}

    assert read(body) == read(least)
