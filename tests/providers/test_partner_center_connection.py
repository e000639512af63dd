"""A connection sends no secret in clear and shows none."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from providers.partner_center import Cloud, ConfirmationMode, Connection, Environment


def connection(**changes):
    return Connection(**{"tenant_id": "t", "client_id": "c", "client_secret": "hush", **changes})


def test_by_default_the_customer_itself_confirms():
    assert connection().confirmation is ConfirmationMode.CUSTOMER


def test_secrets_are_not_shown():
    shown = repr(connection(refresh_token="whisper"))  # noqa: S106 - of this test

    assert "hush" not in shown
    assert "whisper" not in shown


@pytest.mark.parametrize(
    ("cloud", "api", "login", "has_agreements"),
    [
        (Cloud.GLOBAL, "api.partnercenter.microsoft.com", "login.microsoftonline.com", True),
        (Cloud.US_GOVERNMENT, "api.partnercenter.microsoft.com", "login.microsoftonline.us", False),
        (
            Cloud.CHINA,
            "partner.partnercenterapi.microsoftonline.cn",
            "login.partner.microsoftonline.cn",
            False,
        ),
    ],
)
def test_a_cloud_says_where_it_is_and_whether_it_knows_agreements(cloud, api, login, has_agreements):
    there = connection(cloud=cloud)

    assert (there.base_url, there.login_url) == (f"https://{api}", f"https://{login}")
    assert there.resource == f"https://{api}"
    assert there.has_agreements is has_agreements


def test_an_address_that_is_given_stands_and_tokens_stay_for_the_clouds_own():
    there = connection(base_url="http://localhost:80", login_url="http://localhost:80")

    assert there.base_url == there.login_url == "http://localhost:80"
    assert there.resource == "https://api.partnercenter.microsoft.com"


def test_what_is_stored_of_a_connection_makes_it_again():
    there = connection(cloud=Cloud.CHINA, environment=Environment.SANDBOX, requests_per_minute=50)

    assert Connection(**asdict(there)) == there


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://[::1]:80", "http://localhost:80"])
def test_plain_http_is_for_this_machine(url):
    assert connection(base_url=url, login_url=url).base_url == url


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://api.partnercenter.microsoft.com"},
        {"login_url": "http://127.0.0.1.example"},
        {"login_url": "http://0177.0.0.1"},
        {"timeout": timedelta(seconds=21)},
        {"timeout": timedelta(0)},
        {"max_attempts": 0},
        {"page_size": 501},
        {"page_size": 0},
        {"requests_per_minute": -1},
    ],
)
def test_what_cannot_work_or_is_unsafe_is_refused(changes):
    with pytest.raises(ValueError, match=r"."):
        connection(**changes)
