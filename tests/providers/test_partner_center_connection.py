"""A connection sends no secret in clear and shows none."""

from datetime import timedelta

import pytest

from providers.partner_center import ConfirmationMode, Connection


def connection(**changes):
    return Connection(**{"tenant_id": "t", "client_id": "c", "client_secret": "hush", **changes})


def test_by_default_the_customer_itself_confirms():
    assert connection().confirmation is ConfirmationMode.CUSTOMER


def test_secrets_are_not_shown():
    shown = repr(connection(refresh_token="whisper"))  # noqa: S106 - of this test

    assert "hush" not in shown
    assert "whisper" not in shown


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
    ],
)
def test_what_cannot_work_or_is_unsafe_is_refused(changes):
    with pytest.raises(ValueError, match=r"."):
        connection(**changes)
