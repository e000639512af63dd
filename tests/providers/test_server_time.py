"""What is made of the time that a server tells."""

from datetime import UTC, datetime

import pytest

from providers.server_time import retry_after_seconds

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2020 00:00:00 +99999999999999",
        "Mon, 99 Foo 2020",
        "",
    ],
)
def test_a_date_that_is_none_tells_nothing(date):
    assert retry_after_seconds({"retry-after": date}, now=NOW) is None
    assert retry_after_seconds({"retry-after": "Sun, 22 Nov 2026 12:00:07 GMT", "date": date}, now=NOW) == 7
