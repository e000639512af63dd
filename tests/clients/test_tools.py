"""Tools that applications are built with take the schema and the example documents without complaint."""

from collections import Counter
from pathlib import Path

import pytest
from support.node import CLIENTS, run_script

ROOT = CLIENTS.parent.parent
SDL = ROOT / "schema" / "schema.graphql"
BASELINE = CLIENTS / "baseline.graphql"
TOUR = ROOT / "examples" / "tour"
LINTED = {"folder": str(ROOT), "schema": str(SDL.relative_to(ROOT)), "documents": "examples/tour/*.graphql"}
SCALARS = {"Date": "string", "DateTime": "string", "Upload": "File"}

KNOWN_REMARKS = {
    ("no-typename-prefix", 'Field "agreementLink" starts with the name of the parent type "Agreement"'),
    # Coverage is computed: its rows are no objects of their own, and it is read forwards only.
    ("relay-edge-types", "Edge type's field `node` must implement `Node` interface."),
    ("relay-arguments", "Field `agreementCoverage` must contain an argument `last`, that return Int."),
    (
        "relay-arguments",
        "Field `agreementCoverage` must contain an argument `before`, that return String or Scalar.",
    ),
}

pytestmark = pytest.mark.usefixtures("node_packages")


def tool(name: str) -> Path:
    return CLIENTS / "tools" / f"{name}.mjs"


def test_eslint_finds_no_more_in_schema_and_documents_than_is_known() -> None:
    told = run_script(tool("lint"), LINTED)

    assert told["files"] == 1 + len(list(TOUR.glob("*.graphql")))
    remarks = Counter((rule.removeprefix("@graphql-eslint/"), message) for _, rule, message in told["found"])
    assert remarks == Counter(KNOWN_REMARKS)


def test_eslint_sees_what_does_not_fit_the_schema(tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(SDL.read_text())
    (tmp_path / "bad.graphql").write_text("query Bad { viewer { nonsense } }\n")
    given = {"folder": str(tmp_path), "schema": "schema.graphql", "documents": "bad.graphql"}

    told = run_script(tool("lint"), given)

    assert [
        place for place, rule, _ in told["found"] if rule == "@graphql-eslint/fields-on-correct-type"
    ] == ["bad.graphql:1"]


def test_nothing_is_taken_from_clients_of_the_baseline() -> None:
    assert run_script(tool("breaking"), [str(BASELINE), str(SDL)]) == []


def test_what_breaks_clients_is_named(tmp_path: Path) -> None:
    changed = tmp_path / "schema.graphql"
    changed.write_text(BASELINE.read_text().replace("  viewer: Viewer!\n", "  whoami: Viewer!\n"))

    assert run_script(tool("breaking"), [str(BASELINE), str(changed)]) == [
        "Query.viewer: Field 'viewer' was removed from object type 'Query'"
    ]


def test_types_are_generated_from_schema_and_documents() -> None:
    told = run_script(tool("generate"), {"schema": str(SDL), "documents": str(TOUR), "scalars": SCALARS})

    assert told["problems"] == []
    assert {"Agreement", "CreateAgreementInput", "Query"} <= set(told["schema"])
    assert {"LookAroundQuery", "LookAroundQueryVariables", "SyncMutation"} <= set(told["operations"])
