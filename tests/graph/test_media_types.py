"""Which media type a client is answered in: by weight, then by its order, under a wildcard by ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.wire.media_types import accepted, chosen

JSON, GRAPHQL, EVENTS = "application/json", "application/graphql-response+json", "text/event-stream"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        ("APPLICATION/JSON", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL}; charset=utf-8; q=0.5, */*;q=0.1", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"*/*, {JSON};q=0", GRAPHQL),
        ('application/json;profile="a,b;q=0"', JSON),
        ("text/html, image/png", None),
        ("application/jsonx", None),
        ("application/json;q=0", None),
        ("application/json;q=2", None),
        ("application/json;q=nan", None),
        ("application", None),
        ("", None),
        (f"{EVENTS}, multipart/mixed", None),
    ],
)
def test_the_type_that_is_wanted_most(accept: str | None, expected: str | None) -> None:
    assert chosen(accepted([] if accept is None else [accept]), (JSON, GRAPHQL)) == expected


def test_several_headers_are_one_list() -> None:
    assert chosen(accepted(["text/html", f"{GRAPHQL};q=0.1"]), (JSON, GRAPHQL)) == GRAPHQL


def test_a_range_keeps_its_parameters() -> None:
    [wanted] = accepted(['multipart/mixed;boundary="graphql";SubscriptionSpec=1.0'])

    assert wanted.parameters == (("boundary", "graphql"), ("subscriptionspec", "1.0"))


@given(st.lists(st.text(max_size=200), max_size=5))
def test_whatever_the_header_holds_it_is_read(headers: list[str]) -> None:
    assert chosen(accepted(headers), (JSON, GRAPHQL)) in {JSON, GRAPHQL, None}


def test_a_header_of_a_thousand_ranges_is_read_no_further_than_needed() -> None:
    assert len(accepted([",".join(["a/b"] * 10_000)])) == 64
