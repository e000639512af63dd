"""Every documented answer of Partner Center is read, and means what its page says."""

import json
from datetime import UTC, datetime

import pytest
from support.documented import ANSWERS, DOCUMENTED, REFUSALS, sample

from providers.partner_center.refusals import PLAIN, error_from
from providers.record import parse

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_every_sample_is_used():
    assert {path.stem for path in DOCUMENTED.glob("*.json")} == ANSWERS.keys() | REFUSALS.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer_means_what_its_page_says(name):
    read, expected = ANSWERS[name]
    content = json.dumps(sample(name)["body"]).encode("utf-8-sig")

    assert read(parse(content)) == expected


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_means_what_its_page_says(name):
    meaning, kind, code = REFUSALS[name]
    known = sample(name)
    body = known["body"]

    error = error_from(
        known.get("status", 400),
        {key.lower(): value for key, value in known["headers"].items()},
        b"" if body is None else json.dumps(body).encode(),
        meaning=meaning,
        sent={},
        now=NOW,
    )

    assert type(error) is kind
    assert error.provider_code == code
    if code is not None:
        assert str(body.get("description") or body["message"])[:40] in error.message


def test_the_gateway_says_how_long_to_wait():
    known = sample("any-throttled-429")
    headers = {key.lower(): value for key, value in known["headers"].items()}

    error = error_from(429, headers, json.dumps(known["body"]).encode(), meaning=PLAIN, sent={}, now=NOW)

    assert error.retry_after_seconds == 57
