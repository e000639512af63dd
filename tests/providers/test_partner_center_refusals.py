"""Each answer that is no success leads to the error that says what to do next."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from providers.errors import (
    AdministratorNeeded,
    AlreadyConfirmed,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
    ProviderUnavailable,
)
from providers.partner_center.refusals import (
    PLAIN,
    Absent,
    Meaning,
    error_from,
)
from providers.retry import pause
from providers.server_time import retry_after_seconds

OF_CUSTOMER = Meaning(missing=CustomerNotVisible)
NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
SENT = {"MS-RequestId": "ours", "MS-CorrelationId": "our-trace"}
CONFIRMING = Meaning(missing=CustomerNotVisible, retired=CustomerMustAccept)


def refused(status, body=None, *, meaning=PLAIN, headers=None):
    content = json.dumps(body).encode() if body is not None else b""
    return error_from(status, headers or {}, content, meaning=meaning, sent=SENT, now=NOW)


@pytest.mark.parametrize(
    ("status", "code", "meaning", "expected"),
    [
        (400, None, PLAIN, InputRefused),
        (400, 3000, PLAIN, InputRefused),
        (400, "600002", CONFIRMING, InputRefused),
        (400, 600049, PLAIN, InputRefused),
        (400, 600061, CONFIRMING, AlreadyConfirmed),
        (409, "600061", CONFIRMING, AlreadyConfirmed),
        (401, 900420, PLAIN, AdministratorNeeded),
        (401, 900421, PLAIN, AdministratorNeeded),
        (401, None, PLAIN, AdministratorNeeded),
        (403, 900329, PLAIN, AdministratorNeeded),
        (403, 900150, CONFIRMING, AdministratorNeeded),
        (403, 20002, OF_CUSTOMER, AdministratorNeeded),
        (404, 1000, PLAIN, ProviderUnavailable),
        (404, None, OF_CUSTOMER, CustomerNotVisible),
        (400, 60003, OF_CUSTOMER, CustomerNotVisible),
        (400, 900118, OF_CUSTOMER, CustomerNotVisible),
        (404, None, Meaning(missing=Absent), Absent),
        (410, None, CONFIRMING, CustomerMustAccept),
        (410, None, OF_CUSTOMER, InputRefused),
        (302, None, PLAIN, ProviderUnavailable),
        (408, None, PLAIN, ProviderUnavailable),
        (409, 800060, PLAIN, ProviderUnavailable),
        (409, 900278, PLAIN, ProviderUnavailable),
        (409, 27009, PLAIN, InputRefused),
        (409, None, PLAIN, InputRefused),
        (403, 13605, PLAIN, CustomerMustAccept),
        (403, 800073, PLAIN, ProviderUnavailable),
        (403, 800075, PLAIN, InputRefused),
        (403, 900115, PLAIN, InputRefused),
        (403, 900124, PLAIN, AdministratorNeeded),
        (403, 600006, PLAIN, AdministratorNeeded),
        (400, 2055, PLAIN, InputRefused),
        (400, 900117, PLAIN, InputRefused),
        (401, 400, PLAIN, AdministratorNeeded),
        (401, 800001, PLAIN, AdministratorNeeded),
        (412, None, PLAIN, InputRefused),
        (429, None, PLAIN, ProviderUnavailable),
        (500, 800003, PLAIN, ProviderUnavailable),
        (503, None, OF_CUSTOMER, ProviderUnavailable),
    ],
)
def test_status_and_code_decide(status, code, meaning, expected):
    error = refused(status, {"code": code} if code else None, meaning=meaning)

    assert type(error) is expected
    assert error.provider_code == (str(code) if code else None)


def test_a_refusal_in_words_of_retirement_asks_the_customer():
    body = {"code": 800002, "description": "This API has been retired. Use enhanced attestation."}

    assert type(refused(400, body, meaning=CONFIRMING)) is CustomerMustAccept
    assert type(refused(400, body)) is InputRefused


def test_a_template_that_is_no_longer_supported_is_refused_input():
    body = {"description": "Microsoft Cloud Agreement Template ID '998b' is no longer supported."}

    assert type(refused(400, body, meaning=CONFIRMING)) is InputRefused


def test_what_the_provider_calls_retryable_is_unavailable():
    assert type(refused(400, {"code": 1, "message": "x", "isRetryable": True})) is ProviderUnavailable


def test_the_error_keeps_both_ids_and_says_the_providers_sentence():
    error = refused(
        403,
        {"code": "900150", "description": "The supplied role does not have the rights."},
        headers={"ms-requestid": "theirs", "ms-correlationid": "trace"},
    )

    assert (error.provider_code, error.request_id, error.correlation_id) == ("900150", "theirs", "trace")
    assert str(error) == (
        "Partner Center refused (403, code 900150): the role of the partner user does not suffice, or the "
        "partner is an indirect reseller: The supplied role does not have the rights. "
        "[request theirs, correlation trace]"
    )


@pytest.mark.parametrize(
    "odd", [{"isRetryable": 1}, {"description": ["x"]}, {"message": {}}, {"data": 7}], ids=str
)
def test_a_member_of_an_odd_type_costs_no_other(odd):
    assert isinstance(refused(400, {"code": 600061, **odd}), AlreadyConfirmed)


def test_a_foreign_body_is_never_shown():
    error = error_from(502, {}, b"<html>password=hunter2</html>", meaning=PLAIN, sent=SENT, now=NOW)

    assert error.message == "Partner Center did not answer usefully (502)."
    assert str(error) == f"{error.message} [request ours, correlation our-trace]"
    assert error.request_id == "ours"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("57", 57.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("9" * 30, 86400.0),
        ("Fri, 31 Dec 9999 00:00:00 GMT", 86400.0),
    ],
)
def test_retry_after_is_seconds(header, expected):
    assert retry_after_seconds({"retry-after": header}, now=NOW) == expected


def test_retry_after_may_be_a_date_by_the_clock_of_whoever_answered():
    in_a_minute = format_datetime(NOW + timedelta(seconds=60), usegmt=True)
    theirs = format_datetime(NOW + timedelta(seconds=20), usegmt=True)

    assert retry_after_seconds({"retry-after": in_a_minute}, now=NOW) == 60
    assert retry_after_seconds({"retry-after": in_a_minute, "date": theirs}, now=NOW) == 40
    assert retry_after_seconds({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, now=NOW) == 0


def test_a_refusal_that_passes_says_when_to_ask_again():
    assert refused(409, {"code": 900278}).retry_after_seconds == 24 * 3600
    assert refused(409, {"code": "800064"}, headers={"retry-after": "7"}).retry_after_seconds == 7


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderUnavailable("x"), True),
        (ProviderUnavailable("x", retry_after_seconds=2), 2),
        (ProviderUnavailable("x", retry_after_seconds=60), 60),
        (ProviderUnavailable("x", retry_after_seconds=61), False),
        (CustomerNotVisible("x"), False),
        (InputRefused("x"), False),
        (ValueError("x"), False),
    ],
)
def test_only_what_found_no_usable_answer_is_repeated_and_not_after_long_waits(error, expected):
    assert pause(error) == expected
