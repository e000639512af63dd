"""A connection to a REST provider sends no secret in clear and shows none; what is wrong with it is named."""

from datetime import timedelta

import pytest

from providers.rest import RestConnection


def connection(**changes):
    return RestConnection(**{"base_url": "https://rest.example/api", "api_key": "hush", **changes})


def test_the_key_is_not_shown():
    assert "hush" not in repr(connection())


def test_customers_accept_at_the_providers_own_site_unless_said_otherwise():
    assert connection().acceptance_url == "https://rest.example/"
    assert connection(acceptance_url="https://x.example/?a=1").acceptance_url == "https://x.example/?a=1"


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://[::1]:80", "http://localhost:80/api"])
def test_plain_http_is_for_this_machine(url):
    assert connection(base_url=url).base_url == url


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://rest.example"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "rest.example"},
        {"base_url": "https://user:sesame@rest.example"},
        {"base_url": "https://rest.example/?key=sesame"},
        {"acceptance_url": "javascript:alert(1)"},
        {"acceptance_url": "http://rest.example"},
        {"api_key": ""},
        {"api_key": "sesame\nX-Other: 1"},
        {"api_key": "sésame"},
        {"timeout": timedelta(seconds=21)},
        {"timeout": timedelta(0)},
        {"max_attempts": 0},
    ],
)
def test_what_cannot_work_or_is_unsafe_is_refused_without_quoting_it(changes):
    with pytest.raises(ValueError, match=r".") as caught:
        connection(**changes)

    assert "sesame" not in str(caught.value)
    assert "sésame" not in str(caught.value)


async def causes(client):
    return [trouble.cause for trouble in await client.examine()]


async def test_nothing_is_wrong_with_a_good_connection_and_nothing_is_changed(rest, rest_client):
    assert await causes(rest_client) == []
    assert {call["method"] for call in await rest.requests()} == {"GET"}


async def test_a_wrong_key_is_named(connect_rest):
    [trouble] = await connect_rest(api_key="hush").examine()

    assert trouble.cause == "WRONG_KEY"
    assert "hush" not in f"{trouble.message} {trouble.remedy}"


async def test_a_provider_that_is_not_there_is_named(connect_rest):
    assert await causes(connect_rest(base_url="http://127.0.0.1:9", max_attempts=1)) == ["UNREACHABLE"]


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "status", "status": 404},
        {"kind": "html", "status": 200},
        {"kind": "status", "status": 200, "body": {"name": "Welcome"}},
        {"kind": "status", "status": 302},
    ],
    ids=["404", "page", "other service", "redirect"],
)
@pytest.mark.parametrize("path", ["provider-properties", "^/customers$"])
async def test_somebody_else_at_the_address_is_named(rest, rest_client, action, path):
    await rest.fault(path, action, times=10)

    assert await causes(rest_client) == ["NOT_A_PROVIDER"]


async def test_an_outage_is_named_apart_from_a_wrong_address(rest, rest_client):
    await rest.fault("^/customers$", {"kind": "html", "status": 502}, times=10)

    assert await causes(rest_client) == ["UNREACHABLE"]


async def test_a_provider_without_agreements_is_named(rest, rest_client):
    await rest.settings(supportsAgreementConfirmation=False)

    assert await causes(rest_client) == ["AGREEMENTS_UNSUPPORTED"]
