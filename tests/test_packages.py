"""What is installed is what is meant: our packages alone, under names that nobody else uses."""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGES = {
    "agreements_api", "graph", "jobs", "models", "providers", "repositories", "resolvers", "schema",
    "simulator",
}  # fmt: skip
ROOT = Path(__file__).parent.parent


def test_no_other_distribution_claims_our_names() -> None:
    claimed = packages_distributions()

    assert {name for name in PACKAGES if set(claimed.get(name, ())) - {"customer-agreements-api"}} == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603  # a fixed command
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()

    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert [
        name for name in names if re.search(r"(^|/)(tests?(_|/)|conftest|[^/]*_test\.)", name.lower())
    ] == []
    assert [name for name in names if name.endswith((".db", ".key", ".pyc", ".ts", ".tsx"))] == []


@pytest.mark.parametrize(
    "name",
    [
        "agreements_api/static/graphiql/dist/index.html",
        "agreements_api/static/tour/",
        "models/migrations/versions/",
        "schema/schema.graphql",
        *(f"{package}/py.typed" for package in sorted(PACKAGES)),
        ".dist-info/licenses/NOTICE",
    ],
)
def test_the_wheel_holds_what_is_needed_at_run_time(wheel: zipfile.ZipFile, name: str) -> None:
    assert any(name in each for each in wheel.namelist())
