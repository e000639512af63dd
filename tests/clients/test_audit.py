"""The reference audit of GraphQL over HTTP finds what each profile of status codes promises."""

from collections.abc import Iterator

import pytest
from support.node import CLIENTS, run_script
from support.program import Program

DRAFT_CONTRADICTS = {
    "572B": "SHOULD use 200 status code on document parsing failure when accepting application/json",
    "FDE2": "SHOULD use 200 status code on document validation failure when accepting application/json",
    "7B9B": "SHOULD use a status code of 200 on variable coercion failure when accepting application/json",
    "86EE": "SHOULD use a status code of 400 on variable coercion failure when accepting "
    "application/graphql-response+json",
}
"""The draft has come to ask for 4xx here, and for 422 where a document is GraphQL."""


@pytest.fixture(scope="module", params=["audit", "draft"])
def audited(
    request: pytest.FixtureRequest, node_packages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The profile, and what the audit says under it."""
    with Program(tmp_path_factory.mktemp("audited")).serve("--no-jobs", status_codes=request.param) as server:
        yield request.param, run_script(CLIENTS / "tools" / "audit.mjs", {"url": f"{server.url}/graphql"})


def test_every_audit_is_run(audited: tuple[str, list[dict[str, str]]]) -> None:
    _, results = audited

    assert len({each["id"] for each in results}) == 61


def test_only_what_the_profile_contradicts_is_remarked(audited: tuple[str, list[dict[str, str]]]) -> None:
    profile, results = audited

    remarked = [each for each in results if each["status"] != "ok"]
    warned = {each["id"]: each["name"] for each in remarked if each["status"] == "warn"}
    noticed = [each["name"] for each in remarked if each["status"] == "notice"]
    assert len(warned) + len(noticed) == len(remarked)
    assert warned == (DRAFT_CONTRADICTS if profile == "draft" else {})
    # What a server may do, and the draft does otherwise: 422 for a request that is not well-formed.
    assert all(name.startswith("MAY use 400 status code") for name in noticed)
    assert len(noticed) == (18 if profile == "draft" else 0)
